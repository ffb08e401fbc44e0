# SPDX-License-Identifier: Apache-2.0
"""Makes the report's tables and charts from report.json alone: judge() adds a regime's ratios and verdicts to its part,
to_markdown() is the page, to_charts() the SVG files."""
from dataclasses import asdict

import charts
import stats
from charts import number


KNOWN = ("kodama", "base", "floor", "nginx")  # servers that are no peers


def judge(part, regime):
    """Everything that the page says of a regime is in its part afterwards."""
    runs = part["runs"]
    part["metrics"] = [asdict(each) for each in regime.metrics]
    part["columns"] = [each.name for each in regime.columns]
    part["goals"] = []
    for goal in regime.goals:
        comparison = stats.compare(runs, goal.ours, goal.theirs, goal.metric.path)
        part["goals"].append({
            "metric": asdict(goal.metric), "ours": goal.ours, "theirs": goal.theirs, "at_most": goal.at_most,
            "at_least": goal.at_least, **comparison.to_json(), "verdict": comparison.verdict(goal.at_most, goal.at_least)})
    part["peers"] = [rival(runs, ours, each.name, metric) for each in regime.columns if each.server not in KNOWN
                     for ours in rivals(each, regime) for metric in compared(regime)]
    return part


def compared(regime):
    """The metrics by which the peers are compared: those that a bound is on, each once."""
    return list(dict.fromkeys(goal.metric for goal in regime.goals if goal.at_most is not None or goal.at_least is not None))


def rivals(peer, regime):
    """The columns of ours that a peer's is compared with: the one that is judged, and else the one in the peer's protocol."""
    judged = [each for each in regime.columns if each.ours]
    alike = [each for each in regime.columns if each.server == "kodama" and each.protocol == peer.protocol]
    return [each.name for each in judged + ([] if any(each.ours for each in alike) else alike)]


def rival(runs, ours, peer, metric):
    comparison = stats.compare(runs, ours, peer, metric.path)
    found = {"metric": asdict(metric), "ours": ours, "peer": peer, **comparison.to_json(), "verdict": "none"}
    if comparison.median is not None:
        ahead = comparison.median > 1 if metric.more_is_better else comparison.median < 1
        found["verdict"] = "ahead" if ahead else "behind"
    return found


def shown(metric, value):
    return number(value * metric["scale"]) if value is not None else "–"


def around(found, scale=1.0):
    """The spread, and the interval where there are enough repetitions for one."""
    words = []
    for key, what in (("interval95", "95 %"), ("spread", "all")):
        if found.get(key):
            words.append(f"{what} {number(found[key][0] * scale)}–{number(found[key][1] * scale)}")
    return "; ".join(words) or "–"


def table(head, rows):
    escaped = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in escaped), ""]


def bound_of(goal):
    scale, unit = (1, "×") if goal["theirs"] else (goal["metric"]["scale"], f" {goal['metric']['unit']}")
    if goal["at_most"] is not None:
        return f"≤ {number(goal['at_most'] * scale)}{unit}"
    return f"≥ {number(goal['at_least'] * scale)}{unit}" if goal["at_least"] is not None else "–"


def bounds_table(parts):
    rows = []
    for part in parts:
        for goal in part["goals"]:
            if goal["at_most"] is None and goal["at_least"] is None:
                continue
            metric, scale = goal["metric"], 1 if goal["theirs"] else goal["metric"]["scale"]
            unit = " ×" if goal["theirs"] else f" {metric['unit']}"
            mine, other = (median_of(part, column, metric["path"]) for column in (goal["ours"], goal["theirs"]))
            rows.append([part["name"] + spoken(goal["ours"]), f"{metric['label']}, {metric['unit']}", shown(metric, mine),
                         f"{shown(metric, other)} ({goal['theirs']})" if goal["theirs"] else "–",
                         (number(goal["median"] * scale) + unit) if goal["median"] is not None else "–",
                         around(goal, scale), bound_of(goal), goal["verdict"]])
    return table(["regime", "measure", "kodama", "reference", "result", "range", "bound", "verdict"], rows)


def median_of(part, column, path):
    return stats.median(stats.by_repetition(part["runs"], column, path).values())


