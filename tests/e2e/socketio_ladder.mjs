// SPDX-License-Identifier: Apache-2.0
// The steps of the official tutorial, with npm's socket.io-client:
//   node socketio_ladder.mjs SCENARIO ORIGIN HTTP_ORIGIN TRANSPORT[,TRANSPORT]
// The server is config/examples/chat/kodama.yaml. Ends with 0 when all is as it should be.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Session } from './socketio_session.mjs';

const event = 'chat message';
const topicOf = (namespace) => (namespace === '/' ? event : `${namespace.slice(1)}/${event}`);
let count = 0;
const unique = (text) => `${text} ${process.pid}/${(count += 1)}`;

// What comes, as texts; keeps the cursor as the tutorial's page does.
function follow(socket) {
  const heard = [];
  socket.on(event, (text, serverOffset) => {
    heard.push(text);
    if (socket.auth?.serverOffset !== undefined) socket.auth.serverOffset = serverOffset;
  });
  return heard;
}

const publish = async (session, namespace, text) => {
  await session.publish(topicOf(namespace), text, 'text/plain');
  return text;
};

// The network fails; the client comes back by itself.
async function drop(socket) {
  socket.io.engine.close();
  if (socket.connected) await once(socket, 'disconnect');
}

const scenarios = {
  async 'broadcasting: everybody gets it, the sender too'(session) {
    const sockets = [await session.connected(), await session.connected()];
    const heard = sockets.map(follow);
    const texts = [];
    for (const socket of sockets) {
      texts.push(unique('hi'));
      socket.emit(event, texts.at(-1));
      await session.until(() => heard.every((each) => each.length === texts.length));
    }
    texts.push(await publish(session, '/', unique('by HTTP')));
    await session.until(() => heard.every((each) => each.length === texts.length));
    assert.deepEqual(heard, [texts, texts]);
  },

  async 'recovery: what was missed comes before all else, once'(session) {
    for (const namespace of ['/recovery', '/server-delivery', '/client-delivery']) {
      const socket = await session.connected(namespace, namespace === '/recovery' ? {} : { auth: { serverOffset: 0 } });
      const heard = follow(socket);
      const texts = [await publish(session, namespace, unique('first'))];
      await session.until(() => heard.at(-1) === texts[0]);
      const earlier = heard.length - 1;
      const { id } = socket;
      for (let round = 0; round < 3; round += 1) {
        const back = once(socket, 'connect');
        await drop(socket);
        for (let i = 0; i < 10; i += 1) texts.push(await publish(session, namespace, unique('missed')));
        await back;
        assert.equal(socket.recovered, true, `${namespace}, round ${round}`);
        assert.equal(socket.id, id);
        texts.push(await publish(session, namespace, unique('after')));
        await session.until(() => heard.at(-1) === texts.at(-1));
        assert.deepEqual(heard.slice(earlier), texts);
      }
    }
  },

  async 'recovery: not after a goodbye'(session) {
    const socket = await session.connected('/recovery');
    const heard = follow(socket);
    const first = await publish(session, '/recovery', unique('first'));
    await session.until(() => heard.at(-1) === first);
    const { id } = socket;
    socket.disconnect();
    await publish(session, '/recovery', unique('lost'));
    socket.connect();
    await once(socket, 'connect');
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    const last = await publish(session, '/recovery', unique('last'));
    await session.until(() => heard.at(-1) === last);
    assert.deepEqual(heard.slice(-2), [first, last]);
  },

  async 'server delivery: the log from a cursor on'(session) {
    for (const namespace of ['/server-delivery', '/client-delivery']) {
      const texts = [];
      for (let i = 0; i < 5; i += 1) texts.push(await publish(session, namespace, unique('early')));
      const socket = session.socket(namespace, { auth: { serverOffset: 0 } });
      const heard = follow(socket);
      await session.until(() => heard.at(-1) === texts.at(-1));
      assert.deepEqual(heard.slice(-5), texts);
      assert.equal(socket.recovered, false);
      const until = heard.length;
      socket.disconnect();
      const since = [];
      for (let i = 0; i < 5; i += 1) since.push(await publish(session, namespace, unique('since')));
      socket.connect();
      await session.until(() => heard.length >= until + since.length);
      since.push(await publish(session, namespace, unique('on')));
      await session.until(() => heard.at(-1) === since.at(-1));
      assert.deepEqual(heard.slice(until), since);
    }
  },

  async 'client delivery: once, and acknowledged each time'(session) {
    const namespace = '/client-delivery';
    const options = { auth: { serverOffset: 0 }, ackTimeout: session.patience / 4, retries: 3 };
    const [one, two] = [await session.connected(namespace, options), await session.connected(namespace, options)];
    const heard = [one, two].map(follow);
    const [text, other, away, last] = ['twice', 'another of that name', 'while away', 'last'].map(unique);
    const name = unique('name');
    for (const said of [text, text, other, text]) assert.deepEqual(await session.acknowledged(two, event, said, name), []);
    const back = once(one, 'connect');
    await drop(one);
    const sent = session.acknowledged(one, event, away, unique('name')); // it is kept, and sent when there is a connection
    await back;
    assert.deepEqual(await sent, []);
    await publish(session, namespace, last);
    await session.until(() => heard.every((each) => each.at(-1) === last));
    for (const each of heard) assert.deepEqual(each.slice(-4), [text, other, away, last]);
  },
};

const [name, origin, httpOrigin, transports] = process.argv.slice(2);
assert.ok(scenarios[name], `there is no scenario ${name}`);
await new Session(origin, httpOrigin, transports.split(',')).run(scenarios[name]);
