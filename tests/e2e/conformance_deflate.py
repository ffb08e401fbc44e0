# SPDX-License-Identifier: Apache-2.0
"""What RFC 7692 demands of a server once permessage-deflate is agreed on: §6, §7.2, and what it leaves to RFC 6455."""
import random
import zlib

from conformance import Case, Rule, fails, fragments
from conformance_framing import MESSAGE_BYTES_MAX
from ws_wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, deflate, deflate_on, frame

RSV1 = 4
DEFLATE = "permessage-deflate"
PUBLISH_ONLY = "?publish=only"  # whose windows may go on from message to message
BROKEN = (1002, 1007)  # RFC 7692 names no code for data that does not inflate


def json_text(size, seed=1):
    """Text of so many bytes that compresses well, with characters of several bytes."""
    chosen = random.Random(seed)
    made = bytearray()
    while len(made) < size:
        made += f'{{"id": {chosen.randrange(10 ** 9)}, "name": "grüße {chosen.choice("äöü€😀")}", "on": true}}, '.encode()
    return made[:size].decode(errors="ignore").encode().ljust(size)


def far_apart(size):
    """Text that repeats what is 4000 characters back, farther than a small window reaches, and compresses besides."""
    once = random.Random(2).randbytes(2000).hex()
    return (once * (size // len(once) + 1))[:size]


def compressed(opcode, payload, body=None, **how):
    """A message that was compressed by itself comes back."""
    payload = payload if isinstance(payload, bytes) else payload.encode()
    sent = deflate(payload) if body is None else body
    return Case(frame(opcode, sent, rsv=RSV1), heard=((opcode, payload),), offer=DEFLATE, **how)


def refused(sends, *codes, **how):
    return fails(sends, *codes, **{"offer": DEFLATE, **how})


def hexed(text):
    return bytes.fromhex(text)


def going_on(texts, bits=15):
    """Messages whose compressor keeps its window."""
    compressor = zlib.compressobj(wbits=-bits)
    return b"".join(frame(TEXT, deflate_on(compressor, each), rsv=RSV1) for each in texts)


def flushed(payload, flush, level=6):
    """Compressed in pieces of 20 bytes with this flush between them; the last is a Z_SYNC_FLUSH without its 4 bytes."""
    compressor = zlib.compressobj(level, wbits=-15)
    pieces = b"".join(compressor.compress(payload[at:at + 20]) + compressor.flush(flush) for at in range(0, len(payload), 20))
    return pieces + compressor.flush(zlib.Z_SYNC_FLUSH).removesuffix(b"\0\0\xff\xff")


def finished(payload):
    """The last block says that it is the last; a byte of 0 stands behind it (§7.2.3.4)."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(payload) + compressor.flush(zlib.Z_FINISH) + b"\0"


def cut(payload, count):
    step = len(payload) // count + 1
    return [payload[at:at + step] for at in range(0, count * step, step)]


HELLO = b"Hello"
HELLOS = [b"Hello"] * 2
SIZES = (0, 1, 16, 64, 125, 126, 127, 255, 256, 257, 1024, 4096, 65535, 65536, 131072)
WINDOWS = [f"{DEFLATE}; {side}_max_window_bits={bits}" for side in ("server", "client") for bits in range(9, 16)]
OFFERS = [DEFLATE, f"{DEFLATE}; client_max_window_bits", f"{DEFLATE}; server_no_context_takeover",
          f"{DEFLATE}; client_no_context_takeover", *WINDOWS,
          f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
          "client_max_window_bits=9"]
LONG = json_text(3000)


def several(offer):
    """Messages of several sizes, compressed within the window that was offered, and some that are not compressed."""
    bits = int(offer.rpartition("client_max_window_bits=")[2]) if "client_max_window_bits=" in offer else 15
    made = [(TEXT, json_text(size, size)) for size in (0, 16, 200, 1024, 8192)]
    made += [(TEXT, far_apart(20_000).encode()), (BINARY, random.Random(3).randbytes(5000)), (BINARY, bytes(60_000))]
    sends = b"".join(frame(opcode, deflate(payload, bits), rsv=RSV1) for opcode, payload in made)
    plain = b"".join(frame(opcode, payload) for opcode, payload in made[:4])
    return Case(sends + plain, tuple(made + made[:4]), offer=offer)


COMPRESSION = [
    Rule("7692 §6", "without an agreement RSV1 means nothing, and ends the connection", {
        "text": fails(frame(TEXT, deflate(HELLO), rsv=RSV1)), "binary": fails(frame(BINARY, deflate(HELLO), rsv=RSV1)),
        "offered, but nothing that can be taken": fails(frame(TEXT, deflate(HELLO), rsv=RSV1), offer="x-unknown"),
    }),
    Rule("7692 §6", "messages may be compressed or not, one by one", {
        "not": Case(frame(TEXT, HELLO), ((TEXT, HELLO),), offer=DEFLATE),
        "in turn": Case((frame(TEXT, HELLO) + frame(BINARY, deflate(LONG), rsv=RSV1)) * 5,
                        ((TEXT, HELLO), (BINARY, LONG)) * 5, offer=DEFLATE),
        "not, but in fragments": Case(fragments(TEXT, cut(LONG, 7)), ((TEXT, LONG),), offer=DEFLATE, compressed=True),
    }),
    Rule("7692 §6.1, §6.2", "RSV1 stands on the first frame of a message and on no other", {
        "on a continuation": refused(frame(TEXT, deflate(HELLO)[:3], fin=False, rsv=RSV1) +
                                     frame(CONTINUATION, deflate(HELLO)[3:], rsv=RSV1)),
        "on a continuation of what is not compressed": refused(frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b", rsv=RSV1)),
        "on a continuation of nothing": refused(frame(CONTINUATION, deflate(HELLO), rsv=RSV1)),
        "with RSV2": refused(frame(TEXT, deflate(HELLO), rsv=6)), "with RSV3": refused(frame(TEXT, deflate(HELLO), rsv=5)),
        "RSV2 alone": refused(frame(TEXT, HELLO, rsv=2)), "on a reserved opcode": refused(frame(3, b"", rsv=RSV1)),
    }),
    Rule("7692 §6.1", "control frames are not compressed", {
        name: refused(frame(opcode, payload, rsv=RSV1)) for name, opcode, payload in (
            ("ping", PING, b""), ("ping with payload", PING, deflate(HELLO)), ("pong", PONG, b"x"), ("close", CLOSE, b""),
            ("close with a code", CLOSE, close_payload(1000)))
    }),
    Rule("7692 §6.2, §7.2.2", "a compressed message may come in fragments, with control frames between them", {
        f"in {count}": Case(fragments(TEXT, cut(deflate(LONG), count), frame(PING, b"p"), RSV1), ((TEXT, LONG),),
                            (b"p",) * (count - 1), offer=DEFLATE, compressed=True) for count in (1, 2, 3, 10, 100)
    } | {
        f"Hello, cut at {at}": Case(fragments(TEXT, [deflate(HELLO)[:at], deflate(HELLO)[at:]], rsv=RSV1), ((TEXT, HELLO),),
                                    offer=DEFLATE) for at in range(len(deflate(HELLO)) + 1)
    } | {
        "one byte each": Case(fragments(BINARY, cut(deflate(LONG), len(deflate(LONG))), rsv=RSV1),
                              ((BINARY, LONG),), offer=DEFLATE),
    }),
    Rule("7692 §7.2.3", "the examples of the RFC are read", {
        "one block": compressed(TEXT, HELLO, hexed("f248cdc9c90700")),
        "in fragments": Case(fragments(TEXT, [hexed("f248cd"), hexed("c9c90700")], rsv=RSV1), ((TEXT, HELLO),), offer=DEFLATE),
        "a block without compression": compressed(TEXT, HELLO, hexed("000500faff48656c6c6f00")),
        "a block with BFINAL": compressed(TEXT, HELLO, hexed("f348cdc9c9070000")),
        "two blocks": compressed(TEXT, HELLO, hexed("f24805000000ffffcac9c90700")),
        "an empty message": compressed(TEXT, b"", b"\0"), "an empty message in two bytes": compressed(BINARY, b"", hexed("0200")),
        "the window goes on": Case(frame(TEXT, hexed("f248cdc9c90700"), rsv=RSV1) + frame(TEXT, hexed("f200110000"), rsv=RSV1),
                                   tuple((TEXT, each) for each in HELLOS), offer=DEFLATE, query=PUBLISH_ONLY),
        "the same, without looking back": Case(frame(TEXT, hexed("f248cdc9c90700"), rsv=RSV1) * 2,
                                               tuple((TEXT, each) for each in HELLOS), offer=DEFLATE, query=PUBLISH_ONLY),
    }),
    Rule("7692 §7.2.1", "a sender may use any block of DEFLATE, and flush as it likes", {
        **{f"level {level}": compressed(TEXT, LONG, deflate(LONG, level=level)) for level in range(10)},
        "Z_SYNC_FLUSH": compressed(TEXT, LONG, flushed(LONG, zlib.Z_SYNC_FLUSH)),
        "Z_FULL_FLUSH": compressed(TEXT, LONG, flushed(LONG, zlib.Z_FULL_FLUSH)),
        "finished": compressed(TEXT, LONG, finished(LONG)), "finished, empty": compressed(TEXT, b"", finished(b"")),
        **{name: compressed(TEXT, LONG, deflate_on(zlib.compressobj(wbits=-15, strategy=strategy), LONG))
           for name, strategy in (("fixed codes", zlib.Z_FIXED), ("codes alone", zlib.Z_HUFFMAN_ONLY), ("runs", zlib.Z_RLE))},
    }),
    Rule("7692 §7.2.1, §7.2.2", "messages of all sizes come back, compressed or not", {
        f"{name} of {size}": compressed(opcode, make(size)) for size in SIZES for name, opcode, make in (
            ("text", TEXT, json_text), ("noise", BINARY, random.Random(4).randbytes), ("zeros", BINARY, bytes))
    } | {
        f"the limit, {name}": compressed(BINARY, payload) for name, payload in (
            ("zeros", bytes(MESSAGE_BYTES_MAX)), ("noise", random.Random(5).randbytes(MESSAGE_BYTES_MAX)))
    }),
    Rule("7692 §7.1.1, §7.1.2", "with whatever was offered, what both sides send can be read", {
        offer: several(offer) for offer in OFFERS
    }),
    Rule("7692 §7.1.2.1", "a server that has agreed to a small window does not look back farther", {
        f"{bits} bits": compressed(TEXT, far_apart(20_000), compressed=True)._replace(
            offer=f"{DEFLATE}; server_max_window_bits={bits}") for bits in range(9, 16)
    }),
    Rule("7692 §7.1.1.2", "a client that keeps its window may look back over messages", {
        f"{bits} bits": Case(going_on([json_text(700, number % 3) for number in range(12)], bits),
                             tuple((TEXT, json_text(700, number % 3)) for number in range(12)),
                             offer=f"{DEFLATE}; client_max_window_bits={bits}", query=PUBLISH_ONLY)
        for bits in range(9, 16)
    } | {
        "an empty and a plain message between": Case(
            frame(TEXT, hexed("f248cdc9c90700"), rsv=RSV1) + frame(TEXT, b"\0", rsv=RSV1) + frame(TEXT, b"plain") +
            frame(TEXT, hexed("f200110000"), rsv=RSV1),
            ((TEXT, HELLO), (TEXT, b""), (TEXT, b"plain"), (TEXT, HELLO)), offer=DEFLATE, query=PUBLISH_ONLY),
    }),
    Rule("7692 §7.1.1.2", "one that has agreed not to keep it may not", {
        query or "raw": Case(frame(TEXT, hexed("f248cdc9c90700"), rsv=RSV1) + frame(TEXT, hexed("f200110000"), rsv=RSV1),
                             ((TEXT, HELLO),), close=BROKEN, offer=f"{DEFLATE}; client_no_context_takeover", query=query)
        for query in ("", PUBLISH_ONLY)
    }),
    Rule("7692 §7.2.2", "what does not inflate ends the connection", {
        "a block of the reserved kind": refused(frame(TEXT, b"\xff\xff", rsv=RSV1), *BROKEN),
        "plain text": refused(frame(TEXT, b"plain text", rsv=RSV1), *BROKEN),
        "noise": refused(frame(BINARY, b"\xed" + random.Random(6).randbytes(500), rsv=RSV1), *BROKEN),
        "cut off": refused(frame(TEXT, deflate(LONG)[:-9], rsv=RSV1), *BROKEN),
        "cut off in a fragment": refused(fragments(TEXT, [deflate(LONG)[:100], deflate(LONG)[100:200]], rsv=RSV1), *BROKEN),
        "lengths that do not agree": refused(frame(TEXT, hexed("000500fafe48656c6c6f00"), rsv=RSV1), *BROKEN),
        "back before the start": refused(frame(BINARY, hexed("f200110000"), rsv=RSV1), *BROKEN),
        "behind a good one": Case(frame(TEXT, deflate(HELLO), rsv=RSV1) + frame(TEXT, b"\xff\xff", rsv=RSV1),
                                  ((TEXT, HELLO),), close=BROKEN, offer=DEFLATE),
    }),
    Rule("6455 §8.1 under 7692 §6.2", "compressed text is UTF-8 too", {
        "one character": compressed(TEXT, "😀"),
        **{bad.hex(): refused(frame(TEXT, deflate(b"good " + bad), rsv=RSV1), 1007)
           for bad in (b"\xff", b"\xed\xa0\x80", b"\xe2\x82", b"\xc0\x80", b"\xf4\x90\x80\x80")},
        "cut by a fragment": Case(fragments(TEXT, cut(deflate("äöü€😀" * 3), 12), rsv=RSV1),
                                  ((TEXT, ("äöü€😀" * 3).encode()),), offer=DEFLATE),
    }),
    Rule("7692 §8 under 6455 §10.4", "what inflates to more than the limit is 1009", {
        "1 MiB + 1": refused(frame(BINARY, deflate(bytes(MESSAGE_BYTES_MAX + 1)), rsv=RSV1), 1009),
        "16 MiB of zeros": refused(frame(BINARY, deflate(bytes(16 << 20)), rsv=RSV1), 1009),
        "in fragments": refused(fragments(BINARY, cut(deflate(bytes(8 << 20)), 50), rsv=RSV1), 1009),
        "empty blocks without end": refused(frame(BINARY, hexed("0300") * 200_000, rsv=RSV1), 1009, *BROKEN),
    }),
]
