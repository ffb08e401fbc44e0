// SPDX-License-Identifier: Apache-2.0
// A clock that moves when it is told to, and a WebSocket whose other end is the test.

export class FakeClock {
  #now = 0;
  #next = 1;
  #tasks = new Map();
  #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

  install() {
    globalThis.setTimeout = (task, ms = 0) => {
      this.#tasks.set(this.#next, { task, at: this.#now + ms });
      return this.#next++;
    };
    globalThis.clearTimeout = (id) => this.#tasks.delete(id);
    return this;
  }
  uninstall() {
    Object.assign(globalThis, this.#real);
  }
  get pendingCount() {
    return this.#tasks.size;
  }
  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#tasks].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { task, at }] = due;
      this.#tasks.delete(id);
      this.#now = at;
      task();
    }
    this.#now = end;
  }
}

// fakeWebSocket() makes a class of its own for each test; `made` has every socket, oldest first.
export function fakeWebSocket() {
  return class FakeWebSocket extends EventTarget {
    static made = [];
    static get last() {
      return this.made.at(-1);
    }
    sent = [];
    isClosed = false;
    constructor(url, protocol) {
      super();
      Object.assign(this, { url, protocol });
      FakeWebSocket.made.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.isClosed = true;
    }
    // — the other end —
    open() {
      this.dispatchEvent(new Event('open'));
      return this;
    }
    receive(...frames) {
      for (const frame of frames) {
        const data = typeof frame === 'string' ? frame : JSON.stringify(frame);
        this.dispatchEvent(Object.assign(new Event('message'), { data }));
      }
    }
    drop(code = 1006, reason = '') {
      this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    }
  };
}
