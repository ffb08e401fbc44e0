// SPDX-License-Identifier: Apache-2.0
// An independent client of WAMP v2, npm's `autobahn`, driven by test_wamp2_clients.py:
// node wamp2_client.mjs SCENARIO WS_URL HTTP_ORIGIN. Ends with 0 when all was as it should be.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(new URL('./browser/package.json', import.meta.url));
// Node's own from 22 on. One that cannot connect closes, and that is all that autobahn looks at.
globalThis.WebSocket ??= class extends require('ws').WebSocket {
  constructor(...options) {
    super(...options);
    this.on('error', () => {});
  }
};
const quiet = console.warn;
console.warn = () => {}; // it tells of every connection that closes
const autobahn = require('autobahn');

const [scenario, url, origin] = process.argv.slice(2);

// What autobahn does not hand on of an EVENT's details, as its JSON is read: the newest position.
let position;
const noted = new autobahn.serializer.JSONSerializer(null, (key, value) => {
  if (value?._kodama_offset !== undefined) position = value;
  return value;
});

function connection(options = {}) {
  return new autobahn.Connection({ url, realm: 'realm1', serializers: [noted], initial_retry_delay: 0.05,
    max_retry_delay: 0.2, ...options });
}

// A connection and its session.
function open(options) {
  const made = connection(options);
  return new Promise((done, fail) => {
    made.onopen = (session, details) => done({ made, session, details });
    made.onclose = (reason, details) => fail(new Error(`${reason}: ${JSON.stringify(details)}`));
    made.open();
  });
}

function close({ made }) {
  return new Promise((done) => {
    made.onclose = (reason, details) => done({ reason, details });
    made.close();
  });
}

// What has come of a topic, and the next of it.
async function listen(session, uri, options) {
  const heard = [];
  const waiting = [];
  const take = (args, kwargs, details) => {
    const event = { args, kwargs, details };
    if (waiting.length > 0) waiting.shift()(event);
    else heard.push(event);
  };
  const subscription = await session.subscribe(uri, take, options);
  const next = () => (heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((done) => waiting.push(done)));
  return { subscription, heard, next };
}

async function refused(promise, uri) {
  const error = await promise.then(() => assert.fail(`no ${uri}`), (reason) => reason);
  assert.equal(error.error, uri);
  assert.equal(typeof error.args[0], 'string');
}

