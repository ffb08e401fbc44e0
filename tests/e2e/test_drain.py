# SPDX-License-Identifier: Apache-2.0
"""The orderly end: SIGTERM and SIGINT."""
import signal
import time
import unittest

from harness import SLOW, Broker, Lines, OwnBrokerCase, WebSocket, Wire, scratch, trusting
from http_wire import Ended, deadline
from ws_wire import CLOSE, close_payload


class Drain(OwnBrokerCase):
    def run(self, result=None):
        self.broker = None
        return super().run(result)

    def begin(self, *flags, **options):
        self.broker = self.start(*flags, **options)
        return self.broker

    def ready(self):
        with Wire(self.broker.admin) as wire:
            return wire.request("GET", "/readyz").status

    def test_an_idle_broker_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = Broker()
            begun = time.monotonic()
            broker.signal(number)
            broker.stop()
            self.assertLess(time.monotonic() - begun, 15 if SLOW else 3)

    def test_clients_are_told_1001_spread_over_the_duration(self):
        file = self.key_file()
        broker = self.begin("--drain.duration", "2s", "--access.key_file", file, dev=False, https=False)
        clients = [broker.raw("t") for _ in range(40)]
        for client in clients:
            client.sync()
        begun = time.monotonic()
        broker.signal()
        told = []
        for client in clients:
            each = client.read_frame()
            self.assertEqual((each.opcode, each.payload[:2]), (CLOSE, close_payload(1001)))
            told.append(time.monotonic() - begun)  # at the latest then: they are read one behind the other
            client.send_frame(CLOSE, close_payload(1001))
            self.assertEqual(client.read_to_end(), b"")
            client.close()
        self.assertEqual(broker.wait(), 0)
        self.assertGreater(max(told), 1.0, "all at once")
        self.assertLess(max(told), 20 if SLOW else 4.0)

    def key_file(self):
        return scratch(self, "keys", "0123456789abcdef0123456789abcdef\n")

    def test_dev_takes_at_most_a_second(self):
        broker = self.begin("--drain.duration", "60s")
        clients = [broker.raw("t") for _ in range(10)]
        begun = time.monotonic()
        broker.signal(signal.SIGINT)
        for client in clients:
            self.assertEqual(client.read_close_and_echo(), 1001)
        self.assertEqual(broker.wait(), 0)
        self.assertLess(time.monotonic() - begun, 20 if SLOW else 4)

    def test_not_ready_and_closed_to_new_connections_but_alive(self):
        broker = self.begin("--drain.duration", "60s", "--access.key_file", self.key_file(), dev=False, https=False)
        clients = [broker.raw("t") for _ in range(8)]
        for client in clients:
            client.sync()
        self.assertEqual(self.ready(), 200)
        with broker.wire() as idle:
            idle.request("GET", "/topics/t")
            broker.signal()
            for _ in deadline():
                if self.ready() == 503:
                    break
            with Wire(broker.admin) as wire:
                self.assertEqual(wire.request("GET", "/healthz").status, 200)
            for _ in deadline():
                try:
                    broker.wire().close()
                except ConnectionRefusedError:
                    break
        # Who has not been told yet is still served.
        served = 0
        for client in clients:
            try:
                client.sync()
                served += 1
            except (AssertionError, Ended):
                pass
        self.assertGreater(served, 3)
        broker.signal()  # and a second signal ends at once
        begun = time.monotonic()
        code = broker.wait()
        self.assertLess(time.monotonic() - begun, 5)
        broker.stop(expect=code)

    def test_a_second_signal_ends_at_once(self):
        for numbers in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            broker = Broker("--drain.duration", "60s", "--access.key_file", self.key_file(), dev=False, https=False)
            with broker.raw("t") as client, Wire(broker.admin) as admin:
                client.sync()
                broker.signal(numbers[0])
                for _ in deadline():
                    if admin.request("GET", "/readyz").status == 503:
                        break
                begun = time.monotonic()
                broker.signal(numbers[1])
                code = broker.wait()
                self.assertLess(time.monotonic() - begun, 2)
                broker.stop(expect=code)

    def test_what_is_queued_is_flushed_before_the_close(self):
        broker = self.begin("--drain.duration", "0", "--limits.queue_bytes", "32MiB")
        with broker.raw("queued", receive_buffer=4096) as reader:
            reader.sync()
            for i in range(100):
                broker.publish("queued", b"%04d" % i + b"x" * 100_000)
            self.assertGreater(broker.metrics().sum("queue_bytes"), 1 << 20)
            broker.signal()
            heard, (code, _) = reader.read_all_to_close()
            self.assertEqual([each[:4] for each in heard], [b"%04d" % i for i in range(100)])
            self.assertEqual(code, 1001)
            reader.send_frame(CLOSE, close_payload(1001))
            reader.read_to_end()
        self.assertEqual(broker.wait(), 0)

    def test_requests_under_way_are_answered(self):
        broker = self.begin("--drain.duration", "0")
        with broker.wire() as wire, broker.wire() as stream:
            wire.send("POST /topics/late HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            self.assertIn(b" 100 ", wire.read_until(b"\r\n\r\n"))  # its head has been read
            wire.send("la")
            lines = Lines(stream)
            lines.publish(topic="late stream", data=1)
            lines.answer()
            broker.signal()
            for _ in deadline():
                if self.ready_or_gone() != 200:
                    break
            wire.send("te")
            answer = wire.response()
            self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
            self.assertEqual(wire.read_to_end(), b"")
            lines.publish(topic="late stream", data=2)
            self.assertEqual(lines.answer()["offset"], 2)
            lines.end()
            self.assertIsNone(lines.answer())
        self.assertEqual(broker.wait(), 0)

    def ready_or_gone(self):
        try:
            return self.ready()
        except (OSError, Ended):
            return None

    def test_clients_over_tls_are_told_and_get_their_close_notify(self):
        broker = self.begin("--drain.duration", "100ms")
        with WebSocket(broker.https, "/ws", tls=trusting()) as client:
            client.sync()
            broker.signal()
            self.assertEqual(client.read_frame().opcode, CLOSE)
            client.send_frame(CLOSE, close_payload(1001))
            self.assertEqual(client.socket.recv(10), b"", "without close_notify it would raise")
        self.assertEqual(broker.wait(), 0)

    def test_a_client_that_does_not_close_is_cut(self):
        broker = self.begin("--drain.duration", "0")
        begun = time.monotonic()
        with broker.raw("rude") as client, broker.wire() as silent:
            client.sync()
            silent.send("GET /topics")
            broker.signal()
            self.assertEqual(client.read_frame().opcode, CLOSE)
            self.assertEqual(broker.wait(), 0)
        self.assertLess(time.monotonic() - begun, 30 if SLOW else 10)

    def test_drain_under_load(self):
        broker = self.begin("--drain.duration", "500ms")
        clients = [broker.raw("load") for _ in range(20)]
        for client in clients:
            client.sync()
        broker.signal()
        for i, client in enumerate(clients):
            try:
                for _ in range(50):
                    client.send_text(f"{i}")
            except OSError:
                pass
        for client in clients:
            heard, (code, _) = client.read_all_to_close()
            self.assertEqual(code, 1001)
            client.close()
        self.assertEqual(broker.wait(), 0)


if __name__ == "__main__":
    unittest.main()
