# SPDX-License-Identifier: Apache-2.0
"""Measures kodama beside the floors and the peers, and says which bounds hold: bench/README.md is the method.

  bench/run.py                       everything, about an hour
  bench/run.py --quick               under five minutes: what has a bound, without the peers
  bench/run.py --regimes wide,http   some regimes (--list names them; "sweep" is latency against load)
  bench/run.py --base PATH           a second kodama in every regime (or BASE=PATH), to judge a change
  bench/run.py --report DIR          nothing is measured: the page and the charts are made again from DIR/report.json

The page goes to stdout and, with the charts and every run's numbers, to --out. Progress goes to stderr. Ctrl-C stops
everything that was started and reports what there is. The exit code is 1 when a regime could not be measured, 2 for a
usage mistake; a missed bound is a result, not a failure.
"""
import argparse
import datetime
import json
import os
import shlex
import signal
import sys
import time

import machine
import report
import scenarios
import servers
import stats
import sweep
from dataclasses import asdict, replace
from runner import Runner

SIBLINGS_BELOW = 1.7  # two cores that do less than this are threads of one
LOAD_AVERAGE_MAX = 0.5
UNBUILT = "KODAMA_BENCH_UNBUILT"  # in the environment of the re-executed program: which peers could not be built, and why


def arguments(given):
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="shorter runs, two repetitions, no peers unless asked for")
    parser.add_argument("--regimes", default="", metavar="A,B", help="only these (and sweep)")
    parser.add_argument("--peers", default=None, metavar="all|none|A,B", help="default: all, with --quick none")
    parser.add_argument("--repetitions", type=int, default=None, metavar="N", help="default: 5, with --quick 2")
    parser.add_argument("--again", type=float, default=None, metavar="SHARE",
                        help="of the planned time, for disturbed runs to be made again; default: 0.25, with --quick 0")
    parser.add_argument("--base", default=os.environ.get("BASE", ""), metavar="PATH", help="another kodama to run beside")
    parser.add_argument("--out", default=os.path.join(servers.ROOT, "build/bench/report"), metavar="DIR",
                        help="default: build/bench/report")
    parser.add_argument("--report", default="", metavar="DIR", help="only make DIR's page and charts again")
    parser.add_argument("--list", action="store_true", help="name the regimes with their bounds, and the peers")
    wanted = parser.parse_args(given)
    if wanted.repetitions is not None and wanted.repetitions < 1:
        parser.error("--repetitions must be at least 1")
    if wanted.again is not None and not 0 <= wanted.again <= 10:
        parser.error("--again must be between 0 and 10")
    if wanted.base:
        wanted.base = os.path.abspath(wanted.base)
        if servers.missing(wanted.base):
            parser.error(f"--base: {servers.missing(wanted.base)}")
    known = [each.name for each in scenarios.regimes(scenarios.Settings())] + ["sweep"]
    wanted.regimes = [name for name in wanted.regimes.split(",") if name]
    unknown = [name for name in wanted.regimes if name not in known]
    if unknown:
        parser.error(f"no regime {', '.join(unknown)}; there are: {', '.join(known)}")
    wanted.peers, wanted.peers_left_out = chosen_peers(parser, wanted)
    return wanted


def all_peers():
    try:
        from peers import peers
        return peers.PEERS
    except ImportError as error:
        to_terminal(f"no peers: {error}")
        return {}


def nginx():
    """What the http regime is held against, as the runner takes it."""
    try:
        from peers import peers
        return {"nginx": peers.NGINX_RETURN_200}
    except (ImportError, AttributeError):
        return {}


def chosen_peers(parser, wanted):
    """(name → peer that can be started, name → why it cannot)."""
    words = wanted.peers if wanted.peers is not None else ("none" if wanted.quick else "all")
    if words == "none":
        return {}, {}
    there = all_peers()
    names = list(there) if words == "all" else [name for name in words.split(",") if name]
    unknown = [name for name in names if name not in there]
    if unknown:
        parser.error(f"no peer {', '.join(unknown)}; there are: {', '.join(there)}")
    why = {name: there[name].available() or not_built(name) for name in names}
    return {name: there[name] for name in names if not why[name]}, {name: said for name, said in why.items() if said}


def build_peers(wanted):
    """Before the network is gone: fetches and compiles what is not there yet. What fails is left out later."""
    failed = {}
    for name, peer in wanted.peers.items():
        to_terminal(f"building {name}, if it is not there yet")
        try:
            peer.build()
        except Exception as error:  # whatever a peer's tools do, the others are measured
            failed[name] = f"it could not be built: {' '.join(str(error).split())[:300]}"
            to_terminal(f"!! {name}: {failed[name]}")
    os.environ[UNBUILT] = json.dumps(failed)


def not_built(name):
    return json.loads(os.environ.get(UNBUILT, "{}")).get(name, "")


def print_list():
    for regime in scenarios.regimes(scenarios.Settings()):
        print(f"{regime.name:12} {regime.title}")
        for goal in regime.goals:
            bound = report.bound_of({**asdict(goal), "metric": asdict(goal.metric)})
            if bound != "–":
                print(f"{'':12}   {goal.metric.label} {bound}" + (f" {goal.theirs}" if goal.theirs else ""))
    print(f"{'sweep':12} latency against load: wide at growing rates, each server until it no longer keeps up")
    peers = all_peers()
    print("peers: " + "; ".join(name + (f" (left out: {peer.available()})" if peer.available() else "")
                                for name, peer in peers.items()))


