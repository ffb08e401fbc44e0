// SPDX-License-Identifier: Apache-2.0
// kodama.js over real sockets, with the npm package `ws` as its WebSocket, against the mock server.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { connect } from '../../broker/web/kodama.js';
import { MockServer, WebSocket } from './mock_server.mjs';

let server;
let clients;

beforeEach(async () => {
  server = await new MockServer().listen();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

function start(options = {}) {
  const client = connect(server.url, { WebSocket, backoff: { base: 20 }, ...options });
  clients.push(client);
  return client;
}
function state(client, wanted) {
  if (client.state === wanted) return Promise.resolve();
  return new Promise((resolve) => {
    const listen = (event) => {
      if (event.state !== wanted) return;
      client.removeEventListener('state', listen);
      resolve(event);
    };
    client.addEventListener('state', listen);
  });
}
// What a subscription saw; until(n) resolves when there are n of it.
class Log {
  entries = [];
  #wake = () => {};
  onMessage = (message) => this.#add(message);
  onGap = (gap) => this.#add({ gap });
  #add(entry) {
    this.entries.push(entry);
    this.#wake();
  }
  async until(count) {
    while (this.entries.length < count) await new Promise((resolve) => (this.#wake = resolve));
    assert.equal(this.entries.length, count);
    return this.entries;
  }
}

test('publishes and sees its own message', async () => {
  const client = start();
  const log = new Log();
  const { epoch } = await client.subscribe('chat message', log).ready;
  assert.deepEqual(await client.publish('chat message', 'hi'), { offset: 1 });
  const [message] = await log.until(1);
  assert.deepEqual(message, { topic: 'chat message', epoch, offset: 1, event: 'chat message', data: 'hi' });
});

test('carries every JSON value and bytes of any kind', async () => {
  const client = start();
  const log = new Log();
  await client.subscribe('x', log).ready;
  const big = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
  const values = ['', 'ümläut \u0000 \u2028 😀 </script>', 0, -1.5, true, null, [], [1, [2]], { a: { b: 'c' } }];
  for (const value of values) await client.publish('x', value);
  await client.publish('x', new Uint8Array([0, 1, 255]));
  await client.publish('x', new Uint8Array([9, 9, 7, 8, 9]).subarray(2, 4));
  await client.publish('x', new Uint16Array([0x0201]).buffer);
  await client.publish('x', new ArrayBuffer(0));
  await client.publish('x', big);
  const data = (await log.until(values.length + 5)).map((message) => message.data);
  assert.deepEqual(data.slice(0, values.length), values);
  assert.deepEqual(data.slice(values.length).map((bytes) => bytes instanceof Uint8Array && [...bytes]), [
    [0, 1, 255],
    [7, 8],
    [1, 2],
    [],
    [...big],
  ]);
});

test('refuses what is neither JSON nor bytes before it is sent', async () => {
  const client = start();
  await state(client, 'open');
  for (const value of [undefined, () => {}, Symbol('s')]) {
    await assert.rejects(client.publish('x', value), { name: 'KodamaError', code: 400 });
  }
  await assert.rejects(client.publish('x', 1n), TypeError);
  assert.deepEqual(server.commands, []);
});

test('the event is what the publisher named, or else the last segment of the topic', async () => {
  const client = start();
  const log = new Log();
  await client.subscribe('rooms/7', log).ready;
  await client.subscribe('rooms/', log).ready;
  await client.publish('rooms/7', 1, { event: 'typing' });
  await client.publish('rooms/7', 2);
  await client.publish('rooms/', 3);
  assert.deepEqual(server.commands[2], { id: 3, publish: { topic: 'rooms/7', event: 'typing', data: 1 } });
  assert.deepEqual((await log.until(3)).map((message) => message.event), ['typing', '7', 'rooms/']);
});

test('rejects with the code of the refusal', async () => {
  server.refusals.set('secret', { code: 403, message: 'not for you' });
  const { ready } = start().subscribe('secret');
  await assert.rejects(ready, { name: 'KodamaError', code: 403, message: 'not for you', uncertain: false });
});

test('resumes without gap or repeat, again and again', async () => {
  server.logSize = 1000;
  const client = start({ random: () => 0 });
  const log = new Log();
  await client.subscribe('x', log).ready;
  for (let i = 1; i <= 300; i += 1) {
    server.publish('x', { data: i });
    if (i % 30 === 0) {
      const back = state(client, 'waiting').then(() => state(client, 'open'));
      server.disconnect(i % 60 === 0 ? 1013 : undefined, 'slow_consumer');
      await back;
    }
  }
  const offsets = (await log.until(300)).map((message) => message.offset);
  assert.deepEqual(offsets, Array.from({ length: 300 }, (_, i) => i + 1));
});

test('tells what is gone', async () => {
  server.logSize = 3;
  const client = start();
  const log = new Log();
  await client.subscribe('x', log).ready;
  const lost = state(client, 'waiting');
  server.disconnect();
  await lost;
  for (let i = 1; i <= 10; i += 1) server.publish('x', { data: i });
  const [first, ...rest] = await log.until(4);
  assert.deepEqual(first, { gap: { topic: 'x', from: 1, to: 7, reason: 'expired' } });
  assert.deepEqual(rest.map((message) => message.offset), [8, 9, 10]);
});

test('survives a server that comes back with nothing', async () => {
  const client = start();
  const log = new Log();
  await client.subscribe('x', log).ready;
  server.publish('x', { data: 'before' });
  await log.until(1);
  const { port } = server;
  const waiting = state(client, 'waiting');
  await server.close();
  await waiting;
  server = await new MockServer().listen(port);
  server.publish('x', { data: 'meanwhile' });
  const [, gap, meanwhile] = await log.until(3);
  assert.deepEqual(gap, { gap: { topic: 'x', reason: 'epoch' } });
  assert.deepEqual([meanwhile.offset, meanwhile.data], [1, 'meanwhile']);
});

test('resumes from a position that was kept', async () => {
  const first = start();
  const subscription = first.subscribe('x');
  await subscription.ready;
  const from = JSON.parse(JSON.stringify(subscription.position));
  first.close();
  server.publish('x', { data: 'a' });
  server.publish('x', { data: 'b' });
  const log = new Log();
  assert.equal((await start().subscribe('x', { ...log, from }).ready).recovered, true);
  assert.deepEqual((await log.until(2)).map((message) => message.data), ['a', 'b']);
});

test('begins with the newest N', async () => {
  for (let i = 1; i <= 10; i += 1) server.publish('x', { data: i });
  const log = new Log();
  await start().subscribe('x', { ...log, last: 2 }).ready;
  server.publish('x', { data: 11 });
  assert.deepEqual((await log.until(3)).map((message) => message.data), [9, 10, 11]);
});

test('notices a server that went silent', async () => {
  const client = start({ timeout: 50 });
  await state(client, 'open');
  server.mute.add('publish');
  const waiting = state(client, 'waiting');
  await assert.rejects(client.publish('x', 1), { code: 408, uncertain: true });
  await waiting;
});
