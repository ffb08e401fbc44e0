# SPDX-License-Identifier: Apache-2.0
"""Every way into the topic `matrix`, and every way out of it, by hand.

A way out has a column of content_matrix.py. It takes its own envelope off, which must be there byte by byte, and what
is left is compared with the table.
"""
import collections
import functools
import json
import re

from engineio_wire import EngineSocket, Polling
from harness import path
from http_wire import read_head
from sse_wire import Events
from wamp1_wire import Wamp1
from wamp2_wire import PUBLISH, Wamp
from ws_wire import BINARY, TEXT

TOPIC = "matrix"

# What its clients publish goes to the topic; all of them hear the topic.
CONFIG = f"""
engineio:
  endpoints:
    - {{path: /engine.io/, subscribe: [{TOPIC}], messages: [{{match: "*", do: [{{publish: {TOPIC}}}]}}]}}
socketio:
  namespaces:
    /:
      events: [{{event: {TOPIC}, do: [broadcast]}}]
"""

Place = collections.namedtuple("Place", "epoch offset")  # of a message in the topic's log


def between(text, before, after):
    if not (text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after)):
        raise AssertionError(f"{before!r} … {after!r} was expected: {text!r:.300}")
    return text[len(before):len(text) - len(after)]


def matched(pattern, text):
    found = re.fullmatch(pattern, text, re.S)
    if not found:
        raise AssertionError(f"{pattern} was expected: {text!r:.300}")
    return found[1]


class WaysIn:
    """One connection for each way. None of them hears anything, but those of Engine.IO, which are ways out as well."""

    def __init__(self, broker, enter, engineio, socketio):
        self.broker = broker
        self.lines = broker.lines()
        enter(self.lines.wire)
        self.native_client = enter(broker.native())
        self.raw_client = enter(broker.raw(TOPIC, "?publish=only"))
        self.wamp1_client = enter(Wamp1(broker.http))
        self.wamp2_client = enter(Wamp(broker.http))
        self.clients = {"engineio": engineio, "socketio": socketio}  # over each transport

    def each(self, way, what):
        """What says it, by each transport that the way has."""
        say = getattr(self, way)
        if way not in self.clients:
            return [functools.partial(say, *what)]
        return [functools.partial(say, client, *what) for client in self.clients[way]]

    def post(self, content_type, body):
        self.broker.publish(TOPIC, body, content_type=content_type)

    def line(self, data):
        self.lines.send('{"topic":"%s",%s}\n' % (TOPIC, data))
        if "offset" not in (answer := self.lines.answer()):
            raise AssertionError(f"{data:.100}: {answer}")

    def native(self, data):
        self.native_client.send_text('{"publish":{"topic":"%s",%s}}' % (TOPIC, data))

    def raw(self, content):
        self.raw_client.send_frame(TEXT if isinstance(content, str) else BINARY, content)

    @staticmethod
    def engineio(client, content):
        client.say("4" + content if isinstance(content, str) else content)

    @staticmethod
    def socketio(client, arguments, buffers=()):
        head = f"45{len(buffers)}-" if buffers else "42"
        client.say(f'{head}["{TOPIC}"{"," if arguments else ""}{arguments}]', *buffers)

    def wamp1(self, event):
        self.wamp1_client.send_text(f'[7,"{TOPIC}",{event}]')

    def wamp2(self, *arguments):
        client = self.wamp2_client
        client.last_request += 1
        given = "".join("," + each for each in arguments if each is not None)
        client.send_text(f'[{PUBLISH},{client.last_request},{{}},"{TOPIC}"{given}]')


class WayOut:
    """`receive` gives what came next, as it came; `content` takes the envelope off that. `ask` is told beforehand where
    the message will stand."""
    column = ""
    stays = True  # what it connects to stays the same, on one shard

    def __init__(self, client):
        self.client = client

    def __repr__(self):
        return type(self).__name__ + (f" on shard {self.client.shard}" if self.stays else "")

    def close(self):
        self.client.close()

    def subscribe(self):
        """Returns when what is published from then on will be heard."""

    def begin(self, text):
        """Takes all up to that text."""
        while text not in str(self.receive()):
            pass

    def ask(self, place):
        pass

    def expects(self, cell):
        """What the table's cell looks like here."""
        return cell


class NativeOut(WayOut):
    column = "native, `GET`"

    @staticmethod
    def connect(broker):
        return broker.native()

    def subscribe(self):
        self.client.subscribe(TOPIC)

    def receive(self):
        return self.client.read_text()

    def content(self, text, place):
        return between(text, '{"topic":"%s","offset":%d,' % (TOPIC, place.offset), "}")


class PollOut(WayOut):
    """A page that is asked for before there is anything."""
    column = "native, `GET`"
    stays = False
    wait = "&wait=1m"

    def begin(self, text):
        """What it asks for is never older."""

    @staticmethod
    def connect(broker):
        return broker.wire()

    def ask(self, place):
        self.client.send(f"GET {path(TOPIC)}?after={place.offset - 1}&epoch={place.epoch}{self.wait} HTTP/1.1\r\n"
                         "Host: 127.0.0.1\r\n\r\n")

    def receive(self):
        return self.client.response().text

    def content(self, text, place):
        return matched(r'\{"epoch":"%s","offset":%d,"messages":\[\{"offset":%d,"time":\d+\.\d{3},(.*)\}\],"more":false\}\s*'
                       % (place.epoch, place.offset, place.offset), text)


