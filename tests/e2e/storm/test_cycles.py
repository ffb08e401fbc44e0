# SPDX-License-Identifier: Apache-2.0
"""Storms: thousands of connections come and go, ten times over; and what is left of them is nothing.

Runs alone: KODAMA_BINARY=build/release/kodama /usr/bin/python3 -u tests/e2e/storm/test_cycles.py -v
"""
import resource
import time
import unittest

import kernel
from herd import PATIENCE, PATIENT, Crowd, hold, network, nobody_but
from harness import OwnBrokerCase
from http_wire import SLOW, deadline
from kernel import MIB, mib

CYCLES = 3 if SLOW else 10
PLAIN, SECURE = (600, 200) if SLOW else (15_000, 4_000)
PLAIN_CROWDS, SECURE_CROWDS = 3, 2
GROWTH = 1.10
ITS_OWN = 64 + 8 * 16  # descriptors of the broker itself, with room for 16 shards


def allowed(plain, secure):
    """As many of both as the machine lets one process hold, the broker."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = hard - ITS_OWN if hard != resource.RLIM_INFINITY else plain + secure
    share = min(1.0, room / (plain + secure))
    return int(plain * share), int(secure * share)


class Cycles(OwnBrokerCase):
    def rests(self, broker):
        """Waits until memory has stood still for two seconds, behind what is done at a calm moment; returns it."""
        last, since = kernel.resident_bytes(broker.pid), time.monotonic()
        for _ in deadline(PATIENCE):
            now = kernel.resident_bytes(broker.pid)
            if abs(now - last) > MIB // 4:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= 2:
                return now

    def test_memory_comes_back_after_each_of_many_storms(self):
        plain, secure = allowed(PLAIN, SECURE)
        if plain + secure < (PLAIN + SECURE) // 4:
            self.skipTest(f"a process may hold {resource.getrlimit(resource.RLIMIT_NOFILE)[1]} descriptors here: too few")
        if plain < PLAIN:
            print(f"a process may hold {resource.getrlimit(resource.RLIMIT_NOFILE)[1]} descriptors here: "
                  f"{plain} ws and {secure} wss instead of {PLAIN} and {SECURE}", flush=True)
        broker = self.start(*PATIENT)
        descriptors = kernel.descriptors(broker.pid)  # before the first look at the metrics, which is a connection too
        fresh = kernel.resident_bytes(broker.pid)
        crowds = [Crowd(hold, broker.http, False, plain // PLAIN_CROWDS) for _ in range(PLAIN_CROWDS)]
        crowds += [Crowd(hold, broker.https, True, secure // SECURE_CROWDS) for _ in range(SECURE_CROWDS)]
        for crowd in crowds:
            self.addCleanup(crowd.kill)
        rows = [f"fresh: resident {mib(fresh)}, {descriptors} descriptors"]
        print("\n" + rows[0], flush=True)
        left = []
        for cycle in range(1, CYCLES + 1):
            began = time.monotonic()
            for number, crowd in enumerate(crowds):
                crowd.tell(network(cycle * len(crowds) + number))
            held = sum(crowd.answer() for crowd in crowds)
            metrics = broker.metrics()
            self.assertEqual((metrics.sum("connections", transport="ws"), metrics.sum("connections", transport="wss")),
                             (plain // PLAIN_CROWDS * PLAIN_CROWDS, secure // SECURE_CROWDS * SECURE_CROWDS))
            self.assertEqual(kernel.sockets(broker.http, broker.https), held)
            came = time.monotonic() - began
            full, slab = kernel.resident_bytes(broker.pid), kernel.slab_bytes()
            for crowd in crowds:
                crowd.tell(None)
            for crowd in crowds:
                crowd.answer()
            self.assertEqual(nobody_but(broker, 0, descriptors).sum("subscriptions"), 0)
            gone = time.monotonic() - began - came
            left.append(self.rests(broker))
            rows.append(f"cycle {cycle}: {held} held after {came:.1f} s, resident {mib(full)}, slab {mib(slab)}; gone after "
                        f"{gone:.1f} s more, resident {mib(left[-1])}, slab {mib(kernel.slab_bytes())}")
            print(rows[-1], flush=True)
        if not SLOW:  # a sanitizer's shadow and its quarantine would be what is measured
            said = "memory does not come back:\n" + "\n".join(rows)
            self.assertLessEqual(max(left), left[0] * GROWTH, said)
            self.assertLess(left[0], (fresh + full) / 2, said)  # malloc_trim: free() alone keeps nearly all of it


if __name__ == "__main__":
    unittest.main()
