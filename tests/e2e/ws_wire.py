# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames by hand (RFC 6455), so that tests can send what no library would; and clients of the two
dialects."""
import base64
import collections
import hashlib
import json
import os
import re
import struct
import zlib

from http_wire import Wire

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Frame = collections.namedtuple("Frame", "fin opcode payload")


def mask_bytes(payload, key):
    if not payload:
        return b""
    pad = key * (len(payload) // 4 + 1)
    size = len(payload)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:size], "big")).to_bytes(size, "big")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, length_bytes=None):
    """A client's frame. `length_bytes` forces 0, 2 or 8 bytes of extended length; `mask=False` forgets the mask."""
    payload = payload if isinstance(payload, (bytes, bytearray)) else payload.encode()
    size = len(payload)
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    short = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if mask else 0) | short])
    head += {0: b"", 2: struct.pack("!H", size & 0xFFFF), 8: struct.pack("!Q", size)}[length_bytes]
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + mask_bytes(payload, key)


def deflate(payload, bits=15, level=6):
    """A message's compressed form, by itself (RFC 7692 §7.2.1)."""
    return deflate_on(zlib.compressobj(level, zlib.DEFLATED, -bits), payload)


def deflate_on(compressor, payload):
    """Of a message that may refer to those that the compressor had before."""
    payload = payload if isinstance(payload, (bytes, bytearray)) else payload.encode()
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def inflate(payload, bits=15):
    """A message by itself. With a window below 2^15 it must not look back farther than that."""
    payload += b"\0\0\xff\xff"
    inflater = zlib.decompressobj(-bits)
    if bits == 15:
        return inflater.decompress(payload)
    # zlib lets a message look back at everything within one call's output: so little is taken at a time.
    pieces = []
    while payload:
        pieces.append(inflater.decompress(payload, 64))
        payload = inflater.unconsumed_tail
    return b"".join(pieces) + inflater.flush()


def close_payload(code, text=""):
    return struct.pack("!H", code) + text.encode()


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


