// SPDX-License-Identifier: Apache-2.0
// The client does the rest by itself: it remembers where it was.
const socket = io('/recovery');

onSubmit((message) => socket.emit('chat message', message));
socket.on('chat message', (message) => show(message));
follow(socket);
