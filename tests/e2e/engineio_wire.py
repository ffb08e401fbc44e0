# SPDX-License-Identifier: Apache-2.0
"""Engine.IO v4 by hand: a session over HTTP long-polling, over a WebSocket, and over the one upgraded to the other.

The three are driven alike: `say`, `offend`, `hear`, `ends`. A packet is a str with its type digit, or bytes where it
is binary. Each HTTP request takes a connection of its own, so that the requests of one session meet every shard.
"""
import base64
import json
import time

from http_wire import Ended, Wire
from ws_wire import BINARY, CLOSE, PING, PONG, TEXT, WebSocket

SEPARATOR = "\x1e"
OPEN_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


def target(path, transport="polling", sid=None, query=""):
    return f"{path}?EIO=4&transport={transport}" + (f"&sid={sid}" if sid else "") + (f"&{query}" if query else "")


def encode_payload(packets):
    return SEPARATOR.join(each if isinstance(each, str) else "b" + base64.b64encode(each).decode() for each in packets)


def decode_payload(text):
    return [base64.b64decode(each[1:], validate=True) if each.startswith("b") else each for each in text.split(SEPARATOR)]


def read_open(packet):
    """What the open packet says; it must have the keys that clients look for, and no others."""
    if not isinstance(packet, str) or packet[:1] != "0":
        raise AssertionError(f"an open packet was expected: {packet!r}")
    said = json.loads(packet[1:])
    if set(said) != OPEN_KEYS:
        raise AssertionError(f"the open packet has other keys: {packet}")
    return said


