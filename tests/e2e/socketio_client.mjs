// SPDX-License-Identifier: Apache-2.0
// npm's socket.io-client against a server:
//   node socketio_client.mjs SCENARIO ORIGIN HTTP_ORIGIN TRANSPORT[,TRANSPORT]
// where HTTP_ORIGIN is where to publish. The server is CLIENTS of engineio_configs.py. Ends with 0 when all is as it should be.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Session } from './socketio_session.mjs';

const timeBound = 300; // ms for what must not come

const values = [
  [''],
  ['grüße 😀 \u2028 "\\ \0'],
  [0, -1.5e300, true, false, null, [], {}],
  [{ nested: [{ deep: { 'k y': ['v', 1] } }], text: 'x'.repeat(70_000) }],
  ['several', 'arguments', 3],
  [Buffer.from([0, 1, 255])],
  [Buffer.alloc(0)],
  ['text', { file: Buffer.from('one'), more: [Buffer.from('two'), { again: new Uint8Array([3]) }] }, Buffer.from('last')],
  [{ _placeholder: true, num: 9 }],
  [],
];

// Binary comes back as Buffer, whatever view it left as.
const asReceived = (value) =>
  JSON.parse(JSON.stringify(value), (_, each) => (each?.type === 'Buffer' ? Buffer.from(each.data) : each));
const normal = (value) => {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, normal(each)]));
};

