// SPDX-License-Identifier: Apache-2.0
// What the pages share: a list, a form, and a line that says how the connection is. Nothing here talks to the server.
const element = (id) => document.getElementById(id);

function show(text) {
  const line = document.createElement('li');
  line.textContent = text;
  element('messages').append(line);
  line.scrollIntoView();
}

function onSubmit(send) {
  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (!element('input').value) return;
    send(element('input').value);
    element('input').value = '';
  });
}

// Says which transport is used, whether state was recovered, and why a connection ended.
function follow(socket) {
  const tell = (text) => (element('state').value = text);
  socket.on('connect', () => {
    const recovered = socket.recovered ? ', recovered' : '';
    const tellTransport = () => tell(`connected by ${socket.io.engine.transport.name}${recovered}`);
    tellTransport();
    socket.io.engine.once('upgrade', tellTransport);
    element('toggle').textContent = 'Disconnect';
  });
  socket.on('disconnect', (reason) => {
    tell(`disconnected: ${reason}`);
    element('toggle').textContent = socket.active ? 'Disconnect' : 'Connect';
  });
  element('toggle').addEventListener('click', () => (socket.active ? socket.disconnect() : socket.connect()));
}
