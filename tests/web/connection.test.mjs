// SPDX-License-Identifier: Apache-2.0
// kodama.js with time and the network in the test's hands: states, back-off, time-outs, close codes.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { connect } from '../../broker/web/kodama.js';
import { FakeClock, fakeWebSocket } from './fakes.mjs';

let clock;
let Socket;
let client;
let states;

beforeEach(() => {
  clock = new FakeClock().install();
  Socket = fakeWebSocket();
});
afterEach(() => {
  client.close();
  clock.uninstall();
});

function start(options = {}) {
  client = connect('ws://kodama.test/ws', { WebSocket: Socket, random: () => 1, ...options });
  states = [client.state];
  client.addEventListener('state', ({ state }) => states.push(state));
  return client;
}

test('offers the subprotocol and turns http URLs into ws URLs', () => {
  for (const [given, used] of [
    ['ws://a.test/ws', 'ws://a.test/ws'],
    ['wss://a.test/ws', 'wss://a.test/ws'],
    ['http://a.test/ws', 'ws://a.test/ws'],
    ['https://a.test:8443/ws#fragment', 'wss://a.test:8443/ws'],
  ]) {
    client = connect(given, { WebSocket: Socket });
    assert.equal(Socket.last.url, used);
    assert.equal(Socket.last.protocol, 'kodama.v1.json');
    client.close();
  }
});

test('says what is missing where there is no WebSocket', () => {
  start();
  assert.throws(() => connect('ws://a.test/ws', { WebSocket: undefined }), /options\.WebSocket/);
});

test('goes through its states', () => {
  start();
  Socket.last.open();
  client.subscribe('x'); // under way when the connection breaks
  Socket.last.drop();
  clock.advance(500);
  client.close();
  assert.deepEqual(states, ['connecting', 'open', 'waiting', 'connecting', 'closed']);
});

