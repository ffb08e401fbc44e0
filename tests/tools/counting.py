# SPDX-License-Identifier: Apache-2.0
"""How many tests ran, from what each test program says at its end."""
import glob
import os
import re
import xml.etree.ElementTree


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class NoCount(Exception):
    """The program did not say how many tests it ran, so it did not come to its end."""


def of_unittest(text):
    ran = re.findall(r"^Ran (\d+) tests? in ", text, re.M)
    if not ran:
        raise NoCount
    end = text[text.rindex("\nRan "):]
    found = re.findall(r"(failures|errors|skipped|unexpected successes)=(\d+)", end)
    number = {word: int(digits) for word, digits in found}
    failed = number.get("failures", 0) + number.get("errors", 0) + number.get("unexpected successes", 0)
    skipped = number.get("skipped", 0)
    return Count(max(0, int(ran[-1]) - failed - skipped), failed, skipped)


def of_node(text):
    found = re.findall(r"^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$", text, re.M)
    number = {word: int(digits) for word, digits in found}
    if "tests" not in number:
        raise NoCount
    return Count(number["pass"], number["fail"] + number["cancelled"], number["skipped"] + number["todo"])


def of_ctest(junit, gtest):
    """A test of ctest's counts as those that its executable counted in the folder `gtest`, or else as one."""
    try:
        cases = xml.etree.ElementTree.parse(junit).getroot().iter("testcase")
    except (OSError, xml.etree.ElementTree.ParseError) as why:
        raise NoCount from why
    total = Count()
    for case in cases:
        path = os.path.join(gtest, f"{case.get('name')}.xml")
        count = of_gtest(path) if os.path.exists(path) else Count()
        if case.get("status") != "run":
            count.failed = count.failed or 1
        elif count.passed + count.failed + count.skipped == 0:
            count.passed = 1
        total += count
    return total


def of_gtest(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    skipped = int(root.get("disabled")) + len(root.findall(".//testcase/skipped"))
    failed = int(root.get("failures")) + int(root.get("errors"))
    return Count(int(root.get("tests")) - failed - skipped, failed, skipped)


def skipped_by_gtest(folder):
    """A line for each skipped test, with its reason: what follows the place in the source."""
    lines = []
    for path in sorted(glob.glob(os.path.join(folder, "*.xml"))):
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            skipped = case.find("skipped")
            if skipped is not None:
                reason = skipped.get("message", "").strip().splitlines()
                lines.append(f"{case.get('classname')}.{case.get('name')}: {reason[-1] if reason else 'it does not say why'}")
    return lines
