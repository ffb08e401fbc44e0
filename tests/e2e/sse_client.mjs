// SPDX-License-Identifier: Apache-2.0
// npm's eventsource: node sse_client.mjs URL NAME... says as lines of JSON what happens, until its input ends.
// The package comes from browser/.
import { createRequire } from 'node:module';

const { EventSource } = createRequire(new URL('./browser/package.json', import.meta.url))('eventsource');
const [url, ...names] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const source = new EventSource(url);
source.addEventListener('open', () => say({ open: true }));
source.addEventListener('error', () => say({ error: true, closed: source.readyState === source.CLOSED }));
for (const name of ['message', ...names]) {
  source.addEventListener(name, ({ type, data, lastEventId }) => say({ type, data, id: lastEventId }));
}
process.stdin.on('end', () => process.exit(0)).resume();
