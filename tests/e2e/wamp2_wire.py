# SPDX-License-Identifier: Apache-2.0
"""wamp.2.json by hand: messages as lists, requests and their answers; what comes in between is kept in `inbox`."""
import collections
import json

from ws_wire import WebSocket

HELLO, WELCOME, ABORT, GOODBYE, ERROR = 1, 2, 3, 6, 8
PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 16, 17, 32, 33, 34, 35, 36
ROLES = {"roles": {"publisher": {}, "subscriber": {}}}


class Wamp(WebSocket):
    """Has joined the realm when constructed, unless that is None."""

    def __init__(self, address, realm="realm1", **options):
        super().__init__(address, target="/ws", protocols=("wamp.2.json",), **options)
        if self.answer.header("sec-websocket-protocol") != "wamp.2.json":
            raise AssertionError(f"the subprotocol was not selected: {self.answer}")
        self.inbox = collections.deque()
        if realm is not None:
            self.join(realm)

    def join(self, realm="realm1"):
        self.last_request = 0
        self.say(HELLO, realm, ROLES)
        code, self.session, self.details = json.loads(self.read_text())
        if code != WELCOME:
            raise AssertionError(f"no WELCOME: {code}")

    def say(self, *elements):
        self.send_text(json.dumps(elements, ensure_ascii=False))

    def request(self, code, *elements):
        """Says it under the next id, and returns that."""
        self.last_request += 1
        self.say(code, self.last_request, *elements)
        return self.last_request

    def call(self, code, *elements):
        """Makes a request and returns its answer without the id; an ERROR as (8, uri)."""
        request = self.request(code, *elements)
        while True:
            heard = json.loads(self.read_text())
            if heard[0] == ERROR and heard[1:3] == [code, request]:
                return ERROR, heard[4]
            if heard[0] == code + 1 and heard[1] == request:
                return (code + 1, *heard[2:])
            self.inbox.append(heard)

    def subscribe(self, uri, **options):
        answer = self.call(SUBSCRIBE, options, uri)
        if answer[0] != SUBSCRIBED:
            raise AssertionError(f"subscribe: {answer}")
        return answer[1]

    def publish(self, uri, *payload, **options):
        """Acknowledged; returns the publication's id."""
        answer = self.call(PUBLISH, {"acknowledge": True, **options}, uri, *payload)
        if answer[0] != PUBLISHED:
            raise AssertionError(f"publish: {answer}")
        return answer[1]

    def hear(self):
        return self.inbox.popleft() if self.inbox else json.loads(self.read_text())

    def hear_event(self):
        """The next message, which must be an EVENT: its details and its payload."""
        heard = self.hear()
        if heard[0] != EVENT:
            raise AssertionError(f"no EVENT: {heard}")
        return heard[3], heard[4:]

    def hear_payloads(self, count):
        return [self.hear_event()[1] for _ in range(count)]
