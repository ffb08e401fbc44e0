#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds one configuration in build/<name>: setup/build.sh release|asan|tsan|fuzz [target...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=${1:?usage: setup/build.sh release|asan|tsan|fuzz [target...]}
shift
case "$name" in
  release) options=(-DKODAMA_TESTS=OFF) ;;
  asan) options=(-DKODAMA_SANITIZE=address) ;;
  tsan) options=(-DKODAMA_SANITIZE=thread) ;;
  fuzz) options=(-DKODAMA_SANITIZE=address -DKODAMA_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++-16) ;;
  *) echo "setup/build.sh: no configuration $name" >&2; exit 2 ;;
esac

# What is embedded in the binary and comes from elsewhere. The fuzz targets do without.
[[ $name == fuzz ]] || setup/npm.sh broker/web/socketio

# Once configured, ninja runs CMake again by itself when it has to.
if [[ ! -e build/$name/build.ninja ]]; then
  mkdir -p "build/$name"
  echo "build: configuring $name"
  if ! cmake -S . -B "build/$name" -G Ninja "${options[@]}" >"build/$name/configure.log" 2>&1; then
    rm -f "build/$name/build.ninja"
    cat "build/$name/configure.log" >&2
    echo "build: configuring $name failed; its words are above" >&2
    exit 1
  fi
fi

# On a terminal ninja counts in one line; into a file, every twentieth step is enough to see that it goes on.
export NINJA_STATUS="build: $name %f/%t, %e s: "
began=$SECONDS
few_lines() {
  local line steps=0
  while IFS= read -r line; do
    case "$line" in
      "ninja: Entering"* | "ninja: no work"*) ;;
      "build: "*) (( ++steps % 20 )) || echo "$line" ;;
      *) echo "$line" ;;
    esac
  done
}
if [[ -t 1 ]]; then
  ninja -C "build/$name" "$@"
else
  ninja -C "build/$name" "$@" | few_lines
fi
echo "build: $name, done in $((SECONDS - began)) s"
