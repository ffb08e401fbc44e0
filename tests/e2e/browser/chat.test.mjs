// SPDX-License-Identifier: Apache-2.0
// The pages of config/examples/chat in real Chromium over wss: an unmodified Socket.IO app on the real binary, without a
// line of server code. No test sleeps: each waits for what it looks for.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Broker, Cable, root } from './broker.mjs';
import { launchFor } from './chromium.mjs';

const shardCounts = (process.env.KODAMA_SHARDS ?? '2,4').split(',').map(Number);
const patience = 30_000; // ms; the client waits for up to five seconds before it tries again
const example = join(root, 'config/examples/chat');
const steps = ['/', '/recovery/', '/server-delivery/', '/client-delivery/'];
const topicOf = (step) => `${step.slice(1)}chat message`;
let uniqueCount = 0;
const unique = (text) => `${text} ${(uniqueCount += 1)}`;

for (const shards of shardCounts) {
  describe(`the chat, ${shards} shards`, { concurrency: 1 }, () => {
    let broker;
    let browser;
    let hasSocketIo = false;
    before(async () => {
      const flags = ['--config', join(example, 'kodama.yaml'), '--static.dir', join(example, 'page')];
      broker = await new Broker(shards, flags).start();
      hasSocketIo = (await fetch(`${broker.http}/socket.io/?EIO=4&transport=polling`)).status !== 404;
      browser = await launchFor(broker);
    });
    after(async () => {
      await browser?.close();
      await broker?.remove();
    });

    const chatTest = (name, body) =>
      test(name, (context) => (hasSocketIo ? body() : context.skip('this binary has no Socket.IO')));

    for (const step of steps) {
      chatTest(`${step}: two pages and curl, first by polling and then upgraded`, async () => {
        const gate = new Gate();
        const [one, two] = [await open(browser, broker.https, step, gate), await open(browser, broker.https, step, gate)];
        const said = [];
        const everybodySays = async (when) => {
          for (const [page, text] of [[one, unique(`one, ${when}`)], [two, unique(`two <b>&amp;</b>, ${when}`)]]) {
            await page.say(text);
            said.push(text);
            await Promise.all([one.shows(text), two.shows(text)]);
          }
          said.push(unique(`curl, ${when}`));
          await broker.publish(topicOf(step), said.at(-1));
          await Promise.all([one.shows(said.at(-1)), two.shows(said.at(-1))]);
        };
        await Promise.all([one.isConnected('polling'), two.isConnected('polling')]);
        await everybodySays('by polling');
        gate.open();
        await Promise.all([one.isConnected('websocket'), two.isConnected('websocket')]);
        await everybodySays('by WebSocket');
        for (const page of [one, two]) assert.deepEqual((await page.texts()).slice(-said.length), said);
        await closeAll(one, two);
      });
    }

    for (const step of steps.slice(1)) {
      for (const transport of ['polling', 'websocket']) {
        chatTest(`${step}: what a dropped ${transport} connection missed is recovered`, async () => {
          const cable = await new Cable().lay(broker.https);
          const gate = new Gate();
          if (transport === 'websocket') gate.open();
          const page = await open(browser, cable.origin, step, gate);
          await page.isConnected(transport);
          const texts = [unique('before')];
          await broker.publish(topicOf(step), texts[0]); // without an offset nothing can be recovered
          await page.shows(texts[0]);
          cable.cut();
          await page.isDisconnected();
          for (let i = 0; i < 20; i += 1) {
            texts.push(unique('missed'));
            await broker.publish(topicOf(step), texts.at(-1));
          }
          cable.mend();
          await page.isConnected('(polling|websocket)', ', recovered');
          texts.push(unique('after'));
          await page.say(texts.at(-1));
          await page.shows(texts.at(-1));
          assert.deepEqual((await page.texts()).slice(-texts.length), texts);
          assert.equal(new Set(await page.texts()).size, (await page.texts()).length, 'none is shown twice');
          await closeAll(page);
          await cable.remove();
        });
      }
    }

    chatTest('who comes for the first time is given the log, and who comes back what was said since', async () => {
      for (const step of steps.slice(2)) {
        const texts = [unique('early'), unique('early'), unique('early')];
        for (const text of texts) await broker.publish(topicOf(step), text);
        const page = await open(browser, broker.https, step);
        await page.shows(texts[2]);
        assert.deepEqual((await page.texts()).slice(-3), texts);
        await page.toggle(); // as a program ends it, after which nothing is recovered
        await page.isDisconnected();
        texts.push(unique('meanwhile'));
        await broker.publish(topicOf(step), texts[3]);
        await page.toggle();
        await page.isConnected('(polling|websocket)', '');
        await page.shows(texts[3]);
        assert.deepEqual((await page.texts()).slice(-4), texts);
        await closeAll(page);
      }
    });

    chatTest('what a client sends twice under one name is sent on once, and acknowledged both times', async () => {
      const [one, two] = [
        await open(browser, broker.https, '/client-delivery/'),
        await open(browser, broker.https, '/client-delivery/'),
      ];
      await Promise.all([one.isConnected(), two.isConnected()]);
      const name = unique('name');
      const [text, other, last] = [unique('once'), unique('another of that name'), unique('last')];
      for (const [page, said] of [[one, text], [two, text], [one, text], [two, other]]) {
        assert.deepEqual(await page.ask(said, name), []);
      }
      await two.say(last);
      await Promise.all([one.shows(last), two.shows(last)]);
      // The name counts together with what is said: two pages that chose one name lose nothing.
      for (const page of [one, two]) assert.deepEqual((await page.texts()).slice(-3), [text, other, last]);
      await closeAll(one, two);
    });

    chatTest('what is written while cut off is sent later, once', async () => {
      const cable = await new Cable().lay(broker.https);
      const page = await open(browser, cable.origin, '/client-delivery/');
      const other = await open(browser, broker.https, '/client-delivery/');
      await Promise.all([page.isConnected('websocket'), other.isConnected('websocket')]);
      cable.cut();
      await page.isDisconnected();
      const texts = [unique('while away'), unique('while away')];
      for (const text of texts) await page.say(text);
      cable.mend();
      await Promise.all([page.shows(texts[1]), other.shows(texts[1])]);
      for (const each of [page, other]) assert.deepEqual((await each.texts()).slice(-2), texts);
      await closeAll(page, other);
      await cable.remove();
    });

    chatTest('after a kill and a restart pages come back, unrecovered, and a cursor replays what was said since', async () => {
      const cable = await new Cable().lay(broker.https);
      const [one, two] = [
        await open(browser, cable.origin, '/server-delivery/'),
        await open(browser, cable.origin, '/client-delivery/'),
      ];
      const [first, ...later] = ['before the restart', 'since', 'since'].map(unique);
      for (const step of steps.slice(2)) await broker.publish(topicOf(step), first);
      await Promise.all([one.shows(first), two.shows(first)]);
      cable.cut();
      await broker.kill();
      await Promise.all([one.isDisconnected(), two.isDisconnected()]);
      await broker.start();
      for (const step of steps.slice(2)) for (const text of later) await broker.publish(topicOf(step), text);
      cable.mend();
      for (const page of [one, two]) {
        await page.isConnected('(polling|websocket)', '');
        await page.shows(later[1]);
        assert.deepEqual((await page.texts()).slice(-3), [first, ...later]);
        const last = unique('and on');
        await page.say(last);
        await page.shows(last);
      }
      await closeAll(one, two);
      await cable.remove();
    });
  });
}