class WebSocket(Wire):
    """Connected when constructed: the 101 is checked. `answer` is the answer to the handshake, whatever it was."""

    def __init__(self, address, target="/topics/t", protocols=(), headers=(), expect=101, key=None, **wire):
        super().__init__(address, **wire)
        key = key or base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if protocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(protocols))
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        self.send("\r\n".join(lines) + "\r\n\r\n")
        self.answer = self.response()
        if self.answer.status != expect:
            raise AssertionError(f"{target}: {expect} was expected: {self.answer}")
        if expect == 101 and self.answer.header("sec-websocket-accept") != accept_key(key):
            raise AssertionError(f"Sec-WebSocket-Accept: {self.answer}")
        self.shard = self.answer.header("kodama-shard")
        agreed = self.answer.header("sec-websocket-extensions") or ""
        self.deflate = agreed.startswith("permessage-deflate")
        self.window_bits = int((re.search(r"server_max_window_bits=(\d+)", agreed) or [0, 15])[1])
        self.compressed = None  # was the last data frame?

    def send_frame(self, opcode, payload=b"", **options):
        self.send(frame(opcode, payload, **options))

    def send_text(self, text):
        self.send_frame(TEXT, text)

    def read_frame(self):
        first, second = self.read(2)
        may_be_compressed = self.deflate and first & 0x0F in (TEXT, BINARY)
        if first & (0x30 if may_be_compressed else 0x70) or second & 0x80:
            raise AssertionError(f"a reserved bit, or a mask, in a server's frame: {first:02x} {second:02x}")
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack("!H", self.read(2))
            minimal = size >= 126
        elif size == 127:
            size, = struct.unpack("!Q", self.read(8))
            minimal = size >= 65536
        else:
            minimal = True
        if not minimal:
            raise AssertionError(f"a length of {size} that is not written minimally")
        if first & 0x08 and (size > 125 or not first & 0x80):
            raise AssertionError(f"a control frame of {size} bytes, or in fragments: {first:02x}")
        payload = self.read(size)
        if first & 0x0F in (TEXT, BINARY):
            self.compressed = bool(first & 0x40)
            payload = inflate(payload, self.window_bits) if self.compressed else payload
        return Frame(bool(first & 0x80), first & 0x0F, payload)

    def read_message(self):
        """The next data frame as (opcode, payload); pings are answered, pongs passed over; a close is an error."""
        while True:
            each = self.read_frame()
            if each.opcode == PING:
                self.send_frame(PONG, each.payload)
            elif each.opcode == CLOSE:
                raise AssertionError(f"closed: {parse_close(each.payload)}")
            elif each.opcode != PONG:
                if not each.fin:
                    raise AssertionError("the broker does not fragment")
                return each.opcode, each.payload

    def read_text(self):
        opcode, payload = self.read_message()
        if opcode != TEXT:
            raise AssertionError(f"opcode {opcode}, {payload[:100]!r}")
        return payload.decode()

    def read_close(self):
        """The code and reason of the close frame, which must be the next frame but for pings, and the stream's end."""
        while (each := self.read_frame()).opcode in (PING, PONG):
            pass
        if each.opcode != CLOSE:
            raise AssertionError(f"a close was expected: {each}")
        rest = self.read_to_end()
        if rest:
            raise AssertionError(f"behind the close came {rest[:100]!r}")
        return parse_close(each.payload)

    def read_close_and_echo(self):
        """The code of the close frame, which is answered with itself; then the stream's end, as it is closed."""
        while (each := self.read_frame()).opcode != CLOSE:
            pass
        self.send_frame(CLOSE, each.payload[:2])
        rest = self.read_to_end()
        if rest:
            raise AssertionError(f"behind the close came {rest[:100]!r}")
        self.close()
        return parse_close(each.payload)[0]

    def read_all_to_close(self):
        """All data payloads up to the close frame, and its (code, reason); the reason is None when there was none."""
        payloads = []
        while True:
            each = self.read_frame()
            if each.opcode == CLOSE:
                return payloads, parse_close(each.payload)
            if each.opcode in (TEXT, BINARY):
                payloads.append(each.payload)

    def sync(self):
        """Everything that was sent before is known to have been read when this returns; answers must all be taken."""
        token = os.urandom(8)
        self.send_frame(PING, token)
        each = self.read_frame()
        if each.opcode != PONG or each.payload != token:
            raise AssertionError(f"the pong was expected: {each}")

    def close_well(self):
        self.send_frame(CLOSE, close_payload(1000))
        while (each := self.read_frame()).opcode != CLOSE:
            pass
        rest = self.read_to_end()
        self.close()
        return parse_close(each.payload), rest


def parse_close(payload):
    if not payload:
        return 1005, ""
    return struct.unpack("!H", payload[:2])[0], payload[2:].decode()


class Native(WebSocket):
    """kodama.v1.json: commands and their answers; what comes in between is kept in `inbox`."""

    def __init__(self, address, **options):
        super().__init__(address, target="/ws", protocols=("kodama.v1.json",), **options)
        if self.answer.header("sec-websocket-protocol") != "kodama.v1.json":
            raise AssertionError(f"the subprotocol was not selected: {self.answer}")
        self.inbox = collections.deque()
        self.last_id = 0

    def say(self, command):
        self.send_text(json.dumps(command, ensure_ascii=False))

    def call(self, **command):
        """Sends a command with an id and returns its answer without the id."""
        self.last_id += 1
        self.say({"id": self.last_id, **command})
        return self.answer_to(self.last_id)

    def answer_to(self, wanted):
        while True:
            heard = json.loads(self.read_text())
            if heard.get("id") == wanted:
                del heard["id"]
                return heard
            self.inbox.append(heard)

    def subscribe(self, topic, **start):
        answer = self.call(subscribe={"topic": topic, **start})
        if "ok" not in answer:
            raise AssertionError(f"subscribe: {answer}")
        return answer["ok"]

    def publish(self, topic, **what):
        answer = self.call(publish={"topic": topic, **what})
        if "ok" not in answer:
            raise AssertionError(f"publish: {answer}")
        return answer["ok"]["offset"]

    def hear(self):
        return self.inbox.popleft() if self.inbox else json.loads(self.read_text())

    def hear_many(self, count):
        return [self.hear() for _ in range(count)]
