# SPDX-License-Identifier: Apache-2.0
"""Order and loss (tests/e2e/swarm): each scenario a test.

KODAMA_BINARY is the broker, KODAMA_SWARM the swarm, KODAMA_SHARDS how many shards; KODAMA_SLOW=1 under the sanitizers:
a fiftieth of the messages, and five times the time.
"""
import os
import subprocess
import unittest

MESSAGES = 100_000
SECONDS_MAX = 600  # the swarm has its own, shorter bounds


class Swarm(unittest.TestCase):
    def run_scenario(self, scenario):
        slow = os.environ.get("KODAMA_SLOW") == "1"
        command = [os.environ["KODAMA_SWARM"], "--binary", os.environ["KODAMA_BINARY"], "--scenario", scenario,
                   "--shards", os.environ["KODAMA_SHARDS"], "--messages", str(MESSAGES // 50 if slow else MESSAGES),
                   *(["--slow", "5"] if slow else [])]
        print(f"\n{scenario}: {' '.join(command[1:])}", flush=True)
        code = subprocess.run(command, timeout=SECONDS_MAX, check=False).returncode
        self.assertEqual(0, code, f"{scenario} ended with {code}; what it found is above")

    def test_every_subscriber_sees_each_topic_without_hole_or_repeat(self):
        self.run_scenario("plain")

    def test_the_same_over_tls(self):
        self.run_scenario("tls")

    def test_the_same_for_subscribers_that_drop_and_resume(self):
        self.run_scenario("resume")

    def test_stalled_readers_lose_by_policy_and_others_nothing(self):
        self.run_scenario("stalled")


if __name__ == "__main__":
    unittest.main()
