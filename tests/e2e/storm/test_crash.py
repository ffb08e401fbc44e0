# SPDX-License-Identifier: Apache-2.0
"""Clients crash by the hundred while others listen: those lose nothing, and nothing is left of the dead.

Runs alone: KODAMA_BINARY=build/release/kodama /usr/bin/python3 -u tests/e2e/storm/test_crash.py -v
"""
import re
import time
import unittest

import kernel
from herd import PATIENCE, PATIENT, Rushes, nobody_but
from harness import OwnBrokerCase, trusting
from http_wire import SLOW
from kernel import MIB, mib
from listener import Audience, Listener
from ws_wire import WebSocket

SECONDS = 10 if SLOW else 60
CONNECTS_A_SECOND = 200 if SLOW else 2000
PLAIN, SECURE = 80, 20
CLIENTS = PLAIN + SECURE + 1
PUBLISH_EVERY = 0.02
# Each of 120,000 connections may leave 280 bytes behind, no more.
GROWTH = 32 * MIB


class Crash(OwnBrokerCase):
    def storm(self, seconds):
        began = said = time.monotonic()
        due = began
        rushes = Rushes(self.broker.http, self.broker.https, CONNECTS_A_SECOND)
        try:
            while (now := time.monotonic()) < began + seconds:
                rushes.turn(now)
                if now >= due:
                    due = now + PUBLISH_EVERY
                    self.publish()
                self.audience.listen(0.002)
                if now >= said + 10:
                    said = now
                    print(f"{now - began:.0f} s: {rushes.born} crowds were born, {rushes.killed} killed; {self.published} "
                          f"messages, {self.audience.behind(self.published)} of {CLIENTS - 1} subscribers await the last; "
                          f"resident {mib(kernel.resident_bytes(self.broker.pid))}", flush=True)
        finally:
            rushes.end()
        self.audience.catch_up(self.published)
        return time.monotonic() - began

    def publish(self):
        self.published += 1
        self.publisher.send_text(str(self.published))

    def settled(self):
        return nobody_but(self.broker, CLIENTS, self.descriptors, lambda: self.audience.listen(0))

    def test_subscribers_lose_nothing_and_the_dead_leave_nothing(self):
        self.broker = self.start(*PATIENT)
        self.descriptors = kernel.descriptors(self.broker.pid)
        self.publisher, self.published = WebSocket(self.broker.http, "/topics/live?publish=only"), 0
        self.addCleanup(self.publisher.close)
        self.audience = Audience([Listener(self.broker.http, "live") for _ in range(PLAIN)] +
                                 [Listener(self.broker.https, "live", tls=trusting()) for _ in range(SECURE)])
        self.addCleanup(self.audience.close)
        self.storm(SECONDS / 6)  # what the first one makes once, stays: buffers, slots, arenas
        before, resident = self.settled(), kernel.resident_bytes(self.broker.pid)
        print(f"\nbefore: {kernel.descriptors(self.broker.pid)} descriptors, resident {mib(resident)}", flush=True)

        took = self.storm(SECONDS)
        self.publish()  # and they still listen
        self.audience.catch_up(self.published)
        after, grown = self.settled(), kernel.resident_bytes(self.broker.pid) - resident
        came = after.sum("connections_accepted_total") - before.sum("connections_accepted_total")
        ends = {dict(labels)["reason"]: int(value) for (name, labels), value in after.values.items()
                if name == "kodama_connections_closed_total" and value}
        print(f"after: {came / took:.0f} connects a second, {self.published} messages to each subscriber, "
              f"{kernel.descriptors(self.broker.pid)} descriptors, {mib(grown)} more resident; connections ended by "
              f"{ends}", flush=True)
        self.assertGreater(came / took, CONNECTS_A_SECOND / 10, "it was no storm")
        self.assertEqual(after.sum("deliveries_dropped_total"), 0)
        self.assertEqual(after.sum("subscriptions"), CLIENTS - 1)
        if not SLOW:  # a sanitizer's shadow and its quarantine would be what is measured
            self.assertLess(grown, GROWTH)
        self.assert_slots(CLIENTS)

    def assert_slots(self, clients):
        """How many the shards hold, as they say when they are told to end."""
        self.broker.signal()
        self.broker.wait(PATIENCE)
        held = [int(each) for each in re.findall(r"draining.*connections=(\d+)", self.broker.log())]
        self.assertEqual(sum(held), clients, f"of each shard: {held}")


if __name__ == "__main__":
    unittest.main()
