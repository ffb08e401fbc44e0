// SPDX-License-Identifier: Apache-2.0
// The page at / in real Chromium over wss, served by the real binary. No test sleeps: each waits for what it looks for.
// KODAMA_SHARDS: one count or several ("2,4", the default).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Broker, Cable } from './broker.mjs';
import { launchFor } from './chromium.mjs';

const shardCounts = (process.env.KODAMA_SHARDS ?? '2,4').split(',').map(Number);
const patience = 15_000; // ms; what a loaded machine may need, not what is expected
let uniqueCount = 0;
const unique = (name) => `${name} ${process.pid}-${(uniqueCount += 1)}`; // no test sees another's topics or texts

for (const shards of shardCounts) {
  describe(`the page, ${shards} shards`, { concurrency: 1 }, () => {
    let broker;
    let browser;
    before(async () => {
      broker = new Broker(shards);
      await broker.start();
      browser = await launchFor(broker);
    });
    after(async () => {
      await browser?.close();
      await broker?.remove();
    });

    test('two browsers see what curl publishes over http and https', async () => {
      const topic = unique('curl');
      const [one, two] = [await open(browser, broker.https, topic), await open(browser, broker.https, topic)];
      assert.match(await one.textOf('#address'), /^wss:/);
      const first = await broker.publish(topic, 'from curl over http');
      const second = await broker.publish(topic, 'from curl over https', broker.https);
      assert.deepEqual([first.offset, second.offset, second.epoch], [1, 2, first.epoch]);
      for (const page of [one, two]) {
        await page.shows('from curl over https');
        assert.deepEqual(await page.texts(), ['from curl over http', 'from curl over https']);
        assert.equal(await page.textOf('#epoch'), first.epoch);
      }
      await closeAll(one, two);
    });

    test('what one browser publishes both see, and the publisher its round trip', async () => {
      const topic = unique('chat message');
      const [one, two] = [await open(browser, broker.https, topic), await open(browser, broker.https, topic)];
      const text = '<b>hello</b> & "grüße" 😀';
      await one.publish(text);
      await Promise.all([one.shows(text), two.shows(text)]);
      await one.waitFor('#messages [data-mine]');
      assert.match(await one.textOf('#round-trip'), /^\d+(\.\d)? ms$/);
      assert.equal(await two.count('[data-mine]'), 0);
      assert.equal(await one.count('#messages b'), 0); // shown, not interpreted
      await closeAll(one, two);
    });

    test('a page follows several topics, in each in order, and leaves one', async () => {
      const [a, b] = [unique('a'), unique('b/c')];
      const page = await open(browser, broker.https, a);
      await page.subscribe(b);
      for (let i = 1; i <= 5; i += 1) {
        await broker.publish(a, `a${i}`);
        await broker.publish(b, `b${i}`);
      }
      await Promise.all([page.shows('a5'), page.shows('b5')]);
      const texts = await page.texts();
      for (const letter of ['a', 'b']) {
        assert.deepEqual(texts.filter((text) => text[0] === letter), [1, 2, 3, 4, 5].map((i) => `${letter}${i}`));
      }
      await page.unsubscribe(a);
      await page.publish('to b');
      await page.shows('to b');
      await closeAll(page);
    });

    test('a page that was cut off resumes without gap or repeat', async () => {
      const topic = unique('cut');
      const cable = await new Cable().lay(broker.https);
      const page = await open(browser, cable.origin, topic);
      await broker.publish(topic, '1');
      await page.shows('1');
      cable.cut();
      await page.waitFor('body[data-state="waiting"]');
      for (let i = 2; i <= 20; i += 1) await broker.publish(topic, String(i));
      cable.mend();
      await page.reconnectNow();
      await page.shows('20');
      await broker.publish(topic, '21');
      await page.shows('21');
      assert.deepEqual(await page.texts(), Array.from({ length: 21 }, (_, i) => String(i + 1)));
      assert.equal(await page.count('[data-kind="gap"]'), 0);
      await closeAll(page);
      await cable.remove();
    });

    test('a page that was away for too long says what it missed', async () => {
      const topic = unique('missed');
      const cable = await new Cable().lay(broker.https);
      const page = await open(browser, cable.origin, topic);
      cable.cut();
      await page.waitFor('body[data-state="waiting"]');
      for (let i = 1; i <= 4; i += 1) await publishMany(broker, topic, 50); // the log keeps 100 messages
      cable.mend();
      await page.reconnectNow();
      await page.waitFor('[data-kind="gap"][data-reason="expired"]');
      const told = await page.textOf('[data-kind="gap"]');
      assert.equal(told, `Missed #1 to #100 of ${topic} (100): no longer in the log.`);
      await page.shows('50');
      assert.equal((await page.texts()).length, 100);
      await closeAll(page);
      await cable.remove();
    });

    test('after a kill and a restart both browsers come back by themselves and say what they missed', async () => {
      const topic = unique('restart');
      const [one, two] = [await open(browser, broker.https, topic), await open(browser, broker.https, topic)];
      const before = await broker.publish(topic, 'before');
      await Promise.all([one.shows('before'), two.shows('before')]);
      const { https } = broker;
      await broker.kill();
      await Promise.all([one.waitFor('body:not([data-state="open"])'), two.waitFor('body:not([data-state="open"])')]);
      await broker.start();
      assert.equal(broker.https, https);
      const meanwhile = await broker.publish(topic, 'meanwhile');
      assert.notEqual(meanwhile.epoch, before.epoch);
      for (const page of [one, two]) {
        await page.shows('meanwhile');
        assert.equal(await page.count('[data-kind="gap"][data-reason="epoch"]'), 1);
        assert.deepEqual(await page.texts(), ['before', 'meanwhile']);
        assert.equal(await page.textOf('#epoch'), meanwhile.epoch);
      }
      await two.publish('after');
      await Promise.all([one.shows('after'), two.shows('after')]);
      await closeAll(one, two);
    });

    test('fits a narrow phone in the dark, and is worked by keyboard alone', async () => {
      const topic = unique('phone');
      const view = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' };
      const page = await open(browser, broker.https, topic, view);
      await page.press('Tab', 'Enter'); // the skip link
      await page.type('long'.repeat(100));
      await page.press('Enter');
      await page.waitFor('#messages [data-mine]');
      assert.ok(await page.fits());
      await closeAll(page);
    });
  });
}

