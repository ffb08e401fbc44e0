// SPDX-License-Identifier: Apache-2.0
// kodama.js, what a subscription sees: order, resume, gaps, repeats, and commands that cross each other.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { connect } from '../../broker/web/kodama.js';
import { FakeClock, fakeWebSocket } from './fakes.mjs';

let clock;
let Socket;
let client;
let seen;

beforeEach(() => {
  clock = new FakeClock().install();
  Socket = fakeWebSocket();
  client = connect('ws://kodama.test/ws', { WebSocket: Socket, random: () => 1, idle: 0 });
  seen = [];
  Socket.last.open();
});
afterEach(() => {
  client.close();
  clock.uninstall();
});

const record = {
  onMessage: ({ offset, epoch }) => seen.push(`${epoch}@${offset}`),
  onGap: ({ from, to, reason }) => seen.push(from === undefined ? `gap ${reason}` : `gap ${from}-${to} ${reason}`),
};
const message = (offset, topic = 'x') => ({ topic, offset, data: `m${offset}` });
const gap = (facts, topic = 'x') => ({ topic, gap: facts });

// Answers the newest command of the present connection.
function answer(ok) {
  Socket.last.receive({ id: Socket.last.sent.at(-1).id, ok });
}
// Breaks the connection, opens the next, and returns what the client asks for on it.
function reconnect() {
  Socket.last.drop();
  client.reconnect();
  return Socket.last.open().sent.map(({ subscribe }) => subscribe);
}

test('a fresh subscription stands at the newest offset', () => {
  const subscription = client.subscribe('x', record);
  assert.equal(subscription.position, null);
  assert.equal(subscription.live, false);
  answer({ epoch: 'e', offset: 40 });
  assert.deepEqual(subscription.position, { epoch: 'e', offset: 40 });
  assert.equal(subscription.live, true);
  Socket.last.receive(message(41), message(42));
  assert.deepEqual(seen, ['e@41', 'e@42']);
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 42 }]);
});

test('a resume that is cut short goes on where it was cut, not at the newest', () => {
  client.subscribe('x', record);
  answer({ epoch: 'e', offset: 40 });
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 40 }]);
  answer({ epoch: 'e', offset: 90, recovered: true });
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 40 }]);
  answer({ epoch: 'e', offset: 90, recovered: true });
  Socket.last.receive(message(41), message(42));
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 42 }]);
  answer({ epoch: 'e', offset: 90, recovered: true });
  Socket.last.receive(message(41), message(42), message(43));
  assert.deepEqual(seen, ['e@41', 'e@42', 'e@43']); // repeats are dropped
});

test('a gap is told at its place and moves the position', () => {
  const subscription = client.subscribe('x', { ...record, from: { epoch: 'e', offset: 41 } });
  assert.deepEqual(Socket.last.sent[0].subscribe, { topic: 'x', epoch: 'e', offset: 41 });
  answer({ epoch: 'e', offset: 90, recovered: false });
  Socket.last.receive(gap({ from: 42, to: 71, reason: 'expired' }));
  assert.deepEqual(subscription.position, { epoch: 'e', offset: 71 });
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 71 }]);
  answer({ epoch: 'e', offset: 90, recovered: true });
  Socket.last.receive(message(72), gap({ from: 73, to: 80, reason: 'overflow' }), message(81));
  assert.deepEqual(seen, ['gap 42-71 expired', 'e@72', 'gap 73-80 overflow', 'e@81']);
});

test('a gap that was told already is not told again', () => {
  client.subscribe('x', { ...record, from: { epoch: 'e', offset: 10 } });
  answer({ epoch: 'e', offset: 30, recovered: false });
  Socket.last.receive(gap({ from: 11, to: 20, reason: 'expired' }), gap({ from: 11, to: 20, reason: 'expired' }));
  Socket.last.receive(gap({ from: 15, to: 25, reason: 'expired' }));
  Socket.last.receive(gap({ from: 12, to: 18, reason: 'expired' }), message(20), message(26));
  assert.deepEqual(seen, ['gap 11-20 expired', 'gap 21-25 expired', 'e@26']);
});

test('in another epoch the gap has no numbers and the whole log follows', () => {
  const subscription = client.subscribe('x', record);
  answer({ epoch: 'old', offset: 40 });
  reconnect();
  answer({ epoch: 'new', offset: 2, recovered: false });
  // Until the gap has been told the old position stands: a connection lost right here tells it again.
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'old', offset: 40 }]);
  answer({ epoch: 'new', offset: 2, recovered: false });
  Socket.last.receive(gap({ reason: 'epoch' }), message(1), message(2), message(3));
  assert.deepEqual(seen, ['gap epoch', 'new@1', 'new@2', 'new@3']);
  assert.deepEqual(subscription.position, { epoch: 'new', offset: 3 });
});

test('a new log that was never told of is forgotten when the old one is back', () => {
  client.subscribe('x', record);
  answer({ epoch: 'old', offset: 40 });
  reconnect();
  answer({ epoch: 'new', offset: 2, recovered: false });
  reconnect();
  answer({ epoch: 'old', offset: 41, recovered: true });
  Socket.last.receive(message(41));
  assert.deepEqual(seen, ['old@41']);
});

test('an offset beyond the newest means the same, and a missing announcement is made good', () => {
  client.subscribe('x', { ...record, from: { epoch: 'e', offset: 99 } });
  answer({ epoch: 'e', offset: 2, recovered: false });
  Socket.last.receive(message(1), message(2));
  assert.deepEqual(seen, ['gap epoch', 'e@1', 'e@2']);
});

