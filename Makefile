# SPDX-License-Identifier: Apache-2.0
# The commands of the house. Each installs what it needs first (Debian 12; setup/packages.sh), and is quick the second
# time. `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help run build image test quick-test soak bench bench-quick bench-micro fuzz format clean
# One thing after another: ninja uses all the cores by itself.
.NOTPARALLEL:

# Seconds for each fuzz target, and further arguments of `kodama serve` or tests/run.py.
SECONDS ?= 60
ARGS ?=

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and serve on http://127.0.0.1:8000 and https://127.0.0.1:8443, nothing to configure
	@exec build/release/kodama serve --dev true $(ARGS)

build: ## leave the release binary at build/release/kodama
	@setup/packages.sh run
	@setup/build.sh release kodama

image: ## build the container image (IMAGE=name:tag, BASE=another Debian 12, BUILDER=docker, podman or buildah)
	@IMAGE="$(IMAGE)" BASE="$(BASE)" BUILDER="$(BUILDER)" setup/image.sh

test: ## build and test everything; the last line counts
	@setup/packages.sh test
	@setup/build.sh release kodama swarm bench_load bench_floor bench_micro
	@setup/build.sh asan
	@setup/build.sh tsan
	@setup/npm.sh tests/e2e/browser
	@/usr/bin/python3 tests/run.py $(ARGS)

quick-test: ## the unit tests under ASan and UBSan alone: what to run while writing
	@setup/packages.sh test
	@setup/build.sh asan
	@/usr/bin/python3 tests/run.py tidy unit-asan

soak: SECONDS = 600
soak: ## everything at once for ten minutes (SECONDS=N), and nothing may grow; ends with a table
	@setup/packages.sh test
	@setup/build.sh release kodama
	@/usr/bin/python3 tests/e2e/storm/soak.py $(SECONDS)

bench: ## measure beside the kernel's floors and other servers (an hour; BASE=path/to/another/kodama)
	@setup/packages.sh bench
	@setup/build.sh release kodama bench_load bench_floor
	@BASE="$(BASE)" /usr/bin/python3 bench/run.py $(ARGS)

bench-quick: ## the same in five minutes, beside the floors alone
	@setup/packages.sh run
	@setup/build.sh release kodama bench_load bench_floor
	@BASE="$(BASE)" /usr/bin/python3 bench/run.py --quick $(ARGS)

bench-micro: ## the hot functions alone (ARGS=--benchmark_filter=fan_out)
	@setup/packages.sh bench
	@setup/build.sh release bench_micro
	@build/release/bench_micro $(ARGS)

fuzz: ## fuzz every decoder for a minute (SECONDS=N) with libFuzzer
	@setup/packages.sh fuzz
	@setup/build.sh fuzz $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.cc)))
	@setup/fuzz.sh $(SECONDS)

format: ## clang-format over all C++
	@setup/packages.sh format
	@git ls-files '*.cc' '*.h' | xargs clang-format-16 -i

clean: ## remove everything that was built
	@rm -rf build tests/e2e/browser/node_modules broker/web/socketio/node_modules