def shares(part, column, whose):
    found = [stats.busy(run, whose) for run in part["runs"] if run.get("column") == column and stats.is_valid(run)]
    middle = stats.median(found)
    return f"{middle:.0%}" if middle is not None else "–"


def regime_section(part):
    said = [f"### {part['name']}: {part['title']}", ""]
    rows = []
    for column in part["columns"]:
        if column in part.get("skipped", {}):
            continue
        runs = [run for run in part["runs"] if run.get("column") == column]
        rows.append([column, *(shown(metric, median_of(part, column, metric["path"])) for metric in part["metrics"]),
                     shares(part, column, "server"), shares(part, column, "generator"),
                     f"{sum(map(stats.is_valid, runs))} of {len(runs)}"])
    said += table(["server", *(f"{each['label']}, {each['unit']}" for each in part["metrics"]), "server busy",
                   "generator busy", "valid runs"], rows)
    extra = [goal for goal in part["goals"] if goal["at_most"] is None and goal["at_least"] is None]
    said += [f"* {goal['metric']['label']}: {goal['ours']} is {number(goal['median'])} × {goal['theirs']} ({around(goal)})"
             for goal in extra if goal["median"] is not None]
    for column, found in part.get("calibration", {}).items():
        medians = ", ".join(f"{name} {number(value)}" for name, value in found["medians"].items())
        said.append(f"* the {column} sends by `{found['chosen']}`, the faster here ({found['metric']}: {medians})")
    said += [f"* {column} was left out: {why}" for column, why in part.get("skipped", {}).items()]
    said += [f"* {named}" for named in remarks(part)]
    said += ["* interrupted: not all repetitions were made"] if part.get("interrupted") else []
    return [*said, ""]


def remarks(part):
    """Every run that did not count, by name, and what was flagged in the others."""
    found = []
    disturbed = {}
    for run in part.get("discarded", []):
        if stats.is_valid(run):
            disturbed[run["column"]] = disturbed.get(run["column"], 0) + 1
        else:
            found.append(f"{run['column']}, repetition {run['repetition'] + 1}: invalid at first, made again: {reason(run)}")
    found += [f"{column}: {count} disturbed runs were made again, and the least disturbed ones count"
              for column, count in disturbed.items()]
    for run in part["runs"]:
        name = f"{run['column']}, repetition {run['repetition'] + 1}"
        if not stats.is_valid(run):
            found.append(f"**{name}: invalid twice, does not count**: {reason(run)}")
    return found + doubts(part)


def doubts(part):
    """What was flagged in runs of one column, in a line each."""
    grouped = {}
    for run in part["runs"]:
        for what, share in run.get("flags", []):
            grouped.setdefault((run["column"], what), []).append(share)
    return [f"{column}: {what}, at most {max(shares):.0%} of a core, in {len(shares)} of "
            f"{sum(run['column'] == column for run in part['runs'])} runs" if "not the bottleneck" not in what else
            f"{column}: {what} {min(shares):.0%} of a core in {len(shares)} runs" for (column, what), shares in grouped.items()]


def reason(run):
    counts = {key: stats.value(run.get("result"), key) for key in ("lost", "reordered", "failed")}
    lost = ", ".join(f"{key} {number(count)}" for key, count in counts.items() if count)
    return " ".join(f"{run.get('error') or 'the generator says so'}{f' ({lost})' if lost else ''}".split())[:300]


def spoken(ours):
    """For a row whose "kodama" is not the column of that name."""
    return "" if ours == "kodama" else f", {ours}"


def peers_section(parts, skipped):
    rows = []
    for part in parts:
        for found in part["peers"]:
            metric, ours = found["metric"], found.get("ours", "kodama")
            rows.append([part["name"], f"{metric['label']}, {metric['unit']}", found["peer"] + spoken(ours),
                         shown(metric, median_of(part, ours, metric["path"])),
                         shown(metric, median_of(part, found["peer"], metric["path"])),
                         f"{number(found['median'])} ×" if found["median"] is not None else "–", around(found),
                         found["verdict"]])
    if not rows and not skipped:
        return []
    said = ["## Against the peers", ""]
    said += table(["regime", "measure", "peer", "kodama", "peer's", "kodama ÷ peer", "range", "kodama is"], rows) if rows else []
    return said + [f"* {name} was left out: {why}" for name, why in skipped.items()] + ([""] if skipped else [])


