// SPDX-License-Identifier: Apache-2.0
// The playground at "/": what the client does, made visible. All protocol is in kodama.js; here is only the page.
// Limits: the newest 500 entries are kept; a burst is drawn once a frame; text is shown up to 4000 characters.
import { connect } from '/kodama.js';

const entriesMax = 500;
const historyCount = 50; // of the log, at the first sight of a topic
const textMax = 4000;
const bytesMax = 64;
const defaultTopic = 'chat message';

const $ = (id) => document.getElementById(id);
const client = connect('/ws');
const subscriptions = new Map(); // topic → subscription
let current = ''; // the topic that is published to

// — the log —

// An entry is {kind, topic, …}; its element is made when it is drawn, so a burst costs what is shown of it.
let entries = [];
let drawnCount = 0; // the first so many of entries are in the document
let drawing = false;
const arrived = new Map(); // key of topic and offset → entry
const awaited = new Map(); // key → when it was published: acknowledged, not yet seen here
const key = (topic, offset) => `${offset} ${topic}`;

function add(entry) {
  entries.push({ ...entry, time: new Date(), at: performance.now() });
  const added = entries.at(-1);
  if (added.kind === 'message') {
    arrived.set(key(added.topic, added.offset), added);
    const published = awaited.get(key(added.topic, added.offset));
    if (published !== undefined) showRoundTrip(added, published);
  }
  if (entries.length > 2 * entriesMax) prune(); // drawing prunes too, but a hidden page does not draw often
  if (drawing) return;
  drawing = true;
  if (document.hidden) setTimeout(draw, 500);
  else requestAnimationFrame(draw);
}

const note = (text) => add({ kind: 'note', text });
const complain = (text) => add({ kind: 'note', bad: true, text });

function prune() {
  const gone = entries.splice(0, Math.max(0, entries.length - entriesMax));
  for (const entry of gone) {
    entry.element?.remove();
    const name = key(entry.topic, entry.offset);
    if (arrived.get(name) === entry) arrived.delete(name);
  }
  drawnCount = Math.max(0, drawnCount - gone.length);
}

function draw() {
  drawing = false;
  prune();
  const log = $('log');
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const fresh = entries.slice(drawnCount);
  for (const entry of fresh) entry.element = elementOf(entry);
  $('messages').append(...fresh.map((entry) => entry.element));
  drawnCount = entries.length;
  $('empty').hidden = entries.length > 0;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
  else if (fresh.length) $('newest').hidden = false;
  showFacts();
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text; // and never markup: what is published is shown, not interpreted
  return element;
}

function elementOf(entry) {
  const item = document.createElement('li');
  item.dataset.kind = entry.kind;
  if (entry.kind !== 'message') {
    if (entry.reason) item.dataset.reason = entry.reason;
    if (entry.bad) item.dataset.bad = '';
    item.textContent = entry.text;
    return item;
  }
  const [form, text] = describe(entry.data);
  item.dataset.form = form;
  const time = make('time', 'time', clock(entry.time));
  time.dateTime = entry.time.toISOString();
  time.title = 'When it arrived here';
  const meta = make('div', 'meta', '');
  meta.append(time, make('span', 'topic', entry.topic), make('span', 'offset', `#${entry.offset}`));
  if (!entry.topic.endsWith(entry.event)) meta.append(make('span', 'event', entry.event));
  item.append(meta, make('div', 'body', text));
  decorate(entry, item);
  return item;
}

function describe(data) {
  if (typeof data === 'string') return ['text', cut(data)];
  if (!(data instanceof Uint8Array)) return ['json', cut(JSON.stringify(data))];
  const hex = Array.from(data.subarray(0, bytesMax), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return ['binary', `${data.length} bytes: ${hex}${data.length > bytesMax ? ' …' : ''}`];
}
const cut = (text) => (text.length <= textMax ? text : `${text.slice(0, textMax)}… (of ${text.length} characters)`);
const clock = (time) => new Date(time - time.getTimezoneOffset() * 60_000).toISOString().slice(11, 23); // local time
const milliseconds = (ms) => `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;

// — the round trip of this page's own messages: from publish() until the message comes back —

function showRoundTrip(entry, published) {
  entry.roundTrip = milliseconds(Math.max(0, entry.at - published));
  awaited.delete(key(entry.topic, entry.offset));
  $('round-trip').textContent = entry.roundTrip;
  if (entry.element) decorate(entry, entry.element);
}
function decorate(entry, item) {
  if (!entry.roundTrip) return;
  item.dataset.mine = '';
  item.querySelector('.meta').append(make('span', 'trip', `yours, round trip ${entry.roundTrip}`));
}

async function publish(topic, text) {
  const published = performance.now();
  try {
    const { offset } = await client.publish(topic, text);
    const entry = arrived.get(key(topic, offset));
    if (entry && entry.at >= published) return showRoundTrip(entry, published);
    if (subscriptions.has(topic)) return awaited.set(key(topic, offset), published);
    const took = milliseconds(performance.now() - published);
    note(`Published to ${topic} as #${offset}, acknowledged after ${took}. This page is not subscribed to it.`);
  } catch (error) {
    const outcome = error.uncertain ? 'Perhaps not published' : 'Not published';
    complain(`${outcome} to ${topic}: ${error.message} (${error.code}). “${cut(text)}”`);
    if (!$('text').value) $('text').value = text;
  }
}

// — topics —

