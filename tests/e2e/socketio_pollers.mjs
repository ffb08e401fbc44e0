// SPDX-License-Identifier: Apache-2.0
// Thousands of Socket.IO clients over HTTP long-polling, by hand: node socketio_pollers.mjs HOST PORT POLLERS MESSAGES
// Each request takes whichever connection has been free for the longest, so that the requests of a session go over many
// of them, and a session's GETs meet every shard. One publisher by HTTP; a few clients by WebSocket, beside which the
// pollers' latency is to be seen. Prints {received, shards (how many a session met, on average), p50, p99 (ms), …} as
// JSON; ends with 1 at a loss, a repeat, a wrong order.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Session } from './socketio_session.mjs';

const [host, port, pollers, messages] = process.argv.slice(2);
const pollerCount = Number(pollers);
const messageCount = Number(messages);
const atOnce = 200; // handshakes
const watcherCount = 20; // by WebSocket
const intervalMs = 500; // between messages: each is a request and an answer for every poller
const separator = '\x1e';

// One keep-alive connection: one request at a time, an answer with Content-Length.
class Connection {
  #socket = connect({ host, port: Number(port), noDelay: true });
  #unread = Buffer.alloc(0);
  #resolve = null;
  #reject = null;

  constructor() {
    this.#socket.on('data', (piece) => this.#take(piece));
    for (const event of ['close', 'error']) this.#socket.on(event, (error) => this.#reject?.(new Error(`${event}: ${error}`)));
  }
  request(text) {
    this.#socket.write(text);
    return new Promise((resolve, reject) => ([this.#resolve, this.#reject] = [resolve, reject]));
  }
  destroy() {
    this.#reject = null;
    this.#socket.destroy();
  }
  #take(piece) {
    this.#unread = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece]);
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#unread.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    assert.ok(Number.isInteger(length), head);
    if (this.#unread.length < end + 4 + length) return;
    const body = this.#unread.toString('utf8', end + 4, end + 4 + length);
    this.#unread = this.#unread.subarray(end + 4 + length);
    this.#resolve({ status: Number(head.slice(9, 12)), body, shard: /\r\nkodama-shard: *(\d+)/i.exec(head)?.[1] });
  }
}

class Pool {
  #idle = [];
  #all = [];

  async request(method, target, body = '') {
    const connection = this.#idle.shift() ?? this.#open(); // the one that has rested for the longest
    const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}:${port}`];
    if (method === 'POST') lines.push('Content-Type: text/plain;charset=UTF-8', `Content-Length: ${Buffer.byteLength(body)}`);
    const answer = await connection.request(`${lines.join('\r\n')}\r\n\r\n${body}`);
    this.#idle.push(connection);
    return answer;
  }
  // More than there are requests, so that a session does not get the same one back.
  spread(spare) {
    for (let i = 0; i < spare; i += 1) this.#idle.push(this.#open());
  }
  close() {
    for (const connection of this.#all) connection.destroy();
  }
  #open() {
    this.#all.push(new Connection());
    return this.#all.at(-1);
  }
}

const pool = new Pool();
const latencies = { polling: [], websocket: [] };
let received = 0;
let polls = 0;
let isOver = false;

// [event, number, when it was published in ms]; those of one client come in order.
function take(transport, expected, [number, sent]) {
  assert.equal(number, expected, `lost, repeated or out of order by ${transport}`);
  latencies[transport].push(Date.now() - sent);
}

class Poller {
  #target = '/socket.io/?EIO=4&transport=polling';
  #next = 0;
  shards = new Set(); // that its polls have met

  async open() {
    const opened = await pool.request('GET', this.#target);
    assert.equal(opened.status, 200, opened.body);
    this.#target += `&sid=${JSON.parse(opened.body.split(separator)[0].slice(1)).sid}`;
    await this.#post('40');
    for (let isConnected = false; !isConnected; ) {
      const answer = await pool.request('GET', this.#target);
      assert.equal(answer.status, 200, answer.body);
      isConnected = answer.body.split(separator).some((packet) => packet.startsWith('40'));
    }
  }
  async follow() {
    while (!isOver) {
      const { status, body, shard } = await pool.request('GET', this.#target);
      if (isOver) return;
      this.shards.add(shard);
      assert.equal(status, 200, body);
      polls += 1;
      for (const packet of body.split(separator)) {
        if (packet === '2') await this.#post('3');
        else if (packet.startsWith('42["shout"')) {
          take('polling', this.#next, JSON.parse(packet.slice(2)).slice(1));
          this.#next += 1;
          received += 1;
        } else assert.ok(packet === '6' || packet.startsWith('42["auth"'), packet);
      }
    }
  }
  async #post(packet) {
    const { status, body } = await pool.request('POST', this.#target, packet);
    assert.deepEqual([status, body], [200, 'ok']);
  }
}

function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const origin = `http://${host}:${port}`;
const session = new Session(origin, origin, ['websocket']);
session.patience *= 2;
await session.run(async () => {
  const opened = [];
  while (opened.length < pollerCount) {
    const some = Array.from({ length: Math.min(atOnce, pollerCount - opened.length) }, () => new Poller());
    await Promise.all(some.map((poller) => poller.open()));
    opened.push(...some);
  }
  for (let i = 0; i < watcherCount; i += 1) {
    let next = 0;
    const socket = await session.connected();
    socket.on('shout', (...args) => take('websocket', next++, args));
  }
  let failed = null;
  for (const poller of opened) poller.follow().catch((error) => (failed ??= error));
  pool.spread(Math.ceil(pollerCount / 10)); // now that every poll has its connection
  for (let number = 0; number < messageCount && !failed; number += 1) {
    await session.publish('shout', JSON.stringify([number, Date.now()]), 'application/json');
    await new Promise((resolve) => setTimeout(resolve, intervalMs)); // a steady publisher is the subject
  }
  await session.until(() => failed || received === pollerCount * messageCount);
  isOver = true;
  if (failed) throw failed;
  const [polling, websocket] = [latencies.polling, latencies.websocket];
  const shards = opened.reduce((sum, poller) => sum + poller.shards.size, 0) / pollerCount;
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(polling, share));
  const [websocket_p50, websocket_p99] = [0.5, 0.99].map((share) => percentile(websocket, share));
  console.log(JSON.stringify({ received, polls, shards, p50, p99, websocket_p50, websocket_p99 }));
});
pool.close();
process.exit(0); // what pends is not waited for
