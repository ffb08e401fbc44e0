// SPDX-License-Identifier: Apache-2.0
// The kodama client: subscribe, publish, resume. One ES module without dependencies, for browsers and for Node 18 and
// newer. It speaks kodama.v1.json (proto/README.md has the wire form); broker/web/README.md documents what is exported.
//
// Promises: a subscription sees its topic's messages in order and none twice, over any number of reconnections; what it
//   cannot have any more is told to `onGap`, never passed over in silence.
// Errors: a KodamaError with an HTTP code. What a callback throws is reported as uncaught and disturbs nothing here.

export const subprotocol = 'kodama.v1.json';

const defaults = {
  WebSocket: globalThis.WebSocket, // Node before 22 has none: pass the class of the npm package `ws`
  backoff: { base: 500, cap: 20_000 }, // ms: a random wait of up to base, 2 base, 4 base … at most cap
  stable: 5_000, // ms that a connection has to last before the next wait begins at `base` again
  timeout: 10_000, // ms for a handshake, and for the answer to a command
  idle: 30_000, // ms of silence before the client asks whether the server is still there; 0: never
  queueMax: 1_000, // publishes with `queue` that may wait for a connection
  random: Math.random,
};

// Closes that would only happen again: protocol error, wrong data, bad text, refused by policy, missing extension.
const finalCodes = new Set([1002, 1003, 1007, 1008, 1010]);
const isFinal = (code, reason) => finalCodes.has(code) && !reason.endsWith('_timeout');
// Refusals that may not last.
const isTemporary = (code) => code === 408 || code === 429 || code >= 500;

export class KodamaError extends Error {
  // `uncertain`: the command had left and its answer never came, so the server may have carried it out all the same.
  constructor(code, message, uncertain = false) {
    super(message);
    this.name = 'KodamaError';
    this.code = code;
    this.uncertain = uncertain;
  }
}

// "state": `state` is connecting, open, waiting or closed; waiting and closed come with the `code` and `reason` of the
// WebSocket's close, and waiting with `retryIn` (ms). "error": `error` is one that belongs to no command.
export class KodamaEvent extends Event {
  constructor(type, facts) {
    super(type);
    Object.assign(this, facts);
  }
}

export function connect(url = '/ws', options = {}) {
  const target = new URL(url, globalThis.location?.href);
  target.protocol = target.protocol.replace('http', 'ws');
  target.hash = '';
  return new Client(target.href, { ...defaults, ...options, backoff: { ...defaults.backoff, ...options.backoff } });
}

// Where a subscription stands in its topic's log. The position moves by what arrives, never ahead to the newest offset
// that an answer names: a connection that is lost in the middle of a replay then resumes in the middle.
class Cursor {
  #epoch = null;
  #offset = 0; // everything up to here was seen, or announced as lost
  #last; // how many of the newest were wished for at the start
  #unpromised = 0; // what had expired before the subscription began is no loss
  #nextEpoch = null; // the server has begun another log; its gap has not arrived yet