// Holds what a page sends on its WebSockets until it is opened, so that an upgrade does not come about.
class Gate {
  opened = new Promise((resolve) => (this.open = resolve));

  async hold(page) {
    await page.routeWebSocket(/transport=websocket/, async (socket) => {
      const held = [];
      let send = (message) => held.push(message);
      socket.onMessage((message) => send(message));
      await this.opened;
      const server = socket.connectToServer();
      send = (message) => server.send(message);
      held.forEach(send);
    });
  }
}

async function open(browser, origin, step, gate = null) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  await gate?.hold(page);
  const view = new Chat(context, page);
  await page.goto(origin + step);
  return view;
}

async function closeAll(...pages) {
  for (const page of pages) await page.close();
}

class Chat {
  #context;
  #page;
  #problems = [];

  constructor(context, page) {
    this.#context = context;
    this.#page = page;
    page.on('pageerror', (error) => this.#problems.push(String(error)));
  }
  async close() {
    await this.#context.close();
    assert.deepEqual(this.#problems, []);
  }
  #stateIs(pattern) {
    return this.#page.locator('#state').filter({ hasText: new RegExp(`^${pattern}$`) }).waitFor({ state: 'attached' });
  }
  isConnected(transport = '(polling|websocket)', rest = '(, recovered)?') {
    return this.#stateIs(`connected by ${transport}${rest}`);
  }
  isDisconnected() {
    return this.#stateIs('disconnected: .*');
  }
  async say(text) {
    await this.#page.getByLabel('Message').fill(text);
    await this.#page.getByLabel('Message').press('Enter');
  }
  // As the page's own script does, with a name of the test's choosing; resolves to the acknowledgement's arguments.
  ask(text, name) {
    const emit = ([said, as]) =>
      new Promise((resolve, reject) =>
        socket.emit('chat message', said, as, (error, ...args) => (error ? reject(error) : resolve(args))),
      );
    return this.#page.evaluate(emit, [text, name]);
  }
  toggle() {
    return this.#page.locator('#toggle').click();
  }
  shows(text) {
    return this.#page.getByText(text, { exact: true }).first().waitFor({ state: 'attached' });
  }
  texts() {
    return this.#page.locator('#messages li').allTextContents();
  }
}
