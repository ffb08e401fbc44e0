// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, or KODAMA_CHROMIUM, without a window.
import { chromium } from 'playwright-core';

export function launch(...flags) {
  return chromium.launch({
    executablePath: process.env.KODAMA_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...flags],
  });
}

// That trusts the broker's self-signed certificate, and no other.
export async function launchFor(broker) {
  return launch(`--ignore-certificate-errors-spki-list=${await broker.keyHash()}`);
}
