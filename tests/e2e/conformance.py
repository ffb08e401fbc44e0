# SPDX-License-Identifier: Apache-2.0
"""The words that the conformance tables are written in: a rule is what an RFC demands of a server, with the cases that
show whether it is kept."""
import collections

from ws_wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_payload, frame

# `section` as in "6455 §5.2"; `says`: the demand in our own words; `cases`: name → Case, Ask or Offer.
Rule = collections.namedtuple("Rule", "section says cases")

# What a client sends on an opened connection, and what must be seen: `heard`, the messages that come back to it and
# reach the topic's other subscribers, as (opcode, payload) in order; `pongs`, their payloads; `close`, the codes of
# which one ends the connection, or None where it must go on. `offer` is the extension, which must be agreed to;
# `query` belongs to the topic; `compressed`: that the echo must be, or must not be, is said by True or False.
Case = collections.namedtuple("Case", "sends heard pongs close offer query compressed",
                              defaults=((), (), None, "", "", None))

# A request of a handshake, as text, and its answer: the status, headers that it must have, and must not have.
Ask = collections.namedtuple("Ask", "text status has lacks")

# An offer of extensions (one string is one header line) and what must be agreed on: None for nothing, or the parameters
# that the answer must have and those that it must not have.
Offer = collections.namedtuple("Offer", "lines has lacks query", defaults=((), ""))


def echo(opcode, payload, **how):
    """A message in one frame comes back."""
    payload = payload if isinstance(payload, bytes) else payload.encode()
    return Case(frame(opcode, payload), heard=((opcode, payload),), **how)


def fails(sends, *codes, **how):
    return Case(sends, close=codes or (1002,), **how)


def fragments(opcode, pieces, between=b"", rsv=0):
    """The frames of a message in these pieces, with other frames between them."""
    frames = [frame(CONTINUATION if number else opcode, piece, fin=number == len(pieces) - 1, rsv=0 if number else rsv)
              for number, piece in enumerate(pieces)]
    return between.join(frames)


def cut(payload, size):
    return [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]


def in_fragments(opcode, pieces, **how):
    """A message in fragments comes back whole."""
    return Case(fragments(opcode, pieces), heard=((opcode, b"".join(pieces)),), **how)


def pinged(*payloads):
    return Case(b"".join(frame(PING, each) for each in payloads), pongs=payloads)


def closed(payload, *codes):
    return Case(frame(CLOSE, payload), close=codes)


def closed_with(code, reason=""):
    return closed(close_payload(code, reason), code)


def either(payload):
    return {"text": echo(TEXT, payload), "binary": echo(BINARY, payload)}
