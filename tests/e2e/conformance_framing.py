# SPDX-License-Identifier: Apache-2.0
"""What RFC 6455 demands of a server once a connection is open: §5 to §8, and the sizes of §10.4."""
import random
import struct

from conformance import (Case, Rule, closed, closed_with, cut, echo, fails, fragments, in_fragments, pinged)
from ws_wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame, mask_bytes

MESSAGE_BYTES_MAX = 1 << 20  # limits.message_bytes of the broker that is tested
RESERVED_OPCODES = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)

noise = random.Random(6455).randbytes


def text(size):
    """Of so many bytes, with a character of each length while there is room."""
    head = "aé€😀".encode() if size >= 10 else b""
    return head + b"x" * (size - len(head))


def masked_with(key, payload):
    return bytes([0x82, 0x80 | len(payload)]) + key + mask_bytes(payload, key)


def head(opcode, size, fin=True):
    """The head alone of a frame of 64 KiB or more; masked with zeros, so that payload may follow as it is."""
    return bytes([(0x80 if fin else 0) | opcode, 0xFF]) + struct.pack("!Q", size) + bytes(4)


SIZES = (0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537)
BROKEN = {"opcode 3": frame(3, b""), "RSV2": frame(TEXT, "x", rsv=2), "no mask": frame(TEXT, "x", mask=False)}
PING_BETWEEN = frame(PING, b"between")

