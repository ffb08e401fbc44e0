# SPDX-License-Identifier: Apache-2.0
"""Runs regimes: column after column, repetition after repetition, each on a server process of its own.

Owns: the temporary folder and whatever runs; leaving the `with` block, however that happens, stops and removes both.
A run that fails or is called invalid is made once more, and then named. One that the rest of the machine disturbed is made
again as long as the settings allow time for it, and the least disturbed one counts.
"""
import os
import shutil
import tempfile
import time

import generator
import machine
import servers
import stats

GENERATOR_BUSY_MAX = 0.95
SERVER_BUSY_MIN = 0.90  # of a closed loop: below it, something else was the bottleneck
OTHERS_BUSY_MAX = 0.10  # of one core
STOLEN_MAX = 0.02
DISTURBED_MAX, DISTURBED_ATTEMPTS = 0.10, 4  # of one core, stolen or used by others: above it a run is made again
CALIBRATED = ("relay", "seal")  # floors that can send by io_uring or by send(2): the faster one is the floor
METHODS = ("uring", "send")


class Runner:
    def __init__(self, settings, cpus, peers=None, base="", say=print):
        self.settings, self.peers, self.base, self.say = settings, peers or {}, base, say
        self.server_cpu, self.generator_cpu = cpus
        self.cores = tuple(sorted(set(cpus)))
        self.temporary = self.state = ""
        self.versions = {}
        self.began, self.planned, self.done = time.monotonic(), 0.0, 0.0
        self.count, self.total = 0, 0
        self.again_s = 0.0  # what is left for runs that are made again
        self.methods = {}  # (regime, column) → of a floor, the faster way to send

    def __enter__(self):
        self.temporary = tempfile.mkdtemp(prefix="kodama-bench-")
        os.chmod(self.temporary, 0o755)  # peers may give up root
        self.state = os.path.join(self.temporary, "state")
        os.mkdir(self.state)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.temporary, ignore_errors=True)

    def server(self, column, method=""):
        if column.server in ("kodama", "base"):
            path = self.base if column.server == "base" else servers.binary("kodama")
            return servers.Kodama(path, self.state, column.shards, column.tls, column.flags)
        if column.server == "floor":
            return servers.Floor(column.floor, method, column.flags)
        return self.peers[column.server]

    def plan(self, regimes, repetitions):
        """Tells how long all of it takes, for the progress lines."""
        for regime in regimes:
            rounds = min(repetitions, regime.repetitions_max)
            calibrations = [each for each in regime.columns if each.floor in CALIBRATED]
            self.total += rounds * len(regime.columns) + len(calibrations) * len(METHODS) * self.settings.calibrations
            self.planned += rounds * sum(each.seconds for each in regime.columns)
            self.planned += sum(each.seconds for each in calibrations) * len(METHODS) * self.settings.calibrations
        self.again_s = self.planned * self.settings.again

    def progress(self, what, seconds):
        self.count += 1
        elapsed = time.monotonic() - self.began
        pace = elapsed / self.done if self.done > 20 else 1.0
        left = max(0.0, self.planned - self.done) * pace
        ends = "last run" if self.count >= self.total else f"about {left / 60:.0f} min left"
        self.say(f"[{self.count}/{self.total}] {what} ({seconds:.0f} s, {ends})")
        self.done += seconds

    def regime(self, regime, repetitions):
        """Returns the regime's part of the report."""
        rounds = min(repetitions, regime.repetitions_max)
        part = {"name": regime.name, "title": regime.title, "runs": [], "discarded": [], "calibration": {}, "skipped": {}}
        columns = []
        for column in regime.columns:
            why = self.unavailable(column)
            if why:
                part["skipped"][column.name] = why
                self.say(f"{regime.name}: {column.name} is left out: {why}")
                for _ in range(rounds):
                    self.leave_out(column.seconds)
            else:
                columns.append(column)
        try:
            for column in columns:
                if column.floor in CALIBRATED:
                    self.methods[regime.name, column.name] = self.calibrate(regime, column, part)
            for repetition in range(rounds):
                for column in columns:
                    self.progress(f"{regime.name}: {column.name}, repetition {repetition + 1} of {rounds}", column.seconds)
                    self.counted(regime, column, repetition, part)
        except KeyboardInterrupt:
            part["interrupted"] = True
        return part

    def faster(self, regime, column):
        """How this floor sends; where no regime has asked yet, by io_uring."""
        return self.methods.get((regime.name, column.name), METHODS[0] if column.floor in CALIBRATED else "")

    def leave_out(self, seconds):
        """Of what was planned, a run that is not needed."""
        self.total -= 1
        self.planned -= seconds

    def unavailable(self, column):
        if column.load[0] == "wrk" and not shutil.which("wrk"):
            return "wrk is not installed"
        if column.server == "nginx" and "nginx" not in self.peers:
            return "bench/peers does not say how it is started"
        return self.server(column).available()

    def calibrate(self, regime, column, part):
        """The method by which this floor is the least: its median in the regime's first metric decides."""
        metric = regime.metrics[0]
        found = {method: [] for method in METHODS}
        for _ in range(self.settings.calibrations):
            for method in METHODS:
                self.progress(f"{regime.name}: which {column.name} is faster: {method}", column.seconds)
                run = self.run(column, method)
                if stats.is_valid(run):
                    found[method].append(stats.value(run["result"], metric.path))
                else:
                    self.say(f"    {column.name} by {method}: {run['error'] or 'invalid'}")
        medians = {method: stats.median(values) for method, values in found.items()}
        known = {method: each for method, each in medians.items() if each is not None}
        best = (max if metric.more_is_better else min)(known, key=known.get) if known else METHODS[0]
        part["calibration"][column.name] = {"metric": metric.path, "medians": medians, "chosen": best}
        return best

    def counted(self, regime, column, repetition, part):
        """Adds the run that counts to the part, and what it took the place of to the discarded ones."""
        about = {"column": column.name, "server": column.server, "repetition": repetition}
        best, others = self.attempts(column, self.faster(regime, column), regime.metrics[0], about)
        part["discarded"] += others
        part["runs"].append(best)

    def attempts(self, column, method, metric, about):
        """(the run that counts, those that it took the place of), each with what is known about it. `metric` is told."""
        runs = []
        while True:
            run = {**about, "attempt": len(runs) + 1, **self.run(column, method)}
            run["flags"] = flags(run, column)
            self.tell(run, metric)
            runs.append(run)
            why = self.why_again(runs, column)
            if not why:
                break
            self.say(f"    {why}: once more")
        best = min(runs, key=lambda each: (not stats.is_valid(each), disturbance(each)))
        return best, [each for each in runs if each is not best]

    def tell(self, run, metric):
        shown = stats.value(run["result"], metric.path)
        if shown is not None:
            self.say(f"    {metric.label} {shown * metric.scale:.4g} {metric.unit}" +
                     "".join(f"; {what} {share:.0%} of a core" for what, share in run["flags"]))
        if not stats.is_valid(run):
            self.say(f"    invalid: {run['error'] or 'the generator says so'}")

    def why_again(self, runs, column):
        """What is wrong with all of these runs of one column and repetition, if another is worth its time."""
        invalid = sum(not stats.is_valid(each) for each in runs)
        if invalid == len(runs):
            return "invalid" if invalid == 1 else ""
        if min(map(disturbance, filter(stats.is_valid, runs))) <= DISTURBED_MAX or len(runs) == DISTURBED_ATTEMPTS:
            return ""
        if self.again_s < column.seconds:
            return ""
        self.again_s -= column.seconds
        return "disturbed"

    def run(self, column, method=""):
        """One load on one fresh server."""
        workdir = tempfile.mkdtemp(dir=self.temporary)
        os.chmod(workdir, 0o755)
        run = {"result": None, "error": "", "protocol": column.protocol, "load": [str(each) for each in column.load]}
        running = None
        try:
            machine.settle()
            cpu = self.cores if column.both_cores else self.server_cpu
            if column.server in self.peers:
                running = self.server(column).start(workdir, cpu, idle=column.load[0] == "idle")
                machine.with_children(running)
            else:
                running = self.server(column, method).start(workdir, cpu)
            running.pids = [*running.pids, *machine.softirq_threads(servers.cpu_set(cpu))]
            self.versions[column.server if column.server != "floor" else f"floor {column.floor}"] = running.version
            meter = generator.Meter(running.pids)
            run["result"], run["error"] = generator.run(column, running, workdir, (self.generator_cpu,))
            run.update(meter.read())
        except Exception as error:  # a server that fails, however it does, ends its run and not the whole
            run["error"] = f"{type(error).__name__}: {error}"
        finally:
            if running is not None:
                running.stop()
            shutil.rmtree(workdir, ignore_errors=True)
        return run


def disturbance(run):
    """The share of one core that was taken from a run."""
    return run.get("stolen", 0) + run.get("other_busy", 0)


def flags(run, column):
    """What a reader must know before believing the run: (what, the share of a core)."""
    said = []
    closed = "--outstanding" in column.load
    generator_busy, server_busy = stats.busy(run, "generator"), stats.busy(run, "server")
    if generator_busy is not None and generator_busy > GENERATOR_BUSY_MAX:
        said.append(("the generator was busy", generator_busy))
    if closed and server_busy is not None and server_busy < SERVER_BUSY_MIN:
        said.append(("the server was not the bottleneck: it was busy", server_busy))
    if run.get("other_busy", 0) > OTHERS_BUSY_MAX:
        said.append(("other programs ran", run["other_busy"]))
    if run.get("stolen", 0) > STOLEN_MAX:
        said.append(("the hypervisor stole", run["stolen"]))
    return said
