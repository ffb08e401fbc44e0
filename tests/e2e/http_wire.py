# SPDX-License-Identifier: Apache-2.0
"""A raw socket with deadlines, and a tiny strict reader of HTTP/1.1 answers.

Strict on purpose: what the broker sends is checked here by a reader that shares no code with it. Nothing waits without
a deadline; a deadline that passes is an exception that says what was being waited for.
"""
import json
import os
import socket
import struct
import time

SLOW = os.environ.get("KODAMA_SLOW", "") not in ("", "0")  # sanitizers
TIMEOUT = 60.0 if SLOW else 20.0


class Ended(Exception):
    """The peer closed its side before what was awaited had come."""


class Wire:
    """A TCP (or TLS) connection that is written to and read from byte by byte."""

    def __init__(self, address, timeout=TIMEOUT, receive_buffer=None, source=None, tls=None, server_hostname=None,
                 session=None):
        self.timeout = timeout
        self.buffer = bytearray()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        try:
            self.socket.connect(address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self.socket = tls.wrap_socket(self.socket, server_hostname=server_hostname, session=session)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, (bytes, bytearray, memoryview)) else data.encode())

    def send_in_pieces(self, data, size=1):
        """Each piece as a segment of its own, as far as the loopback keeps them apart."""
        for begin in range(0, len(data), size):
            self.send(data[begin:begin + size])

    def send_no_wait(self, data):
        """Writes what the kernel takes at once; returns how much that was."""
        self.socket.setblocking(False)
        try:
            return self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        finally:
            self.socket.settimeout(self.timeout)

    def shut_write(self):
        self.socket.shutdown(socket.SHUT_WR)

    def fill(self, size=65536):
        """Reads what has come, at least a byte; raises Ended at the peer's end."""
        try:
            piece = self.socket.recv(size)
        except ConnectionResetError:
            raise Ended(f"reset, with {bytes(self.buffer[:200])!r} unread") from None
        if not piece:
            raise Ended(f"closed, with {bytes(self.buffer[:200])!r} unread")
        self.buffer += piece

    def take(self, size):
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def read(self, size):
        while len(self.buffer) < size:
            self.fill(max(65536, size - len(self.buffer)))
        return self.take(size)

    def read_until(self, end):
        at = 0
        while (found := self.buffer.find(end, at)) < 0:
            at = max(0, len(self.buffer) - len(end) + 1)
            self.fill()
        return self.take(found + len(end))

    def read_to_end(self):
        """Everything up to the peer's end, a reset included."""
        try:
            while True:
                self.fill()
        except Ended:
            return self.take(len(self.buffer))

    def is_silent(self, seconds):
        """Whether nothing comes for that long; for what must not happen, never for what must."""
        if self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.fill()  # a look at the socket would see TLS's own records
        except TimeoutError:
            return True
        except Ended:
            pass
        finally:
            self.socket.settimeout(self.timeout)
        return False

    def response(self, head=False):
        return read_response(self, head)

    def request(self, method, target, body=b"", headers=(), host="127.0.0.1"):
        """Sends a request and reads its answer; Content-Length is set where there is a body or the method is POST."""
        body = body if isinstance(body, bytes) else body.encode()
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.response(head=method == "HEAD")


class Response:
    def __init__(self, status, reason, headers, body, interim):
        self.status = status
        self.reason = reason
        self.headers = headers  # (lower-case name, value), in order
        self.body = body
        self.interim = interim  # statuses of the 1xx answers before it

    def header(self, name, default=None):
        values = [value for key, value in self.headers if key == name.lower()]
        if name.lower() == "vary" and values:
            return ", ".join(values)  # a list, which may stand in many lines (RFC 9110 §5.3)
        if len(values) > 1:
            raise AssertionError(f"{name} comes {len(values)} times: {values}")
        return values[0] if values else default

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    @property
    def stays_open(self):
        return (self.header("connection") or "").lower() != "close"

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


def read_head(wire):
    head = wire.read_until(b"\r\n\r\n").decode("latin-1")
    lines = head[:-4].split("\r\n")
    version, status, reason = (lines[0].split(" ", 2) + [""])[:3]
    if version != "HTTP/1.1" or not (len(status) == 3 and status.isdigit()):
        raise AssertionError(f"no status line: {lines[0]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line:
            raise AssertionError(f"no header line: {line!r}")
        headers.append((name.lower(), value.strip(" \t")))
    return int(status), reason, headers


def read_chunk(wire):
    """One chunk of a chunked body; empty: the last, its end read as well."""
    size = int(wire.read_until(b"\r\n")[:-2], 16)
    data = wire.read(size)
    if wire.read(2) != b"\r\n":
        raise AssertionError("a chunk is longer than it says")
    return data


def read_response(wire, head=False):
    interim = []
    while True:
        status, reason, headers = read_head(wire)
        if status == 101 or status >= 200:
            break
        interim.append(status)
    response = Response(status, reason, headers, b"", interim)
    length, coding = response.header("content-length"), response.header("transfer-encoding")
    if length is not None and coding is not None:
        raise AssertionError("Content-Length and Transfer-Encoding together")
    if head or status in (101, 204, 304):
        return response
    if coding is not None:
        if coding != "chunked":
            raise AssertionError(f"Transfer-Encoding: {coding}")
        pieces = []
        while piece := read_chunk(wire):
            pieces.append(piece)
        response.body = b"".join(pieces)
    elif length is not None:
        response.body = wire.read(int(length))
    else:
        response.body = wire.read_to_end()
    return response


class Lines:
    """POST /publish, held open: lines go out, answers come back, in either order."""

    def __init__(self, wire, headers=()):
        self.wire = wire
        self.head = None
        self.pending = bytearray()
        extra = "".join(f"{name}: {value}\r\n" for name, value in dict(headers).items())
        wire.send("POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
                  f"Transfer-Encoding: chunked\r\n{extra}\r\n")

    @staticmethod
    def chunk(data):
        return b"%x\r\n%s\r\n" % (len(data), data)

    def send(self, data):
        self.wire.send(self.chunk(data if isinstance(data, bytes) else data.encode()))

    def publish(self, **command):
        self.send(json.dumps(command) + "\n")

    def end(self):
        self.wire.send(b"0\r\n\r\n")

    def answer(self):
        """The next answer, or None behind the last."""
        if self.head is None:
            self.head = read_head(self.wire)
            if self.head[0] != 200 or ("transfer-encoding", "chunked") not in self.head[2]:
                raise AssertionError(f"no stream of answers: {self.head}")
        while b"\n" not in self.pending:
            piece = read_chunk(self.wire)
            if not piece:
                if self.pending:
                    raise AssertionError(f"the last answer has no end: {bytes(self.pending)!r}")
                return None
            self.pending += piece
        line, _, rest = bytes(self.pending).partition(b"\n")
        self.pending[:] = rest
        return json.loads(line)


def deadline(seconds=TIMEOUT):
    """An iterator that goes round until the time is over: `for _ in deadline(): if done(): break`; else it raises."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")
