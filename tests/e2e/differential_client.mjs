// SPDX-License-Identifier: Apache-2.0
// The part of test_differential.py that npm's `ws` plays: node differential_client.mjs DIRECTORY, which has the plan.
// Says "ready", and for each line "FROM TO" that it reads, publishes and hears those messages and says "done". A message
// that is not the planned one ends it with 1.
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('./browser/package.json', import.meta.url));
const { WebSocket } = require('ws');

const directory = process.argv[2];
const pool = readFileSync(`${directory}/pool`);
const { origins, topics, connections } = JSON.parse(readFileSync(`${directory}/plan.json`, 'utf8'));

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

function deflateOf(plan) {
  if (!plan.library.endsWith('deflate')) return false;
  return {
    threshold: plan.threshold, clientMaxWindowBits: plan.client_bits, serverMaxWindowBits: plan.server_bits,
    clientNoContextTakeover: plan.client_resets || undefined, // false would refuse a server that asks for it
  };
}

class Client {
  constructor(plan) {
    this.plan = plan;
    this.messages = topics[plan.topic].messages;
    this.heard = 0;
    this.awaited = 0;
    const query = plan.listens ? '' : '?publish=only';
    const url = `${origins[plan.scheme]}/topics/${encodeURIComponent(topics[plan.topic].name)}${query}`;
    this.socket = new WebSocket(url, { rejectUnauthorized: false, perMessageDeflate: deflateOf(plan) });
    this.socket.on('message', (data, isBinary) => this.hear(data, isBinary));
    this.socket.on('error', (error) => fail(`${JSON.stringify(plan)}: ${error.message}`));
    this.socket.on('close', (code) => this.closing || fail(`${JSON.stringify(plan)}: closed with ${code}`));
  }

  // Open, and heard by the topic: the pong says so.
  async open() {
    await once(this.socket, 'open');
    if (this.socket.extensions.startsWith('permessage-deflate') !== this.plan.library.endsWith('deflate')) {
      fail(`${JSON.stringify(this.plan)}: agreed on ${this.socket.extensions}`);
    }
    const pong = once(this.socket, 'pong');
    this.socket.ping();
    await pong;
  }

  hear(data, isBinary) {
    const [text, begin, end] = this.messages[this.heard] ?? [null, 0, 0];
    if (text !== !isBinary || pool.compare(data, 0, data.length, begin, end) !== 0) {
      fail(`${JSON.stringify(this.plan)}: message ${this.heard} of its topic is ${isBinary ? 'binary' : 'text'} of ` +
        `${data.length} bytes and should be ${text ? 'text' : 'binary'} of ${end - begin}, or it has other bytes`);
    }
    if (++this.heard === this.awaited) this.done();
  }

  hearUpTo(count) {
    return new Promise((done) => {
      this.awaited = count;
      this.done = done;
      if (this.heard > count) fail(`${JSON.stringify(this.plan)}: heard what nobody has sent yet`);
      if (this.heard === count) done();
    });
  }

  publish(from, to) {
    for (const [text, begin, end, cuts] of this.messages.slice(from, to)) {
      let at = begin;
      for (const cut of cuts) {
        this.socket.send(pool.subarray(at, cut), { binary: !text, fin: false });
        at = cut;
      }
      this.socket.send(pool.subarray(at, end), { binary: !text, fin: true });
    }
  }

  async close() {
    this.closing = true;
    this.socket.close(1000);
    const [code] = await once(this.socket, 'close');
    if (code !== 1000) fail(`${JSON.stringify(this.plan)}: closed with ${code}`);
  }
}

const clients = connections.filter((plan) => plan.library.startsWith('node')).map((plan) => new Client(plan));
await Promise.all(clients.map((client) => client.open()));
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [from, to] = line.split(' ').map(Number);
  const heard = clients.filter((client) => client.plan.listens).map((client) => client.hearUpTo(to));
  for (const client of clients) if (client.plan.publishes) client.publish(from, to);
  await Promise.all(heard);
  process.stdout.write('done\n');
}
await Promise.all(clients.map((client) => client.close()));
