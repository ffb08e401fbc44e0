# SPDX-License-Identifier: Apache-2.0
"""What bench/run.py makes of the numbers: statistics, verdicts, flags, tables and charts, from made-up runs. No server runs."""
import copy
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree
from dataclasses import replace

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
sys.path.insert(0, BENCH)
import charts  # noqa: E402
import generator  # noqa: E402
import report  # noqa: E402
import runner  # noqa: E402
import scenarios  # noqa: E402
import stats  # noqa: E402
import sweep  # noqa: E402


def result(cpu=1000.0, **more):
    return {"valid": True, "seconds": 10.0, "server_cpu_s": 5.0, "generator_cpu_s": 9.0, "cpu_ns_per_delivery": cpu,
            "deliveries_per_s": 1e6, "latency_us": {"p50": 100.0, "p99": 200.0, "p999": 300.0}, **more}


def run(column, repetition, found, error=""):
    return {"column": column, "repetition": repetition, "result": found, "error": error, "flags": []}


def wide():
    return next(each for each in scenarios.regimes(scenarios.Settings()) if each.name == "wide")


def judged(runs, regime=None, **more):
    regime = regime or wide()
    return report.judge({"name": regime.name, "title": regime.title, "runs": runs, "discarded": [], "calibration": {},
                         "skipped": {}, **more}, regime)


def whole(parts, sweep_part=None):
    return {"when": "2026-01-01T00:00:00+00:00", "command": "bench/run.py", "quick": False, "repetitions": 3, "warnings": [],
            "regimes": parts, "sweep": sweep_part, "namespace": "own", "stolen": 0.01, "versions": {"nginx": "1.22"},
            "binaries": {"kodama": {"version": "kodama 1", "sha256": "0" * 64}}, "peers_left_out": {},
            "machine": {"cpu": "A | B", "cpu_model": "family 6", "cpus": 2, "kernel": "6.1", "distribution": "Debian",
                        "memory_bytes": 2 ** 33, "two_cores": 1.97, "congestion_control": "cubic", "mitigations": {}}}


class Statistics(unittest.TestCase):
    def test_a_value_is_found_by_its_path(self):
        self.assertEqual(100.0, stats.value(result(), "latency_us.p50"))

    def test_what_is_no_finite_number_is_no_value(self):
        for bad in (None, "12", True, [], {}, float("nan"), float("inf")):
            self.assertIsNone(stats.value({"a": bad}, "a"), bad)
        for bad in (None, 3, "x", [], {"a": 1}):
            self.assertIsNone(stats.value(bad, "a.b"), bad)

    def test_ratios_are_of_neighbours_of_one_repetition(self):
        self.assertEqual([2.0, 3.0], stats.ratios({0: 2.0, 1: 9.0, 2: 5.0}, {0: 1.0, 1: 3.0, 3: 1.0}))

    def test_a_missing_or_zero_side_makes_no_ratio(self):
        self.assertEqual([], stats.ratios({0: 2.0, 1: None, 2: 1.0}, {0: 0.0, 1: 3.0, 2: None}))

    def test_the_median_of_ratios_is_not_the_ratio_of_medians(self):
        runs = [run("floor", each, result(cpu)) for each, cpu in enumerate((100.0, 200.0, 400.0))]
        runs += [run("kodama", each, result(cpu)) for each, cpu in enumerate((150.0, 220.0, 400.0))]
        self.assertAlmostEqual(1.1, stats.compare(runs, "kodama", "floor", "cpu_ns_per_delivery").median)

    def test_an_invalid_run_never_counts(self):
        runs = [run("kodama", 0, result(1.0)), run("kodama", 1, result(9.0, valid=False)),
                run("kodama", 2, result(9.0), "bench_load ended with 1"), run("kodama", 3, None, "no start")]
        self.assertEqual([1.0], stats.compare(runs, "kodama", "", "cpu_ns_per_delivery").values)

    def test_the_interval_holds_the_median_within_the_spread_and_is_repeatable(self):
        values = [1.0, 1.1, 1.05, 1.2, 0.9]
        low, high = stats.interval(values)
        self.assertTrue(0.9 <= low <= 1.05 <= high <= 1.2)
        self.assertEqual((low, high), stats.interval(values))

    def test_two_values_carry_no_interval(self):
        self.assertIsNone(stats.interval([1.0, 2.0]))
        self.assertIsNone(stats.interval([1.0, 2.0, None]))

    def test_how_busy_needs_both_numbers(self):
        self.assertEqual(0.5, stats.busy({"result": result()}, "server"))
        self.assertIsNone(stats.busy({"result": {"server_cpu_s": 1.0, "seconds": 0}}, "server"))
        self.assertIsNone(stats.busy({"result": None}, "server"))


