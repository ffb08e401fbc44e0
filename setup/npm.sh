#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the npm packages of the tests (tests/e2e/browser/package-lock.json), unless they are there as the lock says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../tests/e2e/browser"

done_for=node_modules/.installed-for
if [[ -e $done_for ]] && cmp -s package-lock.json "$done_for"; then exit 0; fi
echo "setup: npm ci in tests/e2e/browser"
npm ci --no-audit --no-fund --loglevel=error </dev/null
cp package-lock.json "$done_for"
