# SPDX-License-Identifier: Apache-2.0
"""Peers that ask without reading: what the broker holds for them is bounded, reading stops, and all that was taken is
answered once they read."""
import contextlib
import select
import threading
import unittest

from harness import BrokerCase
from ws_wire import PING, TEXT, frame

MIB = 1 << 20
GROWTH = 24 * MIB
SMALL = {"receive_buffer": 4096}  # a kernel that keeps little for a reader who does not read
HOLDS_MOST = 64 * 1024 + 4096     # of answers, for one connection


class Bounds(BrokerCase):
    def setUp(self):
        self.before = self.broker.resident_bytes()

    def assert_bounded(self):
        self.assert_resident_below(self.before + GROWTH)

    def flood(self, wire, batch, most):
        """Writes the batch again and again until the broker takes no more for a second; returns how often it began, and
        what is left of the last."""
        count, left = 0, memoryview(b"")
        while select.select([], [wire.socket], [], 1.0)[1]:
            if not left:
                self.assertLess(count, most, "it is never held back")
                left = memoryview(batch)
                count += 1
            left = left[wire.send_no_wait(left):]
        return count, left

    def test_pings(self):
        batch = frame(PING, b"p" * 125) * 1000
        with self.broker.raw("pings", **SMALL) as socket:
            count, left = self.flood(socket, batch, 1000)
            self.assert_bounded()
            self.assertLessEqual(self.broker.metrics().sum("queue_bytes"), HOLDS_MOST)
            sender = threading.Thread(target=socket.send, args=(left,))
            sender.start()
            for _ in range(count * 1000):
                self.assertEqual(len(socket.read_frame().payload), 125)
            sender.join()

    def test_commands(self):
        commands = {"answered": '{"id":1,"publish":{"topic":"commands","data":1}}', "refused": '{"id":1,"oops":1}'}
        for name, command in commands.items():
            with self.subTest(name), self.broker.native(**SMALL) as socket:
                count, left = self.flood(socket, frame(TEXT, command) * 1000, 2000)
                self.assert_bounded()
                self.assertLessEqual(self.broker.metrics().sum("queue_bytes"), HOLDS_MOST)
                sender = threading.Thread(target=socket.send, args=(left,))
                sender.start()
                for _ in range(count * 1000):
                    self.assertTrue(socket.read_text().startswith('{"id":1,'))
                sender.join()

    def fill_log(self, topic):
        for _ in range(30):
            self.broker.publish(topic, b"x" * MIB)
        self.before = self.broker.resident_bytes()

    def test_pipelined_reads_of_a_large_log(self):
        self.fill_log("history")
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(self.broker.wire(**SMALL)) for _ in range(10)]
            for wire in wires:
                wire.send("GET /topics/history?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n" * 30)
            for wire in wires:
                wire.read(1)  # it has begun to answer
            self.assert_bounded()
            after = 0
            while True:  # a page is cut where it becomes large; the next begins behind it
                page = self.broker.get(f"/topics/history?after={after}&limit=1000").json()
                after = page["messages"][-1]["offset"]
                if not page["more"]:
                    break
            self.assertEqual(after, 30)

    def test_replays_of_a_large_log(self):
        self.fill_log("replay")
        with contextlib.ExitStack() as stack:
            readers = [stack.enter_context(self.broker.raw("replay", "?last=1000", **SMALL)) for _ in range(4)]
            for reader in readers:
                reader.fill(1)  # its replay has begun
            self.assert_bounded()
            self.broker.publish("replay", "live")
            for reader in readers:
                self.assertEqual([len(reader.read_message()[1]) for _ in range(30)], [MIB] * 30)
                self.assertEqual(reader.read_text(), "live")


if __name__ == "__main__":
    unittest.main()