class Verdicts(unittest.TestCase):
    def test_by_the_median(self):
        for values, bounds, verdict in (([1.1], {"at_most": 1.1}, "met"), ([1.11], {"at_most": 1.1}, "missed"),
                                        ([0.85], {"at_least": 0.85}, "met"), ([0.84], {"at_least": 0.85}, "missed"),
                                        ([], {"at_most": 1.0}, "none"), ([None], {"at_most": 1.0}, "none"), ([1.0], {}, "none")):
            self.assertEqual(verdict, stats.Comparison(values).verdict(**bounds), (values, bounds))

    def test_an_interval_that_spans_the_bound_is_said(self):
        self.assertIn("unclear", stats.Comparison([1.0, 1.1, 1.2]).verdict(at_most=1.1))
        self.assertEqual("met", stats.Comparison([1.0, 1.01, 1.02]).verdict(at_most=1.1))

    def test_every_regime_has_a_bound_and_one_column_that_is_judged(self):
        peers = {each: each for each in (*scenarios.PUSHED, "socketio-polling")}
        whole_regimes = [scenarios.with_peers(each, peers) for each in scenarios.regimes(scenarios.Settings())]
        for regime in [*scenarios.regimes(scenarios.QUICK), *whole_regimes]:
            names = [each.name for each in regime.columns]
            self.assertEqual(1, sum(each.ours for each in regime.columns), regime.name)
            self.assertTrue(any(goal.at_most or goal.at_least for goal in regime.goals), regime.name)
            for goal in regime.goals:
                self.assertIn(goal.ours, names)
                self.assertIn(goal.theirs, [*names, ""])
            self.assertTrue(all(each.seconds > 0 for each in regime.columns), regime.name)

    def test_the_quick_form_has_every_bound_that_needs_no_peer_and_nothing_else(self):
        def bounds(regimes):
            return [(each.name, goal) for each in regimes for goal in each.goals if goal.at_most or goal.at_least]

        whole_settings = replace(scenarios.QUICK, beside=True)
        self.assertEqual(bounds(scenarios.regimes(whole_settings)), bounds(scenarios.regimes(scenarios.QUICK)))
        for regime in scenarios.regimes(scenarios.QUICK):
            held = {name for _, goal in bounds([regime]) for name in (goal.ours, goal.theirs)} - {""}
            self.assertEqual(held, {each.name for each in regime.columns}, regime.name)

    def test_the_quick_form_fits_in_five_minutes(self):
        plan = runner.Runner(scenarios.QUICK, (0, 1))
        plan.plan(scenarios.regimes(scenarios.QUICK), scenarios.QUICK.repetitions)
        self.assertLess(plan.planned, 5 * 60)