class PageOut(PollOut):
    """A page that is asked for once the message is known to be in it."""
    wait = ""

    def ask(self, place):
        self.place = place

    def receive(self):
        super().ask(self.place)
        return super().receive()


class LinesOut(WayOut):
    column = "native, `GET`"

    @staticmethod
    def connect(broker):
        wire = broker.wire()
        wire.send(f"GET {path(TOPIC)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\n\r\n")
        status, _, headers = read_head(wire)
        if status != 200:
            raise AssertionError(f"no stream of lines: {status} {headers}")
        wire.shard = dict(headers)["kodama-shard"]
        return wire

    def subscribe(self):
        if set(json.loads(self.client.read_until(b"\n"))) != {"epoch", "offset"}:
            raise AssertionError("the position was expected")

    def receive(self):
        while True:
            line = self.client.read_until(b"\n").decode()
            if set(json.loads(line)) != {"time"}:  # a sign of life
                return line

    def content(self, line, place):
        return matched(r'\{"offset":%d,"time":\d+\.\d{3},(.*)\}\n' % place.offset, line)

    def expects(self, cell):
        return re.sub(r"[\r\n]", " ", cell)  # between the tokens of JSON; in a string they are escaped


class RawOut(WayOut):
    column = "raw"

    @staticmethod
    def connect(broker):
        return broker.raw(TOPIC)

    def subscribe(self):
        self.client.sync()

    def receive(self):
        opcode, payload = self.client.read_message()
        return payload.decode() if opcode == TEXT else payload

    def content(self, received, place):
        return received


class EngineOut(WayOut):
    column = "plain Engine.IO"

    @staticmethod
    def connect(broker):
        return EngineSocket(broker.http)

    def subscribe(self):
        """What it publishes itself comes back once it hears."""
        WaysIn.engineio(self.client, "subscribed")
        while self.receive() != "4subscribed":
            pass

    def receive(self):
        return self.client.hear()

    def content(self, packet, place):
        return packet if isinstance(packet, bytes) else between(packet, "4", "")


class EnginePollingOut(EngineOut):
    stays = False  # each request takes a connection

    @staticmethod
    def connect(broker):
        return Polling(broker.http)

    def close(self):
        self.client.say("1")  # or the broker would wait for its next request


class SocketOut(WayOut):
    column = "Socket.IO"

    @staticmethod
    def connect(broker):
        return EngineSocket(broker.http, "/socket.io/")

    def subscribe(self):
        self.client.say("40")
        matched(r"40(\{.*\})", self.client.hear())

    def receive(self):
        head = self.client.hear()
        buffers = re.match(r"45(\d)-", head)
        return head, [self.client.hear() for _ in range(int(buffers[1]) if buffers else 0)]

    def content(self, received, place):
        head, buffers = received
        inside = between(head, (f"45{len(buffers)}-" if buffers else "42") + f'["{TOPIC}"', "]")
        return inside.removeprefix(","), buffers


class SocketPollingOut(SocketOut):
    stays = False

    @staticmethod
    def connect(broker):
        return Polling(broker.http, "/socket.io/")

    def close(self):
        self.client.say("1")


class Wamp1Out(WayOut):
    column = "WAMP v1"

    @staticmethod
    def connect(broker):
        return Wamp1(broker.http)

    def subscribe(self):
        self.client.subscribe(TOPIC)

    def receive(self):
        return self.client.read_text()

    def content(self, text, place):
        return between(text, f'[8,"{TOPIC}",', "]")


class Wamp2Out(WayOut):
    column = "WAMP v2"

    @staticmethod
    def connect(broker):
        return Wamp(broker.http)

    def subscribe(self):
        self.subscription = self.client.subscribe(TOPIC)

    def receive(self):
        return self.client.read_text()

    def content(self, text, place):
        return matched(r'\[36,%d,[1-9]\d*,\{"_kodama_epoch":"%s","_kodama_offset":%d\}(.*)\]'
                       % (self.subscription, place.epoch, place.offset), text)


class EventsOut(WayOut):
    column = "SSE"

    @staticmethod
    def connect(broker):
        return Events(broker.http, path(TOPIC))

    def subscribe(self):
        self.client.begun()

    def receive(self):
        return self.client.next()

    def content(self, event, place):
        if event.id != f"{place.epoch}:{place.offset}":
            raise AssertionError(f"{place} was expected: {event}")
        return event.type, event.data


# Those that publish to know that they hear come first, so that the others need not read that.
WAYS_OUT = (Wamp1Out, EngineOut, EnginePollingOut, SocketOut, SocketPollingOut, NativeOut, RawOut, Wamp2Out, EventsOut, LinesOut,
            PollOut, PageOut)
