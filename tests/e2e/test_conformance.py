# SPDX-License-Identifier: Apache-2.0
"""Every demand of RFC 6455 and RFC 7692 that a server can be seen to keep: the tables of conformance_*.py, row by row,
each over ws and wss, with the publisher, the topic's home and the subscribers on one shard and on several, and what is
short both in one write and in writes of one byte. Under the sanitizers each row goes one of these ways, in turn.

That frames are not masked, carry no bit or length that they must not, and that a compressed one looks back no farther
than its window, is checked of every frame that comes, by ws_wire.py.
"""
import collections
import os
import unittest

from conformance_deflate import COMPRESSION
from conformance_framing import CLOSING, FRAMES, MESSAGE_BYTES_MAX, UNICODE
from conformance_handshake import EXTENSIONS, HANDSHAKE, request
from harness import SHARDS, SLOW, BrokerCase, path, trusting
from http_wire import Wire
from ws_wire import BINARY, CLOSE, PING, PONG, TEXT, WebSocket, parse_close

BYTEWISE_MAX = 400  # what is longer is sent in one write only

# Shards. Of two: all on one, a way there, and there and back; where there are more, each has its own.
Place = collections.namedtuple("Place", "publisher home subscribers")
PLACES = (Place(1, 2, 3 % SHARDS),) if SHARDS > 2 else (Place(0, 0, 0), Place(0, 0, SHARDS - 1), Place(SHARDS - 1, 0, SHARDS - 1))


class Room:
    """A topic in its place, over one transport: two subscribers, with and without compression, that stay; publishers
    come and go."""

    def __init__(self, broker, scheme, place, name):
        self.place, self.scheme, self.broker, self.subscribers = place, scheme, broker, []
        self.address, self.tls = (broker.http, None) if scheme == "ws" else (broker.https, trusting())
        self.topic = topic_at(broker, self.place.home, name)

    def __str__(self):
        return f"{self.scheme}, shards {self.place.publisher} to {self.place.home} to {self.place.subscribers}"

    def wire(self):
        return Wire(self.address, tls=self.tls)

    def connect(self, shard, query="", offer=""):
        headers = {"Sec-WebSocket-Extensions": offer} if offer else {}
        return self.broker.on_shard(shard, lambda: WebSocket(self.address, path(self.topic) + query, headers=headers,
                                                             tls=self.tls))

    def listen(self):
        if not self.subscribers:
            self.subscribers = [self.connect(self.place.subscribers, "", offer) for offer in ("", "permessage-deflate")]
            for each in self.subscribers:
                each.sync()
        return self.subscribers

    def close(self):
        for each in self.subscribers:
            each.close()
        self.subscribers = []


def topic_at(broker, home, name):
    """A topic of that name, and a number, whose home is that shard: its turns go up with each publish, while the
    publisher's on shard 0 do anyway."""
    def turns():
        metrics = broker.metrics()
        return [metrics.sum("shard_turns_total", shard=str(each)) for each in range(SHARDS)]
    count = 40
    for number in range(100):
        topic = f"{name} {number}"
        with broker.on_shard(0, lambda t=topic: broker.raw(t)) as publisher:
            publisher.sync()
            before = turns()
            for _ in range(count):
                publisher.send_text("x")
                publisher.read_text()
            rose = [now - then for now, then in zip(turns(), before)]
        busy = [each for each in range(1, SHARDS) if rose[each] > count / 2]
        if busy == ([home] if home else []):
            return topic
    raise AssertionError(f"no topic was found whose home is the shard {home}; the last made these turns: {rose}")


