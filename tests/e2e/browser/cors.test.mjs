// SPDX-License-Identifier: Apache-2.0
// Socket.IO from a page of another site, in real Chromium: `engineio.cors` lets one site in, by polling and by WebSocket,
// with the browser's credentials, and no other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Broker } from './broker.mjs';
import { launch } from './chromium.mjs';

const shardCounts = (process.env.KODAMA_SHARDS ?? '2,4').split(',').map(Number);
const patience = 15_000; // ms

// What happened first stands in #said. The script comes from the broker; any page may run it, and one that is let in may
// also read it.
const page = (broker, transport) => `<!doctype html>
<meta charset="utf-8">
<output id="said"></output>
<script src="${broker}/socket.io/socket.io.js"></script>
<script>
  const say = (text) => (document.getElementById('said').value ||= text);
  const socket = io('${broker}', { transports: ['${transport}'], withCredentials: true, reconnection: false });
  socket.on('connect', () => socket.emit('chat message', 'hi'));
  socket.on('chat message', async (text) => {
    const script = fetch('${broker}/socket.io/socket.io.js', { credentials: 'include' });
    say(\`heard: \${text}, read: \${await script.then(({ status }) => status, String)}\`);
  });
  socket.on('connect_error', (error) => say(\`refused: \${error.message}\`));
</script>`;

for (const shards of shardCounts) {
  describe(`pages of other sites, ${shards} shards`, { concurrency: 1 }, () => {
    let broker;
    let browser;
    let site; // serves /TRANSPORT, under any name
    let directory;
    let hasSocketIo = false;
    const origin = (host) => `http://${host}:${site.address().port}`;

    before(async () => {
      site = createServer((request, response) => {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(page(broker.http, request.url.slice(1)));
      });
      site.listen(0, '127.0.0.1');
      await once(site, 'listening');
      directory = await mkdtemp(join(tmpdir(), 'kodama-cors-'));
      const config = join(directory, 'kodama.yaml');
      const rule = 'socketio: {namespaces: {/: {events: [{event: chat message, do: [broadcast]}]}}}';
      await writeFile(config, `engineio:\n  cors: {origins: ["${origin('app.example.com')}"], credentials: true}\n${rule}\n`);
      broker = await new Broker(shards, ['--config', config]).start();
      hasSocketIo = (await fetch(`${broker.http}/socket.io/?EIO=4&transport=polling`)).status !== 404;
      browser = await launch(
        '--host-resolver-rules=MAP *.example.com 127.0.0.1',
        '--disable-features=LocalNetworkAccessChecks', // whether a public site may ask a local one is not the subject
      );
    });
    after(async () => {
      await browser?.close();
      await broker?.remove();
      site?.close();
      if (directory) await rm(directory, { recursive: true, force: true });
    });

    for (const transport of ['polling', 'websocket']) {
      for (const [host, expected] of [
        ['app.example.com', /^heard: hi, read: 200$/],
        ['other.example.com', /^refused: /],
      ]) {
        test(`${host} by ${transport}`, async (context) => {
          if (!hasSocketIo) return context.skip('this binary has no Socket.IO');
          const visitor = await browser.newPage();
          visitor.setDefaultTimeout(patience);
          await visitor.goto(`${origin(host)}/${transport}`);
          const said = visitor.locator('#said').filter({ hasText: /./ });
          await said.waitFor({ state: 'attached' });
          assert.match(await said.textContent(), expected);
          await visitor.close();
        });
      }
    }
  });
}
