# SPDX-License-Identifier: Apache-2.0
"""Runs the suites one after another and counts: /usr/bin/python3 tests/run.py [SUITE...]   (--list names them)

Builds nothing: `make test` does, before it calls this. A failing suite's output is shown in full and stays, like every
suite's, in build/test-logs/. The last line is `N passed, N failed, N skipped`; the exit code is 1 when one failed.
"""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
import suites  # noqa: E402
from counting import Count  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's websockets
BROWSER = os.path.join(ROOT, "tests/e2e/browser")

# A report ends the process that made it, with an exit code that no test takes for success.
ASAN = {"ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
TSAN = {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:history_size=4"}


def binary(build):
    return os.path.join(ROOT, "build", build, "kodama")


def e2e(build, shards, extra=()):
    tests = [PYTHON, "-u", os.path.join(ROOT, "tests/tools/modules.py"), os.path.join(ROOT, "tests/e2e")]
    return suites.python(tests, {"KODAMA_BINARY": binary(build), "KODAMA_SHARDS": str(shards), **dict(extra)})


def swarm(build, shards, extra=()):
    tests = [PYTHON, "-u", os.path.join(ROOT, "tests/tools/test_swarm.py"), "-v"]
    # The swarm is a client and no part of what is tested: always the fast one.
    return suites.python(tests, {"KODAMA_BINARY": binary(build), "KODAMA_SHARDS": str(shards), **dict(extra),
                                 "KODAMA_SWARM": os.path.join(ROOT, "build/release/swarm")})


def storm(build, extra=()):
    tests = [PYTHON, "-u", "-m", "unittest", "discover", "-v", "-s", os.path.join(ROOT, "tests/e2e/storm"), "-p", "test_*.py"]
    return suites.python(tests, {"KODAMA_BINARY": binary(build), "KODAMA_SHARDS": "2", **dict(extra)})


def all_suites():
    """Name → what runs it, quick ones first."""
    return {
        "tidy": suites.python([PYTHON, os.path.join(ROOT, "tests/tidy.py"), "-v"], {}),
        "start": suites.python([PYTHON, os.path.join(ROOT, "tests/tools/test_start.py"), "-v"],
                               {"KODAMA_BINARY": binary("release")}),
        "bench": suites.python([PYTHON, "-m", "unittest", "discover", "-v", "-s", os.path.join(ROOT, "tests/tools"), "-p",
                                "test_bench*.py"], {"KODAMA_BINARY": binary("release")}),
        "deploy": suites.python([PYTHON, "-m", "unittest", "discover", "-v", "-s", os.path.join(ROOT, "tests/deploy"), "-p",
                                 "test_*.py"], {"KODAMA_BINARY": binary("release")}),
        "web": suites.node(glob.glob(os.path.join(ROOT, "tests/web/*.test.mjs")), {}),
        "unit-asan": suites.ctest(os.path.join(ROOT, "build/asan"), ASAN),
        "unit-tsan": suites.ctest(os.path.join(ROOT, "build/tsan"), TSAN),
        "e2e-2": e2e("release", 2),
        "e2e-4": e2e("release", 4, {"KODAMA_DIFFERENTIAL": "20000"}),  # all of them are said in e2e-2
        "e2e-asan": e2e("asan", 2, {"KODAMA_SLOW": "1", **ASAN}),
        "e2e-tsan": e2e("tsan", 2, {"KODAMA_SLOW": "1", **TSAN}),
        "swarm-2": swarm("release", 2),
        "swarm-4": swarm("release", 4),
        "swarm-asan": swarm("asan", 2, {"KODAMA_SLOW": "1", **ASAN}),
        "swarm-tsan": swarm("tsan", 2, {"KODAMA_SLOW": "1", **TSAN}),
        "storm": storm("release"),
        "storm-asan": storm("asan", {"KODAMA_SLOW": "1", **ASAN}),
        "storm-tsan": storm("tsan", {"KODAMA_SLOW": "1", **TSAN}),
        "browser": suites.node(glob.glob(os.path.join(BROWSER, "*.test.mjs")),
                               {"KODAMA_BINARY": binary("release"), "KODAMA_SHARDS": "2,4"}),
    }


def main(wanted):
    available = all_suites()
    if wanted == ["--list"]:
        print("\n".join(available))
        return 0
    unknown = [name for name in wanted if name not in available]
    if unknown:
        print(f"no suite {', '.join(unknown)}; there are: {', '.join(available)}", file=sys.stderr)
        return 2
    total = Count()
    failed = []
    for name in wanted or available:
        count = suites.run(name, available[name], os.path.join(ROOT, "build/test-logs"))
        total += count
        if count.failed:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(total, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
