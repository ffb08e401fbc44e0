# SPDX-License-Identifier: Apache-2.0
"""What breaks off, makes no sense or never ends: it ends cleanly, and costs nobody else anything. Beside each a quiet
subscriber hears all that is published, in order."""
import contextlib
import os
import threading
import unittest

from harness import BrokerCase, OwnBrokerCase, WebSocket, scaled, trusting
from http_wire import Wire, deadline
from ws_wire import BINARY, CLOSE, PING, PONG, TEXT, close_payload, frame

ALONE = True  # floods of it fill the cores
HEAD = "POST /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"
UPGRADE = ("GET /topics/t HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


class Witness:
    """A quiet subscriber on each shard, to whom nothing of the noise beside it may happen."""

    def __init__(self, broker, topic="witness"):
        self.broker, self.topic, self.count = broker, topic, 0
        self.readers = broker.on_each_shard(lambda: broker.raw(topic))
        for reader in self.readers:
            reader.sync()
        self.publisher = broker.wire()
        self.hears()

    def speak(self):
        self.count += 1
        answer = self.publisher.request("POST", f"/topics/{self.topic}", str(self.count), {"Content-Type": "text/plain"})
        assert answer.status == 200, answer

    def hears(self):
        """Everything that was said since the last time, in order."""
        self.speak()
        for reader in self.readers:
            while (heard := int(reader.read_text())) != self.count:
                last = getattr(reader, "last", 0)
                assert heard == last + 1, f"{heard} behind {last}"
                reader.last = heard
            reader.last = heard

    def close(self):
        for wire in (*self.readers, self.publisher):
            wire.close()


class Resets(BrokerCase):
    """RST in every state that a connection has. The time-outs are short because a kernel may lose a reset that comes
    with data (io_uring's multishot receive before the fix of 2026): then they end the connection."""
    flags = ("--timeouts.head", "1s", "--timeouts.body", "1s", "--timeouts.idle", "1s", "--websocket.ping_interval", "1s",
             "--websocket.ping_timeout", "20s")

    def states(self, connect):
        """name → a wire in that state."""
        def upgraded():
            wire = connect()
            wire.send(UPGRADE)
            self.assertEqual(wire.response().status, 101)
            return wire

        def after(*sent, wire=connect):
            made = wire()
            for each in sent:
                made.send(each)
            return made

        def unread():
            wire = upgraded()
            wire.send(b"".join(frame(TEXT, "x" * 1000) for _ in range(100)))  # they come back, and nobody reads
            return wire

        def subscribed():
            wire = WebSocket(self.broker.http, "/ws", protocols=("kodama.v1.json",))
            wire.send_text('{"id":1,"subscribe":{"topic":"t","last":100}}')
            return wire

        return {
            "connected": lambda: after(),
            "half a head": lambda: after(HEAD[:20]),
            "a head without its end": lambda: after(HEAD),
            "behind a head": lambda: after(HEAD + "\r\n"),
            "in a body": lambda: after(HEAD + "\r\nhalf"),
            "in a chunk": lambda: after("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n20\r\n{\"topic\":\"t\","),
            "behind a request": lambda: after(HEAD + "\r\n0123456789"),
            "pipelined": lambda: after(("GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n") * 50),
            "upgrading": lambda: after(UPGRADE),
            "upgraded": upgraded,
            "subscribing": subscribed,
            "in a frame's header": lambda: after(frame(TEXT, "x" * 300)[:3], wire=upgraded),
            "in a frame": lambda: after(frame(TEXT, "x" * 300)[:100], wire=upgraded),
            "in a fragmented message": lambda: after(frame(TEXT, "x", fin=False), wire=upgraded),
            "with answers unread": unread,
            "behind its close": lambda: after(frame(CLOSE, close_payload(1000)), wire=upgraded),
            "behind a mistake": lambda: after(frame(TEXT, b"\xff"), wire=upgraded),
        }

    def in_every_state(self, connect):
        witness = Witness(self.broker)
        open_before = len(os.listdir(f"/proc/{self.broker.pid}/fd"))
        for name, make in self.states(connect).items():
            for _ in range(scaled(20)):
                witness.hears()  # and answers the pings of a long test
                with self.subTest(name):
                    make().reset()
        witness.hears()
        witness.close()
        after = self.broker.settles(lambda m: m.sum("connections") == 0)
        self.assertEqual(after.sum("queue_bytes"), 0)
        self.assertEqual(after.sum("subscriptions"), 0)
        for _ in deadline():
            if len(os.listdir(f"/proc/{self.broker.pid}/fd")) <= open_before:
                break

    def test_plain(self):
        self.in_every_state(self.broker.wire)

    def test_over_tls(self):
        self.in_every_state(lambda: self.broker.tls_wire(trusting()))

    def test_in_a_tls_handshake(self):
        hello = bytes.fromhex("1603010200010001fc0303") + os.urandom(500)
        for size in (0, 1, 5, 100, len(hello)):
            for _ in range(scaled(20)):
                wire = Wire(self.broker.https)
                wire.send(hello[:size])
                wire.reset()
        self.broker.settles(lambda m: m.sum("connections") == 0)


class Noise(BrokerCase):
    flags = ("--timeouts.head", "2s")

    def setUp(self):
        self.witness = Witness(self.broker)
        self.addCleanup(self.witness.close)

    def tearDown(self):
        self.witness.hears()

    def test_garbage_behind_an_upgrade(self):
        """It is read as frames, as it stands behind the head, and fails as such."""
        for garbage in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\0" * 64, b"\xff" * 64, os.urandom(4096), b"\r\n" * 100):
            for pieces in ((UPGRADE.encode() + garbage,), (UPGRADE.encode(), garbage)):
                with self.broker.wire() as wire:
                    for each in pieces:
                        with contextlib.suppress(OSError):
                            wire.send(each)
                    self.assertEqual(wire.response().status, 101)
                    heard = wire.read_to_end()
                    self.assertTrue(heard == b"" or heard[0] == 0x80 | CLOSE, heard[:40])
                    if heard:
                        self.assertIn(int.from_bytes(heard[2:4], "big"), (1002, 1007, 1009))
                self.witness.speak()

    def test_frames_behind_an_upgrade_are_read(self):
        with self.broker.wire() as wire:
            wire.send(UPGRADE.encode() + frame(PING, b"at once"))
            self.assertEqual(wire.response().status, 101)
            self.assertEqual(wire.read(9), bytes([0x80 | PONG, 7]) + b"at once")

    def test_half_open_peers(self):
        """Those who say nothing at all, and those who close their side and never read ours."""
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(self.broker.wire()) for _ in range(scaled(100))]
            half = [stack.enter_context(self.broker.wire()) for _ in range(scaled(100))]
            for wire in half:
                wire.send("GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n")
                wire.shut_write()
            self.witness.hears()
            for wire in half:
                self.assertEqual(wire.response().status, 200, "who closed its side still gets its answer")
            for wire in silent:
                self.assertEqual(wire.read_to_end(), b"")

    def test_broken_and_doubled_percent_encoding(self):
        cases = {"%": 400, "%2": 400, "%zz": 400, "%00": 400, "a%0ab": 400, "%ff": 400, "%c0%af": 400, "%ed%a0%80": 400,
                 "%2525": 200, "%252f": 200, "a%2fb": 200, "%e2%82%ac": 200}
        for topic, status in cases.items():
            answer = self.broker.get(f"/topics/{topic}")
            self.assertEqual(answer.status, status, topic)
        self.broker.publish("a%2fb", "once")  # its name has a percent sign: it was decoded once, not twice
        self.assertEqual(self.broker.get("/topics/a%252fb").json()["offset"], 1)
        self.assertEqual(self.broker.get("/topics/a%2fb").json()["offset"], 0)

    def test_commands_that_make_no_sense(self):
        bad = ('{', '[]', '"x"', '{"id":1,"id":2}', '{"subscribe":{"topic":"a","topic":"b"}}', '{"id":1e400}',
               '{"id":99999999999999999999}', '{"id":-1}', '{"subscribe":{"topic":"nul\\u0000"}}', '{"subscribe":{"topic":1}}',
               '{"publish":{"topic":"t","data":' + "[" * 100 + "]" * 100 + "}}", '{"publish":{"topic":"t"}}',
               '{"subscribe":{"topic":"t","last":-1}}', '{"subscribe":{"topic":"t","last":1.5}}', '{"id":{}}')
        with self.broker.native() as client:
            for text in bad:
                client.send_text(text)
                self.assertEqual(client.hear()["error"]["code"], 400, text)
            self.assertIn("ok", client.call(subscribe={"topic": "t"}), "the connection stays")

    def test_lengths_that_are_absurd(self):
        post = "POST /topics/t HTTP/1.1\r\nHost: a\r\n"
        cases = {"Content-Length: 99999999999999999999999": 400, "Content-Length: 18446744073709551616": 400,
                 "Content-Length: 9223372036854775807": 413, "Content-Length: -1": 400, "Content-Length: 0x10": 400,
                 "Content-Length: 1, 1": 400, "Content-Length: 1\r\nContent-Length: 2": 400, "Content-Length: ": 400,
                 "Content-Length: 5\r\nTransfer-Encoding: chunked": 400}
        for line, status in cases.items():
            with self.broker.wire() as wire:
                wire.send(f"{post}{line}\r\n\r\nhello")
                answer = wire.response()
                self.assertIn(answer.status, (status, 400), line)
        for size in ("10000000000000000", "-1", "0x5", " 5", "g"):
            with self.broker.wire() as wire:
                wire.send(f"{post}Transfer-Encoding: chunked\r\n\r\n{size}\r\nhello\r\n0\r\n\r\n")
                self.assertIn(wire.response().status, (400,), size)
        with self.broker.raw("t") as client:
            client.send(bytes([0x80 | BINARY, 0xff]) + (1 << 62).to_bytes(8, "big") + b"mask")
            self.assertEqual(client.read_close()[0], 1009)

    def test_slow_heads_in_number(self):
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(self.broker.wire()) for _ in range(scaled(200))]
            for byte in b"GET / HTTP/1.1\r\n":
                for wire in slow:
                    wire.send(bytes([byte]))
                self.witness.hears()
            for wire in slow:
                self.assert_error(wire.response(), 408)


