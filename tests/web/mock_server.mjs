// SPDX-License-Identifier: Apache-2.0
// A small server that speaks kodama.v1.json, POST /topics/{topic} and POST /publish as proto/README.md has them, with
// the memory engine's behaviour: logs, epochs, resume, gaps. For tests of kodama.js, and to work on the page alone:
//   node tests/web/mock_server.mjs 8000
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// The test's packages are installed in one place: tests/e2e/browser.
const require = createRequire(new URL('../e2e/browser/package.json', import.meta.url));
const { WebSocket, WebSocketServer } = require('ws');
export { WebSocket };

const web = new URL('../../broker/web/', import.meta.url);
const pages = new Map([
  ['/', ['index.html', 'text/html; charset=utf-8']],
  ['/style.css', ['style.css', 'text/css; charset=utf-8']],
  ['/page.js', ['page.js', 'text/javascript; charset=utf-8']],
  ['/kodama.js', ['kodama.js', 'text/javascript; charset=utf-8']],
]);
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

const text = (value) => JSON.stringify(value);
const refuse = (code, message) => ({ error: { code, message } });

export class MockServer {
  commands = []; // every command as it came, of all connections
  refusals = new Map(); // topic → {code, message}: what a subscribe is answered with
  mute = new Set(); // verbs that get no answer
  logSize = 100;
  #topics = new Map(); // topic → {epoch, offset, log, subscribers}
  #http = createServer((request, response) => this.#request(request, response));
  #sockets = new WebSocketServer({
    server: this.#http,
    path: '/ws',
    handleProtocols: (offered) => offered.has('kodama.v1.json') && 'kodama.v1.json',
  });

  constructor() {
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (data) => this.#command(socket, String(data)));
      socket.on('close', () => this.#forget(socket));
      socket.on('error', () => {});
    });
    this.#sockets.on('error', () => {}); // the listener's own error handler tells
  }

  listen(port = 0) {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, '127.0.0.1', () => {
        this.port = this.#http.address().port;
        this.url = `ws://127.0.0.1:${this.port}/ws`;
        resolve(this);
      });
    });
  }
  // Ends every connection, by a close frame with a code or, without one, as a cable does.
  disconnect(code, reason) {
    for (const socket of this.#sockets.clients) code ? socket.close(code, reason) : socket.terminate();
  }
  // What a restart does to the memory engine: the logs are gone, every topic begins another epoch.
  forgetTopics() {
    this.#topics.clear();
  }
  get connectionCount() {
    return this.#sockets.clients.size;
  }
  async close() {
    this.disconnect();
    this.#sockets.close();
    this.#http.closeAllConnections?.();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  publish(name, content) {
    const topic = this.#topic(name);
    const frame = text({ topic: name, offset: (topic.offset += 1), ...content });
    topic.log.push(frame);
    topic.log.splice(0, Math.max(0, topic.log.length - this.logSize));
    for (const socket of topic.subscribers) socket.send(frame);
    return topic;
  }
  // To every connection, as it is.
  send(frame) {
    for (const socket of this.#sockets.clients) socket.send(typeof frame === 'string' ? frame : text(frame));
  }

  #topic(name) {
    if (!this.#topics.has(name)) {
      const epoch = randomBytes(8).toString('hex');
      this.#topics.set(name, { epoch, offset: 0, log: [], subscribers: new Set() });
    }
    return this.#topics.get(name);
  }
  #forget(socket) {
    for (const topic of this.#topics.values()) topic.subscribers.delete(socket);
  }

  #command(socket, line) {
    const { id, ...verbs } = JSON.parse(line);
    const [verb] = Object.keys(verbs);
    this.commands.push({ id, ...verbs });
    if (this.mute.has(verb)) return;
    const answer = (body) => socket.send(text({ id, ...body }));
    const { topic, ...body } = verbs[verb];
    if (verb === 'subscribe') this.#subscribe(socket, topic, body, answer);
    else if (verb === 'publish') answer({ ok: { offset: this.publish(topic, body).offset } });
    else if (verb === 'unsubscribe' && this.#topics.get(topic)?.subscribers.delete(socket)) answer({ ok: {} });
    else answer(refuse(404, 'no such subscription'));
  }

  #subscribe(socket, name, { epoch, offset: after, last }, answer) {
    const refusal = this.refusals.get(name);
    if (refusal) return answer({ error: refusal });
    const topic = this.#topic(name);
    if (topic.subscribers.has(socket)) return answer(refuse(409, 'subscribed already'));
    topic.subscribers.add(socket);
    const ok = { epoch: topic.epoch, offset: topic.offset };
    if (after === undefined) {
      answer({ ok });
      if (last) for (const frame of topic.log.slice(-last)) socket.send(frame);
      return;
    }
    const replaced = epoch !== topic.epoch || after > topic.offset;
    const begin = topic.offset - topic.log.length; // the offset before the log's first
    const from = replaced ? begin : Math.max(begin, after);
    answer({ ok: { ...ok, recovered: !replaced && from === after } });
    if (replaced) socket.send(text({ topic: name, gap: { reason: 'epoch' } }));
    else if (from > after) socket.send(text({ topic: name, gap: { from: after + 1, to: from, reason: 'expired' } }));
    for (const frame of topic.log.slice(from - begin)) socket.send(frame);
  }

  async #request(request, response) {
    const { pathname } = new URL(request.url, 'http://mock');
    if (request.method === 'POST') {
      let body = '';
      for await (const piece of request) body += piece;
      const publish = (name, content) => {
        const { epoch, offset } = this.publish(name, content);
        return `${text({ epoch, offset })}\n`;
      };
      if (pathname !== '/publish') {
        return response.end(publish(decodeURIComponent(pathname.slice('/topics/'.length)), { data: body }));
      }
      for (const { topic, ...content } of body.split('\n').filter(Boolean).map((line) => JSON.parse(line))) {
        response.write(publish(topic, content));
      }
      return response.end();
    }
    const page = pages.get(pathname);
    if (!page) return response.writeHead(404).end(text(refuse(404, 'nothing here')));
    const [file, type] = page;
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Security-Policy', contentSecurityPolicy);
    response.end(await readFile(new URL(file, web)));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await new MockServer().listen(Number(process.argv[2] ?? 8000));
  console.log(`http://127.0.0.1:${server.port}`);
}