async function publishMany(broker, topic, count) {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ topic, data: String(i + 1) }));
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const answer = await fetch(`${broker.http}/publish`, { method: 'POST', headers, body: lines.join('\n') });
  const answers = (await answer.text()).trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(answers.filter(({ offset }) => offset > 0).length, count);
}

// A page of its own browser context, subscribed to the topic.
async function open(browser, origin, topic, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const view = new View(context, page);
  await page.goto(`${origin}/#${encodeURIComponent(topic)}`);
  await view.waitFor('#subscriptions [data-live][data-current]');
  return view;
}

async function closeAll(...views) {
  for (const view of views) await view.close();
}

class View {
  #context;
  #page;
  #problems = [];

  constructor(context, page) {
    this.#context = context;
    this.#page = page;
    page.on('pageerror', (error) => this.#problems.push(String(error)));
    page.on('console', (message) => {
      // A refused connection is what some tests are about; anything else, such as a breach of the policy, is a fault.
      if (message.type() === 'error' && !message.text().includes('WebSocket')) this.#problems.push(message.text());
    });
  }
  async close() {
    await this.#context.close();
    assert.deepEqual(this.#problems, []);
  }
  waitFor(selector) {
    return this.#page.waitForSelector(selector, { state: 'attached' });
  }
  shows(text) {
    const bodies = this.#page.locator('#messages [data-kind="message"] .body');
    return bodies.filter({ hasText: exactly(text) }).first().waitFor({ state: 'attached' });
  }
  texts() {
    return this.#page.locator('#messages [data-kind="message"] .body').allTextContents();
  }
  textOf(selector) {
    return this.#page.locator(selector).first().textContent();
  }
  count(selector) {
    return this.#page.locator(selector).count();
  }
  async subscribe(topic) {
    await this.#page.getByLabel('Topic', { exact: true }).fill(topic);
    await this.#page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await this.waitFor('#subscriptions [data-live][data-current]');
  }
  async unsubscribe(topic) {
    await this.#page.getByRole('button', { name: `Unsubscribe from ${topic}` }).click();
  }
  async publish(text) {
    await this.#page.getByLabel('Message to').fill(text);
    await this.#page.getByLabel('Message to').press('Enter');
  }
  async reconnectNow() {
    // The page may have come back by itself between two looks at it: then there is no button, and none is needed.
    await this.#page.evaluate(() => document.getElementById('reconnect').click());
    await this.waitFor('body[data-state="open"]');
  }
  async press(...keys) {
    for (const name of keys) await this.#page.keyboard.press(name);
  }
  type(text) {
    return this.#page.keyboard.type(text);
  }
  fits() {
    return this.#page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  }
}

function exactly(text) {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