class Flags(unittest.TestCase):
    def flags(self, load, **more):
        column = scenarios.Column("kodama", "kodama", load)
        measured = {"result": result(**more), "load": list(load)}
        return [what for what, _ in runner.flags(measured, column)]

    def test_a_busy_generator_is_one_that_had_something_to_do_not_one_that_spun(self):
        self.assertEqual(["the generator was busy"], self.flags(("fanout", "--spin=false"), generator_cpu_s=9.9))
        self.assertEqual([], self.flags(("fanout", "--spin=true"), generator_cpu_s=10.0, generator_busy_s=3.0))
        self.assertEqual(["the generator was busy"], self.flags(("fanout", "--spin=true"), generator_busy_s=9.9))

    def test_a_closed_loop_needs_a_busy_server(self):
        closed = ("fanout", "--outstanding", "8", "--spin=false")
        self.assertEqual(["the server was not the bottleneck: it was busy"], self.flags(closed, server_cpu_s=8.0))
        self.assertEqual([], self.flags(closed, server_cpu_s=9.9))

    def test_others_and_the_hypervisor_are_named(self):
        column = scenarios.Column("kodama", "kodama", ("fanout", "--spin=true"))
        found = runner.flags({"result": result(), "other_busy": 0.5, "stolen": 0.1}, column)
        self.assertEqual([("other programs ran", 0.5), ("the hypervisor stole", 0.1)], found)

    def test_a_sweep_ends_where_the_server_no_longer_keeps_up(self):
        self.assertEqual("", sweep.saturated({"result": result(deliveries_per_s=99e3), "error": ""}, 100))
        self.assertIn("80 of 100", sweep.saturated({"result": result(deliveries_per_s=80e3), "error": ""}, 100))
        self.assertIn("boom", sweep.saturated({"result": None, "error": "boom"}, 100))


class Again(unittest.TestCase):
    """Which of the attempts at a run counts, and when there is another."""

    def attempts(self, *made, again=1000.0):
        column = wide().columns[0]
        measuring = runner.Runner(scenarios.Settings(), (0, 1), say=lambda _: None)
        measuring.again_s = again
        left = list(made)
        measuring.run = lambda *_: {"result": None, "error": "", **left.pop(0)}
        part = {"runs": [], "discarded": []}
        measuring.counted(wide(), column, 0, part)
        self.assertEqual(1, len(part["runs"]))
        return part["runs"][0], part["discarded"], left

    def test_the_least_disturbed_counts_and_not_the_best(self):
        made = [{"result": result(cpu), "stolen": stolen} for cpu, stolen in ((1.0, 0.5), (9.0, 0.2), (2.0, 0.3), (5.0, 0.4))]
        counted, discarded, left = self.attempts(*made, made[0])
        self.assertEqual(9.0, counted["result"]["cpu_ns_per_delivery"])
        self.assertEqual(3, len(discarded))
        self.assertEqual(1, len(left))

    def test_a_quiet_one_ends_it(self):
        made = [{"result": result(1.0), "other_busy": 0.5}, {"result": result(2.0), "stolen": 0.05}, {"result": result(3.0)}]
        counted, discarded, left = self.attempts(*made)
        self.assertEqual((2.0, 1, 1), (counted["result"]["cpu_ns_per_delivery"], len(discarded), len(left)))

    def test_there_is_no_time_for_more(self):
        counted, _, left = self.attempts({"result": result(1.0), "stolen": 0.5}, {"result": result(2.0)}, again=1.0)
        self.assertEqual((1.0, 1), (counted["result"]["cpu_ns_per_delivery"], len(left)))

    def test_an_invalid_one_is_made_once_more(self):
        broken = {"result": result(valid=False), "error": "lost"}
        self.assertEqual((True, 1), (self.attempts(broken, {"result": result()}, broken)[0]["result"]["valid"], 1))
        counted, discarded, left = self.attempts(broken, broken, broken)
        self.assertEqual(("lost", 1, 1), (counted["error"], len(discarded), len(left)))

    def test_a_point_of_the_sweep_is_made_again_too(self):
        measuring = runner.Runner(scenarios.Settings(), (0, 1), say=lambda _: None)
        measuring.again_s, measuring.unavailable = 1000.0, lambda _: ""
        made = [{"stolen": 0.5}, {"stolen": 0.0}]  # the first point of each server is disturbed, and that at any rate
        count = iter(range(10_000))
        measuring.run = lambda column, _: {
            "error": "", **made[next(count) % 2],
            "result": result(deliveries_per_s=1000.0 * int(column.load[column.load.index("--rate") + 1]))}
        part = sweep.run(measuring, scenarios.with_peers(wide(), {}), scenarios.Settings())
        self.assertEqual(len(sweep.RATES) * len(wide().columns), len(part["points"]))
        self.assertEqual({0.0}, {point["stolen"] for point in part["points"]})
        self.assertEqual({}, part["ended"])

    def test_the_page_tells(self):
        noisy = {**run("kodama", 0, result()), "stolen": 0.5}
        page = report.remarks(judged([run("kodama", 0, result())], discarded=[noisy, noisy]))
        self.assertIn("kodama: 2 disturbed runs were made again, and the least disturbed ones count", page)


