// SPDX-License-Identifier: Apache-2.0
// The real binary as a test's own process: started, asked where it serves, killed, started again on the same ports.
// KODAMA_BINARY names it; build/release/kodama is the default.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const binary = process.env.KODAMA_BINARY ?? join(root, 'build/release/kodama');
const startSeconds = 20; // sanitizers are slow

export class Broker {
  http; // origins, without a slash at the end
  https;
  #shards;
  #flags; // further ones
  #state; // the directory that keeps the self-signed certificate
  #ports = [0, 0];
  #process = null;
  #output = '';

  constructor(shards, flags = []) {
    this.#shards = shards;
    this.#flags = flags;
  }

  async start() {
    this.#state ??= await mkdtemp(join(tmpdir(), 'kodama-browser-'));
    const [http, https] = this.#ports;
    const flags = [
      ['--dev', 'true'],
      ['--listen.http', `127.0.0.1:${http}`],
      ['--listen.https', `127.0.0.1:${https}`],
      ['--listen.admin', ''],
      ['--shards', String(this.#shards)],
    ].flat();
    this.#output = '';
    this.#process = spawn(binary, ['serve', ...flags, ...this.#flags], {
      env: { ...process.env, XDG_STATE_HOME: this.#state },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    [this.http, this.https] = await this.#printedOrigins();
    this.#ports = [this.http, this.https].map((origin) => Number(new URL(origin).port));
    return this;
  }

  // No farewell: the sockets end as the kernel ends them.
  async kill() {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  async remove() {
    await this.kill();
    if (this.#state) await rm(this.#state, { recursive: true, force: true });
  }

  // By curl, as a backend's shell script would; returns {epoch, offset}.
  async publish(topic, text, origin = this.http) {
    const url = `${origin}/topics/${encodeURIComponent(topic)}`;
    const curl = promisify(execFile);
    const { stdout } = await curl('curl', ['--silent', '--show-error', '--fail', '--insecure', '-d', text, url]);
    return JSON.parse(stdout);
  }

  // What Chromium's --ignore-certificate-errors-spki-list wants: our key and no other is trusted.
  async keyHash() {
    const { hostname, port } = new URL(this.https);
    const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const key = socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
    socket.destroy();
    return createHash('sha256').update(key).digest('base64');
  }

  // The banner names both; the ports in it are free ones that the broker took, or those of the start before.
  #printedOrigins() {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const fail = (why) => {
        clearTimeout(timer);
        reject(new Error(`${binary} ${why}; it said:\n${this.#output}`));
      };
      const timer = setTimeout(() => fail(`printed no URLs in ${startSeconds} s`), startSeconds * 1000);
      child.once('error', (error) => fail(`did not start: ${error.message}`));
      child.once('exit', (code, signal) => fail(`ended early (${code ?? signal})`));
      const read = (chunk) => {
        this.#output = (this.#output + chunk).slice(-100_000); // and the pipe never fills
        const origin = (scheme) => this.#output.match(`${scheme}://127\\.0\\.0\\.1:[1-9]\\d*(?!\\d|$)`)?.[0];
        const origins = ['http', 'https'].map(origin);
        if (!origins.every(Boolean)) return;
        clearTimeout(timer);
        resolve(origins);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
    });
  }
}

// A way to the broker that a test can cut: TCP through here, TLS from end to end.
export class Cable {
  #server = createServer((near) => this.#carry(near));
  #sockets = new Set();
  #isCut = false;
  #target;

  async lay(origin) {
    this.#target = new URL(origin);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `https://127.0.0.1:${this.#server.address().port}`;
    return this;
  }
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
  mend() {
    this.#isCut = false;
  }
  async remove() {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
  #carry(near) {
    near.on('error', () => {});
    if (this.#isCut) return near.resetAndDestroy();
    const far = connect(Number(this.#target.port), this.#target.hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => this.#sockets.delete(from) && to.destroy());
      from.pipe(to);
    }
  }
}
