# SPDX-License-Identifier: Apache-2.0
"""An idle broker makes no wake-ups: nobody polls, no timer ticks, also with connections that rest."""
import contextlib
import os
import re
import time
import unittest

from harness import SLOW, BrokerCase, WebSocket, trusting

ALONE = True  # processor time is measured
SECONDS = 2.0


class Idle(BrokerCase):
    def switches(self):
        """Voluntary context switches of each shard's thread."""
        counts = {}
        tasks = f"/proc/{self.broker.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/comm", encoding="ascii") as file:
                name = file.read().strip()
            if name.startswith("shard "):
                with open(f"{tasks}/{task}/status", encoding="ascii") as file:
                    counts[name] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)[1])
        return counts

    def turns(self):
        metrics = self.broker.metrics()
        return {dict(labels)["shard"]: value for (name, labels), value in metrics.values.items()
                if name == "kodama_shard_turns_total"}

    def settled(self):
        """The counts, once nothing of what was done before stirs any more."""
        before = None
        end = time.monotonic() + 20
        while (now := (self.switches(), self.turns())) != before:
            self.assertLess(time.monotonic(), end, f"it never rests: {before} {now}")
            before = now
            time.sleep(0.3)  # rest is what is looked for: nothing happens that could be waited for
        return now

    def rests(self):
        before = self.settled()
        time.sleep(SECONDS)  # idleness is what is measured here
        switches, turns = self.switches(), self.turns()
        self.assertEqual(turns, before[1], "turns were made")
        for name, count in switches.items():
            # A sanitizer's own thread may interrupt; a scrape may not.
            self.assertLessEqual(count - before[0][name], 5 if SLOW else 0, f"{name} woke up")

    def test_without_connections(self):
        self.rests()

    def test_with_connections_that_rest(self):
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(self.broker.raw("rest")).sync()
                stack.enter_context(WebSocket(self.broker.https, "/ws", tls=trusting())).sync()
                stack.enter_context(self.broker.wire()).request("GET", "/topics/rest")
            self.broker.publish("rest")  # and a log that will expire, some day
            self.rests()

    def test_healthz_asks_only_when_it_is_asked(self):
        before = self.settled()
        self.assertEqual(self.broker.admin_get("/healthz").status, 200)
        after = self.settled()
        for shard, count in after[1].items():
            self.assertLessEqual(count - before[1][shard], 3)


if __name__ == "__main__":
    unittest.main()