def machine_section(report):
    facts, binaries = report["machine"], report["binaries"]
    rows = [["processor", f"{facts['cpu']} ({facts['cpu_model']}), {facts['cpus']} cores"
             + (", virtual machine" if facts.get("hypervisor") else "")],
            ["kernel", f"{facts['kernel']}, {facts['distribution']}"],
            ["memory", f"{facts['memory_bytes'] / 2 ** 30:.1f} GiB" if facts.get("memory_bytes") else "–"],
            ["two cores do", f"{number(facts.get('two_cores'))} × the work of one"],
            ["stolen", f"{report['stolen']:.1%} of a core over the whole run" if report.get("stolen") is not None else "–"],
            ["congestion control", facts["congestion_control"]],
            ["network", "a namespace of its own" if report["namespace"] == "own" else "the machine's own, shared"],
            ["mitigations", "; ".join(f"{name}: {state}" for name, state in facts["mitigations"].items()
                                      if state != "Not affected") or "none"]]
    rows += [[name, f"{found['version']} sha256 {found['sha256'][:12]}".strip()] for name, found in binaries.items()]
    rows += [[name, version] for name, version in report["versions"].items()
             if name not in ("kodama", "base") and not name.startswith("floor")]
    return table(["", ""], rows)


def to_markdown(report):
    parts = report["regimes"]
    said = ["# The benchmark of kodama", "", f"{report['when']}, `{report['command']}`, {report['repetitions']} repetitions"
            f"{' (quick: shorter runs, fewer repetitions)' if report['quick'] else ''}.", ""]
    said += [f"**{warning}**" + "\n" for warning in report["warnings"]]
    if parts:
        said += ["## Against the floors", "",
                 "Medians over the repetitions; the result is the median of the ratios of neighbouring runs.", "",
                 *bounds_table(parts)]
    said += peers_section(parts, report.get("peers_left_out", {}))
    for name in report.get("charts", []):
        said += [f"![{name.removesuffix('.svg')}]({name})", ""]
    said += ["## Each regime", ""] if parts else []
    for part in parts:
        said += regime_section(part)
    sweep = report.get("sweep")
    if sweep:
        said += [f"## {sweep['title']}", ""]
        said += table(["server", "messages/s", "deliveries/s", "p50, µs", "p99, µs", "server busy"], [
            [each["column"], each["rate"], *(number(stats.value(each["result"], path)) for path in
                                             ("deliveries_per_s", "latency_us.p50", "latency_us.p99")),
             f"{stats.busy(each, 'server') or 0:.0%}"] for each in sweep["points"]])
        said += [f"* {name} ends at {found['rate']} messages/s: {' '.join(found['why'].split())[:200]}"
                 for name, found in sweep.get("ended", {}).items()] + [""]
    return "\n".join([*said, "## The machine", "", *machine_section(report)]).rstrip() + "\n"


def to_charts(report):
    """File name → SVG, of what there is to draw."""
    found = {}
    points = (report.get("sweep") or {}).get("points", [])
    names = list(dict.fromkeys(each["column"] for each in points))
    for path in ("p50", "p99"):
        series = [(name, [(stats.value(each["result"], "deliveries_per_s"), stats.value(each["result"], f"latency_us.{path}"))
                             for each in points if each["column"] == name]) for name in names]
        found[f"latency-{path}.svg"] = charts.lines(f"Latency ({path}) against load, 1,000 subscribers", series,
                                                    "deliveries/s", "µs from when the message was due")
    panels = []
    for part in report["regimes"]:
        metric = part["metrics"][0]
        rows = [(column, *scaled(part, column, metric)) for column in part["columns"]]
        words = "more is better" if metric["more_is_better"] else "less is better"
        panels.append((f"{part['name']}: {metric['label']} ({words})", metric["unit"], rows))
    found["comparison.svg"] = charts.bars("kodama beside the floors and the peers: medians, and the spread", panels)
    return {name: drawn for name, drawn in found.items() if drawn}


def scaled(part, column, metric):
    """(median, least, most) in the metric's unit."""
    values = list(stats.by_repetition(part["runs"], column, metric["path"]).values())
    low, high = stats.spread(values) or (None, None)
    return tuple(each * metric["scale"] if each is not None else None for each in (stats.median(values), low, high))
