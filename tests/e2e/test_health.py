# SPDX-License-Identifier: Apache-2.0
"""/healthz of a broker whose shard hangs."""
import time
import unittest

import one_thread
from harness import SHARDS, TIMEOUT, BrokerCase
from http_wire import deadline

ALONE = True  # how soon an answer comes is measured


class Health(BrokerCase):
    def look(self, status):
        """Looks as a kubelet does, again and again, until it is that status; how long that took."""
        began = time.monotonic()
        while (answer := self.broker.admin_get("/healthz")).status != status:
            self.assertLess(time.monotonic() - began, TIMEOUT, answer)
            time.sleep(0.2)  # between two looks of a prober
        return answer, time.monotonic() - began

    def test_a_shard_that_hangs_is_reported_and_so_is_its_recovery(self):
        self.look(200)
        hanging = SHARDS - 1
        with one_thread.stopped(one_thread.thread(self.broker.pid, f"shard {hanging}")):
            answer, waited = self.look(503)
            # A machine that gives no time to another shard either makes that one stuck too, for as long as it lasts.
            for _ in deadline():
                if answer.json().get("stuck_shards") == [hanging]:
                    break
                answer, _ = self.look(503)
            self.assertGreater(waited, 9, "a shard that is only busy is not stuck")
        self.look(200)
        self.broker.publish("t")


if __name__ == "__main__":
    unittest.main()
