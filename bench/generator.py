# SPDX-License-Identifier: Apache-2.0
"""Puts one load on one running server and returns what was measured: bench_load's JSON, or the like made from wrk.

Returns (result or None, error or ""). An invalid run has both: its numbers are shown, and never counted.
"""
import json
import os
import resource
import shutil
import subprocess
import time

import machine
from servers import Process, binary

CONNECTIONS_HTTP = 64
# wrk writes its own units; this writes JSON. 128 bytes as in every regime.
WRK_SCRIPT = """wrk.method = "POST"
wrk.body = string.rep("x", 128)
wrk.headers["Content-Type"] = "text/plain"
function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\\nJSON {"requests": %d, "us": %d, "failed": %d, "refused": %d, "p50": %d, "p99": %d}\\n',
    summary.requests, summary.duration, failed, summary.errors.status, latency:percentile(50), latency:percentile(99)))
end
"""


def run(column, running, workdir, cpus):
    process = None
    try:
        if column.load[0] == "wrk":
            process, finish = wrk(column, running, workdir, cpus)
        else:
            process, finish = bench_load(column, running, workdir, cpus)
        try:
            code = process.child.wait(column.seconds * 3 + 120)
        except subprocess.TimeoutExpired:
            return None, f"{process.name} did not end within {column.seconds * 3 + 120:.0f} s: {process.words()}"
        return finish(code)
    finally:
        if process is not None:
            process.stop()


def bench_load(column, running, workdir, cpus):
    path = os.path.join(workdir, "load.json")
    command = [binary("bench_load"), column.load[0], "--protocol", column.protocol, "--connect", running.connect,
               "--pid", ",".join(map(str, running.pids)), "--json", path, *column.load[1:]]
    command += ["--tls"] if column.tls else []
    if column.load[0] == "fanout" and running.publish_connect != running.connect:
        command += ["--publish_connect", running.publish_connect]
    process = Process("bench_load", command, workdir, cpus)

    def finish(code):
        try:
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
        except (OSError, ValueError):
            return None, f"bench_load ended with {code}: {process.words()}"
        if code != 0:
            return result, f"bench_load ended with {code}: {process.words()}"
        return result, ""

    return process, finish


def wrk(column, running, workdir, cpus):
    """A second of warm-up, then the measured run; the server's CPU time is read around it."""
    script = os.path.join(workdir, "post.lua")
    with open(script, "w", encoding="utf-8") as file:
        file.write(WRK_SCRIPT)
    url = f"http://{running.connect}/topics/bench-0"
    command = [shutil.which("wrk") or "wrk", "-t1", f"-c{CONNECTIONS_HTTP}", "--timeout", "5s", "-s", script]
    warm = Process("wrk_warm_up", [*command, "-d1s", url], workdir, cpus)
    try:
        warm.child.wait(30)
    finally:
        warm.stop()
    before, generator_before = sum(map(machine.cpu_seconds, running.pids)), children()
    process = Process("wrk", [*command, f"-d{max(1, round(column.load[1]))}s", url], workdir, cpus)

    def finish(code):
        spent = sum(map(machine.cpu_seconds, running.pids)) - before
        return of_wrk(process.said(), spent, children() - generator_before, code)

    return process, finish


def of_wrk(said, server_cpu, generator_cpu, code=0):
    lines = [line[5:] for line in said.splitlines() if line.startswith("JSON ")]
    try:
        found = json.loads(lines[-1])
        seconds = found["us"] / 1e6
        result = {"requests": found["requests"], "seconds": seconds, "requests_per_s": found["requests"] / seconds,
                  "requests_per_cpu_s": found["requests"] / server_cpu, "server_cpu_s": server_cpu,
                  "generator_cpu_s": generator_cpu, "failed": found["failed"], "refused": found["refused"],
                  "latency_us": {"p50": found["p50"], "p99": found["p99"]},
                  "valid": code == 0 and found["requests"] > 0 and found["failed"] == 0 and found["refused"] == 0}
    except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return None, f"wrk ended with {code} and said: {said.strip()[-300:]}"
    why = f"{found['failed']} requests failed, {found['refused']} were refused" if not result["valid"] else ""
    return result, why


def children():
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Meter:
    """What this machine did while a load ran, beside the server and the generator."""

    def __init__(self, pids):
        self.pids = pids
        self.began, self.processor, self.children = time.monotonic(), machine.processor_time(), children()
        self.server = sum(map(machine.cpu_seconds, pids))

    def read(self):
        """Called before the server is stopped."""
        seconds = time.monotonic() - self.began
        busy, stolen = (now - then for now, then in zip(machine.processor_time(), self.processor))
        ours = sum(map(machine.cpu_seconds, self.pids)) - self.server + children() - self.children
        return {"wall_s": seconds, "other_busy": max(0.0, busy - ours) / seconds, "stolen": stolen / seconds}
