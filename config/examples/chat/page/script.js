// SPDX-License-Identifier: Apache-2.0
const socket = io();

onSubmit((message) => socket.emit('chat message', message));
socket.on('chat message', (message) => show(message));
follow(socket);
