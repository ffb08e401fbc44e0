#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a purpose needs and that are missing: setup/packages.sh run|test|bench|fuzz|format
# Asks dpkg first, so that a machine that has them all needs no network and no root. KODAMA_PACKAGES=skip leaves it out.
set -euo pipefail

# What builds the binary.
run=(g++ cmake ninja-build pkg-config liburing-dev libboost-dev libabsl-dev prometheus-cpp-dev libcivetweb-dev libssl-dev
     zlib1g-dev gzip libsimdjson-dev libyaml-cpp-dev libxxhash-dev)
# What the tests need beside it. python3 means Debian's, /usr/bin/python3, which has Debian's websockets.
test=("${run[@]}" libgtest-dev libgmock-dev libbenchmark-dev python3 python3-websockets python3-yaml
      python3-socketio python3-aiohttp python3-autobahn python3-seccomp curl openssl procps chromium prometheus nginx-light)
# What the full benchmark needs beside it: the peers that Debian has, and what loads HTTP.
bench=("${run[@]}" libbenchmark-dev python3 openssl wrk mosquitto nginx-light libnginx-mod-nchan nats-server)
fuzz=("${run[@]}" libgtest-dev libgmock-dev clang-16 libclang-rt-16-dev)
format=(clang-format-16)

here=$(dirname "${BASH_SOURCE[0]}")
case "${1:-}" in
  run)
    wanted=("${run[@]}")
    # It fetches the Socket.IO client (npm.sh), once.
    [[ -e $here/../broker/web/socketio/node_modules/.installed-for ]] || command -v npm >/dev/null || wanted+=(npm)
    ;;
  test | bench)
    [[ $1 == test ]] && wanted=("${test[@]}") || wanted=("${bench[@]}")
    # Node may be another one than Debian's, whose packages would not go together with it.
    command -v node >/dev/null || wanted+=(nodejs)
    command -v npm >/dev/null || wanted+=(npm)
    ;;
  fuzz) wanted=("${fuzz[@]}") ;;
  format) wanted=("${format[@]}") ;;
  *) echo "usage: setup/packages.sh run|test|bench|fuzz|format" >&2; exit 2 ;;
esac
[[ "${KODAMA_PACKAGES:-}" != skip ]] || exit 0

fail() {
  echo "setup: $1" >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null; then
  fail "this is not Debian 12. Install what these packages hold and try again with KODAMA_PACKAGES=skip: ${wanted[*]}"
fi

installed=" $(dpkg-query --show --showformat='${db:Status-Status}:${Package} ' 2>/dev/null) "
missing=()
for package in "${wanted[@]}"; do
  [[ "$installed" == *" installed:$package "* ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

system=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
if [[ "$system" != "debian 12" ]]; then
  fail "this is $system and not debian 12, so nothing was installed. Missing here: ${missing[*]}. \
With them, or their like, in place: KODAMA_PACKAGES=skip"
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || fail "these packages are missing, and there is no sudo to install them: ${missing[*]}"
  as_root=(sudo)
fi
[[ ${#as_root[@]} -eq 0 ]] || sudo -v || fail "sudo refused. Missing: ${missing[*]}"
echo "setup: installing ${#missing[@]} packages and what they need: ${missing[*]}"

log=$(mktemp)
guard=""
clean_up() {
  rm -f "$log"
  [[ -z "$guard" ]] || "${as_root[@]}" rm -f "$guard"
}
trap clean_up EXIT

# Servers are wanted as programs. Their packages would start them as services, on the ports that they are known by.
servers=" prometheus mosquitto nginx-light nats-server "
if [[ -n $(for package in "${missing[@]}"; do [[ "$servers" != *" $package "* ]] || echo "$package"; done) &&
      ! -e /usr/sbin/policy-rc.d ]]; then
  guard=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$guard" >/dev/null
  "${as_root[@]}" chmod 755 "$guard"
fi

# One line a minute at least, so that nobody takes a slow network for a hang; all of apt's words when it fails.
apt() {
  local what=$1 seconds=0 status=0
  shift
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" \
    </dev/null >"$log" 2>&1 &
  local job=$!
  while kill -0 "$job" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [[ $((seconds % 20)) -ne 0 ]] || echo "setup: $what, $seconds s: $(tail -n 1 "$log" | cut -c 1-100)"
  done
  wait "$job" || status=$?
  if [[ $status -ne 0 ]]; then
    cat "$log" >&2
    fail "$what failed (apt-get ended with $status, its words are above). Needed: ${missing[*]}"
  fi
  grep -E '^[WE]: ' "$log" >&2 || true
  echo "setup: $what, done in $seconds s"
}

apt "reading the package lists" update
apt "installing" install --yes --no-install-recommends "${missing[@]}"
