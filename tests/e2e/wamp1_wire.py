# SPDX-License-Identifier: Apache-2.0
"""WAMP v1 by hand: arrays of JSON on a WebSocket at /ws."""
import json

from ws_wire import WebSocket

WELCOME, PREFIX, CALL, CALLRESULT, CALLERROR, SUBSCRIBE, UNSUBSCRIBE, PUBLISH, EVENT = range(9)


class Wamp1(WebSocket):
    """Welcomed when constructed; `id` is its session's."""

    def __init__(self, address, protocols=("wamp",), target="/ws", **options):
        super().__init__(address, target=target, protocols=protocols, **options)
        if self.answer.header("sec-websocket-protocol") != "wamp":
            raise AssertionError(f"the subprotocol was not selected: {self.answer}")
        self.welcome = self.hear()
        self.id = self.welcome[1]

    def say(self, *message):
        self.send_text(json.dumps(message, ensure_ascii=False))

    def hear(self):
        return json.loads(self.read_text())

    def subscribe(self, topic):
        """Nothing answers a SUBSCRIBE: an event for itself alone comes once it has taken effect."""
        self.say(SUBSCRIBE, topic)
        self.settle(topic)

    def settle(self, topic):
        """All that it said of the topic before is done; nothing else of it may be on its way."""
        self.say(PUBLISH, topic, "settled", [], [self.id])
        if (heard := self.hear()) != [EVENT, topic, "settled"]:
            raise AssertionError(f"its own event was expected: {heard}")

    def hear_event(self, topic):
        """The next event, which must be one of the topic."""
        kind, name, *event = self.hear()
        if (kind, name, len(event)) != (EVENT, topic, 1):
            raise AssertionError(f"an event of {topic} was expected: {[kind, name, *event]}")
        return event[0]
