#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every target of build/fuzz for so many seconds: setup/fuzz.sh SECONDS. What it finds stays in build/fuzz/found, and
# what it learns in build/fuzz/corpus; a finding, made small, belongs into tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:?usage: setup/fuzz.sh SECONDS}
passed=0
failed=0
table=$(printf '%-30s %12s %10s %9s %9s %8s' target executions per_second edges features findings)
mkdir -p build/fuzz/found

# The last number behind a word of libFuzzer's log; 0 where it has none.
last_of() { grep -oE "$1 *[0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$' || echo 0; }
for source in tests/fuzz/fuzz_*.cc; do
  name=$(basename "$source" .cc)
  seeds=tests/fuzz/corpus/${name#fuzz_}
  learned=build/fuzz/corpus/$name
  mkdir -p "$learned"
  arguments=("$learned")
  [[ ! -d $seeds ]] || arguments+=("$seeds")
  dictionary=tests/fuzz/dictionaries/${name#fuzz_}
  [[ ! -e $dictionary ]] || arguments+=("-dict=$dictionary")
  echo "fuzz: $name, $seconds s"
  log=build/fuzz/$name.log
  if "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "${arguments[@]}" >"$log" 2>&1; then
    passed=$((passed + 1))
    findings=0
  else
    failed=$((failed + 1))
    findings=1
    tail -n 60 "$log"
    echo "fuzz: $name found something: $(ls build/fuzz/found/"$name"-* 2>/dev/null | tail -n 1)"
  fi
  table+=$(printf '\n%-30s %12s %10s %9s %9s %8s' "$name" "$(last_of stat::number_of_executed_units: "$log")" \
    "$(last_of stat::average_exec_per_sec: "$log")" "$(last_of cov: "$log")" "$(last_of ft: "$log")" "$findings")
done
echo
echo "$table"
echo "$passed passed, $failed failed, 0 skipped"
[[ $failed -eq 0 ]]