class Log(OwnBrokerCase):
    """The program's own log can be written nowhere: nothing waits for it and nothing dies of it."""

    def serves(self, broker):
        with contextlib.ExitStack() as stack:
            many = [stack.enter_context(broker.wire()) for _ in range(200)]
            for wire in many:
                wire.send("GET /" + "x" * 100 + " HTTP/9.9\r\n\r\n")
            for wire in many:
                self.assertEqual(wire.response().status, 505)
            self.assertEqual(broker.publish("t")["offset"], 1)
        self.assertEqual(broker.admin_get("/healthz").status, 200)

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            broker = self.start("--logging.level", "debug", stderr=full)
        self.serves(broker)

    def test_a_pipe_that_nobody_reads(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
        with os.fdopen(writing, "wb") as full:
            broker = self.start("--logging.level", "debug", stderr=full)
        self.serves(broker)

    def test_a_pipe_that_is_closed(self):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as closed:
            broker = self.start("--logging.level", "debug", stderr=closed)
        self.serves(broker)


class Floods(BrokerCase):
    """While one connection sends as fast as it can, in whichever way, a quiet subscriber hears everything in order."""

    def flooded(self, connect, pieces):
        """`pieces(i)` is what is sent next; what comes back is thrown away."""
        def flood(over):
            with connect() as wire, contextlib.suppress(OSError):
                number = 0
                left = b""
                while not over.is_set():
                    if not left:
                        left, number = memoryview(pieces(number)), number + 1
                    left = left[wire.send_no_wait(left):]
                    with contextlib.suppress(OSError):
                        wire.socket.setblocking(False)
                        wire.socket.recv(1 << 20)
        self.beside(flood, 2)

    def beside(self, flood, count):
        """What a quiet subscriber hears while so many threads run `flood(over)`, which goes on until `over` is set."""
        witness = Witness(self.broker)
        self.addCleanup(witness.close)
        over = threading.Event()
        threads = [threading.Thread(target=flood, args=(over,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(scaled(100)):
                witness.hears()
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def upgraded(self):
        return self.broker.raw("flood", "?publish=only")

    def test_pings(self):
        self.flooded(self.upgraded, lambda _: frame(PING, b"") * 2000)

    def test_pongs_and_empty_fragments(self):
        self.flooded(self.upgraded, lambda number: (frame(TEXT, b"", fin=False) if number == 0 else b"") +
                     (frame(PONG, b"") + frame(0, b"", fin=False)) * 1000 if number < 99 else frame(PONG, b"") * 2000)

    def test_tiny_messages(self):
        self.flooded(self.upgraded, lambda _: frame(BINARY, b"x") * 2000)

    def test_tiny_commands(self):
        self.flooded(self.broker.native, lambda _: frame(TEXT, '{"publish":{"topic":"f","data":1}}') * 1000)

    def test_commands_that_are_refused(self):
        self.flooded(self.broker.native, lambda _: frame(TEXT, "{}") * 1000)

    def test_pipelined_requests(self):
        self.flooded(self.broker.wire, lambda _: b"GET /topics/f?last=1 HTTP/1.1\r\nHost: a\r\n\r\n" * 500)

    def test_lines(self):
        head = (b"POST /publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")
        line = b'{"topic":"f","data":1}\n'
        chunk = b"%x\r\n%s\r\n" % (len(line) * 500, line * 500)
        self.flooded(self.broker.wire, lambda number: (head if number == 0 else b"") + chunk)

    def test_large_messages(self):
        large = frame(BINARY, b"x" * (1 << 20))
        self.flooded(self.upgraded, lambda _: large)

    def test_tiny_tls_records(self):
        def connect():
            wire = WebSocket(self.broker.https, "/topics/flood?publish=only", tls=trusting())
            return wire
        ping = frame(PING, b"")
        self.flooded(connect, lambda _: ping)  # each a record of its own

    def test_handshakes(self):
        def flood(over):
            context = trusting()
            while not over.is_set():
                with contextlib.suppress(OSError):
                    self.broker.tls_wire(context).reset()
        self.beside(flood, 1)


if __name__ == "__main__":
    unittest.main()
