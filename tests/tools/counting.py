# SPDX-License-Identifier: Apache-2.0
"""How many tests ran, from what each test program says at its end."""
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


def of_junit(path):
    try:
        suite = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError) as why:
        raise NoCount from why
    words = ("tests", "failures", "skipped", "disabled")
    tests, failed, skipped, disabled = (int(suite.get(word, 0)) for word in words)
    return Count(tests - failed - skipped - disabled, failed, skipped + disabled)


def skipped_in_junit(path):
    """A line for each skipped test, with its reason as GoogleTest prints it: behind the line `FILE:LINE: Skipped`."""
    lines = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("skipped") is not None or case.get("status") == "disabled":
            reason = re.search(r": Skipped\n(.*)", case.findtext("system-out") or "")
            lines.append(f"{case.get('name')}: {reason[1] if reason else 'it does not say why'}")
    return lines