async function post(topic, body, type) {
  const answer = await fetch(`${origin}/topics/${encodeURIComponent(topic)}`,
    { method: 'POST', body, headers: { 'Content-Type': type } });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function log(topic) {
  const answer = await fetch(`${origin}/topics/${encodeURIComponent(topic)}`);
  return (await answer.json()).messages;
}

const acknowledged = { acknowledge: true };

const scenarios = {
  async 'connects and publishes'() {
    const [one, two] = [await open(), await open()];
    assert.equal(one.details.authrole, 'anonymous');
    assert.deepEqual(one.details.roles.broker.features, { publisher_exclusion: true,
      subscriber_blackwhite_listing: true, publisher_identification: true, subscription_revocation: true,
      event_retention: true });
    const mine = await listen(one.session, 'com.js.talk');
    const theirs = await listen(two.session, 'com.js.talk');
    assert.equal(mine.subscription.id, theirs.subscription.id);

    const publication = await one.session.publish('com.js.talk', [1, 'two'], { three: [4] }, acknowledged);
    const event = await theirs.next();
    assert.equal(event.details.publication, publication.id);
    assert.deepEqual([event.args, event.kwargs], [[1, 'two'], { three: [4] }]);
    assert.match(position._kodama_epoch, /^[0-9a-f]{16}$/);
    assert.equal(position._kodama_offset, 1);
    assert.equal(event.details.publisher, undefined);

    one.session.publish('com.js.talk', ['not told of']);
    assert.deepEqual((await theirs.next()).args, ['not told of']);
    one.session.publish('com.js.talk', [], {}, { exclude_me: false, disclose_me: true });
    const signal = await theirs.next();
    assert.deepEqual(signal.args, []);
    assert.equal(signal.details.publisher, one.session.id);
    assert.equal((await mine.next()).details.publisher, one.session.id); // the first that is for itself

    assert.equal(await one.session.unsubscribe(mine.subscription), true);
    await two.session.publish('com.js.talk', ['to nobody'], {}, acknowledged);
    assert.equal(mine.heard.length, 0);
    await close(one);
    await close(two);
  },

  async 'says who is to hear it'() {
    const all = [await open(), await open(), await open()];
    const ids = all.map(({ session }) => session.id);
    const ears = [];
    for (const { session } of all) ears.push(await listen(session, 'com.js.who'));
    const say = (what, options) => all[0].session.publish('com.js.who', [what], {}, { ...acknowledged, ...options });
    await say('not for 1', { exclude: [ids[1]] });
    await say('for 1', { eligible: [ids[1]] });
    await say('for nobody', { eligible: [] });
    await say('for 0 and 2', { eligible: ids, exclude: [ids[1]], exclude_me: false });
    await say('for other roles', { eligible_authrole: ['admin'] });
    await say('end', { exclude_me: false });
    const heard = await Promise.all(ears.map(async (ear) => {
      const words = [];
      while (words.at(-1) !== 'end') words.push((await ear.next()).args[0]);
      return words;
    }));
    assert.deepEqual(heard, [['for 0 and 2', 'end'], ['for 1', 'end'], ['not for 1', 'for 0 and 2', 'end']]);
    await Promise.all(all.map(close));
  },

  async 'is refused'() {
    const one = await open();
    const { session } = one;
    for (const match of ['prefix', 'wildcard']) {
      await refused(session.subscribe('com.js', () => {}, { match }), 'wamp.error.option_not_allowed');
    }
    await refused(session.subscribe('com..js', () => {}), 'wamp.error.invalid_uri');
    await refused(session.subscribe('$room.js', () => {}), 'wamp.error.invalid_uri');
    await refused(session.publish('wamp.js', [], {}, acknowledged), 'wamp.error.invalid_uri');
    await refused(session.publish('x'.repeat(256), [], {}, acknowledged), 'wamp.error.invalid_uri');
    const crowd = Array.from({ length: 65 }, (_, i) => i + 1);
    await refused(session.publish('com.js', [], {}, { ...acknowledged, exclude: crowd }), 'wamp.error.invalid_argument');
    await refused(session.call('com.js.f'), 'wamp.error.no_such_procedure');
    await refused(session.register('com.js.f', () => {}), 'wamp.error.not_authorized');
    session.publish('wamp.js'); // its failure is nobody's
    await session.publish('com.js', [], {}, acknowledged); // and the session goes on
    await close(one);
  },

  async 'cannot enter'() {
    for (const [options, uri] of [[{ realm: 'nowhere' }, 'wamp.error.no_such_realm'],
      [{ authmethods: ['ticket'] }, 'wamp.error.no_matching_auth_method']]) {
      const made = connection(options);
      const closed = new Promise((done) => { made.onclose = (reason, details) => done(details); });
      made.open();
      const details = await closed;
      assert.equal(details.reason, uri);
      assert.equal(details.will_retry, false);
    }
  },

  async 'says goodbye'() {
    const one = await open();
    const { reason, details } = await close(one);
    assert.equal(reason, 'closed');
    assert.equal(details.reason, 'wamp.close.goodbye_and_out');
  },

  async 'shares topics with HTTP'() {
    const one = await open();
    const ear = await listen(one.session, 'js.http');
    await post('js/http', 'grüße', 'text/plain');
    assert.deepEqual((await ear.next()).args, ['grüße']);
    await post('js/http', '[1,{"a":2}]', 'application/json');
    assert.deepEqual((await ear.next()).args, [1, { a: 2 }]);
    await post('js/http', '{"a":2}', 'application/json');
    assert.deepEqual((await ear.next()).args, [{ a: 2 }]);
    await post('js/http', '{"args":[1],"kwargs":{"a":2}}', 'application/json');
    const both = await ear.next();
    assert.deepEqual([both.args, both.kwargs], [[1], { a: 2 }]);
    await post('js/http', new Uint8Array([0, 255]), 'application/octet-stream');
    assert.deepEqual((await ear.next()).args, ['\0AP8=']);

    const say = (args, kwargs) => one.session.publish('js.out%20there', args, kwargs, acknowledged);
    await say(['text']);
    await say(['\0AP8=']);
    await say([1, 'a']);
    await say([], { a: 2 });
    await say();
    assert.deepEqual((await log('js/out there')).map(({ offset, time, ...rest }) => rest), [{ data: 'text' },
      { data_base64: 'AP8=' }, { data: [1, 'a'] }, { data: { args: [], kwargs: { a: 2 } } }, { data: [] }]);
    await close(one);
  },

  async 'gets what is retained'() {
    const [one, two] = [await open(), await open()];
    await one.session.publish('js.kept', ['first'], {}, { ...acknowledged, retain: true });
    await one.session.publish('js.kept', ['second'], {}, { ...acknowledged, retain: true });
    const ear = await listen(two.session, 'js.kept', { get_retained: true });
    const kept = await ear.next();
    assert.deepEqual(kept.args, ['second']);
    assert.equal(kept.details.retained, true);
    await one.session.publish('js.kept', ['third'], {}, acknowledged);
    const live = await ear.next();
    assert.deepEqual(live.args, ['third']);
    assert.equal(live.details.retained, false);
    assert.equal(ear.heard.length, 0);
    await close(one);
    await close(two);
  },

  async 'resumes'() {
    const one = await open();
    const ear = await listen(one.session, 'js.resume');
    await post('js/resume', '1', 'text/plain');
    await ear.next();
    const from = position;
    await close(one);
    for (const missed of ['2', '3', '4']) await post('js/resume', missed, 'text/plain');
    const again = await open();
    const resumed = await listen(again.session, 'js.resume', from);
    for (const expected of ['2', '3', '4']) assert.deepEqual((await resumed.next()).args, [expected]);
    await post('js/resume', '5', 'text/plain');
    assert.deepEqual((await resumed.next()).args, ['5']);
    await close(again);
  },

  // The broker is told to end and is started anew meanwhile, on the same port.
  async 'comes back after a restart'() {
    const made = connection();
    const closes = [];
    const heard = [];
    let opened = 0;
    made.onclose = (reason, details) => {
      closes.push([details.reason, details.will_retry]);
    };
    const back = new Promise((done, fail) => {
      made.onopen = (session) => {
        opened += 1;
        session.subscribe('js.restart', (args) => {
          heard.push(args[0]);
          if (heard.length === 2) done();
        }).then(() => process.stdout.write(`subscribed ${opened}\n`), fail);
      };
    });
    made.open();
    await back;
    assert.deepEqual(heard, ['before', 'after']);
    assert.equal(opened, 2);
    assert.deepEqual(closes[0], [null, true]); // no GOODBYE: after one it would stay away
    await close({ made });
  },
};

const patience = setTimeout(() => {
  process.stderr.write(`${scenario}: not done in time\n`);
  process.exit(2);
}, 1000 * Number(process.env.KODAMA_CLIENT_SECONDS ?? 20));
await scenarios[scenario]();
console.warn = quiet;
clearTimeout(patience);
process.exit(0);
