# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a comparison: values out of a run's JSON, medians of the ratios of neighbours, verdicts.

Nothing here fails because of what a run wrote: a member that is missing, no number, or not finite is None, and a
comparison that has no pair left has no verdict.
"""
import math
import random
import statistics

RESAMPLES = 2000  # of the bootstrap: its interval's ends are then steady to a per cent
CONFIDENCE = 0.95


def value(run, path):
    """run["a"]["b"] for "a.b", as a float, or None. Durations that do not exist are not 0."""
    found = run
    for word in path.split("."):
        if not isinstance(found, dict) or word not in found:
            return None
        found = found[word]
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        return None
    return float(found)


def median(values):
    known = [each for each in values if each is not None]
    return statistics.median(known) if known else None


def spread(values):
    """(least, most) of what is known, or None."""
    known = [each for each in values if each is not None]
    return (min(known), max(known)) if known else None


def interval(values):
    """The bootstrap's 95 % interval of the median; None for fewer than three values, which cannot carry one.

    The same values give the same interval: the resampling's seed is fixed.
    """
    known = [each for each in values if each is not None]
    if len(known) < 3:
        return None
    dice = random.Random(len(known))
    medians = sorted(statistics.median(dice.choices(known, k=len(known))) for _ in range(RESAMPLES))
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return medians[cut], medians[RESAMPLES - 1 - cut]


def ratios(ours, theirs):
    """ours/theirs of each repetition that has both; both map a repetition to a value."""
    pairs = [(ours[each], theirs[each]) for each in sorted(ours) if each in theirs]
    return [mine / other for mine, other in pairs if mine is not None and other is not None and other > 0]


class Comparison:
    """Ratios (or, for an absolute bound, values) with their median, spread and interval."""

    def __init__(self, values):
        self.values = [each for each in values if each is not None]
        self.median = median(self.values)
        self.spread = spread(self.values)
        self.interval = interval(self.values)

    def verdict(self, at_most=None, at_least=None):
        """"met" or "missed" by the median, "unclear" added where the interval spans the bound; "none" without a value."""
        bound = at_most if at_most is not None else at_least
        if self.median is None or bound is None:
            return "none"
        met = self.median <= bound if at_most is not None else self.median >= bound
        word = "met" if met else "missed"
        if self.interval and self.interval[0] < bound < self.interval[1]:
            word += " (unclear: the interval spans the bound)"
        return word

    def to_json(self):
        return {"median": self.median, "values": self.values, "spread": self.spread, "interval95": self.interval}


def by_repetition(runs, column, path):
    """Repetition → value at `path` of the column's valid runs."""
    return {run["repetition"]: value(run.get("result"), path) for run in runs
            if run.get("column") == column and is_valid(run)}


def is_valid(run):
    """A run counts when its generator ended well and did not call it invalid."""
    result = run.get("result")
    return isinstance(result, dict) and not run.get("error") and result.get("valid", True) is True


def compare(runs, ours, theirs, path):
    """The Comparison of two columns at `path`; `theirs` "" compares nothing: the values of `ours` alone."""
    mine = by_repetition(runs, ours, path)
    if not theirs:
        return Comparison(list(mine.values()))
    return Comparison(ratios(mine, by_repetition(runs, theirs, path)))


def busy(run, whose):
    """The share of one core that the server or the generator used in the window, or None.

    A generator that busy-polls says itself for how long it had something to do; its CPU time would be all of the window.
    """
    spun = whose == "generator" and "--spin=true" in run.get("load", ())
    spent, seconds = value(run.get("result"), f"{whose}_{'busy' if spun else 'cpu'}_s"), value(run.get("result"), "seconds")
    return spent / seconds if spent is not None and seconds else None
