// SPDX-License-Identifier: Apache-2.0
const socket = io('/client-delivery', { auth: { serverOffset: 0 }, ackTimeout: 10_000, retries: 3 });

// A name that no other message of any page has, and that this one keeps however often it is sent.
const page = Math.random().toString(36).slice(2);
let counter = 0;
onSubmit((message) => socket.emit('chat message', message, `${page}-${(counter += 1)}`));
socket.on('chat message', (message, serverOffset) => {
  show(message);
  socket.auth.serverOffset = serverOffset;
});
follow(socket);