FRAMES = [
    Rule("6455 §5.1", "a frame of a client that is not masked ends the connection", {
        "text": fails(frame(TEXT, "x", mask=False)), "binary, empty": fails(frame(BINARY, b"", mask=False)),
        "ping": fails(frame(PING, b"", mask=False)), "pong": fails(frame(PONG, b"", mask=False)),
        "close": fails(frame(CLOSE, close_payload(1000), mask=False)),
        "behind a masked one": Case(frame(TEXT, "good") + frame(TEXT, "x", mask=False), ((TEXT, b"good"),), close=(1002,)),
        "continuation": fails(frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b", mask=False)),
    }),
    Rule("6455 §5.2", "a reserved bit that no extension has given a meaning ends the connection", {
        f"RSV {rsv:03b} on opcode {opcode}": fails(frame(opcode, b"", rsv=rsv))
        for rsv in range(1, 8) for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
    } | {
        "behind a good message": Case(frame(TEXT, "good") + frame(TEXT, "x", rsv=1), ((TEXT, b"good"),), close=(1002,)),
        "on a continuation": fails(frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b", rsv=4)),
        "behind a ping": Case(frame(PING, b"p") + frame(TEXT, "x", rsv=4), pongs=(b"p",), close=(1002,)),
    }),
    Rule("6455 §5.2", "an opcode that is reserved ends the connection", {
        f"opcode {opcode}{name}": fails(frame(opcode, payload))
        for opcode in RESERVED_OPCODES for name, payload in (("", b""), (" with payload", b"x" * 20))
    } | {
        f"opcode {opcode} behind a good message and a ping": Case(
            frame(TEXT, "good") + frame(PING, b"p") + frame(opcode, b""), ((TEXT, b"good"),), (b"p",), (1002,))
        for opcode in (3, 7, 11, 15)
    } | {
        "inside a fragmented message": fails(frame(TEXT, "a", fin=False) + frame(3, b"")),
    }),
    Rule("6455 §5.2", "messages of every length come back as they were", {
        f"{name} of {size}": echo(opcode, make(size))
        for size in SIZES for name, opcode, make in (("text", TEXT, text), ("binary", BINARY, noise))
    }),
    Rule("6455 §5.2", "a length is written in the fewest bytes that it fits in", {
        f"{size} in {length_bytes} bytes": fails(frame(BINARY, bytes(size), length_bytes=length_bytes))
        for size, length_bytes in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8))
    }),
    Rule("6455 §5.2", "the highest bit of a length of 64 bits is 0", {
        name: fails(bytes([0x82, 0xFF]) + struct.pack("!Q", size) + b"mask")
        for name, size in (("2^63", 1 << 63), ("2^64 - 1", (1 << 64) - 1))
    }),
    Rule("6455 §5.3", "whatever the masking key, the payload is what it was before", {
        key.hex(): Case(masked_with(key, bytes(range(100))), ((BINARY, bytes(range(100))),))
        for key in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0", b"\x12\x34\x56\x78")
    } | {
        "each fragment has its own": Case(
            b"".join(bytes([first, 0x83]) + key + mask_bytes(b"abc", key)
                     for first, key in ((0x02, b"1234"), (0x00, b"\0\0\0\0"), (0x80, b"zyxw"))),
            ((BINARY, b"abcabcabc"),)),
    }),
    Rule("6455 §5.4", "fragments make one message, in order; control frames may come between them", {
        "in two": in_fragments(TEXT, [b"one ", b"two"]), "in ten": in_fragments(BINARY, cut(noise(1000), 100)),
        "all empty": in_fragments(TEXT, [b"", b"", b""]), "the middle is not empty": in_fragments(TEXT, [b"", b"x", b""]),
        "one byte each": in_fragments(BINARY, cut(noise(300), 1)),
        "pings between": Case(fragments(TEXT, [b"one ", b"two ", b"three"], PING_BETWEEN), ((TEXT, b"one two three"),),
                              (b"between",) * 2),
        "pongs between": Case(fragments(BINARY, [b"1", b"", b"2"], frame(PONG, b"not asked for")), ((BINARY, b"12"),)),
        "two messages": Case(fragments(TEXT, [b"a", b"b"]) + fragments(BINARY, [b"c", b"d"]),
                             ((TEXT, b"ab"), (BINARY, b"cd"))),
        "a close between": Case(fragments(TEXT, [b"a", b"b"], frame(CLOSE, close_payload(1000))), close=(1000,)),
    }),
    Rule("6455 §5.4", "a continuation with nothing to continue ends the connection", {
        "alone": fails(frame(CONTINUATION, b"x")), "alone, not the last": fails(frame(CONTINUATION, b"x", fin=False)),
        "empty": fails(frame(CONTINUATION, b"")),
        "behind a whole message": Case(frame(TEXT, "a") + frame(CONTINUATION, "b"), ((TEXT, b"a"),), close=(1002,)),
        "behind a fragmented one": Case(fragments(TEXT, [b"a", b"b"]) + frame(CONTINUATION, "c", fin=False),
                                        ((TEXT, b"ab"),), close=(1002,)),
    }),
    Rule("6455 §5.4", "the fragments of two messages are not mixed", {
        f"{first} in {second}": fails(frame(opcodes[0], "a", fin=False) + frame(opcodes[1], "b", fin=fin))
        for first, second, opcodes, fin in (
            ("text", "text", (TEXT, TEXT), True), ("binary", "text", (TEXT, BINARY), True),
            ("the start of a text", "binary", (BINARY, TEXT), False))
    } | {
        "behind fragments": fails(frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b", fin=False) + frame(TEXT, "again")),
    }),
    Rule("6455 §5.5", "a control frame has at most 125 bytes, and is not fragmented", {
        f"{name} {what}": fails(sent)
        for name, opcode in (("close", CLOSE), ("ping", PING), ("pong", PONG))
        for what, sent in (
            ("of 126", frame(opcode, close_payload(1000) + b"x" * 124)), ("of 65536", frame(opcode, bytes(65536))),
            ("without FIN", frame(opcode, close_payload(1000), fin=False)), ("without FIN, empty", frame(opcode, fin=False)),
            ("in fragments", frame(opcode, close_payload(1000), fin=False) + frame(CONTINUATION, b"")))
    }),
    Rule("6455 §5.5.2", "each ping is answered with a pong of the same payload", {
        "empty": pinged(b""), "text": pinged(b"hello"), "125 bytes": pinged(noise(125)), "not UTF-8": pinged(b"\xff\0\xfe"),
        "ten": pinged(*(b"ping %d" % each for each in range(10))),
        "before a message": Case(frame(PING, b"p") + frame(TEXT, "x"), ((TEXT, b"x"),), (b"p",)),
    }),
    Rule("6455 §5.5.3", "a pong that nobody asked for is passed over", {
        "empty": Case(frame(PONG, b"")), "with payload": Case(frame(PONG, b"unasked")), "125 bytes": Case(frame(PONG, bytes(125))),
        "before pings": Case(frame(PONG, b"x") + frame(PING, b"y") + frame(PONG, b"z") + frame(PING, b""), pongs=(b"y", b"")),
    }),
    Rule("6455 §10.4", "large messages come back, up to the limit; a larger one is 1009 before it has come", {
        f"binary of {size}": echo(BINARY, noise(size)) for size in (262_144, MESSAGE_BYTES_MAX)
    } | {
        f"text of {size}": echo(TEXT, text(size)) for size in (262_144, MESSAGE_BYTES_MAX)
    } | {
        f"256 KiB in fragments of {size}": in_fragments(BINARY, cut(noise(262_144), size)) for size in (64, 1300, 16384, 65536)
    } | {
        "1000 messages at once": Case(frame(TEXT, "a short one") * 1000, ((TEXT, b"a short one"),) * 1000),
        "1 MiB + 1": fails(head(BINARY, MESSAGE_BYTES_MAX + 1), 1009), "2^62": fails(head(TEXT, 1 << 62), 1009),
        "by its fragments": fails(frame(BINARY, bytes(MESSAGE_BYTES_MAX), fin=False) + frame(CONTINUATION, b"x"), 1009),
    }),
]

CLOSES_TAKEN = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
CLOSES_REFUSED = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535)

