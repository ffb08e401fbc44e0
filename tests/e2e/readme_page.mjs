// SPDX-License-Identifier: Apache-2.0
// Opens a page in Chromium and prints its text as it grows: node readme_page.mjs URL. test_readme.py ends it.
import { createRequire } from 'node:module';

const require = createRequire(new URL('./browser/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const browser = await chromium.launch({
  executablePath: process.env.KODAMA_CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage();
page.on('console', (message) => console.log(`console: ${message.text()}`));
page.on('pageerror', (error) => console.log(`error: ${error.message}`));
process.stdin.once('end', () => browser.close().then(() => process.exit(0)));
process.stdin.resume(); // its end is ours
await page.goto(process.argv[2]);
let seen = '';
for (;;) {
  await page.waitForFunction((text) => document.body.innerText !== text, seen, { timeout: 0 });
  seen = await page.evaluate(() => document.body.innerText);
  console.log(seen);
}