  constructor({ from, last }) {
    this.#last = last;
    if (from) [this.#epoch, this.#offset] = [from.epoch, from.offset];
  }
  get position() {
    return this.#epoch === null ? null : { epoch: this.#epoch, offset: this.#offset };
  }
  get isReplaced() {
    return this.#nextEpoch !== null;
  }
  start() {
    this.#nextEpoch = null;
    return this.position ?? (this.#last ? { last: this.#last } : {});
  }
  answered({ epoch, offset }) {
    if (this.#epoch === null) {
      this.#epoch = epoch;
      this.#unpromised = offset;
      this.#offset = this.#last ? Math.max(0, offset - this.#last) : offset;
    } else if (epoch !== this.#epoch || offset < this.#offset) {
      this.#nextEpoch = epoch;
    }
  }
  // Whether the message at this offset is new.
  take(offset) {
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    return true;
  }
  // What is to be told of a gap; null: nothing that this subscription had been promised.
  skip({ from, to, reason }) {
    if (to === undefined) {
      [this.#epoch, this.#offset, this.#unpromised, this.#nextEpoch] = [this.#nextEpoch ?? this.#epoch, 0, 0, null];
      return { reason };
    }
    const first = Math.max(from, this.#offset + 1, reason === 'expired' ? this.#unpromised + 1 : 0);
    this.#offset = Math.max(this.#offset, to);
    return first <= to ? { from: first, to, reason } : null;
  }
}

class Client extends EventTarget {
  #url;
  #options;
  #state = 'closed';
  #socket = null; // events of any other socket are late and not looked at
  #attempt = 0;
  #timers = new Map(); // name → timeout of the present connection or wait
  #ended = false;
  #id = 0;
  #received = 0; // frames; tells whether anything at all has arrived since a moment
  #commands = new Map(); // id → {done, timer}
  #queue = []; // publishes that wait for a connection
  #subscriptions = new Map(); // topic → subscription
  #asking = new Map(); // topic → subscription whose answer is awaited; one at a time for a topic
  #onWake = () => this.#wake();

  constructor(url, options) {
    super();
    this.#url = url;
    this.#options = options;
    if (!options.WebSocket) throw new TypeError('no WebSocket here: pass one as options.WebSocket');
    this.#open();
    globalThis.addEventListener?.('online', this.#onWake);
    globalThis.document?.addEventListener('visibilitychange', this.#onWake);
  }

  get state() {
    return this.#state;
  }

  get url() {
    return this.#url;
  }

  // Begins at once, or as soon as there is a connection. A topic can be subscribed to once at a time.
  subscribe(topic, options = {}) {
    if (this.#ended) throw new KodamaError(503, 'the client is closed');
    if (this.#subscriptions.has(topic)) throw new KodamaError(409, `there is a subscription to ${topic} already`);
    const subscription = { topic, options, cursor: new Cursor(options), live: false, ended: false, attempt: 0 };
    const ready = new Promise((resolve, reject) => Object.assign(subscription, { resolve, reject }));
    ready.catch(() => {}); // to look at it is not a duty: onError is told as well
    this.#subscriptions.set(topic, subscription);
    this.#ask(subscription);
    return Object.freeze({
      topic,
      ready,
      get position() {
        return subscription.cursor.position;
      },
      get live() {
        return subscription.live;
      },
      unsubscribe: () => this.#leave(subscription),
    });
  }

  // Resolves to {offset} once the message is in the topic's log. Without a connection it fails at once with 503, or
  // waits for one with `queue`. What is under way when a connection breaks fails as `uncertain`; nothing is sent twice.
  publish(topic, data, { event, queue = false } = {}) {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify({ topic, event, ...encode(data) });
      const done = (error, ok) => (error ? reject(error) : resolve(ok));
      if (this.#state === 'open') return this.#command('publish', text, done);
      if (!queue || this.#state === 'closed') throw new KodamaError(503, 'not connected');
      if (this.#queue.length >= this.#options.queueMax) throw new KodamaError(503, 'too many publishes are waiting');
      this.#queue.push({ text, done });
    });
  }

  // Connects now: ends a wait, and is the way back after the server has refused this client.
  reconnect() {
    if (!this.#ended && (this.#state === 'waiting' || this.#state === 'closed')) this.#open();
  }

  close() {
    if (this.#ended) return;
    this.#ended = true;
    globalThis.removeEventListener?.('online', this.#onWake);
    globalThis.document?.removeEventListener('visibilitychange', this.#onWake);
    const subscriptions = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const subscription of subscriptions) {
      Object.assign(subscription, { live: false, ended: true });
      subscription.reject(new KodamaError(503, 'the client was closed'));
    }
    if (this.#state !== 'closed') this.#lost(1000, 'the client was closed');
  }

  // — the connection —

  #open() {
    this.#clearTimers();
    const socket = new this.#options.WebSocket(this.#url, subprotocol);
    this.#socket = socket;
    const ours = (handler) => (event) => socket === this.#socket && handler(event);
    socket.addEventListener('open', ours(() => this.#opened()));
    socket.addEventListener('message', ours((event) => this.#receive(event.data)));
    socket.addEventListener('close', ours((event) => this.#lost(event.code, event.reason ?? '')));
    socket.addEventListener('error', () => {}); // a close follows
    this.#after('handshake', this.#options.timeout, () => this.#lost(1006, 'no answer'));
    this.#enter('connecting');
  }

  #opened() {
    this.#clearTimers();
    this.#after('stable', this.#options.stable, () => (this.#attempt = 0));
    if (this.#options.idle > 0) this.#watch(this.#received);
    this.#state = 'open';
    for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    for (const { text, done } of this.#queue.splice(0)) this.#command('publish', text, done);
    this.#enter('open');
  }

  #lost(code, reason) {
    const socket = this.#socket;
    this.#socket = null;
    this.#clearTimers();
    socket?.close();
    for (const subscription of this.#subscriptions.values()) subscription.live = false;
    this.#asking.clear();
    const stop = this.#ended || isFinal(code, reason);
    const { base, cap } = this.#options.backoff;
    const retryIn = this.#options.random() * Math.min(cap, base * 2 ** this.#attempt);
    if (stop) {
      this.#enter('closed', { code, reason });
    } else {
      this.#attempt += 1;
      this.#after('retry', retryIn, () => this.#open());
      this.#enter('waiting', { code, reason, retryIn });
    }
    const commands = [...this.#commands.values()];
    this.#commands.clear();
    for (const { done, timer } of commands) {
      clearTimeout(timer);
      done(new KodamaError(503, 'the connection was lost', true));
    }
    if (!stop) return;
    for (const { done } of this.#queue.splice(0)) done(new KodamaError(503, 'not connected'));
  }

  // A sleeping laptop or a lost network leaves sockets that are open in name only.
  #wake() {
    if (globalThis.document?.hidden) return;
    if (this.#state === 'waiting') this.reconnect();
    else if (this.#state === 'open') this.#probe();
  }
  #watch(received) {
    this.#after('idle', this.#options.idle, () => {
      if (received === this.#received) this.#probe();
      this.#watch(this.#received);
    });
  }
  // Any command is answered, so one that means nothing asks whether the server is there; #expired draws the conclusion.
  #probe() {
    this.#command('unsubscribe', '{"topic":"$"}', () => {});
  }

  #enter(state, facts) {
    this.#state = state;
    this.dispatchEvent(new KodamaEvent('state', { state, ...facts }));
  }
  #after(name, ms, task) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(task, ms));
  }
  #clearTimers() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  // — commands and what comes back —

  // `done(error, ok)` is called within the frame that brings the answer: deliveries behind it already find its effect.
  #command(verb, text, done) {
    const id = (this.#id += 1);
    const received = this.#received;
    const timer = setTimeout(() => this.#expired(id, received), this.#options.timeout);
    this.#commands.set(id, { done, timer });
    this.#socket.send(`{"id":${id},"${verb}":${text}}`);
  }

  #expired(id, received) {
    const { done } = this.#commands.get(id);
    this.#commands.delete(id);
    done(new KodamaError(408, 'no answer', true));
    if (received === this.#received && this.#state === 'open') this.#lost(1006, 'no answer');
  }

  #receive(text) {
    this.#received += 1;
    let frame;
    try {
      frame = Object(JSON.parse(text));
    } catch {
      return this.#lost(1006, 'not kodama.v1.json');
    }
    if (frame.topic !== undefined) return this.#delivered(frame);
    const error = frame.error && new KodamaError(frame.error.code, frame.error.message);
    const command = this.#commands.get(frame.id);
    if (!command) return error && this.dispatchEvent(new KodamaEvent('error', { error }));
    this.#commands.delete(frame.id);
    clearTimeout(command.timer);
    command.done(error, frame.ok);
  }

  #delivered({ topic, offset, event, gap, ...content }) {
    const subscription = this.#subscriptions.get(topic);
    if (!subscription?.live) return;
    const { cursor, options } = subscription;
    const missed = gap ?? (cursor.isReplaced && { reason: 'epoch' });
    const told = missed && cursor.skip(missed);
    if (told) call(options.onGap, { topic, ...told });
    if (gap || subscription.ended || !cursor.take(offset)) return;
    const data = content.data_base64 === undefined ? content.data : fromBase64(content.data_base64);
    const name = event ?? (topic.split('/').at(-1) || topic); // the default, which is not sent
    call(options.onMessage, { topic, epoch: cursor.position.epoch, offset, event: name, data });
  }

  // — subscriptions —

  #ask(subscription) {
    const { topic, cursor } = subscription;
    // An earlier subscription to the topic, given up before its answer came, has to be undone first: see #answered.
    if (this.#state !== 'open' || subscription.ended || this.#asking.has(topic)) return;
    this.#asking.set(topic, subscription);
    this.#command('subscribe', JSON.stringify({ topic, ...cursor.start() }), (error, ok) => {
      if (this.#asking.get(topic) === subscription) this.#answered(subscription, error, ok);
    });
  }

  #answered(subscription, error, ok) {
    const { topic, cursor, options } = subscription;
    this.#asking.delete(topic);
    if (error?.uncertain) {
      this.#lost(1006, 'no answer'); // whether the server has the subscription is unknown: begin anew
    } else if (subscription.ended) {
      if (ok) this.#command('unsubscribe', JSON.stringify({ topic }), () => {});
      const next = this.#subscriptions.get(topic);
      if (next) this.#ask(next);
    } else if (ok) {
      cursor.answered(ok);
      subscription.live = true;
      subscription.attempt = 0;
      subscription.resolve(ok);
      call(options.onSubscribed, { topic, ...ok });
    } else if (isTemporary(error.code)) {
      const { base, cap } = this.#options.backoff;
      const wait = this.#options.random() * Math.min(cap, base * 2 ** subscription.attempt++);
      this.#after(`subscribe ${topic}`, wait, () => this.#ask(subscription));
    } else {
      subscription.ended = true;
      this.#subscriptions.delete(topic);
      subscription.reject(error);
      call(options.onError, error);
    }
  }

  // Nothing is delivered after this call. Resolves when the server has let go too.
  #leave(subscription) {
    const { topic, live } = subscription;
    if (subscription.ended) return Promise.resolve();
    Object.assign(subscription, { live: false, ended: true });
    subscription.reject(new KodamaError(410, 'unsubscribed'));
    this.#subscriptions.delete(topic);
    if (!live || this.#state !== 'open') return Promise.resolve();
    return new Promise((resolve) => this.#command('unsubscribe', JSON.stringify({ topic }), () => resolve()));
  }
}

function call(callback, argument) {
  try {
    callback?.(argument);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

function encode(data) {
  if (data instanceof ArrayBuffer) return { data_base64: toBase64(new Uint8Array(data)) };
  if (ArrayBuffer.isView(data)) {
    return { data_base64: toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
  }
  if (data === undefined || typeof data === 'function' || typeof data === 'symbol') {
    throw new KodamaError(400, `${typeof data} is neither JSON nor bytes`);
  }
  return { data };
}

function toBase64(bytes) {
  const piece = 0x8000; // arguments of one call
  let text = '';
  for (let i = 0; i < bytes.length; i += piece) text += String.fromCharCode(...bytes.subarray(i, i + piece));
  return btoa(text);
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