CLOSING = [
    Rule("6455 §5.5.1", "a close is answered with a close", {
        "without a code": closed(b"", 1005), "1000": closed_with(1000), "with a reason": closed_with(1000, "tschüß"),
        "with 123 bytes of reason": closed_with(1000, "x" * 123), "of 4000 with a reason": closed_with(4000, "ours"),
        "behind a message": Case(frame(TEXT, "x") + frame(CLOSE, close_payload(1001)), ((TEXT, b"x"),), close=(1001,)),
        "behind a ping": Case(frame(PING, b"p") + frame(CLOSE, b""), pongs=(b"p",), close=(1005,)),
        "behind 256 KiB, before a ping": Case(frame(BINARY, bytes(262_144)) + frame(CLOSE, b"") + frame(PING, b"late"),
                                              ((BINARY, bytes(262_144)),), close=(1005,)),
    }),
    Rule("6455 §5.5.1", "nothing that stands behind a close is looked at, and nothing is sent behind one", {
        name: Case(frame(CLOSE, close_payload(1000)) + behind, close=(1000,))
        for name, behind in {"a message": frame(TEXT, "late"), "a ping": frame(PING, b"late"), "a pong": frame(PONG, b"late"),
                             "another close": frame(CLOSE, close_payload(4000)), "what is no frame": b"\xff" * 40,
                             **{f"a broken frame, {each}": data for each, data in BROKEN.items()}}.items()
    }),
    Rule("6455 §5.5.1", "a close has no payload, or two bytes of code and a reason in UTF-8", {
        "one byte": fails(frame(CLOSE, b"\x03")), "one byte, 0": fails(frame(CLOSE, b"\0")),
        **{f"reason {bad.hex()}": fails(frame(CLOSE, close_payload(1000) + bad), 1007, 1002)
           for bad in (b"\xff", b"good \xc3\x28", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80")},
    }),
    Rule("6455 §7.4.2", "codes that are defined, registered or private may be sent", {
        str(code): closed_with(code, "why") for code in CLOSES_TAKEN
    }),
    Rule("6455 §7.4", "codes that are reserved or stand for the lack of one are not sent", {
        str(code): fails(frame(CLOSE, close_payload(code))) for code in CLOSES_REFUSED
    }),
]

# §8.1 with RFC 3629: ends of the ranges, of each length; what is no character is one of Unicode's all the same.
CHARACTERS = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0x10000, 0x3FFFF,
              0x40000, 0xFFFFF, 0x100000] + [plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF)]
TEXTS = ["κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "grüße 😀", "\U0001F468\u200D\U0001F469", "\ufeffx"]
BAD = {
    "no first byte": [b"\x80", b"\xbf", b"\x80\xbf\x80\xbf", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xf5\x80\x80\x80",
                      b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfb\xbf\xbf\xbf\xbf"],
    "overlong": [b"\xc0\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80",
                 b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf"],
    "a surrogate": [b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf",
                    b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf"],
    "above U+10FFFF": [b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf"],
    "cut off by another": [b"\xc3\x28", b"\xe2\x28\xa1", b"\xe2\x82\x28", b"\xf0\x28\x8c\xbc", b"\xf0\x90\x28\xbc",
                           b"\xf0\x9f\x98A", b"\xc3\xc3\xa9", b"\xe1\xa0\xc0"],
    "cut off by the end": [b"\xc3", b"\xdf", b"\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x98", b"abc\xef\xbf"],
}

UNICODE = [
    Rule("6455 §8.1", "text of UTF-8 comes back", {
        f"U+{code:04X}": echo(TEXT, chr(code)) for code in CHARACTERS
    } | {
        ascii(each): echo(TEXT, each) for each in TEXTS
    }),
    Rule("6455 §5.4, §8.1", "a character may be cut by fragments, and by a control frame there", {
        f"{ascii(each)} by byte": in_fragments(TEXT, cut(each.encode(), 1)) for each in TEXTS
    } | {
        f"😀 at {at}": Case(fragments(TEXT, ["😀".encode()[:at], b"", "😀".encode()[at:]], PING_BETWEEN),
                            ((TEXT, "😀".encode()),), (b"between",) * 2) for at in range(1, 4)
    }),
    Rule("6455 §8.1", "text that is not UTF-8 ends the connection with 1007", {
        f"{name}: {bad.hex()}": fails(frame(TEXT, b"good " + bad), 1007) for name, several in BAD.items() for bad in several
    } | {
        f"{name} in fragments: {bad.hex()}": fails(fragments(TEXT, cut(b"a" + bad, 1)), 1007)
        for name, several in BAD.items() for bad in several
    } | {
        "a message before it": Case(frame(TEXT, "good") + frame(TEXT, b"\xff"), ((TEXT, b"good"),), close=(1007,)),
    }),
    Rule("6455 §8.1", "it ends at the byte that is wrong, though the rest of the message is still to come", {
        f"{name}: {bad.hex()}": fails(head(TEXT, 100_000) + "grüße ".encode() + bad, 1007)
        for name, several in BAD.items() if name != "cut off by the end" for bad in several
    } | {
        "in a fragment": fails(frame(TEXT, b"\xf0\x9f", fin=False) + head(CONTINUATION, 100_000, fin=False) + b"A", 1007),
        "a last fragment is to come": fails(frame(TEXT, b"a\xed\xa0", fin=False), 1007),
    }),
    Rule("6455 §5.6", "binary may be anything", {
        bad.hex(): echo(BINARY, bad) for several in BAD.values() for bad in several[:3]
    }),
]