class Wrk(unittest.TestCase):
    SAID = 'Running\n\nJSON {"requests": 1000, "us": 2000000, "failed": 0, "refused": %s, "p50": 50, "p99": 99}\n'

    def test_requests_a_second_and_a_cpu_second(self):
        found, error = generator.of_wrk(self.SAID % 0, 0.5, 1.0)
        self.assertEqual((500.0, 2000.0, True, ""), (found["requests_per_s"], found["requests_per_cpu_s"], found["valid"], error))

    def test_refused_requests_make_the_run_invalid(self):
        found, error = generator.of_wrk(self.SAID % 3, 0.5, 1.0)
        self.assertFalse(found["valid"])
        self.assertIn("3 were refused", error)

    def test_other_words_are_an_error(self):
        for said in ("", "unable to connect", "JSON ", "JSON {", "JSON []", 'JSON {"us": 0, "requests": 1}'):
            found, error = generator.of_wrk(said, 0.5, 1.0, 1)
            self.assertIsNone(found)
            self.assertIn("ended with 1", error)


class Page(unittest.TestCase):
    def runs(self):
        return [run(column, each, result(cpu + each)) for each in range(3) for column, cpu in (("floor", 1000), ("kodama", 1050))]

    def test_the_bound_the_ratio_and_the_verdict_stand_in_one_row(self):
        page = report.to_markdown(whole([judged(self.runs())]))
        row = next(line for line in page.splitlines() if line.startswith("| wide | CPU per delivery"))
        self.assertRegex(row, r"1,051 \| 1,001 \(floor\) \| 1\.05 × .*≤ 1\.1× \| met \|$")

    def test_an_absolute_bound_has_its_unit(self):
        regime = next(each for each in scenarios.regimes(scenarios.Settings()) if each.name == "idle-wss")
        page = report.to_markdown(whole([judged([run("kodama", 0, result(rss_per_connection=11000.0))], regime)]))
        self.assertRegex(page, r"11,000 B .*≤ 10,240 B \| missed \|")

    def test_runs_that_do_not_count_are_named(self):
        runs = self.runs()
        runs[1] = run("kodama", 0, result(valid=False, lost=7), "bench_load ended with 1")
        page = report.to_markdown(whole([judged(runs)]))
        self.assertIn("**kodama, repetition 1: invalid twice, does not count**: bench_load ended with 1 (lost 7)", page)
        self.assertIn("| 2 of 3 |", page)

    def test_every_table_row_has_as_many_cells_as_its_head(self):
        parts = [judged(self.runs(), skipped={"nats": "not | installed"}, interrupted=True)]
        width = None
        for line in report.to_markdown(whole(parts)).splitlines():
            if not line.startswith("|"):
                width = None
                continue
            cells = line.replace("\\|", "").count("|")
            self.assertEqual(width or cells, cells, line)
            width = cells

    def test_nothing_that_a_run_wrote_breaks_the_page_or_the_charts(self):
        for bad in (None, {}, [], "text", 3, {"valid": "yes"}, result(cpu=None), result(cpu="12"), result(cpu=float("nan")),
                    result(cpu=-5.0), result(seconds=0), result(latency_us=None), result(latency_us=[1, 2])):
            runs = self.runs()
            for each in runs:
                each["result"] = copy.deepcopy(bad)
            points = [{"column": "kodama", "rate": 100, "result": bad}]
            said = whole([judged(runs)], {"title": "sweep", "points": points, "ended": {}})
            drawn = report.to_charts(said)
            self.assertTrue(report.to_markdown({**said, "charts": sorted(drawn)}).endswith("\n"), bad)
            for svg in drawn.values():
                xml.etree.ElementTree.fromstring(svg)

    def test_no_runs_at_all_are_a_page_without_a_verdict(self):
        page = report.to_markdown(whole([judged([])]))
        self.assertRegex(page, r"wide \| CPU per delivery, ns \| – .*\| none \|")


