# SPDX-License-Identifier: Apache-2.0
"""A broker with Socket.IO's namespaces, clients in them, and an operator who asks its admin port."""
import itertools
import json
import time
import urllib.parse

from engineio_wire import open_session
from harness import TIMEOUT, Broker, BrokerCase, scratch
from http_wire import Wire

CONFIG = """
socketio:
  namespaces:
    /:
      rooms: ["room-*"]
      events:
        - {event: join, do: [{join: $0}], ack: []}
        - {event: leave, do: [{leave: $0}], ack: []}
        - {event: nick, do: [{set: {nick: $0}}], ack: []}
        - {event: say, do: [{broadcast: {to: [$0], event: said, args: [$1]}}], ack: []}
        - {event: echo, do: [{emit: {event: echoed, args: [$args]}}]}
    /chat:
      rooms: ["room-*"]
      events:
        - {event: join, do: [{join: $0}], ack: []}
    /crowd: {}
    /leaving: {}
    /mixed: {}
    /many: {}
    /empty: {}
"""
PATH = "/socket.io/"


class Member:
    """A client in one namespace."""

    def __init__(self, case, transport="websocket", nsp="/"):
        self.nsp = "" if nsp == "/" else nsp + ","
        self.session = open_session(transport, case.broker.http, PATH)
        case.addCleanup(self.session.close)
        self.session.say("40" + self.nsp)
        answer = self.session.hear()
        if not answer.startswith("40" + self.nsp):
            raise AssertionError(f"the answer to a CONNECT was expected: {answer}")
        self.sid = json.loads(answer[2 + len(self.nsp):])["sid"]

    def does(self, *event):
        """Emits it and hears the acknowledgement."""
        self.session.say(f"42{self.nsp}1{json.dumps(event)}")
        answer = self.session.hear()
        if answer != f"43{self.nsp}1[]":
            raise AssertionError(f"an acknowledgement was expected: {answer}")

    def hear(self):
        return self.session.hear()


class AdminCase(BrokerCase):
    config = CONFIG
    headers = {}

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("--config", scratch(cls, "kodama.yaml", cls.config), *cls.flags, **cls.options)

    def ask(self, method, target, body=b"", headers=()):
        with Wire(self.broker.admin) as wire:
            return wire.request(method, target, body, headers={"Connection": "close", **self.headers, **dict(headers)})

    def get(self, what, **query):
        answer = self.ask("GET", f"/socketio/{what}" + (f"?{urllib.parse.urlencode(query)}" if query else ""))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/json")
        return answer.json()

    def post(self, sid, action, **body):
        return self.ask("POST", f"/socketio/sockets/{sid}/{action}", json.dumps(body) if body else b"")

    def done(self, sid, action, **body):
        answer = self.post(sid, action, **body)
        self.assertEqual((answer.status, answer.text), (200, "{}\n"), answer)

    def pages(self, **query):
        """The sockets of all pages, in their order, and the pages."""
        pages = [self.get("sockets", **query)]
        while "next" in pages[-1]:
            self.assertLess(len(pages), 1000, "it has no end")
            pages.append(self.get("sockets", after=pages[-1]["next"], **query))
        return list(itertools.chain.from_iterable(page["sockets"] for page in pages)), pages

    def sids(self, **query):
        return {each["sid"] for each in self.pages(**query)[0]}

    def counts(self):
        return {each["namespace"]: each["sockets"] for each in self.get("namespaces")["namespaces"]}

    def settles(self, what, expected):
        """What a client's end brings about, which comes after it."""
        end = time.monotonic() + TIMEOUT
        while (is_so := what()) != expected:
            self.assertLess(time.monotonic(), end, f"{is_so!r}, not {expected!r}")
            time.sleep(0.02)
