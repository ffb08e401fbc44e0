# SPDX-License-Identifier: Apache-2.0
"""Runs a folder's test modules with unittest, each in a process of its own: /usr/bin/python3 tests/tools/modules.py FOLDER

Most tests of a server wait most of the time, so one more of them than there are cores run at once. A module that measures,
or that fills a core by itself, says so in a line that begins with `ALONE = True`, and runs when no other does. What a module
says is printed when it has ended, whole; the last lines count all of them in unittest's own words.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

import counting


class Module:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".py")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.alone = re.search(r"^ALONE = True\b", text, re.M) is not None

    def run(self):
        """Prints what it says; returns its Count."""
        print(f"-- {self.name}: begins", flush=True)
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "unittest", "-v", self.name], cwd=os.path.dirname(self.path), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                              check=False)
        try:
            count = counting.of_unittest(done.stdout)
        except counting.NoCount:
            count = counting.Count(failed=1)
        if done.returncode != 0 and count.failed == 0:
            count.failed = 1
        print(f"{done.stdout}-- {self.name}: {count}, exit code {done.returncode}, {time.monotonic() - began:.1f} s", flush=True)
        return count


def main(folder):
    modules = [Module(path) for path in sorted(glob.glob(os.path.join(os.path.abspath(folder), "test_*.py")))]
    began = time.monotonic()
    total = counting.Count()
    for alone in (False, True):
        at_once = 1 if alone else len(os.sched_getaffinity(0)) + 1
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for count in pool.map(Module.run, [module for module in modules if module.alone == alone]):
                total += count
    print(f"\nRan {total.passed + total.failed + total.skipped} tests in {time.monotonic() - began:.1f}s\n")
    print(f"{'FAILED' if total.failed else 'OK'} (failures={total.failed}, skipped={total.skipped})")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
