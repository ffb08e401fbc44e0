# SPDX-License-Identifier: Apache-2.0
"""permessage-deflate (RFC 7692): what is agreed on, both directions beside clients without it, and what ends a
connection."""
import asyncio
import json
import os
import random
import unittest
import zlib

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from harness import SHARDS, TIMEOUT, BrokerCase, OwnBrokerCase, scaled, trusting
from ws_wire import BINARY, CONTINUATION, PING, PONG, TEXT, Native, WebSocket, deflate, deflate_on, frame

OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
KEPT = "permessage-deflate; server_no_context_takeover"
RSV1 = 4


def compressible(size, seed=0):
    chosen = random.Random(seed)
    text = ""
    while len(text) < size:
        text += json.dumps({"id": chosen.randrange(10 ** 6), "user": f"user {chosen.randrange(99)}", "on": True})
    return text[:size]


class Negotiation(BrokerCase):
    def agreed(self, offer, target="/topics/t", expect=101):
        with WebSocket(self.broker.http, target, headers={"Sec-WebSocket-Extensions": offer}, expect=expect) as socket:
            return socket.answer.header("sec-websocket-extensions")

    def test_offers(self):
        for offer, answer in (
                ("permessage-deflate", AGREED), ("permessage-deflate; client_max_window_bits", AGREED),
                ("permessage-deflate; server_max_window_bits=10", AGREED + "; server_max_window_bits=10"),
                ('permessage-deflate; client_max_window_bits="9"', AGREED + "; client_max_window_bits=9"),
                ("permessage-deflate; server_max_window_bits=8", None), ("x-other", None),
                ("permessage-deflate; server_max_window_bits=8, permessage-deflate", AGREED),
                ("permessage-deflate; nonsense=1, permessage-deflate; server_max_window_bits=9, permessage-deflate",
                 AGREED + "; server_max_window_bits=9")):
            self.assertEqual(self.agreed(offer), answer, offer)
            self.assertEqual(self.agreed(offer, "/ws"), answer, offer)

    def test_what_is_no_list_is_400(self):
        for offer in ("permessage-deflate;", "permessage-deflate; a=", 'permessage-deflate; a="', ",", "@"):
            self.agreed(offer, expect=400)

    def test_a_publisher_keeps_its_window_unless_it_offers_not_to(self):
        self.assertEqual(self.agreed("permessage-deflate", "/topics/t?publish=only"), KEPT)
        self.assertEqual(self.agreed("permessage-deflate; client_no_context_takeover", "/topics/t?publish=only"), AGREED)


class Deliveries(BrokerCase):
    def test_compressed_or_not_everybody_hears_the_same(self):
        small = {"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9"}
        topic, readers = "mixed", []
        for headers in ((), OFFER, small):
            readers += self.broker.on_each_shard(lambda: self.broker.raw(topic, headers=headers))
        natives = self.broker.on_each_shard(lambda: Native(self.broker.http, headers=OFFER))
        for each in readers + natives:
            self.addCleanup(each.close)
        for each in natives:
            each.subscribe(topic)
        for each in readers:
            each.sync()
        before = self.broker.metrics()
        sizes = [0, 1, 255, 256, 257, 1024, 65535, 65536, 300_000]
        publisher = self.broker.raw(topic, "?publish=only", headers=OFFER)
        self.addCleanup(publisher.close)
        compressor = zlib.compressobj(wbits=-15)
        for seed, size in enumerate(sizes):
            text = compressible(size, seed)
            publisher.send_frame(TEXT, deflate_on(compressor, text), rsv=RSV1)
            for each in readers:
                self.assertEqual(each.read_text(), text)
                self.assertEqual(each.compressed, each.deflate and size >= 256, size)
            for each in natives:
                self.assertEqual(each.hear()["data"], text)
        noise = os.urandom(2000)
        publisher.send_frame(BINARY, noise)
        for each in readers:
            self.assertEqual(each.read_message(), (BINARY, noise))
            self.assertFalse(each.compressed, "it would have been longer")
        metrics = self.broker.metrics()
        once_each = sum(size >= 256 for size in sizes) * SHARDS * 3  # two sizes of window in raw, one in native
        self.assertGreaterEqual(metrics.sum("deflate_messages_total", direction="out") -
                                before.sum("deflate_messages_total", direction="out"), once_each)
        self.assertLess(metrics.sum("deflate_wire_bytes_total", direction="out"),
                        metrics.sum("deflate_plain_bytes_total", direction="out") / 2)
        self.assertGreater(metrics.sum("deflate_messages_total", direction="in"), 0)

    def test_every_fragmentation_of_a_compressed_message(self):
        text = compressible(300)
        compressed = deflate(text)
        with self.broker.raw("fragments", headers=OFFER) as socket:
            for at in range(len(compressed) + 1):
                socket.send_frame(TEXT, compressed[:at], fin=False, rsv=RSV1)
                socket.send_frame(PING, b"p")
                socket.send_frame(CONTINUATION, compressed[at:])
                self.assertEqual(socket.read_frame()[1:], (PONG, b"p"))
                self.assertEqual(socket.read_text(), text)
            socket.send_in_pieces(frame(TEXT, compressed, rsv=RSV1), 1)
            self.assertEqual(socket.read_text(), text)

    def test_over_tls(self):
        with WebSocket(self.broker.https, "/topics/tls", headers=OFFER, tls=trusting()) as socket:
            for size in (10, 1000, 100_000):
                socket.send_frame(TEXT, deflate(compressible(size)), rsv=RSV1)
                self.assertEqual(socket.read_text(), compressible(size))
                self.assertEqual(socket.compressed, size > 10)


