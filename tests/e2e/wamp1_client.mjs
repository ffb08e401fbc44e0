// SPDX-License-Identifier: Apache-2.0
// An independent client of WAMP v1, npm's `wamp1`, driven by test_wamp1.py: node wamp1_client.mjs WS_ORIGIN. Two of them
// define a prefix, subscribe, publish to all, to all but themselves and to one, call, unsubscribe; what they saw is printed
// as one JSON object.
import { createRequire } from 'node:module';
import { once } from 'node:events';

const require = createRequire(new URL('./browser/package.json', import.meta.url));
const { WebSocket } = require('ws');
const Wamp = require('wamp1');

const topic = 'http://example.com/event#node';

async function open() {
  const socket = new WebSocket(process.argv[2] + '/ws', ['soap', 'wamp'], { rejectUnauthorized: false });
  let welcomed;
  const welcome = new Promise((done) => (welcomed = done));
  const client = new Wamp(socket, welcomed);
  client.welcome = await welcome;
  client.heard = [];
  client.waiting = [];
  client.take = (event) => {
    const waiter = client.waiting.shift();
    if (waiter) waiter(event);
    else client.heard.push(event);
  };
  client.next = () =>
    client.heard.length ? Promise.resolve(client.heard.shift()) : new Promise((done) => client.waiting.push(done));
  client.prefix('event', 'http://example.com/event#');
  client.subscribe('event:node', client.take);
  client.publish('event:node', 'subscribed', [], [client.sessionId]);  // heard by itself alone, and once it is
  client.first = await client.next();
  return client;
}

const one = await open();
const other = await open();
const saw = { welcome: one.welcome, ids: one.sessionId !== other.sessionId, first: [one.first, other.first] };

one.publish('event:node', { to: 'all' });
saw.all = [await one.next(), await other.next()];
one.publish(topic, 'to the other', true);
saw.other = await other.next();
one.publish(topic, 'to itself', [other.sessionId]);
saw.itself = await one.next();
one.publish(topic, ['to the other'], [], [other.sessionId]);
saw.eligible = await other.next();

saw.call = await new Promise((done) => one.call('event:add', 23, 99, (error) => done([error.uri, error.message])));
other.unsubscribe('event:node');
other.publish('event:node', 'without the other');
saw.unsubscribed = await one.next();
saw.left = [one.heard.length, other.heard.length];

const closed = [once(one.socket, 'close'), once(other.socket, 'close')];
one.socket.close(1000);
other.socket.send('oops');
saw.closes = (await Promise.all(closed)).map(([code]) => code);
process.stdout.write(JSON.stringify(saw));
