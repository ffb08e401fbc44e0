# SPDX-License-Identifier: Apache-2.0
"""The words that the tables of Engine.IO and Socket.IO are written in. A case is a list of steps; each word makes a list
of one, so that they are joined by `+`. The stage is where a case is played: its session, and what it opened besides."""
import collections
import functools
import gzip
import json
import re
import time
import zlib

from engineio_wire import EngineSocket, decode_payload, encode_payload, open_session, read_open, target
from http_wire import Ended, Wire, read_head
from ws_wire import WebSocket

EVERY = ("polling", "websocket", "upgraded")
STILL = ("4still here", "4still here")

# `part` of which protocol it is; `says`: the demand in our own words; `cases`: name → steps. Each is played over each
# of `transports` (None: without a session) at `path`, behind the steps `opening`. A session that has not ended must
# answer `still`'s first packet with its second at the end, and nothing before it.
Rule = collections.namedtuple("Rule", "part says cases transports path query opening still",
                              defaults=(EVERY, "/engine.io/", "", (), STILL))


class Beyond(list):
    """Steps that ask for more than the reference implementation does, or for something else: `why` says what."""

    def __init__(self, why, steps):
        super().__init__(steps)
        self.why = why


class Stage:
    """Where one case is played."""

    def __init__(self, rule, transport, address, **wire):
        self.rule, self.address, self.wire = rule, address, wire
        self.over = transport is None
        self.pending = {}  # name → a connection whose answer is yet to come
        self.sockets = {}  # name → a candidate of an upgrade
        self.seen = {}  # what patterns have caught
        self.session = None
        if transport:
            self.session = open_session(transport, address, rule.path, rule.query, **wire)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in [*self.pending.values(), *self.sockets.values(), self.session]:
            if each is not None:
                each.close()

    def play(self, steps):
        for number, each in enumerate([*self.rule.opening, *steps]):
            try:
                each(self)
            except (AssertionError, Ended, OSError) as error:
                raise AssertionError(f"step {number + 1}: {error!r}") from error
        if not self.over and self.rule.still:
            self.session.say(self.rule.still[0])
            self.expect(self.rule.still[1], self.session.hear())

    def expect(self, expected, heard):
        """A pattern must match all of a text, and what its named groups catch is kept; a function must say yes."""
        if isinstance(expected, re.Pattern):
            found = isinstance(heard, str) and expected.fullmatch(heard)
            self.seen.update(found.groupdict() if found else {})
        elif callable(expected):
            found = expected(heard)
        else:
            found = expected == heard
        if not found:
            raise AssertionError(f"heard {heard!r:.300}, not {expected!r:.300}")


def step(function):
    @functools.wraps(function)
    def word(*arguments, **options):
        return [lambda stage: function(stage, *arguments, **options)]
    return word


# ---- over whatever transport the session has

@step
def says(stage, *packets):
    """In one payload where it polls. A function makes the packet of what was seen before."""
    stage.session.say(*(each(stage.seen) if callable(each) else each for each in packets))


@step
def hears(stage, *packets):
    for each in packets:
        stage.expect(each, stage.session.hear())


@step
def ends(stage):
    stage.session.ends()
    stage.over = True


@step
def offends(stage, *packets):
    """Says what must end the session."""
    stage.session.offend(*packets)
    stage.session.ends()
    stage.over = True


@step
def tries(stage, *packets):
    """Says what may be answered in any way."""
    stage.session.offend(*packets)


@step
def pinged(stage):
    stage.expect("2", stage.session.hear(pings=True))


@step
def pinged_while_it_talks(stage, most_seconds):
    """Echoes go to and fro without a pause, and the ping comes nevertheless."""
    end = time.monotonic() + most_seconds
    while time.monotonic() < end:
        stage.session.say("4x")
        if (heard := stage.session.hear(pings=True)) != "4x":
            stage.expect("2", heard)
            stage.expect("4x", stage.session.hear())
            return
    raise AssertionError(f"no ping in {most_seconds} s")


@step
def stays(stage, seconds):
    stage.session.stays(seconds)


@step
def lets_pass(_, seconds):
    time.sleep(seconds)  # the time that a session may be left alone is the subject


# ---- HTTP requests

@step
def asks(stage, method="GET", query=None, status=200, code=None, sid=False, path=None, headers=(), body="", has=(),
         lacks=(), text=None):
    """One request and its answer. `code` is Engine.IO's, which comes as JSON with its message; `text` is that of the
    body, unpacked; `has` are headers, whose value may be a pattern."""
    path = stage.rule.path if path is None else path
    query = "EIO=4&transport=polling" if query is None else query
    query += f"&sid={stage.session.sid}" if sid else ""
    with Wire(stage.address, **stage.wire) as wire:
        answer = wire.request(method, f"{path}?{query}" if query else path, body, dict(headers))
    if answer.status not in (status if isinstance(status, tuple) else (status,)):
        raise AssertionError(f"{status} was expected: {answer}")
    if code is not None:
        stage.expect({"code": code, "message": MESSAGES[code]}, answer.json())
        stage.expect("application/json", answer.header("content-type"))
    for name, value in dict(has).items():
        stage.expect(value, answer.header(name))
    for name in lacks:
        stage.expect(None, answer.header(name))
    if text is not None:
        stage.expect(text, unpacked(answer).decode())


MESSAGES = ("Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
            "Unsupported protocol version")


def unpacked(answer):
    coding = answer.header("content-encoding")
    return {None: bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}[coding](answer.body)