class Charts(unittest.TestCase):
    def test_lines_are_well_formed_and_named(self):
        drawn = charts.lines("a <b> & c", [("kodama", [(1e5, 100.0), (2e5, 150.0)]), ("x<y", [(1e5, 90.0)])], "load", "µs")
        root = xml.etree.ElementTree.fromstring(drawn)
        self.assertEqual(2, len(root.findall("{*}polyline")))
        self.assertIn("x<y", [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")])

    def test_points_without_a_place_on_a_logarithmic_scale_are_left_out(self):
        points = [(0, 1.0), (1.0, -1.0), (None, 1.0), (1.0, float("nan")), ("1", 1.0), (10.0, 20.0)]
        root = xml.etree.ElementTree.fromstring(charts.lines("t", [("kodama", points)], "x", "y"))
        self.assertEqual(1, len(root.findall("{*}circle")))
        self.assertEqual("", charts.lines("t", [("kodama", points[:5])], "x", "y"))
        self.assertEqual("", charts.lines("t", [], "x", "y"))

    def test_everything_drawn_lies_within_the_picture(self):
        drawn = charts.lines("t", [("kodama", [(3.0, 0.02), (7e6, 5e5)])], "x", "y")
        root = xml.etree.ElementTree.fromstring(drawn)
        width, height = float(root.get("width")), float(root.get("height"))
        for circle in root.findall("{*}circle"):
            self.assertTrue(0 <= float(circle.get("cx")) <= width and 0 <= float(circle.get("cy")) <= height)

    def test_bars_grow_with_their_value(self):
        drawn = charts.bars("t", [("CPU", "ns", [("floor", 100.0, 90.0, 110.0), ("kodama", 200.0, None, None),
                                                 ("gone", None, None, None)])])
        root = xml.etree.ElementTree.fromstring(drawn)
        widths = [float(each.get("width")) for each in root.findall("{*}rect")][1:]
        self.assertEqual(2, len(widths))
        self.assertAlmostEqual(2.0, widths[1] / widths[0], places=2)
        self.assertEqual("", charts.bars("t", [("CPU", "ns", [("gone", None, None, None)])]))

    def test_kodama_has_its_colour_beside_whomever(self):
        for names in (["kodama"], ["floor", "kodama", "nats"], ["nats", "mosquitto", "kodama"]):
            found = charts.colours(names)
            self.assertEqual(charts.OURS, found["kodama"])
            self.assertEqual(len(names), len(set(found.values())))

    def test_both_schemes_are_there(self):
        self.assertIn("prefers-color-scheme: dark", charts.bars("t", [("CPU", "ns", [("floor", 1.0, None, None)])]))


class CommandLine(unittest.TestCase):
    def call(self, *flags):
        return subprocess.run([sys.executable, os.path.join(BENCH, "run.py"), *flags], capture_output=True, text=True,
                              timeout=60, check=False)

    def test_list_names_every_regime(self):
        said = self.call("--list")
        self.assertEqual(0, said.returncode, said.stderr)
        for regime in scenarios.regimes(scenarios.Settings()):
            self.assertRegex(said.stdout, rf"(?m)^{regime.name} ")

    def test_usage_mistakes_say_what_there_is(self):
        for flags, words in ((("--regimes", "wid"), "there are: wide"), (("--peers", "redis"), "no peer redis"),
                             (("--repetitions", "0"), "at least 1"), (("--again", "-1"), "--again must be"),
                             (("--base", "/nowhere/kodama"), "no program at")):
            said = self.call(*flags)
            self.assertEqual(2, said.returncode, flags)
            self.assertIn(words, said.stderr)

    def test_the_programs_teach_through_a_pipe(self):
        built = os.path.dirname(os.environ["KODAMA_BINARY"])
        for program, flag in (("bench_load", "--subscribers"), ("bench_floor", "--listen")):
            said = subprocess.run([os.path.join(built, program), "--help"], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual(0, said.returncode, program)
            self.assertIn(flag, said.stdout, program)


if __name__ == "__main__":
    unittest.main()