class Polling:
    """A session over HTTP long-polling."""
    transport = "polling"

    def __init__(self, address, path="/engine.io/", query="", headers=(), **wire):
        self.address, self.path, self.query, self.headers, self.wire = address, path, query, dict(headers), wire
        self.inbox = []
        self.sid = None
        self.answer = self.poll()
        if self.answer.status != 200:
            raise AssertionError(f"no session: {self.answer}")
        first, *rest = decode_payload(self.answer.text)
        self.said = read_open(first)
        self.sid = self.said["sid"]
        self.inbox += rest

    def close(self):
        """Nothing is held between two requests."""

    def begin(self, method, body=b"", headers=()):
        """Sends a request and returns the connection, on which the answer is yet to come."""
        wire = Wire(self.address, **self.wire)
        body = body if isinstance(body, bytes) else body.encode()
        lines = [f"{method} {target(self.path, sid=self.sid, query=self.query)} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **dict(headers)}.items()]
        if method == "POST":
            lines += [f"Content-Length: {len(body)}", "Content-Type: text/plain;charset=UTF-8"]
        wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return wire

    def poll(self):
        with self.begin("GET") as wire:
            return wire.response()

    def post(self, packets):
        with self.begin("POST", encode_payload(packets)) as wire:
            return wire.response()

    def say(self, *packets):
        """All in one POST."""
        answer = self.post(packets)
        if (answer.status, answer.text, answer.header("content-type")) != (200, "ok", "text/html"):
            raise AssertionError(f"POST {packets!r:.200}: {answer}")

    def offend(self, *packets):
        """What may be answered in any way, or not at all."""
        try:
            self.post(packets)
        except (Ended, OSError):
            pass

    def hear(self, pings=False):
        """The next packet. A ping is answered and passed over, unless it is asked for."""
        while True:
            while not self.inbox:
                answer = self.poll()
                if answer.status != 200:
                    raise AssertionError(f"the session is over: {answer}")
                self.inbox += decode_payload(answer.text)
            packet = self.inbox.pop(0)
            if packet == "2" and not pings:
                self.say("3")
            elif packet != "6":
                return packet

    def ends(self):
        """The session must be over: a GET may still be told so by a `1` or be let go by a `6`; then none is known."""
        for _ in range(4):
            answer = self.poll()
            if answer.status == 400:
                if answer.body and answer.json() == {"code": 1, "message": "Session ID unknown"}:
                    return
                continue  # it came beside a GET that was given up, and ends the session by that
            if answer.status != 200 or not set(decode_payload(answer.text)) <= {"1", "2", "6"}:
                raise AssertionError(f"the session should be over: {answer}")
        raise AssertionError("the session does not end")

    def drop(self):
        """The network fails: a GET that pends is given up, and the server has taken note of it."""
        self.begin("GET").close()
        self.ends()

    def stays(self, seconds):
        """For so long nothing comes but pings, which are answered; for what must not happen."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with self.begin("GET") as wire:
                if wire.is_silent(left):
                    raise AssertionError("a GET was given up, which ends the session: stay over a WebSocket")
                if (answer := wire.response()).text != "2":
                    raise AssertionError(f"nothing was to come: {answer}")
            self.say("3")


class EngineSocket(WebSocket):
    """A session over a WebSocket, or, with the id of a polling session, the candidate of an upgrade."""
    transport = "websocket"

    def __init__(self, address, path="/engine.io/", query="", sid=None, **options):
        super().__init__(address, target(path, "websocket", sid, query), **options)
        self.sid = sid
        if sid is None:
            self.said = read_open(self.hear())
            self.sid = self.said["sid"]

    def say(self, *packets):
        for each in packets:
            self.send_frame(TEXT if isinstance(each, str) else BINARY, each)

    def offend(self, *packets):
        try:
            self.say(*packets)
        except OSError:
            pass  # it is closed before all is sent

    def hear(self, pings=False):
        while True:
            opcode, payload = self.read_message()
            packet = payload.decode() if opcode == TEXT else payload
            if packet != "2" or pings:
                return packet
            self.say("3")

    def ends(self):
        """The connection must be closed, with a close frame or without; only pings may come before."""
        try:
            while (each := self.read_frame()).opcode != CLOSE:
                if each.opcode in (TEXT, BINARY) and each.payload != b"2":
                    raise AssertionError(f"the session should be over: {each.payload[:200]!r}")
            self.offend_with_close(each.payload[:2])
            if rest := self.read_to_end():
                raise AssertionError(f"behind the close came {rest[:100]!r}")
        except Ended:
            pass
        self.close()

    def offend_with_close(self, payload):
        try:
            self.send_frame(CLOSE, payload)
        except OSError:
            pass

    def drop(self):
        """The transport is closed by its client, and the server has taken note of it."""
        self.close_well()

    def stays(self, seconds):
        """For so long nothing comes but pings, which are answered; for what must not happen."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.is_silent(left):
            each = self.read_frame()
            if each.opcode == PING:
                self.send_frame(PONG, each.payload)
            elif (each.opcode, each.payload) == (TEXT, b"2"):
                self.say("3")
            else:
                raise AssertionError(f"nothing was to come: {each}")


def upgrade(session, **options):
    """The WebSocket that a polling session goes on with; nothing of it pends meanwhile."""
    socket = EngineSocket(session.address, session.path, session.query, session.sid, headers=session.headers,
                          **session.wire, **options)
    socket.say("2probe")
    if (heard := socket.hear()) != "3probe":
        raise AssertionError(f"3probe was expected: {heard!r}")
    socket.say("5")
    # What is POSTed now may still come before the `5`, by another connection; a GET waits for it.
    for _ in range(5):
        if (answer := session.poll()).status == 400:
            break
        if answer.text != "6":
            raise AssertionError(f"a GET beside an upgrade: {answer}")
    socket.said, socket.transport = session.said, "upgraded"
    return socket


def open_session(transport, address, path="/engine.io/", query="", headers=(), **wire):
    """`transport` is polling, websocket or upgraded."""
    if transport == "websocket":
        return EngineSocket(address, path, query, headers=headers, **wire)
    session = Polling(address, path, query, headers, **wire)
    return upgrade(session) if transport == "upgraded" else session