test('with last: N the newest N come first, and are no repeats', () => {
  client.subscribe('x', { ...record, last: 3 });
  assert.deepEqual(Socket.last.sent[0].subscribe, { topic: 'x', last: 3 });
  answer({ epoch: 'e', offset: 40 });
  Socket.last.receive(message(38), message(39));
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 39 }]);
  answer({ epoch: 'e', offset: 41, recovered: true });
  Socket.last.receive(message(40), message(41));
  assert.deepEqual(seen, ['e@38', 'e@39', 'e@40', 'e@41']);
});

test('what had expired before a subscription with last: N began is no loss', () => {
  client.subscribe('x', { ...record, last: 50 });
  answer({ epoch: 'e', offset: 40 }); // and the log is empty
  assert.deepEqual(reconnect(), [{ topic: 'x', epoch: 'e', offset: 0 }]);
  answer({ epoch: 'e', offset: 45, recovered: false });
  Socket.last.receive(gap({ from: 1, to: 42, reason: 'expired' }), message(43));
  assert.deepEqual(seen, ['gap 41-42 expired', 'e@43']);
});

test('last: N is asked again while it has not been answered', () => {
  client.subscribe('x', { last: 3 });
  assert.deepEqual(reconnect(), [{ topic: 'x', last: 3 }]);
});

test('what is sent before the subscription is answered does not belong to it', () => {
  client.subscribe('x', record);
  Socket.last.receive(message(7));
  answer({ epoch: 'e', offset: 7 });
  assert.deepEqual(seen, []);
});

test('one subscription a topic at a time', () => {
  client.subscribe('x');
  assert.throws(() => client.subscribe('x'), { name: 'KodamaError', code: 409 });
});

test('unsubscribe ends delivery at once and resolves when the server has let go', async () => {
  const subscription = client.subscribe('x', record);
  answer({ epoch: 'e', offset: 1 });
  const left = subscription.unsubscribe();
  Socket.last.receive(message(2));
  assert.deepEqual(Socket.last.sent[1].unsubscribe, { topic: 'x' });
  answer({});
  await left;
  await subscription.unsubscribe(); // again: nothing
  assert.deepEqual(seen, []);
  assert.deepEqual(reconnect(), []);
});

test('a subscription after an unsubscribe that is under way sees nothing of the earlier one', () => {
  client.subscribe('x', record);
  answer({ epoch: 'e', offset: 1 });
  client.subscribe('y');
  const old = { id: Socket.last.sent.length + 1 };
  const [first] = [client.subscribe('z', record)];
  Socket.last.receive({ id: old.id, ok: { epoch: 'z', offset: 5 } });
  first.unsubscribe();
  client.subscribe('z', record);
  Socket.last.receive(message(6, 'z')); // was on its way when the server read the unsubscribe
  answer({ epoch: 'z', offset: 6 });
  Socket.last.receive(message(7, 'z'));
  assert.deepEqual(seen, ['z@7']);
});

test('unsubscribing before the answer waits for it, so that the commands cannot overtake each other', async () => {
  const first = client.subscribe('x', record);
  await first.unsubscribe();
  await assert.rejects(first.ready, { code: 410 });
  client.subscribe('x', record);
  assert.equal(Socket.last.sent.length, 1);
  Socket.last.receive({ id: 1, ok: { epoch: 'e', offset: 1 } });
  assert.deepEqual(Socket.last.sent.slice(1).map(({ id, ...command }) => command), [
    { unsubscribe: { topic: 'x' } },
    { subscribe: { topic: 'x' } },
  ]);
  answer({ epoch: 'e', offset: 2 });
  Socket.last.receive(message(3));
  assert.deepEqual(seen, ['e@3']);
});

test('unsubscribing inside onMessage and onGap stops what follows', () => {
  const one = client.subscribe('x', { onMessage: ({ offset }) => (seen.push(offset), one.unsubscribe()) });
  answer({ epoch: 'e', offset: 0 });
  Socket.last.receive(message(1), message(2));
  const two = client.subscribe('y', { ...record, onGap: () => two.unsubscribe(), from: { epoch: 'e', offset: 9 } });
  answer({ epoch: 'f', offset: 1, recovered: false });
  Socket.last.receive(message(1, 'y'), message(2, 'y'));
  assert.deepEqual(seen, [1]);
});

test('onSubscribed tells of every answer, ready of the first', async () => {
  const told = [];
  const subscription = client.subscribe('x', { onSubscribed: (facts) => told.push(facts) });
  answer({ epoch: 'e', offset: 1 });
  reconnect();
  assert.equal(subscription.live, false);
  answer({ epoch: 'e', offset: 5, recovered: true });
  assert.deepEqual(told, [
    { topic: 'x', epoch: 'e', offset: 1 },
    { topic: 'x', epoch: 'e', offset: 5, recovered: true },
  ]);
  assert.deepEqual(await subscription.ready, { epoch: 'e', offset: 1 });
});

test('a callback that throws is reported and loses nothing', () => {
  const thrown = [];
  const real = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (task) => thrown.push(task);
  try {
    client.subscribe('x', {
      onMessage: ({ offset }) => {
        seen.push(offset);
        throw new Error('mine');
      },
    });
    answer({ epoch: 'e', offset: 0 });
    Socket.last.receive(message(1), message(2));
  } finally {
    globalThis.queueMicrotask = real;
  }
  assert.deepEqual(seen, [1, 2]);
  assert.equal(thrown.length, 2);
  assert.throws(thrown[0], /mine/);
});