class Windows(OwnBrokerCase):
    def test_the_budget_is_for_so_many_and_comes_back(self):
        broker = self.start("--websocket.window_bytes=64KiB", shards=1)
        connect = lambda: broker.raw("t", "?publish=only", headers=OFFER)  # noqa: E731
        with connect() as one, connect() as two:
            self.assertEqual([each.answer.header("sec-websocket-extensions") for each in (one, two)], [KEPT, KEPT])
            with connect() as three, broker.raw("t") as reader:
                self.assertEqual(three.answer.header("sec-websocket-extensions"), AGREED)
                self.assertEqual(broker.metrics().sum("deflate_window_bytes"), 64 * 1024)
                compressors = [zlib.compressobj(wbits=-15) for _ in range(2)]
                for number in range(scaled(200)):
                    text = compressible(500, number % 7)
                    for socket, compressor in zip((one, two), compressors):
                        compressed = deflate_on(compressor, text)
                        self.assertTrue(number < 7 or len(compressed) < 30, "it refers to what went before")
                        socket.send_frame(TEXT, compressed, rsv=RSV1)
                        self.assertEqual(reader.read_text(), text)
                    three.send_frame(TEXT, deflate(text), rsv=RSV1)
                    self.assertEqual(reader.read_text(), text)
        broker.settles(lambda metrics: metrics.sum("deflate_window_bytes") == 0)
        with connect() as again:
            self.assertEqual(again.answer.header("sec-websocket-extensions"), KEPT)

    def test_off_is_off(self):
        broker = self.start("--websocket.compression=false")
        with broker.raw("t", headers=OFFER) as socket:
            self.assertIsNone(socket.answer.header("sec-websocket-extensions"))
            socket.send_text(compressible(1000))
            self.assertEqual(socket.read_text(), compressible(1000))
            socket.send_frame(TEXT, deflate("x"), rsv=RSV1)
            self.assertEqual(socket.read_close()[0], 1002)


