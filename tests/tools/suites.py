# SPDX-License-Identifier: Apache-2.0
"""A suite is a command, what its environment adds, and how its tests are counted. run() runs one, says that it goes on
while it does, and shows everything when something failed: a test, the command, or that no test ran at all."""
import os
import platform
import queue
import re
import shutil
import subprocess
import threading
import time

import counting
from counting import Count, NoCount

PROGRESS_SECONDS = 20
SUITE_SECONDS_MAX = 25 * 60
SAID_MAX = 400_000  # characters of a failing suite's output that are shown, its end


class Suite:
    def __init__(self, command, environment, count, skips):
        self.command, self.environment, self.count = command, environment, count
        self.skips = skips  # of what was said: the lines that say what was skipped, and why


def python(command, environment):
    return Suite(command, {"PYTHONDONTWRITEBYTECODE": "1", **environment}, counting.of_unittest,
                 lambda said: re.findall(r"^.* \.\.\. skipped .*$", said, re.M))


def node(files, environment):
    command = ["node", "--test", "--test-reporter=tap", "--test-concurrency=1", *sorted(files)]
    return Suite(command, environment, counting.of_node,
                 lambda said: re.findall(r"^ *ok .* # (?:SKIP|T" r"ODO).*$", said, re.M))


def ctest(build, environment):
    result, gtest = os.path.join(build, "junit.xml"), os.path.join(build, "gtest")
    shutil.rmtree(gtest, ignore_errors=True)  # an executable that dies writes none
    command = [*without_randomized_addresses(environment), "ctest", "--test-dir", build, "--output-on-failure",
               "--no-tests=error", "-j", str(len(os.sched_getaffinity(0))), "--output-junit", result]
    return Suite(command, environment, lambda _: counting.of_ctest(result, gtest),
                 lambda _: counting.skipped_by_gtest(gtest))


def without_randomized_addresses(environment):
    """GCC 12's ThreadSanitizer cannot map its shadow where the kernel randomizes more than 28 bits of an address."""
    if "TSAN_OPTIONS" not in environment:
        return []
    prefix = ["setarch", platform.machine(), "--addr-no-randomize"]
    if shutil.which("setarch") is None:
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []


def run(name, suite, logs):
    """Returns its Count. What the command wrote is in <logs>/<name>.log."""
    os.makedirs(logs, exist_ok=True)
    path = os.path.join(logs, f"{name}.log")
    print(f"== {name}: begins", flush=True)
    began = time.monotonic()
    with open(path, "w", encoding="utf-8") as log:
        code, why = execute(name, suite, log)
    with open(path, encoding="utf-8") as log:
        said = log.read()
    try:
        count = suite.count(said)
    except NoCount:
        count = Count(failed=1)
        why = why or f"it did not come to its end (exit code {code})"
    if count.passed + count.failed == 0:
        count.failed, why = 1, "no test ran"
    if code != 0 and count.failed == 0:
        count.failed, why = 1, why or f"it ended with {code}"
    if count.failed:
        print(said[-SAID_MAX:])
        print(f"== {name}: {why or 'see above'}; all of its output: {os.path.relpath(path)}")
    for line in suite.skips(said) if count.skipped else []:
        print(f"   skipped: {line.strip()}")
    print(f"== {name}: {'FAILED' if count.failed else 'ok'}, {count}, {time.monotonic() - began:.0f} s", flush=True)
    return count


def execute(name, suite, log):
    """Returns (exit code, why it was ended or None)."""
    command = suite.command
    if "TSAN_OPTIONS" in suite.environment and command[0] != "setarch":
        command = [*without_randomized_addresses(suite.environment), *command]
    try:
        process = subprocess.Popen(command, env={**os.environ, **suite.environment}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
    except OSError as error:
        log.write(f"{command[0]}: {error}\n")
        return 127, str(error)
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    began = spoke = time.monotonic()
    last = ""
    why = None
    while True:
        try:
            line = lines.get(timeout=1)
            if line is None:
                break
            log.write(line)
            last = line.strip() or last
        except queue.Empty:
            log.flush()
        now = time.monotonic()
        if now - spoke >= PROGRESS_SECONDS:
            spoke = now
            print(f"   {name}, {now - began:.0f} s: {re.sub('[.]{4,}', ' ', last)[:150]}", flush=True)
        if now - began > SUITE_SECONDS_MAX and why is None:
            why = f"it took more than {SUITE_SECONDS_MAX // 60} minutes and was ended"
            os.killpg(process.pid, 9)  # its own session, made above
    return process.wait(), why
