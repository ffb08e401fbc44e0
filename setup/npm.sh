#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the npm packages of a folder as its lock file has them, unless they are there: setup/npm.sh FOLDER
#   broker/web/socketio: the Socket.IO client, which is embedded in the binary
#   tests/e2e/browser: what the browser tests are written with
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${1:?usage: setup/npm.sh FOLDER}
cd "$folder"
done_for=node_modules/.installed-for
if [[ -e $done_for ]] && cmp -s package-lock.json "$done_for"; then exit 0; fi

fail() {
  echo "setup: $1. What $folder/package-lock.json names is fetched once, and then kept in $folder/node_modules: a machine \
without a network needs that folder from one that has one" >&2
  exit 1
}

command -v npm >/dev/null || fail "there is no npm to fetch packages with (Debian: apt-get install npm)"
echo "setup: npm ci in $folder"
npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null ||
  fail "npm ci failed in $folder; its words are above"
cp package-lock.json "$done_for"