class Breaches(BrokerCase):
    flags = ("--limits.message_bytes=64KiB",)

    def closes(self, frames, code, headers=OFFER, query=""):
        with self.broker.raw("breach", query, headers=headers) as socket:
            socket.send(frames)
            self.assertEqual(socket.read_close()[0], code)

    def test_close_codes(self):
        rsv1 = lambda opcode, payload, **how: frame(opcode, payload, rsv=RSV1, **how)  # noqa: E731
        good = deflate("good")
        for frames, code in (
                (rsv1(TEXT, b"\xff\xff"), 1007), (rsv1(TEXT, b"plain text"), 1007), (rsv1(TEXT, good[:-2]), 1007),
                (rsv1(TEXT, deflate(b"bad \xff")), 1007), (rsv1(BINARY, b"\xf2\x00\x11\x00\x00"), 1007),
                (rsv1(TEXT, deflate(b"\xe2\x82")), 1007),
                (rsv1(TEXT, good, fin=False) + rsv1(CONTINUATION, b""), 1002), (rsv1(PING, b"x"), 1002),
                (rsv1(PONG, b""), 1002), (rsv1(8, b""), 1002), (rsv1(CONTINUATION, good), 1002),
                (frame(TEXT, good, rsv=6), 1002), (frame(TEXT, good, rsv=2), 1002), (frame(TEXT, good, rsv=1), 1002),
                (rsv1(BINARY, deflate(bytes(65537))), 1009), (rsv1(BINARY, b"\x03\x00" * 5000), 1007),
                (rsv1(BINARY, bytes(71_000)), 1009)):
            self.closes(frames, code)
            self.closes(frames, code, query="?publish=only")
        self.closes(rsv1(TEXT, good), 1002, headers=())

    def test_the_largest_message_fits_compressed_or_not(self):
        with self.broker.raw("breach", headers=OFFER) as socket:
            for body in (bytes(65536), os.urandom(65536)):
                socket.send_frame(BINARY, deflate(body), rsv=RSV1)
                self.assertEqual(socket.read_message(), (BINARY, body))

    def test_bombs_cost_nobody_else_anything(self):
        def closes(metrics):
            return metrics.sum("connections_closed_total", reason="message_too_big")
        before = closes(self.broker.metrics())
        bomb = deflate(bytes(8 << 20))
        resident = self.broker.resident_bytes()
        count = scaled(200)
        with self.broker.raw("quiet", headers=OFFER) as quiet:
            for _ in range(count):
                with self.broker.raw("breach", "?publish=only", headers=OFFER) as socket:
                    socket.send_frame(BINARY, bomb, rsv=RSV1)
                    quiet.send_frame(TEXT, deflate("still here"), rsv=RSV1)
                    self.assertEqual(quiet.read_text(), "still here")
                    self.assertEqual(socket.read_close()[0], 1009)
        self.broker.settles(lambda metrics: closes(metrics) == before + count)
        self.assert_resident_below(resident + (8 << 20))


class Library(BrokerCase):
    """python3-websockets, with its every way of compressing, against itself without."""

    def test_random_messages_in_random_fragments(self):
        ways = [{"compression": None}, {"compression": "deflate"}]
        for bits in (9, 12, 15):
            for no_takeover in (False, True):
                ways.append({"compression": None, "extensions": [ClientPerMessageDeflateFactory(
                    server_max_window_bits=bits, client_max_window_bits=bits, client_no_context_takeover=no_takeover,
                    server_no_context_takeover=no_takeover, compress_settings={"memLevel": 1 + bits // 2})]})

        async def main():
            url = self.broker.url("/topics/library", "http").replace("http", "ws", 1)
            readers = [await websockets.connect(url, **way) for way in ways]
            publishers = [await websockets.connect(url + "?publish=only", **way) for way in ways]
            for each in readers:
                await (await each.ping())
            chosen = random.Random(1)
            for number in range(scaled(300)):
                size = chosen.choice([0, 1, 100, 300, 5000, 70_000])
                message = compressible(size, number) if chosen.random() < 0.7 else chosen.randbytes(size)
                if size > 2 and chosen.random() < 0.5:
                    cuts = sorted(chosen.randrange(size) for _ in range(chosen.randrange(1, 5)))
                    fragments = [message[a:b] for a, b in zip([0] + cuts, cuts + [size])]
                    await chosen.choice(publishers).send(fragments)
                else:
                    await chosen.choice(publishers).send(message)
                for each in readers:
                    self.assertEqual(await each.recv(), message)
            await asyncio.gather(*(each.close() for each in readers + publishers))
            self.assertEqual({each.close_code for each in readers + publishers}, {1000})

        asyncio.run(asyncio.wait_for(main(), 3 * TIMEOUT))


if __name__ == "__main__":
    unittest.main()
