// SPDX-License-Identifier: Apache-2.0
// EventSource in real Chromium: what it hears, that it misses nothing when its connection breaks, also before the first
// event, and which pages of other sites it works for.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Broker, Cable } from './broker.mjs';
import { launch, launchFor } from './chromium.mjs';

const shardCounts = (process.env.KODAMA_SHARDS ?? '2,4').split(',').map(Number);
const patience = 30_000; // ms

// In the page: follows a URL, and keeps all that it hears.
function follow({ url, names }) {
  const followed = { heard: [], opens: 0, errors: 0 };
  const source = new EventSource(url);
  source.onopen = () => (followed.opens += 1);
  source.onerror = () => (followed.errors += 1);
  for (const name of ['message', 'kodama.gap', ...names]) {
    source.addEventListener(name, ({ type, data, lastEventId }) => followed.heard.push([type, data, lastEventId]));
  }
  Object.assign(window, { source, followed });
}

class Page {
  #page;
  constructor(page) {
    page.setDefaultTimeout(patience);
    this.#page = page;
  }
  // `at`: a page of the origin that asks; what stands there does not matter.
  static async follow(browser, at, url, ...names) {
    const page = await browser.newPage();
    await page.goto(at);
    await page.evaluate(follow, { url, names });
    return new Page(page);
  }
  opens(count) {
    return this.#page.waitForFunction((n) => window.followed.opens >= n, count);
  }
  errors(count) {
    return this.#page.waitForFunction((n) => window.followed.errors >= n, count);
  }
  isClosed() {
    return this.#page.evaluate(() => window.source.readyState === EventSource.CLOSED);
  }
  async heard(count) {
    await this.#page.waitForFunction((n) => window.followed.heard.length >= n, count);
    return this.#page.evaluate(() => window.followed.heard);
  }
  close() {
    return this.#page.close();
  }
}

for (const shards of shardCounts) {
  describe(`EventSource, ${shards} shards`, { concurrency: 1 }, () => {
    let broker;
    let browser;

    before(async () => {
      broker = await new Broker(shards).start();
      browser = await launchFor(broker);
    });
    after(async () => {
      await browser?.close();
      await broker?.remove();
    });

    test('hears one topic', async () => {
      const page = await Page.follow(browser, `${broker.http}/topics/blank`, '/topics/one', 'join', 'message;base64');
      await page.opens(1);
      const { epoch } = await broker.publish('one', 'grüße\r\nan\ralle\n');
      await broker.publish('one', '');
      await publishAs(broker, 'one?event=join', 'application/json', '{"a":\n1}');
      await publishAs(broker, 'one', 'image/png', '\0');
      assert.deepEqual(await page.heard(4), [
        ['message', 'grüße\nan\nalle\n', `${epoch}:1`],
        ['message', '', `${epoch}:2`],
        ['join', '{"a":\n1}', `${epoch}:3`],
        ['message;base64', 'AA==', `${epoch}:4`],
      ]);
      await page.close();
    });

    test('hears several topics by their names', async () => {
      const names = ['a', 'b/c d', 'a;join'];
      const page = await Page.follow(browser, `${broker.https}/topics/blank`, '/events?topic=a&topic=b/c+d', ...names);
      await page.opens(1);
      await broker.publish('a', '1');
      await page.heard(1);
      await broker.publish('b/c d', '2');
      await page.heard(2);
      await publishAs(broker, 'a?event=join', 'text/plain', '3');
      const heard = await page.heard(3);
      assert.deepEqual(heard.map(([type, data]) => [type, data]), [['a', '1'], ['b/c d', '2'], ['a;join', '3']]);
      await page.close();
    });

    test('misses nothing while its connection is broken', async () => {
      const cable = await new Cable().lay(broker.https);
      for (const url of ['/topics/cut', '/events?topic=cut&topic=other']) {
        const page = await Page.follow(browser, `${cable.origin}/topics/blank`, url, 'cut');
        await page.opens(1);
        cable.cut(); // before the first event: the id came without one
        await broker.publish('cut', 'missed');
        await page.errors(1);
        cable.mend();
        await page.heard(1);
        await broker.publish('cut', 'live');
        await page.heard(2);
        cable.cut();
        await broker.publish('cut', 'missed again');
        cable.mend();
        const heard = await page.heard(3);
        assert.deepEqual(heard.map(([, data]) => data), ['missed', 'live', 'missed again']);
        await page.close();
      }
      await cable.remove();
    });
  });
}

describe('EventSource in pages of other sites', { concurrency: 1 }, () => {
  let broker;
  let browser;
  let site; // under any name
  const origin = (host) => `http://${host}:${site.address().port}`;

  before(async () => {
    site = createServer((_, response) => response.end('a page'));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    broker = await new Broker(shardCounts[0], ['--access.origins', origin('app.example.com')]).start();
    browser = await launch(
      '--host-resolver-rules=MAP *.example.com 127.0.0.1',
      '--disable-features=LocalNetworkAccessChecks', // whether a public site may ask a local one is not the subject
    );
  });
  after(async () => {
    await browser?.close();
    await broker?.remove();
    site?.close();
  });

  test('one that access.origins names hears', async () => {
    const page = await Page.follow(browser, origin('app.example.com'), `${broker.http}/topics/far`);
    await page.opens(1);
    const { epoch } = await broker.publish('far', 'hi');
    assert.deepEqual(await page.heard(1), [['message', 'hi', `${epoch}:1`]]);
    await page.close();
  });

  test('another does not', async () => {
    const page = await Page.follow(browser, origin('other.example.com'), `${broker.http}/topics/far?last=1`);
    await page.errors(1);
    assert.equal(await page.isClosed(), true);
    assert.deepEqual(await page.heard(0), []);
    await page.close();
  });

  test('one that adds the header by itself asks first, and may', async () => {
    const { epoch } = await broker.publish('far', 'by fetch');
    const page = await browser.newPage();
    await page.goto(origin('app.example.com'));
    const text = await page.evaluate(
      async ([url, id]) => {
        const headers = { Accept: 'text/event-stream', 'Last-Event-ID': id, 'Cache-Control': 'no-cache' };
        const { body } = await fetch(url, { headers });
        const reader = body.pipeThrough(new TextDecoderStream()).getReader();
        let all = '';
        while (!all.includes('by fetch')) all += (await reader.read()).value;
        await reader.cancel();
        return all;
      },
      [`${broker.http}/topics/far`, `${epoch}:0`],
    );
    assert.match(text, /data: by fetch\n\n$/);
    await page.close();
  });
});

async function publishAs(broker, target, type, body) {
  const { status } = await fetch(`${broker.http}/topics/${target}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body,
  });
  assert.equal(status, 200);
}
