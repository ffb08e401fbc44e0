// SPDX-License-Identifier: Apache-2.0
// Many of npm's socket.io-clients in one process: node socketio_crowd.mjs ORIGIN TRANSPORT[,TRANSPORT] CLIENTS MESSAGES
// Each must hear all that one of them emits and all that is published by HTTP, each of the two in order and once. Prints
// what was received, as JSON.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Session } from './socketio_session.mjs';

const [origin, transports, clients, messages] = process.argv.slice(2);
const count = Number(messages);
const at_once = 50; // handshakes

await new Session(origin, origin, transports.split(',')).run(async (session) => {
  const heard = new Map(); // socket → how many of each publisher's it has heard
  let received = 0;
  const take = (socket, [from, number]) => {
    const counts = heard.get(socket);
    assert.equal(number, counts[from], `lost, repeated or out of order, by ${from}`);
    counts[from] += 1;
    received += 1;
  };
  while (heard.size < Number(clients)) {
    const some = Array.from({ length: Math.min(at_once, Number(clients) - heard.size) }, () => session.socket());
    for (const socket of some) {
      heard.set(socket, { http: 0, emit: 0 });
      socket.on('shout', (...args) => take(socket, args));
      socket.on('disconnect', (reason) => assert.equal(reason, 'io client disconnect'));
    }
    await Promise.all(some.map((socket) => socket.connected || once(socket, 'connect')));
  }
  const [first] = heard.keys();
  for (let number = 0; number < count; number += 1) {
    first.emit('shout', 'emit', number);
    await session.publish('shout', JSON.stringify(['http', number]), 'application/json');
  }
  await session.until(() => received === heard.size * count * 2);
  const hidden = [...heard.keys()].filter((socket) => socket.io.engine.transport.name !== transports.split(',').at(-1));
  assert.equal(hidden.length, 0, 'all of them use the last of the transports by now');
  for (const socket of heard.keys()) socket.off('disconnect');
  console.log(JSON.stringify({ clients: heard.size, received }));
});
process.exit(0); // a thousand connections need not be seen off one by one