function subscribe(topic) {
  if (subscriptions.has(topic)) return;
  const subscription = client.subscribe(topic, {
    last: historyCount,
    onMessage: ({ offset, event, data }) => add({ kind: 'message', topic, offset, event, data }),
    onGap: ({ from, to, reason }) => addGap(topic, from, to, reason),
    onSubscribed: showSubscriptions,
    onError: (error) => {
      subscriptions.delete(topic);
      complain(`Not subscribed to ${topic}: ${error.message} (${error.code}).`);
      showSubscriptions();
    },
  });
  subscriptions.set(topic, subscription);
  showSubscriptions();
}

let missedCount = 0;
let missedUnknown = false;
function addGap(topic, from, to, reason) {
  const why = { expired: 'no longer in the log', overflow: 'this page read too slowly' }[reason] ?? reason;
  let text = `Missed #${from} to #${to} of ${topic} (${to - from + 1}): ${why}.`;
  if (from === to) text = `Missed #${from} of ${topic}: ${why}.`;
  if (from === undefined) {
    text = `${topic} has a new log, as after a restart. What was missed of the old one is unknown.`;
    for (const [name, entry] of arrived) if (entry.topic === topic) arrived.delete(name);
    missedUnknown = true;
  } else {
    missedCount += to - from + 1;
  }
  $('missed').textContent = missedUnknown ? `${missedCount} and an unknown number` : missedCount;
  add({ kind: 'gap', topic, reason, text });
}

function unsubscribe(topic) {
  subscriptions.get(topic)?.unsubscribe();
  subscriptions.delete(topic);
  showSubscriptions();
  $('topic').focus();
}

function choose(topic) {
  current = topic;
  $('topic').value = topic;
  for (const target of document.querySelectorAll('.target')) target.textContent = topic;
  $('curl').textContent = curlLine(topic);
  const hash = `#${encodeURIComponent(topic)}`;
  if (location.hash !== hash) history.replaceState(null, '', hash); // so that the address can be shared
  showSubscriptions();
}

function showSubscriptions() {
  const items = [...subscriptions].map(([topic, subscription]) => {
    const item = document.createElement('li');
    const pick = make('button', 'pick', topic);
    const leave = make('button', 'leave', '×');
    item.toggleAttribute('data-live', subscription.live);
    item.toggleAttribute('data-current', topic === current);
    pick.type = leave.type = 'button';
    pick.title = `Publish to ${topic}`;
    pick.setAttribute('aria-pressed', String(topic === current));
    leave.setAttribute('aria-label', `Unsubscribe from ${topic}`);
    pick.addEventListener('click', () => choose(topic));
    leave.addEventListener('click', () => unsubscribe(topic));
    item.append(pick, leave);
    return item;
  });
  const list = $('subscriptions');
  const focused = [...list.querySelectorAll('button')].indexOf(document.activeElement);
  list.replaceChildren(...items);
  if (focused >= 0) list.querySelectorAll('button')[focused]?.focus();
  showFacts();
}

function showFacts() {
  const position = subscriptions.get(current)?.position;
  $('epoch').textContent = position?.epoch ?? '–';
  $('offset').textContent = position?.offset ?? '–';
}

function curlLine(topic) {
  const path = encodeURIComponent(topic).replaceAll("'", '%27');
  const insecure = location.protocol === 'https:' ? '-k ' : ''; // the playground's certificate is self-signed
  return `curl ${insecure}-d 'hello' '${location.origin}/topics/${path}'`;
}

function topicOfAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || defaultTopic;
  } catch {
    return defaultTopic;
  }
}

// — the connection —

let countdown;
client.addEventListener('state', showState);
function showState({ state, retryIn, code, reason }) {
  const words = { connecting: 'connecting', open: 'open', waiting: 'reconnecting', closed: 'closed by the server' };
  document.body.dataset.state = state;
  if (state !== 'open') awaited.clear();
  $('state').textContent = state === 'closed' && reason ? `${words.closed}: ${reason}` : words[state];
  $('state').title = code ? `code ${code} ${reason}` : '';
  $('reconnect').hidden = state !== 'waiting' && state !== 'closed';
  clearInterval(countdown);
  $('countdown').textContent = '';
  if (state === 'waiting') {
    const end = performance.now() + retryIn;
    const tick = () => {
      $('countdown').textContent = `in ${Math.max(1, Math.ceil((end - performance.now()) / 1000))} s`;
    };
    countdown = setInterval(tick, 250);
    tick();
  }
  showSubscriptions();
}
client.addEventListener('error', ({ error }) => complain(`${error.message} (${error.code})`));

// — what the reader does —

$('subscribe').addEventListener('submit', (event) => {
  event.preventDefault();
  const topic = $('topic').value;
  subscribe(topic);
  choose(topic);
});
$('publish').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (!text) return;
  $('text').value = '';
  publish(current, text);
});
$('reconnect').addEventListener('click', () => client.reconnect());
$('newest').addEventListener('click', () => {
  $('log').scrollTop = $('log').scrollHeight;
  $('log').focus();
});
$('log').addEventListener('scroll', () => {
  const log = $('log');
  if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) $('newest').hidden = true;
});
$('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('curl').textContent);
    $('copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('curl')); // not allowed to, or not served securely: at least select it
    $('copy').textContent = 'Selected';
  }
  setTimeout(() => ($('copy').textContent = 'Copy'), 1500);
});
addEventListener('hashchange', () => {
  subscribe(topicOfAddress());
  choose(topicOfAddress());
});

$('address').textContent = client.url;
showState({ state: client.state });
subscribe(topicOfAddress());
choose(topicOfAddress());
// Ready to chat; on a phone that would call up the keyboard over half of the page.
if (matchMedia('(min-width: 700px)').matches) $('text').focus();
