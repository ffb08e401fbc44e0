// SPDX-License-Identifier: Apache-2.0
// An independent client, npm's `ws`, driven by test_clients.py: node ws_client.mjs WS_ORIGIN. Subscribes in both
// dialects, publishes text and binary, pings, closes, and prints what it saw as one JSON object.
import { createRequire } from 'node:module';
import { once } from 'node:events';

const require = createRequire(new URL('./browser/package.json', import.meta.url));
const { WebSocket } = require('ws');

const origin = process.argv[2];
const options = { rejectUnauthorized: false, perMessageDeflate: true };

async function open(path, protocols = []) {
  const socket = new WebSocket(origin + path, protocols, options);
  socket.heard = [];
  socket.waiting = [];
  socket.on('message', (data, isBinary) => {
    const message = isBinary ? { binary: data.toString('hex') } : { text: data.toString() };
    const waiter = socket.waiting.shift();
    if (waiter) waiter(message);
    else socket.heard.push(message);
  });
  socket.next = () =>
    socket.heard.length ? Promise.resolve(socket.heard.shift()) : new Promise((done) => socket.waiting.push(done));
  await once(socket, 'open');
  return socket;
}

async function pong(socket, payload) {
  const heard = once(socket, 'pong');
  socket.ping(payload);
  return (await heard)[0].toString();
}

async function close(socket, code, reason) {
  const closed = once(socket, 'close');
  socket.close(code, reason);
  return (await closed)[0];
}

const native = await open('/ws', ['other', 'kodama.v1.json']);
const saw = { protocol: native.protocol, extensions: native.extensions };
native.send(JSON.stringify({ id: 1, subscribe: { topic: 'from node' } }));
saw.subscribed = JSON.parse((await native.next()).text);

const raw = await open('/topics/from%20node');
saw.rawProtocol = raw.protocol;
saw.pong = await pong(raw, 'are you there');
raw.send('grüße');
raw.send(Buffer.from([0, 255, 16]));
raw.send('x'.repeat(70000));
saw.raw = [await raw.next(), await raw.next(), (await raw.next()).text.length];
saw.native = [];
for (let i = 0; i < 3; i++) saw.native.push(JSON.parse((await native.next()).text));
saw.native[2].data = saw.native[2].data.length;
saw.closes = [await close(raw, 4001, 'done'), await close(native)];
process.stdout.write(JSON.stringify(saw));
