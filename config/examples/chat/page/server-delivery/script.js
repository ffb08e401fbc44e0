// SPDX-License-Identifier: Apache-2.0
const socket = io('/server-delivery', { auth: { serverOffset: 0 } });

onSubmit((message) => socket.emit('chat message', message));
socket.on('chat message', (message, serverOffset) => {
  show(message);
  socket.auth.serverOffset = serverOffset;
});
follow(socket);
