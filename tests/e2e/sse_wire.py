# SPDX-License-Identifier: Apache-2.0
"""Server-sent events over a raw socket, and a strict reader of them that shares no code with the broker (WHATWG HTML,
"Server-sent events")."""
from collections import namedtuple

from http_wire import Ended, Wire, read_chunk, read_head

Event = namedtuple("Event", "type data id")  # id: lastEventId, as a listener sees it


class Parser:
    """As a browser reads: bytes in, in any pieces; events out."""

    def __init__(self):
        self.events = []
        self.last_event_id = ""  # what a browser would come back with
        self.first_id = None     # of the first block
        self.retry = None
        self.comments = 0
        self._line = bytearray()
        self._after_return = False
        self._type, self._data, self._id = "", [], ""

    def feed(self, data):
        for byte in data:
            second_of_two = self._after_return and byte == 0x0A
            self._after_return = byte == 0x0D
            if second_of_two:
                continue
            if byte in (0x0A, 0x0D):
                line, self._line = self._line.decode(), bytearray()
                self._read(line)
            else:
                self._line.append(byte)

    def _read(self, line):
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "":
            self.comments += 1
        elif field == "event":
            self._type = value
        elif field == "data":
            self._data.append(value)
        elif field == "id":
            self._id = value
        elif field == "retry":
            self.retry = int(value)
        else:
            raise AssertionError(f"no field of an event: {line!r}")

    def _dispatch(self):
        self.last_event_id = self._id
        if self.first_id is None:
            self.first_id = self._id
        if self._data:
            self.events.append(Event(self._type or "message", "\n".join(self._data), self._id))
        self._type, self._data = "", []


class Events:
    """GET, answered by a stream. `bytes` is all of its body that has come."""

    def __init__(self, address, target, last_event_id=None, headers=(), version="1.1", method="GET", **options):
        self.wire = Wire(address, **options)
        headers = {"Accept": "text/event-stream", **dict(headers)}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wire.send(f"{method} {target} HTTP/{version}\r\nHost: 127.0.0.1\r\n{lines}\r\n")
        self.status, _, self.headers = read_head(self.wire)
        if self.status != 200:
            body = self.wire.read_to_end() if ("connection", "close") in self.headers else b""
            self.close()
            raise AssertionError(f"no stream: {self.status} {self.headers} {body!r}")
        self.parser = Parser()
        self.bytes = bytearray()
        self._taken = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.wire.close()

    @property
    def shard(self):
        return self.header("kodama-shard")

    @property
    def last_event_id(self):
        return self.parser.last_event_id

    def header(self, name):
        return dict(self.headers).get(name)

    def read(self):
        """What has come, at least a byte."""
        if self.header("transfer-encoding") == "chunked":  # by a proxy
            piece = read_chunk(self.wire)
            if not piece:
                raise Ended("with its last chunk")
        else:
            if not self.wire.buffer:
                self.wire.fill()
            piece = self.wire.take(len(self.wire.buffer))
        self.bytes += piece
        self.parser.feed(piece)

    def begun(self):
        """Reads on until the stream's first block has come, and returns its id: where its reader is."""
        while self.parser.first_id is None:
            self.read()
        return self.parser.first_id

    def next(self):
        while len(self.parser.events) == self._taken:
            self.read()
        self._taken += 1
        return self.parser.events[self._taken - 1]

    def take(self, count):
        return [self.next() for _ in range(count)]

    def read_to_end(self):
        """All events up to the peer's end that have not been taken."""
        try:
            while True:
                self.read()
        except Ended:
            pass
        rest = self.parser.events[self._taken:]
        self._taken = len(self.parser.events)
        return rest

    def is_silent(self, seconds):
        return self.wire.is_silent(seconds)


def after(data):
    """(last event id, events) of a stream that was cut off behind these bytes."""
    parser = Parser()
    parser.feed(data)
    return parser.last_event_id, parser.events
