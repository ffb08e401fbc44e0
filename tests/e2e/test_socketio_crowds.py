# SPDX-License-Identifier: Apache-2.0
"""Thousands of Socket.IO clients at once: nothing is lost, comes twice or out of order."""
import json
import unittest

from harness import SHARDS, SLOW, scaled
from socketio_clients_case import ClientsCase, needs_node

ALONE = True  # they fill the cores


@needs_node
class Many(ClientsCase):
    def test_a_thousand_clients(self):
        for transports in ("websocket", "polling", "polling,websocket"):
            with self.subTest(transports):
                http, _ = self.origins()
                said = json.loads(self.node("socketio_crowd.mjs", http, transports, str(scaled(1000)), str(scaled(50))))
                self.assertEqual(said["received"], scaled(1000) * scaled(50) * 2, said)

    @unittest.skipIf(SHARDS < 4 and not SLOW, "with four shards")
    def test_five_thousand_pollers(self):
        """Each request on whichever connection is free, so that a session's requests meet every shard."""
        host, port = self.broker.http
        pollers = scaled(5000)
        said = json.loads(self.node("socketio_pollers.mjs", host, str(port), str(pollers), str(scaled(40)), patience=8))
        print(f"\n{pollers} pollers: {said}", flush=True)
        self.assertEqual(said["received"], pollers * scaled(40), said)
        self.assertGreater(said["shards"], 1 if SHARDS > 1 else 0, said)


if __name__ == "__main__":
    unittest.main()