test('waits twice as long each time, up to the cap, and says for how long', () => {
  const waits = [];
  start().addEventListener('state', ({ state, retryIn }) => state === 'waiting' && waits.push(retryIn));
  for (let i = 0; i < 8; i += 1) {
    Socket.last.drop();
    clock.advance(waits.at(-1));
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
  assert.equal(Socket.made.length, 9);
});

test('spreads its waits over the whole interval', () => {
  const waits = [];
  const dice = [0, 0.25, 0.75];
  start({ random: () => dice.shift() }).addEventListener('state', ({ state, retryIn }) => {
    if (state === 'waiting') waits.push(retryIn);
  });
  for (let i = 0; i < 3; i += 1) {
    Socket.last.drop();
    clock.advance(waits.at(-1));
  }
  assert.deepEqual(waits, [0, 250, 1500]);
});

test('a connection that lasts resets the wait, one that breaks soon does not', () => {
  let wait;
  start({ stable: 5000 }).addEventListener('state', (event) => (wait = event.retryIn ?? wait));
  const live = (ms) => {
    Socket.last.open();
    clock.advance(ms);
    Socket.last.drop();
    clock.advance(wait);
    return wait;
  };
  assert.deepEqual([live(100), live(100), live(4999), live(5000), live(100)], [500, 1000, 2000, 500, 1000]);
});

test('comes back after closes that pass, stays away after those that do not', () => {
  const table = [
    [1000, '', 'waiting'],
    [1001, 'draining', 'waiting'],
    [1002, 'protocol_error', 'closed'],
    [1003, 'unsupported_data', 'closed'],
    [1005, '', 'waiting'],
    [1006, '', 'waiting'],
    [1007, 'invalid_utf8', 'closed'],
    [1008, 'origin_refused', 'closed'],
    [1008, 'unauthorized', 'closed'],
    [1008, 'policy_violation', 'closed'],
    [1008, 'ping_timeout', 'waiting'],
    [1008, 'read_timeout', 'waiting'],
    [1009, 'message_too_big', 'waiting'],
    [1011, 'internal_error', 'waiting'],
    [1012, '', 'waiting'],
    [1013, 'slow_consumer', 'waiting'],
  ];
  for (const [code, reason, state] of table) {
    let event;
    start().addEventListener('state', (e) => (event = e));
    Socket.last.open();
    Socket.last.drop(code, reason);
    assert.deepEqual([event.state, event.code, event.reason], [state, code, reason]);
    client.close();
  }
});

test('reconnect() ends a wait, and leads back after a refusal', () => {
  start();
  Socket.last.drop();
  client.reconnect();
  assert.equal(Socket.made.length, 2);
  client.reconnect(); // connecting already
  assert.equal(Socket.made.length, 2);
  Socket.last.open();
  Socket.last.drop(1008, 'unauthorized');
  client.reconnect();
  assert.equal(Socket.made.length, 3);
  client.close();
  client.reconnect();
  assert.equal(Socket.made.length, 3);
  assert.equal(clock.pendingCount, 0);
});

test('a handshake without an answer is given up', () => {
  start({ timeout: 3000 });
  clock.advance(2999);
  assert.equal(client.state, 'connecting');
  clock.advance(1);
  assert.equal(client.state, 'waiting');
  assert.ok(Socket.last.isClosed);
  Socket.last.open(); // too late: the client has turned away from this socket
  assert.equal(client.state, 'waiting');
});

test('asks after silence whether the server is there, and replaces a connection that is dead', () => {
  start({ idle: 30_000, timeout: 10_000 });
  const first = Socket.last.open();
  clock.advance(30_000);
  assert.deepEqual(first.sent.map((command) => Object.keys(command)[1]), ['unsubscribe']);
  first.receive({ id: first.sent[0].id, error: { code: 404, message: 'no such subscription' } });
  clock.advance(40_000);
  assert.equal(client.state, 'open'); // the answer counted as a sign of life
  clock.advance(20_000 + 10_000);
  assert.notEqual(client.state, 'open');
  assert.ok(first.isClosed);
});

test('with idle 0 it never asks', () => {
  start({ idle: 0 });
  Socket.last.open();
  clock.advance(1e9);
  assert.deepEqual(Socket.last.sent, []);
});

test('a publish without an answer fails as uncertain; other traffic keeps the connection', async () => {
  start();
  Socket.last.open();
  const result = client.publish('x', 1);
  clock.advance(5000);
  Socket.last.receive({ topic: 'y', offset: 1, data: 1 });
  clock.advance(5000);
  await assert.rejects(result, { name: 'KodamaError', code: 408, uncertain: true });
  assert.equal(client.state, 'open');
});

test('a subscribe without an answer replaces the connection and is asked again', () => {
  start();
  const first = Socket.last.open();
  client.subscribe('x');
  clock.advance(5000);
  first.receive({ topic: 'y', offset: 1, data: 1 });
  clock.advance(5000);
  assert.equal(client.state, 'waiting');
  clock.advance(500);
  assert.deepEqual(Socket.last.open().sent, [{ id: 2, subscribe: { topic: 'x' } }]);
});

test('what is under way when the connection breaks fails as uncertain, and is not sent again', async () => {
  start();
  Socket.last.open();
  const result = client.publish('x', 1);
  Socket.last.drop();
  await assert.rejects(result, { code: 503, uncertain: true });
  clock.advance(500);
  assert.deepEqual(Socket.last.open().sent, []);
});

test('publishes that queue go out once, in order, behind the subscriptions', async () => {
  start({ queueMax: 2 });
  await assert.rejects(client.publish('x', 0), { code: 503, uncertain: false });
  const first = client.publish('x', 1, { queue: true });
  client.publish('x', 2, { queue: true }).catch(() => {});
  await assert.rejects(client.publish('x', 3, { queue: true }), { code: 503 });
  client.subscribe('x');
  client.addEventListener('state', ({ state }) => state === 'open' && client.publish('x', 4).catch(() => {}));
  Socket.last.open();
  assert.deepEqual(Socket.last.sent, [
    { id: 1, subscribe: { topic: 'x' } },
    { id: 2, publish: { topic: 'x', data: 1 } },
    { id: 3, publish: { topic: 'x', data: 2 } },
    { id: 4, publish: { topic: 'x', data: 4 } },
  ]);
  Socket.last.receive({ id: 2, ok: { offset: 9 } });
  assert.deepEqual(await first, { offset: 9 });
});

test('what queues outlasts failed attempts, but not a refusal', async () => {
  start();
  const kept = client.publish('x', 1, { queue: true });
  Socket.last.drop();
  clock.advance(500);
  Socket.last.open().receive({ id: 1, ok: { offset: 7 } });
  assert.deepEqual(await kept, { offset: 7 });
  Socket.last.drop();
  const refused = client.publish('x', 2, { queue: true });
  clock.advance(1000);
  Socket.last.drop(1008, 'unauthorized');
  await assert.rejects(refused, { code: 503, uncertain: false });
});

test('close() ends everything and leaves no timer', async () => {
  start();
  Socket.last.open();
  const live = client.subscribe('y');
  Socket.last.receive({ id: 1, ok: { epoch: 'e', offset: 0 } });
  assert.ok(live.live);
  const subscription = client.subscribe('x');
  const publishing = client.publish('x', 1);
  client.close();
  assert.equal(live.live, false);
  await live.unsubscribe();
  assert.ok(Socket.last.isClosed);
  assert.equal(client.state, 'closed');
  assert.equal(clock.pendingCount, 0);
  await assert.rejects(publishing, { code: 503 });
  await assert.rejects(subscription.ready, { code: 503 });
  await assert.rejects(client.publish('x', 1, { queue: true }), { code: 503 });
  assert.throws(() => client.subscribe('y'), { code: 503 });
});

test('a frame that is not JSON replaces the connection; JSON of no meaning is passed over', () => {
  start();
  Socket.last.open().receive('null', '5', '[]', '{"id":77,"ok":{}}', '{"topic":"x","offset":1,"data":1}');
  assert.equal(client.state, 'open');
  Socket.last.receive('oops');
  assert.equal(client.state, 'waiting');
});

test('an error that belongs to no command becomes an event', () => {
  const errors = [];
  start().addEventListener('error', ({ error }) => errors.push(error));
  Socket.last.open().receive({ error: { code: 400, message: 'not a command' } });
  assert.deepEqual(errors.map(({ code, message }) => [code, message]), [[400, 'not a command']]);
});

test('a refusal that may pass is asked again after a wait, one that stands ends the subscription', async () => {
  start();
  const errors = [];
  const socket = Socket.last.open();
  client.subscribe('busy', { onError: (error) => errors.push(error.code) });
  socket.receive({ id: 1, error: { code: 503, message: 'later' } });
  clock.advance(499);
  assert.equal(socket.sent.length, 1);
  clock.advance(1);
  assert.deepEqual(socket.sent[1], { id: 2, subscribe: { topic: 'busy' } });
  socket.receive({ id: 2, error: { code: 429, message: 'later' } });
  clock.advance(1000);
  assert.equal(socket.sent.length, 3);
  socket.receive({ id: 3, ok: { epoch: 'e', offset: 0 } });
  const mine = client.subscribe('secret', { onError: (error) => errors.push(error.code) });
  socket.receive({ id: 4, error: { code: 403, message: 'no' } });
  await assert.rejects(mine.ready, { code: 403, message: 'no' });
  assert.deepEqual(errors, [403]);
  client.subscribe('secret'); // the topic is free again
});

test('after success the wait of a subscription begins anew, and ends with the subscription', () => {
  start();
  const subscription = client.subscribe('busy');
  const refuse = (socket) => socket.receive({ id: socket.sent.at(-1).id, error: { code: 503, message: 'later' } });
  refuse(Socket.last.open());
  clock.advance(500);
  Socket.last.receive({ id: 2, ok: { epoch: 'e', offset: 0 } });
  Socket.last.drop();
  clock.advance(500);
  refuse(Socket.last.open());
  clock.advance(500);
  assert.equal(Socket.last.sent.length, 2);
  refuse(Socket.last);
  subscription.unsubscribe();
  clock.advance(5000);
  assert.equal(Socket.last.sent.length, 2);
});

test('a page that is shown again reconnects at once, a hidden one waits', () => {
  const page = Object.assign(new EventTarget(), { hidden: true });
  globalThis.document = page;
  try {
    start();
    Socket.last.drop();
    page.dispatchEvent(new Event('visibilitychange'));
    assert.equal(Socket.made.length, 1);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    assert.equal(Socket.made.length, 2);
  } finally {
    client.close();
    delete globalThis.document;
  }
});

test('waking up asks at once instead of waiting', () => {
  const listeners = {};
  globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
  globalThis.removeEventListener = (type) => delete listeners[type];
  try {
    start();
    Socket.last.drop();
    listeners.online();
    assert.equal(Socket.made.length, 2);
    Socket.last.open();
    listeners.online();
    assert.equal(Socket.last.sent.length, 1); // the probe
    client.close();
    assert.deepEqual(listeners, {});
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});