def cores(warnings):
    """(the server's, the generator's)."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        warnings.append("Only one core may be used: server and generator share it, and no result below means anything.")
    return allowed[0], allowed[min(1, len(allowed) - 1)]


def prepare(wanted, namespace):
    """The report without its results; says loudly what makes them doubtful."""
    warnings = []
    if namespace == "own":
        warnings += machine.prepare_namespace()
    else:
        warnings.append(f"No network namespace of its own ({namespace}): the machine's settings, ports and traffic are shared.")
    facts = machine.facts()
    cpus = cores(warnings)
    if facts["load_average"] > LOAD_AVERAGE_MAX:
        warnings.append(f"The machine was busy before the first run (load average {facts['load_average']:.2f}).")
    facts["two_cores"] = machine.sibling_check(*cpus)
    if facts["two_cores"] is not None and facts["two_cores"] < SIBLINGS_BELOW:
        warnings.append(f"The two cores do only {facts['two_cores']:.2f} × the work of one: they are threads of one core, "
                        "or something else runs; server and generator slow each other down.")
    binaries = {"kodama": servers.binary("kodama"), "bench_load": servers.binary("bench_load"),
                "bench_floor": servers.binary("bench_floor"), **({"base": wanted.base} if wanted.base else {})}
    for name, path in binaries.items():
        if servers.missing(path):
            sys.exit(f"{name}: {servers.missing(path)} (make bench builds it)")
    said = {"schema": 1, "when": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": "bench/run.py " + shlex.join(sys.argv[1:]), "quick": wanted.quick, "namespace": namespace,
            "machine": facts, "cpus": {"server": cpus[0], "generator": cpus[1]}, "warnings": warnings,
            "binaries": {name: servers.identity(path, not name.startswith("bench_")) for name, path in binaries.items()},
            "versions": {},
            "peers_left_out": wanted.peers_left_out, "regimes": [], "sweep": None}
    return said, cpus


def measure(wanted, said, cpus):
    settings = scenarios.QUICK if wanted.quick else scenarios.Settings()
    repetitions = wanted.repetitions or settings.repetitions
    settings = replace(settings, beside=settings.beside or bool(wanted.regimes))
    settings = settings if wanted.again is None else replace(settings, again=wanted.again)
    said["repetitions"], said["settings"] = repetitions, asdict(settings)
    protocols = {name: peer.protocol for name, peer in wanted.peers.items()}
    regimes = [scenarios.with_peers(each, protocols) for each in scenarios.regimes(settings)]
    regimes = [scenarios.with_base(each) for each in regimes] if wanted.base else regimes
    wide = regimes[0]
    sweeping = "sweep" in wanted.regimes or not wanted.regimes and not wanted.quick
    regimes = [each for each in regimes if not wanted.regimes or each.name in wanted.regimes]
    shorter = replace(settings, **sweep.SHORTER)
    began, stolen = time.monotonic(), machine.processor_time()[1]
    with Runner(settings, cpus, {**wanted.peers, **nginx()}, wanted.base, to_terminal) as runner:
        runner.plan(regimes, repetitions)
        if sweeping:
            sweep.plan(runner, wide, shorter)
        to_terminal(f"{runner.total} runs, about {runner.planned / 60:.0f} min")
        parts = []
        for regime in regimes:
            part = report.judge(runner.regime(regime, repetitions), regime)
            parts.append(part)
            if part.get("interrupted"):
                said["warnings"].append("Interrupted: what is missing was not measured.")
                break
        else:
            said["sweep"] = sweep.run(runner, wide, shorter) if sweeping else None
        said["regimes"], said["versions"] = parts, runner.versions
    said["seconds"] = time.monotonic() - began
    said["stolen"] = (machine.processor_time()[1] - stolen) / said["seconds"]


def publish(said, folder):
    """Writes report.json, report.md and the charts, and prints the page."""
    drawn = report.to_charts(said)
    said["charts"] = sorted(drawn)
    page = report.to_markdown(said)
    for name, content in {"report.json": json.dumps(said, indent=1) + "\n", "report.md": page, **drawn}.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)
    print(page)
    to_terminal(f"all of it is in {os.path.relpath(folder)}")


def to_terminal(words):
    print(words, file=sys.stderr, flush=True)


def main(given):
    wanted = arguments(given)
    if wanted.list:
        print_list()
        return 0
    if wanted.report:
        with open(os.path.join(wanted.report, "report.json"), encoding="utf-8") as file:
            publish(json.load(file), wanted.report)
        return 0
    if machine.NAMESPACE not in os.environ:
        build_peers(wanted)
    namespace = machine.enter_namespace(os.path.abspath(__file__), given)
    for name in [name for name in wanted.peers if not_built(name)]:
        wanted.peers_left_out[name] = not_built(name)
        del wanted.peers[name]
    for ending in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background jobs begin with it ignored
        signal.signal(ending, signal.default_int_handler)
    os.makedirs(wanted.out, exist_ok=True)
    said, cpus = prepare(wanted, namespace)
    for warning in said["warnings"]:
        to_terminal(f"!! {warning}")
    measure(wanted, said, cpus)
    publish(said, wanted.out)
    if any(part.get("interrupted") for part in [*said["regimes"], said["sweep"] or {}]):
        return 130
    judged = [each for each in said["regimes"] if not any(goal["median"] is not None for goal in each["goals"])]
    return 1 if judged or any(not stats.is_valid(run) for part in said["regimes"] for run in part["runs"]) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