const scenarios = {
  async 'what is sent comes back'(session) {
    const socket = await session.connected();
    for (const args of values) {
      const back = session.next(socket, 'message-back');
      socket.emit('message', ...args);
      assert.deepEqual(await back, asReceived(normal(args)));
    }
    for (const args of values) {
      assert.deepEqual(await session.acknowledged(socket, 'message-with-ack', ...args), asReceived(normal(args)));
    }
  },

  async 'as much as the reference takes'(session) {
    const socket = await session.connected();
    const isPolling = socket.io.engine.transport.name === 'polling';
    const most = isPolling ? 749_000 : 1_000_000; // base64, and it must fit the million that maxPayload is
    for (const size of [most / 2, most]) {
      const content = Buffer.alloc(size, 'kodama');
      const [back] = await session.acknowledged(socket, 'message-with-ack', content);
      assert.ok(content.equals(back));
    }
    const text = 'ä'.repeat(490_000);
    assert.deepEqual(await session.acknowledged(socket, 'message-with-ack', text), [text]);
  },

  async 'acknowledgements have a time limit, and go both ways'(session) {
    const socket = await session.connected();
    await assert.rejects(socket.timeout(timeBound).emitWithAck('never', 1), /timed out/);
    assert.deepEqual(await socket.timeout(session.patience).emitWithAck('message-with-ack', 'in time'), 'in time');
    socket.on('question', (what, answer) => answer('answered', what, Buffer.from('and more')));
    const answer = session.next(socket, 'answer');
    socket.emit('ask me', 'what?');
    assert.deepEqual(await answer, ['answered', 'what?', Buffer.from('and more')]);
  },

  async 'volatile events are sent while connected and forgotten otherwise'(session) {
    const socket = await session.connected();
    const back = session.next(socket, 'message-back');
    await session.settled(socket);
    socket.volatile.emit('message', 'now');
    assert.deepEqual(await back, ['now']);
    socket.disconnect();
    socket.volatile.emit('message', 'lost');
    socket.emit('message', 'kept');
    const kept = session.next(socket, 'message-back');
    socket.connect();
    assert.deepEqual(await kept, ['kept']);
  },

  async 'namespaces share a connection'(session) {
    const auth = { token: 'secret', number: 5, list: [1, { a: null }] };
    const one = session.socket('/', { auth });
    const two = session.socket('/custom', { auth }, one.io);
    const heard = [one, two].map((socket) => session.next(socket, 'auth'));
    assert.deepEqual(await Promise.all(heard), [[auth], [auth]]);
    assert.notEqual(one.id, two.id);
    assert.equal(one.io.engine.id, two.io.engine.id);
    one.on('message-back', () => assert.fail('it is the other namespace that was spoken to'));
    const back = session.next(two, 'message-back');
    two.emit('message', 'in /custom');
    assert.deepEqual(await back, ['in /custom']);
    two.disconnect();
    one.off('message-back');
    assert.deepEqual(await session.acknowledged(one, 'message-with-ack', 'still there'), ['still there']);
  },

  async 'a namespace may be refused'(session) {
    const refused = async (name, auth) => (await once(session.socket(name, { auth }), 'connect_error'))[0];
    assert.equal((await refused('/nowhere')).message, 'Invalid namespace');
    const error = await refused('/admin', { token: null });
    assert.equal(error.message, 'Unauthorized');
    assert.deepEqual(error.data, { code: 401 });
    await once(session.socket('/admin', { auth: { token: 'x' } }), 'connect');
  },

  async 'rooms and broadcasts'(session) {
    const [a, b, c] = await Promise.all([0, 1, 2].map(() => session.connected()));
    await Promise.all([a, b].map((socket) => session.acknowledged(socket, 'join', 'room-1')));
    await session.acknowledged(c, 'join', 'room-2');
    const heard = session.record([a, b, c], ['said', 'shout', 'others']);
    await session.acknowledged(c, 'say', 'room-1', 'to one'); // from outside
    await session.acknowledged(a, 'say', 'room-2', 'to two');
    await session.acknowledged(a, 'leave', 'room-1');
    await session.acknowledged(b, 'say', 'room-1', 'again');
    a.emit('others', 'from a', Buffer.from([1]));
    a.emit('shout', 'to all');
    await session.until(() => heard.every((each) => each.at(-1)?.[0] === 'shout'));
    const [said1, said2] = [['said', 'to one'], ['said', 'to two']];
    const others = ['others', 'from a', Buffer.from([1])];
    const all = ['shout', 'to all'];
    assert.deepEqual(heard, [[said1, all], [said1, ['said', 'again'], others, all], [said2, others, all]]);
    const other = await session.connected();
    await assert.rejects(other.timeout(timeBound).emitWithAck('join', 'elsewhere'), /timed out/, 'no rule lets in there');
  },

  async 'what is retried arrives once'(session) {
    const other = await session.connected();
    const socket = await session.connected('/', { retries: 3, ackTimeout: session.patience / 4 });
    const heard = session.record([other], ['once']);
    const name = Math.random().toString(36);
    for (const text of ['a', 'a', 'b']) assert.deepEqual(await session.acknowledged(socket, 'once', text, name), []);
    other.emit('shout', 'end');
    await session.next(other, 'shout');
    assert.deepEqual(heard, [[['once', 'a'], ['once', 'b']]]);
  },

  async 'who is disconnected stays away'(session) {
    const socket = await session.connected();
    socket.emit('kick me');
    const [reason] = await once(socket, 'disconnect');
    assert.equal(reason, 'io server disconnect');
    assert.equal(socket.active, false);
  },

  async 'publishes by HTTP arrive, and events can be read there'(session) {
    const socket = await session.connected();
    const heard = session.record([socket], ['shout', 'said', 'news', 'once']);
    const json = 'application/json';
    const expected = [];
    const publish = async (topic, body, type, ...args) => {
      await session.publish(topic, body, type);
      expected.push(args);
      await session.until(() => heard[0].length === expected.length);
    };
    await publish('shout', 'grüße', 'text/plain', 'shout', 'grüße');
    await publish('shout', '["two", {"arguments": 1}]', json, 'shout', 'two', { arguments: 1 });
    await publish('shout', '{"one": null}', json, 'shout', { one: null });
    await publish('shout', '"a string"', json, 'shout', 'a string');
    await publish('shout', '[]', json, 'shout');
    await publish('shout', new Uint8Array([0, 255]), 'application/octet-stream', 'shout', Buffer.from([0, 255]));
    await publish('shout?event=news', 'of another name', 'text/plain', 'news', 'of another name');
    await session.acknowledged(socket, 'join', 'room-7');
    await session.publish('$room/room-8?event=said', 'to others', 'text/plain');
    await publish('$room/room-7?event=said', 'to the room', 'text/plain', 'said', 'to the room');
    await publish(`$sid/${socket.id}?event=said`, 'to you', 'text/plain', 'said', 'to you');
    assert.deepEqual(heard[0], expected);
    for (const [args, data] of [
      [['text'], 'text'],
      [['a', 1], ['a', 1]],
      [[{ a: 1 }], [{ a: 1 }]],
      [[Buffer.from([1, 2])], [{ base64: 'AQI=' }]],
    ]) {
      const back = session.next(socket, 'shout');
      socket.emit('shout', ...args);
      await back;
      assert.deepEqual(await session.newest('shout'), data);
    }
  },

  async 'nothing is lost or turned round by an upgrade'(session) {
    const other = await session.connected('/', { transports: ['websocket'] });
    for (let round = 0; round < 5; round += 1) {
      const socket = await session.connected('/', { transports: ['polling', 'websocket'] });
      const heard = session.record([socket], ['shout', 'message-back']);
      let isUpgraded = socket.io.engine.transport.name === 'websocket';
      socket.io.engine.once('upgrade', () => (isUpgraded = true));
      const mine = [];
      const theirs = [];
      while (mine.length < 20 || !isUpgraded) {
        mine.push(`mine ${round}/${mine.length}`);
        theirs.push(`theirs ${round}/${theirs.length}`);
        const paced = session.next(other, 'shout');
        socket.emit('message', mine.at(-1));
        other.emit('shout', theirs.at(-1));
        await paced;
      }
      await session.until(() => heard[0].length >= mine.length + theirs.length);
      const of = (event) => heard[0].filter(([name]) => name === event).map(([, text]) => text);
      assert.deepEqual(of('message-back'), mine);
      assert.deepEqual(of('shout'), theirs);
      socket.disconnect();
    }
  },
};

const [name, origin, httpOrigin, transports] = process.argv.slice(2);
assert.ok(scenarios[name], `there is no scenario ${name}`);
await new Session(origin, httpOrigin, transports.split(',')).run(scenarios[name]);
