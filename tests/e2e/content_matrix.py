# SPDX-License-Identifier: Apache-2.0
"""The content matrix of proto/README.md, "What crosses between the dialects": in the same rows and columns, as exact bytes.

A row says how content of its kind comes in, `comes`: the ways of content_ways.py with what each is told; and, in
`leaves`, what it leaves as in each column.
"""
import base64
import collections
import json
import re

Row = collections.namedtuple("Row", "specimens comes leaves")

COLUMNS = ("native, `GET`", "raw", "plain Engine.IO", "Socket.IO", "WAMP v1", "WAMP v2", "SSE")


class WithBuffers(collections.namedtuple("WithBuffers", "arguments buffers")):
    """Arguments of a Socket.IO event, as JSON without brackets: `?` and a digit stand for one of the buffers."""

    def filled(self, form):
        return re.sub(r"\?(\d)", lambda found: form(int(found[1])), self.arguments)

    def with_placeholders(self):
        return self.filled(lambda number: '{"_placeholder":true,"num":%d}' % number)

    def inlined(self):
        return "[" + self.filled(lambda number: '{"base64":"%s"}' % base64_of(self.buffers[number])) + "]"

    def of_wamp2(self):
        return "[" + self.filled(lambda number: wamp_binary(self.buffers[number])) + "]"


def base64_of(data):
    return base64.b64encode(data).decode()


def wamp_binary(data):
    return '"\\u0000%s"' % base64_of(data)


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def data(value):
    return '"data":' + value


def line_by_line(text):
    """What the reader of an event stream makes of its line breaks."""
    return re.sub("\r\n|\r", "\n", text)


def as_json(value):
    """The ways in that take any JSON."""
    ways = [("post", "application/json", value), ("native", data(value)), ("wamp1", value)]
    return ways if re.search(r"[\r\n]", value) else ways + [("line", data(value))]


def args_and_kwargs(value):
    """The two raw parts of {"args":[…],"kwargs":{…}}."""
    return re.fullmatch(r'\s*\{\s*"args"\s*:\s*(\[.*\])\s*,\s*"kwargs"\s*:\s*(\{.*\})\s*\}\s*', value, re.S).groups()


def inside(array):
    return array[1:-1]


def socketio(arguments, buffers=()):
    return arguments, list(buffers)


def wamp2(args, kwargs="{}"):
    """What stands behind an EVENT's details: empty ones are left out."""
    has_kwargs = kwargs != "{}"
    return ("," + args if args != "[]" or has_kwargs else "") + ("," + kwargs if has_kwargs else "")


MATRIX = {
    "text": Row(
        specimens=["hi", "", 'grüße, "x"\\\n\ttwo\r\nthree 😀', '{"a":1}'],
        comes=lambda text: [
            ("post", "text/plain", text), ("post", None, text), ("post", "application/json", quoted(text)),
            ("line", data(quoted(text))), ("native", data(quoted(text))), ("raw", text), ("engineio", text),
            ("socketio", quoted(text)), ("wamp1", quoted(text)), ("wamp2", f"[{quoted(text)}]"),
            ("wamp2", f"[{quoted(text)}]", "{}")],
        leaves={
            "native, `GET`": lambda text: data(quoted(text)),
            "raw": lambda text: text,
            "plain Engine.IO": lambda text: text,
            "Socket.IO": lambda text: socketio(quoted(text)),
            "WAMP v1": quoted,
            "WAMP v2": lambda text: wamp2(f"[{quoted(text)}]"),
            "SSE": lambda text: ("message", line_by_line(text))}),
    "binary": Row(
        specimens=[b"\0\x01\xff", b"", b"text", bytes(range(256))],
        comes=lambda blob: [
            ("post", "image/png", blob), ("line", f'"data_base64":"{base64_of(blob)}"'),
            ("native", f'"data_base64":"{base64_of(blob)}"'), ("raw", blob), ("engineio", blob),
            ("wamp2", f"[{wamp_binary(blob)}]")],
        leaves={
            "native, `GET`": lambda blob: f'"data_base64":"{base64_of(blob)}"',
            "raw": lambda blob: blob,
            "plain Engine.IO": lambda blob: blob,
            "Socket.IO": lambda blob: socketio('{"_placeholder":true,"num":0}', [blob]),
            "WAMP v1": lambda blob: '{"base64":"%s"}' % base64_of(blob),
            "WAMP v2": lambda blob: wamp2(f"[{wamp_binary(blob)}]"),
            "SSE": lambda blob: ("message;base64", base64_of(blob))}),
    "json, an array": Row(
        specimens=['["a", 1.50, {"b":[null]}]', '[1e400,{"a":1,"a":2}]', "[]", "[[]]", '[{"a": 1}]', '["\\u0000AAE=",1]'],
        comes=lambda array: as_json(array) + [("socketio", inside(array)), ("wamp2", array), ("wamp2", array, "{}")]
        + ([("wamp2", None)] if array == "[]" else []),
        leaves={
            "native, `GET`": data,
            "raw": lambda array: array,
            "plain Engine.IO": lambda array: array,
            "Socket.IO": lambda array: socketio(inside(array)),
            "WAMP v1": lambda array: array,
            "WAMP v2": wamp2,
            "SSE": lambda array: ("message", array)}),
    "json, `{\"args\":[…],\"kwargs\":{…}}`": Row(
        specimens=['{"args":[1,"a"],"kwargs":{"k": {"deep":1e400}}}', '{"args":[],"kwargs":{"k":1}}'],
        comes=lambda both: as_json(both) + [("wamp2", *args_and_kwargs(both))],
        leaves={
            "native, `GET`": data,
            "raw": lambda both: both,
            "plain Engine.IO": lambda both: both,
            "Socket.IO": lambda both: socketio(both),
            "WAMP v1": lambda both: both,
            "WAMP v2": lambda both: wamp2(*args_and_kwargs(both)),
            "SSE": lambda both: ("message", both)}),
    "json, all else": Row(
        specimens=["null", "-1.50e400", "true", '{"b" : 1, "b":2}', '{"base64":"AAE="}', '{"_placeholder":true,"num":0}',
                   '{"args":[1],"kwargs":{"a":1},"more":1}', '{"kwargs":{"a":1},"args":[1]}', '{\r\n  "a": [\n    1\r  ]\n}'],
        comes=as_json,
        leaves={
            "native, `GET`": data,
            "raw": lambda value: value,
            "plain Engine.IO": lambda value: value,
            "Socket.IO": lambda value: socketio(value),
            "WAMP v1": lambda value: value,
            "WAMP v2": lambda value: wamp2(f"[{value}]"),
            "SSE": lambda value: ("message", line_by_line(value))}),
    "json_attachments": Row(
        specimens=[WithBuffers("?0", [b"\0\xff"]), WithBuffers('"file",?0,{"deep":[?1, "x"]}', [b"one", b""]),
                   WithBuffers("?0,?0", [b"twice"])],
        comes=lambda event: [("socketio", event.with_placeholders(), event.buffers)],
        leaves={
            "native, `GET`": lambda event: data(event.inlined()),
            "raw": lambda event: event.inlined(),
            "plain Engine.IO": lambda event: event.inlined(),
            "Socket.IO": lambda event: socketio(event.with_placeholders(), event.buffers),
            "WAMP v1": lambda event: event.inlined(),
            "WAMP v2": lambda event: wamp2(event.of_wamp2()),
            "SSE": lambda event: ("message", event.inlined())}),
}
