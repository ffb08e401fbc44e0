# SPDX-License-Identifier: Apache-2.0
"""Which peers take part in which regime of bench/run.py, beside which kodama, and what the page says of them."""
import os
import subprocess
import unittest

from test_bench import judged, report, result, run, scenarios, whole, wide


class Peers(unittest.TestCase):
    def test_base_and_peers_stand_behind_kodama_under_its_load(self):
        regime = scenarios.with_base(scenarios.with_peers(wide(), {"nats": "nats"}))
        self.assertEqual(["floor", "kodama", "base", "kodama (native)", "nats"], [each.name for each in regime.columns])
        self.assertEqual(1, len({each.load for each in regime.columns}))
        self.assertEqual("nats", regime.columns[-1].protocol)
        self.assertIn("base", [goal.theirs for goal in regime.goals])

    def test_peers_take_part_where_their_protocol_does(self):
        peers = {"node": "socketio", "poll": "socketio-polling"}
        taking = {regime.name: [each.name for each in scenarios.with_peers(regime, peers).columns]
                  for regime in scenarios.regimes(scenarios.Settings())}
        for name in ("wide", "dense-100", "one-to-one", "idle-ws"):
            self.assertEqual(["floor", "kodama", "kodama (native)", "kodama (Socket.IO)", "node"], taking[name])
        self.assertEqual(["WebSocket", "kodama", "poll"], taking["socketio-polling"])
        self.assertEqual(["in a room", "kodama", "poll"], taking["idle-polling"])
        self.assertEqual(["native", "kodama", "to everybody"], taking["socketio-wide"])

    def test_socketio_is_held_against_socketio(self):
        peers = {"socketio": "socketio", "nats": "nats", "socketio-polling": "socketio-polling"}
        regimes = [scenarios.with_peers(each, peers) for each in scenarios.regimes(scenarios.Settings())]
        held = {regime.name: [(goal.metric.path, goal.ours, goal.theirs) for goal in regime.goals
                              if goal.theirs in peers and goal.at_most == 1.0] for regime in regimes}
        cpu, memory = "cpu_ns_per_delivery", "rss_per_connection"
        for name in ("wide", "dense-100", "one-to-one"):
            self.assertEqual([(cpu, "kodama (Socket.IO)", "socketio")], held[name])
        self.assertEqual([(memory, "kodama (Socket.IO)", "socketio")], held["idle-ws"])
        self.assertEqual([(cpu, "kodama", "socketio-polling")], held["socketio-polling"])
        self.assertEqual([(memory, "kodama", "socketio-polling")], held["idle-polling"])

    def test_kodama_does_by_rules_what_the_peer_does(self):
        for regime in scenarios.regimes(scenarios.Settings()):
            for column in scenarios.with_peers(regime, {"node": "socketio"}).columns:
                if column.server == "kodama" and column.protocol.startswith("socketio"):
                    wanted = scenarios.EVERYBODY if column.name == "to everybody" else scenarios.SOCKETIO
                    self.assertEqual(wanted, column.flags[-2:], regime.name)
        for _, rules in (scenarios.SOCKETIO, scenarios.EVERYBODY):
            checked = subprocess.run([os.environ["KODAMA_BINARY"], "check-config", rules], capture_output=True, text=True,
                                     timeout=60, check=False)
            self.assertEqual((0, ""), (checked.returncode, checked.stderr), checked.stdout)

    def test_each_row_of_the_peers_says_which_kodama(self):
        regime = scenarios.with_peers(wide(), {"node": "socketio", "nats": "nats"})
        runs = [run(column, 0, result(cpu)) for column, cpu in
                (("kodama", 100.0), ("kodama (Socket.IO)", 120.0), ("node", 110.0), ("nats", 50.0))]
        part = judged(runs, regime)
        found = {(each["ours"], each["peer"]): each["verdict"] for each in part["peers"]
                 if each["metric"]["path"] == "cpu_ns_per_delivery"}
        self.assertEqual({("kodama", "node"): "ahead", ("kodama (Socket.IO)", "node"): "behind", ("kodama", "nats"): "behind"},
                         found)
        page = report.to_markdown(whole([part]))
        self.assertRegex(page, r"wide \| CPU per delivery, ns \| node \| 100 \| 110 .* ahead \|")
        self.assertRegex(page, r"wide \| CPU per delivery, ns \| node, kodama \(Socket.IO\) \| 120 \| 110 .* behind \|")

    def test_a_peer_that_is_cheaper_is_said_to_be(self):
        regime = scenarios.with_peers(wide(), {"slow": "mqtt", "fast": "nats"})
        part = judged([run("kodama", 0, result(100.0)), run("slow", 0, result(300.0)), run("fast", 0, result(50.0))], regime)
        found = {(each["peer"], each["metric"]["label"]): each["verdict"] for each in part["peers"]}
        self.assertEqual("ahead", found["slow", "CPU per delivery"])
        self.assertEqual("behind", found["fast", "CPU per delivery"])
        self.assertEqual({"slow", "fast"}, {peer for peer, _ in found})


if __name__ == "__main__":
    unittest.main()