def fails(code, **request):
    return asks(status=403 if code == 4 else 400, code=code, **request)


@step
def polls(stage, name="poll"):
    stage.pending[name] = stage.session.begin("GET")


@step
def pends(stage, name="poll"):
    if not stage.pending[name].is_silent(0.05):
        raise AssertionError(f"the GET was to be held: {stage.pending[name].response()}")


@step
def answered(stage, *either, name="poll"):
    """One of these payloads. There are several where another request may have overtaken the GET on its way."""
    with stage.pending.pop(name) as wire:
        answer = wire.response()
    stage.expect(200, answer.status)
    stage.expect(lambda text: text in either, answer.text)


@step
def one_of_two_is_refused(stage, text, *names):
    """The GET that came first is answered with the text; the other is too many. It may be either of them."""
    answers = []
    for name in names:
        with stage.pending.pop(name) as wire:
            answers.append(wire.response())
    told, refused = sorted(answers, key=lambda each: each.status)
    stage.expect((200, text), (told.status, told.text))
    stage.expect(lambda status: status in (400, 500), refused.status)


@step
def gives_up(stage, name="poll"):
    stage.pending.pop(name).close()


@step
def begins_to_post(stage, part, length, name="post"):
    """A POST whose body is yet to come; by the 100 it is known that its head was read."""
    wire = stage.pending[name] = Wire(stage.address, **stage.wire)
    wire.send(f"POST {target(stage.rule.path, sid=stage.session.sid)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
              f"Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
    stage.expect(100, read_head(wire)[0])
    wire.send(part)


@step
def is_cut(stage, name="post"):
    with stage.pending.pop(name) as wire:
        stage.expect(lambda data: not data.startswith(b"HTTP/1.1 2"), wire.read_to_end())


@step
def posts_chunked(stage, *packets, status=200):
    body = encode_payload(packets).encode()
    with Wire(stage.address, **stage.wire) as wire:
        wire.send(f"POST {target(stage.rule.path, sid=stage.session.sid)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n")
        wire.send(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:3], body[3:])) + b"0\r\n\r\n")
        stage.expect(status, wire.response().status)


@step
def shares_a_connection(stage, count):
    """So many sessions over one kept connection, as behind a proxy; each hears what was said to it."""
    with Wire(stage.address, **stage.wire) as wire:
        first = [decode_payload(wire.request("GET", target(stage.rule.path)).text)[0] for _ in range(count)]
        sids = [read_open(each)["sid"] for each in first]
        for number, sid in enumerate(sids):
            stage.expect("ok", wire.request("POST", target(stage.rule.path, sid=sid), f"4{number}").text)
        for number, sid in enumerate(sids):
            stage.expect(f"4{number}", wire.request("GET", target(stage.rule.path, sid=sid)).text)


# ---- WebSockets beside the session

@step
def may_not_upgrade(stage, query, message, sid=False, path=None, status=400, headers=()):
    """The handshake is answered with the bare message, and the connection is closed."""
    query += f"&sid={stage.session.sid}" if sid else ""
    where = f"{stage.rule.path if path is None else path}?{query}"
    with WebSocket(stage.address, where, headers=headers, expect=status, **stage.wire) as socket:
        stage.expect(re.compile("text/html.*"), socket.answer.header("content-type"))
        stage.expect(message, socket.answer.text)
        stage.expect(b"", socket.read_to_end())


@step
def opens_nothing(stage, query, sid=False):
    """Whether the handshake is refused or the WebSocket closed at once: no session comes of it."""
    query += f"&sid={stage.session.sid}" if sid else ""
    with Wire(stage.address, **stage.wire) as wire:
        wire.send(f"GET {stage.rule.path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        data = wire.read_to_end() if read_head(wire)[0] != 101 else read_to_close(wire)
        stage.expect(lambda each: b'"sid"' not in each, data)


def read_to_close(wire):
    """Up to the end of the stream, or to a close frame, behind which a server may wait for ours."""
    while True:
        if wire.buffer.startswith(b"\x88"):
            return bytes(wire.buffer)
        try:
            wire.fill()
        except Ended:
            return bytes(wire.buffer)


@step
def opens(stage, name="socket"):
    stage.sockets[name] = EngineSocket(stage.address, stage.rule.path, sid=stage.session.sid, **stage.wire)


@step
def socket_says(stage, *packets, name="socket"):
    stage.sockets[name].say(*packets)


@step
def socket_hears(stage, *packets, name="socket"):
    for each in packets:
        stage.expect(each, stage.sockets[name].hear())


@step
def socket_is_silent(stage, name="socket"):
    if not stage.sockets[name].is_silent(0.05):
        raise AssertionError(f"nothing was to come: {stage.sockets[name].read_frame()}")


@step
def socket_ends(stage, name="socket"):
    stage.sockets.pop(name).ends()


@step
def socket_drops(stage, name="socket"):
    stage.sockets.pop(name).close()


@step
def goes_on_with(stage, name="socket"):
    """The `5`; the session is that WebSocket from here on."""
    stage.session = stage.sockets.pop(name)
    stage.session.say("5")


def probes(name="socket"):
    return opens(name) + socket_says("2probe", name=name) + socket_hears("3probe", name=name)


def as_json(prefix, value):
    """A packet of that prefix whose JSON has that value, in whatever order of keys."""
    def is_so(packet):
        return isinstance(packet, str) and packet.startswith(prefix) and json.loads(packet[len(prefix):]) == value
    return is_so
