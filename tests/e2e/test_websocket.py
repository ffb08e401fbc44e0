# SPDX-License-Identifier: Apache-2.0
"""WebSocket framing (RFC 6455 §5 to §8) with frames made by hand, on the raw dialect, whose messages come back to their
sender."""
import os
import struct
import unittest

from harness import SHARDS, BrokerCase, scaled, trusting
from http_wire import Ended
from ws_wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocket, close_payload, frame


class Framing(BrokerCase):
    def test_text_and_binary_come_back(self):
        with self.broker.raw("echo") as socket:
            for opcode, payload in ((TEXT, "grüße 😀".encode()), (BINARY, bytes(range(256))), (TEXT, b""), (BINARY, b""),
                                    (TEXT, b"nul \0 inside")):
                socket.send_frame(opcode, payload)
                self.assertEqual(socket.read_message(), (opcode, payload))

    def test_every_form_of_length(self):
        with self.broker.raw("lengths") as socket:
            for size in (0, 1, 125, 126, 127, 128, 2047, 2048, 2049, 65535, 65536, 65537, 300_000):
                payload = os.urandom(size)
                socket.send_frame(BINARY, payload)
                self.assertEqual(socket.read_message(), (BINARY, payload), size)

    def test_fragments_with_control_frames_between_them(self):
        with self.broker.raw("fragments") as socket:
            socket.send_frame(TEXT, "one ", fin=False)
            socket.send_frame(PING, b"between")
            self.assertEqual(socket.read_frame()[1:], (PONG, b"between"))
            socket.send_frame(CONTINUATION, b"", fin=False)
            socket.send_frame(PONG, b"unasked")
            socket.send_frame(CONTINUATION, "two ", fin=False)
            socket.send_frame(CONTINUATION, "three")
            self.assertEqual(socket.read_message(), (TEXT, b"one two three"))

    def test_a_character_may_be_cut_by_fragments(self):
        with self.broker.raw("cut") as socket:
            text = "é€😀".encode()
            for at in range(1, len(text)):
                socket.send_frame(TEXT, text[:at], fin=False)
                socket.send_frame(CONTINUATION, text[at:])
                self.assertEqual(socket.read_message(), (TEXT, text))

    def test_frames_at_every_split(self):
        frames = (frame(TEXT, "ab", fin=False) + frame(PING, b"p") + frame(CONTINUATION, "cd") +
                  frame(BINARY, b"\xff" * 200))
        with self.broker.raw("splits") as socket:
            for at in range(1, len(frames)):
                socket.send(frames[:at])
                socket.send(frames[at:])
                self.assertEqual(socket.read_frame()[1:], (PONG, b"p"))
                self.assertEqual(socket.read_message(), (TEXT, b"abcd"))
                self.assertEqual(socket.read_message(), (BINARY, b"\xff" * 200))
            socket.send_in_pieces(frames, 1)
            self.assertEqual(socket.read_frame()[1:], (PONG, b"p"))
            self.assertEqual(socket.read_message(), (TEXT, b"abcd"))

    def test_many_frames_in_one_write(self):
        with self.broker.raw("burst") as socket:
            socket.send(b"".join(frame(TEXT, f"{i}") for i in range(5000)))
            self.assertEqual([socket.read_text() for _ in range(5000)], [str(i) for i in range(5000)])

    def test_pings_are_answered_with_their_payload(self):
        with self.broker.raw("ping") as socket:
            for payload in (b"", b"x", os.urandom(125)):
                socket.send_frame(PING, payload)
                self.assertEqual(socket.read_frame(), (True, PONG, payload))

    def failed(self, data, code):
        """Sent on a connection to every shard: the close that comes back."""
        for socket in self.broker.on_each_shard(lambda: self.broker.raw("bad", "?publish=only")):
            with socket:
                socket.send(data)
                self.assertEqual(socket.read_close()[0], code)

    def test_protocol_errors_are_1002(self):
        cases = {
            "unmasked": frame(TEXT, "x", mask=False),
            "unmasked ping": frame(PING, b"", mask=False),
            "rsv1": frame(TEXT, "x", rsv=4), "rsv2": frame(TEXT, "x", rsv=2), "rsv3": frame(TEXT, "x", rsv=1),
            "rsv1 in a ping": frame(PING, b"", rsv=4),
            **{f"opcode {code}": frame(code, b"") for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
            "a ping in fragments": frame(PING, b"x", fin=False),
            "a close in fragments": frame(CLOSE, b"", fin=False),
            "a ping of 126 bytes": frame(PING, b"x" * 126),
            "a close of 126 bytes": frame(CLOSE, close_payload(1000, "x" * 124)),
            "a continuation of nothing": frame(CONTINUATION, b"x"),
            "a text inside a text": frame(TEXT, "x", fin=False) + frame(TEXT, "y"),
            "a binary inside a text": frame(TEXT, "x", fin=False) + frame(BINARY, b"y", fin=False),
            "2 bytes of length for 125": frame(TEXT, b"x" * 125, length_bytes=2),
            "8 bytes of length for 125": frame(TEXT, b"x" * 125, length_bytes=8),
            "8 bytes of length for 65535": frame(TEXT, b"x" * 65535, length_bytes=8),
            "a length above 63 bits": bytes([0x82, 0xFF]) + struct.pack("!Q", 1 << 63) + b"mask",
        }
        for name, data in cases.items():
            with self.subTest(name):
                self.failed(data, 1002)

    def test_bad_utf_8_is_1007(self):
        for bad in (b"\xff", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80",
                    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98",
                    b"good \xc3\x28"):
            with self.subTest(bad=bad):
                self.failed(frame(TEXT, bad), 1007)

    def test_bad_utf_8_fails_at_that_byte(self):
        for sent in (bytes([0x81, 0xFE]) + struct.pack("!H", 1000) + b"\0\0\0\0abc\xff",          # of 1000 bytes
                     bytes([0x81, 0xFF]) + struct.pack("!Q", 500_000) + b"\0\0\0\0\xe2\x28",     # of 500,000
                     bytes([0x01, 0xFE]) + struct.pack("!H", 200) + b"\0\0\0\0" + b"a" * 150 + b"\xed\xa0",  # surrogate
                     frame(TEXT, b"\xf0\x9f", fin=False) + bytes([0x80, 0x85]) + b"\0\0\0\0\x41"):  # in a fragment
            with self.subTest(sent=sent[:16]):
                self.failed(sent, 1007)

    def test_binary_may_be_anything(self):
        with self.broker.raw("any") as socket:
            socket.send_frame(BINARY, b"\xff\xc0\x80")
            self.assertEqual(socket.read_message(), (BINARY, b"\xff\xc0\x80"))

    def test_valid_close_codes_come_back(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            with self.broker.raw("close") as socket:
                socket.send_frame(CLOSE, close_payload(code, "tschüß"))
                self.assertEqual(socket.read_close()[0], code)

    def test_a_close_without_a_code_comes_back_without_one(self):
        with self.broker.raw("close") as socket:
            socket.send_frame(CLOSE)
            self.assertEqual(socket.read_close(), (1005, ""))

    def test_invalid_closes(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535):
            with self.subTest(code):
                self.failed(frame(CLOSE, close_payload(code)), 1002)
        self.failed(frame(CLOSE, b"\x03"), 1002)
        self.failed(frame(CLOSE, close_payload(1000) + b"\xff"), 1007)

    def test_what_stands_behind_a_close_is_not_looked_at(self):
        with self.broker.raw("behind") as socket:
            socket.send(frame(CLOSE, close_payload(1000)) + frame(TEXT, "ignored") + b"\xff\xff")
            self.assertEqual(socket.read_close()[0], 1000)
        self.assertEqual(self.broker.get("/topics/behind").json()["offset"], 0)

    def test_what_came_before_a_bad_frame_is_still_acted_on(self):
        for shard, closing in ((s, c) for s in range(SHARDS) for c in (frame(TEXT, "x", rsv=4), frame(TEXT, b"\xff"),
                                                                      frame(CLOSE, close_payload(1000)))):
            for i in range(6):  # homes on every shard, this one and others
                topic = f"before {shard} {i} {closing[:1].hex()}{len(closing)}"
                with self.broker.on_shard(shard, lambda t=topic: self.broker.raw(t)) as socket:
                    code = {0xC1: 1002, 0x81: 1007, 0x88: 1000}[closing[0]]
                    socket.send(frame(TEXT, "one") + frame(BINARY, b"two") + closing)
                    heard, (closed, _) = socket.read_all_to_close()
                    self.assertEqual(closed, code)
                    self.assertEqual(heard, [b"one", b"two"], "its own messages come before the close")
                self.assertEqual(self.broker.get(f"/topics/{topic.replace(' ', '%20')}").json()["offset"], 2)

    def test_a_peer_that_vanishes(self):
        for data in (b"", b"\x81", frame(TEXT, "whole"), frame(TEXT, "x" * 100)[:20]):
            socket = self.broker.raw("vanish")
            socket.send(data)
            socket.reset()
            socket = self.broker.raw("vanish")
            socket.send(data)
            socket.close()
        self.broker.settles(lambda m: m.sum("connections", transport="ws") == 0 and m.sum("subscriptions") == 0)


class Limits(BrokerCase):
    flags = ("--limits.message_bytes", "64KiB", "--limits.queue_bytes", "1MiB")

    def test_a_message_of_the_limit(self):
        with self.broker.raw("limit") as socket:
            socket.send_frame(BINARY, b"x" * 65536)
            self.assertEqual(len(socket.read_message()[1]), 65536)
            socket.send_frame(TEXT, b"y" * 65535, fin=False)
            socket.send_frame(CONTINUATION, b"z")
            self.assertEqual(len(socket.read_message()[1]), 65536)

    def test_beyond_the_limit_is_1009_before_the_bytes_come(self):
        for data in (bytes([0x82, 0xFF]) + struct.pack("!Q", 65537) + b"mask",
                     bytes([0x81, 0xFF]) + struct.pack("!Q", (1 << 62)) + b"mask",
                     frame(BINARY, b"x" * 65536, fin=False) + bytes([0x80, 0x81]) + b"mask"):
            with self.broker.raw("beyond") as socket:
                socket.send(data)
                self.assertEqual(socket.read_close()[0], 1009)
        self.assertEqual(self.broker.get("/topics/beyond").json()["offset"], 0)

    def test_the_sender_of_too_much_hears_1009_while_it_sends(self):
        with self.broker.raw("beyond") as socket:
            socket.send_frame(BINARY, os.urandom(8 << 20))
            self.assertEqual(socket.read_close()[0], 1009)

    def test_too_many_fragments_are_1009(self):
        with self.broker.raw("beyond") as socket:
            empty = frame(CONTINUATION, b"", fin=False)
            socket.send(frame(TEXT, b"", fin=False) + empty * 100_000)
            self.assertEqual(socket.read_close()[0], 1009)


class Large(BrokerCase):
    flags = ("--limits.message_bytes", "16MiB", "--limits.queue_bytes", "64MiB", "--log.messages", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payload = os.urandom(16 << 20)

    def test_16_mib_in_one_frame(self):
        for sender in self.broker.on_each_shard(lambda: self.broker.raw("large")):
            with sender:
                sender.send_frame(BINARY, self.payload)
                opcode, heard = sender.read_message()
                self.assertTrue((opcode, heard) == (BINARY, self.payload), "it came back changed")

    def test_16_mib_in_10000_fragments(self):
        count = scaled(10_000)
        size = len(self.payload) // count + 1
        with self.broker.raw("pieces") as other, self.broker.raw("pieces", "?publish=only") as sender:
            frames = bytearray()
            for i in range(count):
                piece = self.payload[i * size:(i + 1) * size]
                frames += frame(CONTINUATION if i else BINARY, piece, fin=i == count - 1)
                if i % 1000 == 500:
                    frames += frame(PING, b"%d" % i)
            sender.send(frames)
            opcode, heard = other.read_message()
            self.assertTrue((opcode, heard) == (BINARY, self.payload), "it arrived changed")

    def test_16_mib_of_text_over_tls(self):
        text = "0123456789abcdé".encode() * (1 << 20)
        with WebSocket(self.broker.https, "/topics/large%20tls", tls=trusting()) as socket:
            socket.send_frame(TEXT, text)
            opcode, heard = socket.read_message()
            self.assertTrue((opcode, heard) == (TEXT, text), "it came back changed")

    def test_memory_is_given_back(self):
        with self.broker.raw("back") as socket:
            for _ in range(6):
                socket.send_frame(BINARY, self.payload)
                socket.read_message()
        # Eight messages are in logs, and each shard's heap keeps some.
        self.assert_resident_below((256 + 96 * SHARDS) << 20)


class KeepAlive(BrokerCase):
    flags = ("--websocket.ping_interval", "300ms", "--websocket.ping_timeout", "300ms")

    def test_who_does_not_pong_is_closed(self):
        before = self.broker.metrics().sum("connections_closed_total", reason="ping_timeout")
        with self.broker.raw("silent") as socket:
            self.assertEqual(socket.read_frame().opcode, PING)
            each = socket.read_frame()
            self.assertEqual(each.opcode, CLOSE)
            self.assertEqual(struct.unpack("!H", each.payload[:2])[0], 1008)
        self.broker.settles(lambda m: m.sum("connections_closed_total", reason="ping_timeout") == before + 1)

    def test_who_pongs_stays(self):
        with self.broker.raw("alive") as socket:
            for _ in range(5):
                each = socket.read_frame()
                self.assertEqual(each.opcode, PING)
                socket.send_frame(PONG, each.payload)
            socket.sync()

    def test_who_answers_nothing_is_dropped_for_good(self):
        with self.broker.raw("dead") as socket:
            with self.assertRaises(Ended):
                for _ in range(10):
                    socket.read_frame()  # never answers, not even to the close
        self.broker.settles(lambda m: m.sum("connections", transport="ws") == 0)

    def test_who_speaks_is_alive_without_pongs(self):
        with self.broker.raw("speaks") as socket:
            for i in range(12):  # four intervals and their patience
                self.assertTrue(i == 0 or socket.is_silent(0.1) or socket.read_frame().opcode == PING)
                socket.send_text(f"{i}")
                while (each := socket.read_frame()).opcode == PING:
                    pass
                self.assertEqual(each.payload, b"%d" % i)


if __name__ == "__main__":
    unittest.main()
