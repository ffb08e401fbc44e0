// SPDX-License-Identifier: Apache-2.0
// What scenarios with npm's socket.io-client share: sockets that are closed at the end, waiting with a time limit, and
// the server by HTTP. The client is the one that the broker serves to browsers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../broker/web/socketio/package.json', import.meta.url));
const { Manager } = require('socket.io-client');

export class Session {
  patience = Number(process.env.KODAMA_CLIENT_SECONDS ?? 20) * 1000;
  #origin;
  #httpOrigin; // where to publish
  #transports;
  #sockets = [];

  constructor(origin, httpOrigin, transports) {
    this.#origin = origin;
    this.#httpOrigin = httpOrigin;
    this.#transports = transports;
  }

  // Runs to the end, or to the time limit of all of it.
  async run(scenario) {
    const timer = setTimeout(() => {
      console.error(`not done in ${this.patience * 3} ms`);
      process.exit(1);
    }, this.patience * 3);
    try {
      await scenario(this);
    } finally {
      clearTimeout(timer);
      for (const socket of this.#sockets) socket.disconnect();
    }
  }

  // A socket of its own connection, or of that manager's.
  socket(namespace = '/', options = {}, manager = null) {
    const { auth, ...rest } = options;
    manager ??= new Manager(this.#origin, {
      transports: this.#transports,
      rejectUnauthorized: false, // the broker's certificate is self-signed
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...rest,
    });
    const socket = manager.socket(namespace, { auth, ...rest });
    if (!socket.active) socket.connect();
    this.#sockets.push(socket);
    return socket;
  }
  async connected(namespace, options) {
    const socket = this.socket(namespace, options);
    await this.#inTime(once(socket, 'connect'), 'it does not connect');
    return socket;
  }

  // Until its last transport is there and idle: a volatile event is forgotten while a request or an upgrade is under way.
  settled(socket) {
    const { engine } = socket.io;
    return this.until(() => engine.transport.name === this.#transports.at(-1) && !engine.upgrading && engine.transport.writable);
  }

  // The arguments of the next such event.
  next(socket, event) {
    return this.#inTime(once(socket, event), `no ${event} comes`);
  }
  // Those of the acknowledgement; also where a client without `retries` has no time limit.
  acknowledged(socket, event, ...args) {
    const answer = new Promise((resolve, reject) =>
      socket.timeout(this.patience).emit(event, ...args, (error, ...rest) => (error ? reject(error) : resolve(rest))),
    );
    return this.#inTime(answer, `${event} is not acknowledged`);
  }
  // For each socket, a list of [event, ...arguments] that grows as they come.
  record(sockets, events) {
    return sockets.map((socket) => {
      const heard = [];
      for (const event of events) socket.on(event, (...args) => heard.push([event, ...args]));
      return heard;
    });
  }
  async until(holds) {
    const end = Date.now() + this.patience;
    while (!holds()) {
      assert.ok(Date.now() < end, `not in time: ${holds}`);
      await new Promise((resolve) => setTimeout(resolve, 5)); // looked at again and again: it may be anything
    }
  }

  // By HTTP. The topic may have a query behind it.
  async publish(topic, body, type) {
    const [name, query] = topic.split('?');
    const url = `${this.#httpOrigin}/topics/${encodeURIComponent(name)}${query ? `?${query}` : ''}`;
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body });
    assert.equal(answer.status, 200, await answer.text());
  }
  async newest(topic) {
    const answer = await fetch(`${this.#httpOrigin}/topics/${encodeURIComponent(topic)}?last=1`);
    return (await answer.json()).messages[0].data;
  }

  #inTime(promise, what) {
    const error = new Error(what); // here, for its stack
    let timer;
    // A time limit, and no wait.
    const late = new Promise((_, reject) => (timer = setTimeout(reject, this.patience, error)));
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}
