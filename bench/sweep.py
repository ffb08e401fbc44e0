# SPDX-License-Identifier: Apache-2.0
"""Latency against load: the wide regime at growing rates, each server until it no longer keeps up."""
from dataclasses import replace

import scenarios
import stats

RATES = (25, 50, 100, 200, 300, 400, 500, 600, 700, 800, 1000, 1250, 1500, 2000)  # messages/s to 1,000 subscribers
SUBSCRIBERS = 1000
KEPT_UP = 0.97  # of the rate; below it the server is saturated and its sweep ends
LATENCY_MAX_US = 200_000
SHORTER = {"warmup": 1.0, "duration": 3.0}


def columns_of(regime, settings):
    seconds = settings.warmup + settings.duration + 1
    return [replace(each, seconds=seconds) for each in regime.columns]


def plan(runner, regime, settings):
    seconds = sum(each.seconds for each in columns_of(regime, settings))
    runner.total += len(RATES) * len(regime.columns)
    runner.planned += len(RATES) * seconds


def run(runner, regime, settings):
    """Returns the report's part: a point for each server and rate that it was still measured at."""
    part = {"name": "sweep", "title": "latency against load: wide at growing rates", "points": [], "ended": {}}
    columns = [each for each in columns_of(regime, settings) if not runner.unavailable(each)]
    try:
        methods = {each.name: runner.faster(regime, each) for each in columns}
        for rate in RATES:
            load = scenarios.fanout(settings, "--topics", "1", "--subscribers", str(SUBSCRIBERS), "--rate", str(rate))
            for column in columns:
                if column.name in part["ended"]:
                    runner.leave_out(column.seconds)
                    continue
                runner.progress(f"sweep: {column.name} at {rate} messages/s", column.seconds)
                point = {"column": column.name, "rate": rate}
                measured, _ = runner.attempts(replace(column, load=load), methods[column.name], regime.metrics[0], point)
                why = saturated(measured, rate)
                if stats.is_valid(measured):
                    part["points"].append(measured)
                if why:
                    part["ended"][column.name] = {"rate": rate, "why": why}
                    runner.say(f"    its last point: {why}")
    except KeyboardInterrupt:
        part["interrupted"] = True
    return part


def saturated(measured, rate):
    """Why there is no use in a higher rate, or ""."""
    reached = stats.value(measured["result"], "deliveries_per_s")
    median = stats.value(measured["result"], "latency_us.p50")
    if not stats.is_valid(measured) or reached is None or median is None:
        return f"no valid run at {rate} messages/s: {measured['error'] or 'the generator says so'}"
    if reached < KEPT_UP * rate * SUBSCRIBERS:
        return f"{reached / SUBSCRIBERS:.0f} of {rate} messages/s were delivered"
    return f"a median of {median / 1000:.0f} ms" if median > LATENCY_MAX_US else ""