class ConformanceCase(BrokerCase):
    flags = ("--limits.message_bytes", f"{MESSAGE_BYTES_MAX}B", "--limits.queue_bytes", "16MiB")
    rooms = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(lambda: [room.close() for room in cls.rooms])
        cls.rooms = [Room(cls.broker, scheme, place, f"{scheme} {number}")
                     for scheme in ("ws", "wss") for number, place in enumerate(PLACES)]

    def check(self, rules, play, rooms=None):
        """Plays each case of the rules in each room, every other one byte by byte; under the sanitizers in one room."""
        cases = [(rule, name, case) for rule in rules for name, case in rule.cases.items()]
        rooms = list(enumerate(rooms or self.rooms))
        for number, (rule, name, case) in enumerate(cases):
            for way, room in [rooms[number % len(rooms)]] if SLOW else rooms:
                bytewise = (number // len(rooms) if SLOW else number) + way & 1 == 1
                with self.subTest(f"RFC {rule.section}: {rule.says}: {name}", way=f"{room}{', byte by byte' * bytewise}"):
                    try:
                        play(case, room, bytewise)
                    except BaseException:
                        room.close()  # what its subscribers have yet to hear is not the next case's
                        raise


class Frames(ConformanceCase):
    """What is sent on an opened connection."""

    def play(self, case, room, bytewise):
        listeners, marker = room.listen(), os.urandom(12)
        with room.connect(room.place.publisher, case.query, case.offer) as publisher:
            self.assertEqual(publisher.deflate, case.offer.startswith("permessage-deflate"), publisher.answer)
            bytewise = bytewise and len(case.sends) <= BYTEWISE_MAX
            self.send(publisher, case.sends, 1 if bytewise else len(case.sends) or 1)
            echoes = "publish=only" not in case.query
            if case.close is None:
                publisher.send_frame(BINARY, marker)
                publisher.send_frame(PING, marker)
                heard, pongs = self.until(marker, publisher, message=echoes, pong=True)
            else:
                heard, pongs, code = self.until_closed(publisher)
                self.assertIn(code, case.close)
                listeners[0].send_frame(BINARY, marker)
            if case.compressed is not None:
                self.assertEqual({compressed for _, _, compressed in heard}, {case.compressed})
            self.assertEqual(pongs, list(case.pongs))
            if echoes:
                self.assert_heard(heard, case.heard, "its publisher")
        for each in listeners:
            self.assert_heard(self.until(marker, each)[0], case.heard, "a subscriber")

    @staticmethod
    def send(publisher, data, size):
        try:
            publisher.send_in_pieces(data, size)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it is closed before all is sent, as it may be; whether that was well is what is read from it

    @staticmethod
    def take(frame, socket, heard, pongs):
        if frame.opcode == PING:
            socket.send_frame(PONG, frame.payload)  # it asks whether a subscriber is still there
        elif frame.opcode == PONG:
            pongs.append(frame.payload)
        elif frame.opcode in (TEXT, BINARY):
            if not frame.fin:
                raise AssertionError("the broker does not fragment")
            heard.append((frame.opcode, frame.payload, socket.compressed))
        else:
            raise AssertionError(f"opcode {frame.opcode}, {frame.payload!r}, behind {len(heard)} messages")

    def until(self, marker, socket, message=True, pong=False):
        """(messages, pongs) before the marker, which says that these were all: as a message, and as a pong."""
        heard, pongs = [], []
        while message or pong:
            self.take(socket.read_frame(), socket, heard, pongs)
            if message and heard and heard[-1][1] == marker:
                heard.pop()
                message = False
            if pong and pongs and pongs[-1] == marker:
                pongs.pop()
                pong = False
        return heard, pongs

    def until_closed(self, socket):
        """(messages, pongs, code): the close is the last frame, and the server ends the connection (§7.1.1)."""
        heard, pongs = [], []
        while (frame := socket.read_frame()).opcode != CLOSE:
            self.take(frame, socket, heard, pongs)
        self.assertEqual(socket.read_to_end(), b"", "behind the close")
        return heard, pongs, parse_close(frame.payload)[0]

    def assert_heard(self, heard, expected, who):
        heard = [each[:2] for each in heard]
        if heard != list(expected):  # of large messages only what is said here
            self.fail(f"{who} heard {brief(heard)}, not {brief(expected)}")

    def test_frames(self):
        self.check(FRAMES, self.play)

    def test_closing(self):
        self.check(CLOSING, self.play)

    def test_unicode(self):
        self.check(UNICODE, self.play)

    def test_compression(self):
        self.check(COMPRESSION, self.play)


class Handshakes(ConformanceCase):
    """What is asked for, over ws and wss."""

    def ask(self, case, room, bytewise):
        with room.wire() as wire:
            wire.send_in_pieces(case.text.encode(), 1 if bytewise else len(case.text))
            answer = wire.response()
        self.assertEqual(answer.status, case.status, answer)
        for name, value in case.has.items():
            said = answer.header(name) or ""
            self.assertEqual(*((said.lower(), value) if name in ("upgrade", "connection") else (said, value)), answer)
        for name in case.lacks:
            self.assertIsNone(answer.header(name), answer)

    def offer(self, case, room, bytewise):
        more = "".join(f"Sec-WebSocket-Extensions: {line}\r\n" for line in case.lines)
        text = request(more=more, line=f"GET {path(room.topic)}{case.query} HTTP/1.1")
        with room.wire() as wire:
            wire.send_in_pieces(text.encode(), 1 if bytewise else len(text))
            answer = wire.response()
        self.assertEqual(answer.status, 101, answer)
        agreed = answer.header("sec-websocket-extensions")
        if case.has is None:
            self.assertIsNone(agreed)
            return
        name, *parameters = (agreed or "").split("; ")
        self.assertEqual(name, "permessage-deflate")
        parameters = dict((each.split("=") + [None])[:2] for each in parameters)
        self.assertEqual(len(parameters), agreed.count(";"), f"each at most once: {agreed}")
        self.assertEqual(parameters, {**parameters, **case.has})
        self.assertFalse(set(case.lacks) & set(parameters), agreed)
        for each in ("server_max_window_bits", "client_max_window_bits"):
            self.assertIn(each if each in parameters else "", " ".join(case.lines), f"not offered: {agreed}")
            self.assertIn(parameters.get(each, "15"), [str(bits) for bits in range(8, 16)], agreed)

    def transports(self):
        return [self.rooms[0], self.rooms[len(PLACES)]]

    def test_handshakes(self):
        self.check(HANDSHAKE, self.ask, self.transports())

    def test_extensions(self):
        self.check(EXTENSIONS, self.offer, self.transports())


def brief(messages):
    return [(opcode, payload if len(payload) < 60 else f"{payload[:40]!r} … of {len(payload)}")
            for opcode, payload in messages[:20]]


if __name__ == "__main__":
    unittest.main()
