# SPDX-License-Identifier: Apache-2.0
"""limits.address_connections set and taken back by a SIGHUP: accepting begins anew with sockets that have an address."""
import unittest

from test_reload import ReloadCase


class Addresses(ReloadCase):
    def test_connections_of_an_address(self):
        """Counted from the reload on that sets the limit: who is there already is not, nor is who comes meanwhile."""
        broker = self.serve("", https=False)

        def connect():
            wire = broker.wire(source="127.0.0.7")
            self.addCleanup(wire.close)
            return wire, wire.request("GET", "/topics/t").status
        before = [connect() for _ in range(3)]
        self.assertEqual([status for _, status in before], [200] * 3)
        self.reload(broker, "limits: {address_connections: 2}\n")
        counted = []
        while len(counted) < 64 and connect()[1] == 200:
            counted.append(0)
        self.assertGreaterEqual(len(counted), 2)
        self.assertLess(len(counted), 8, "a shard takes no more uncounted than what was under way")
        for wire, _ in before:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200, "who is in stays in")
            wire.close()
        self.assertEqual(connect()[1], 429, "those were not counted")
        self.reload(broker, "")
        for _ in range(20):
            self.assertEqual(connect()[1], 200)


if __name__ == "__main__":
    unittest.main()
