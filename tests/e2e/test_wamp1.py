# SPDX-License-Identifier: Apache-2.0
"""WAMP v1: the examples of its specification, whom an event is for, and a client from npm."""
import contextlib
import json
import os
import shutil
import subprocess
import unittest

from conformance_handshake import ACCEPT, KEY
from harness import SHARDS, TIMEOUT, BrokerCase, OwnBrokerCase, environment, scratch, trusting
from wamp1_wire import CALL, CALLERROR, EVENT, PREFIX, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, WELCOME, Wamp1
from ws_wire import BINARY, WebSocket

HERE = os.path.dirname(os.path.abspath(__file__))
SIMPLE = "http://example.com/simple"


class Wamp1Case(BrokerCase):
    def connect(self, **options):
        return self.enterContext(Wamp1(self.broker.http, **options))

    def on_each_shard(self):
        return [self.enterContext(each) for each in self.broker.on_each_shard(lambda: Wamp1(self.broker.http))]


class Session(Wamp1Case):
    def test_the_handshake_of_the_rfc(self):
        with self.broker.wire() as wire:
            wire.send("GET /ws HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {KEY}\r\nOrigin: http://server.example.com\r\n"
                      "Sec-WebSocket-Protocol: soap, wamp\r\nSec-WebSocket-Version: 13\r\n\r\n")
            answer = wire.response()
            self.assertEqual((answer.status, answer.header("sec-websocket-accept"), answer.header("sec-websocket-protocol")),
                             (101, ACCEPT, "wamp"))
            head = wire.read(2)
            welcome = json.loads(wire.read(head[1]))
            self.assertEqual((head[0], welcome[0], welcome[2:]), (0x81, WELCOME, [1, "kodama"]))

    def test_the_first_subprotocol_that_is_spoken_decides(self):
        for offered, selected in ((("wamp", "kodama.v1.json"), "wamp"), (("kodama.v1.json", "wamp"), "kodama.v1.json"),
                                  (("WAMP",), None), (("soap",), None)):
            with WebSocket(self.broker.http, "/ws", protocols=offered) as socket:
                self.assertEqual(socket.answer.header("sec-websocket-protocol"), selected)

    def test_each_is_welcomed_with_an_id_of_its_own(self):
        ids = set()
        for _ in range(20):
            client = self.connect()
            self.assertEqual(client.welcome, [WELCOME, client.id, 1, "kodama"])
            self.assertRegex(client.id, "^[A-Za-z0-9_-]{20}$")
            ids.add(client.id)
        self.assertEqual(len(ids), 20)

    def test_over_wss(self):
        client = self.enterContext(Wamp1(self.broker.https, tls=trusting()))
        client.subscribe("secure")
        self.broker.publish("secure", "hi")
        self.assertEqual(client.hear_event("secure"), "hi")

    def test_events_and_their_bytes(self):
        client = self.connect()
        client.subscribe(SIMPLE)
        for event in ('"Hello, world!"', "null", '{"rand":0.09187032734575862,"flag":false,"name":"Kross"}', "[1,  2]", "1e400",
                      '{"b":1,"b":2}', '""'):
            client.send_text(f'[7, "{SIMPLE}", {event}]')
            self.assertEqual(client.read_text(), f'[8,"{SIMPLE}",{event}]')

    def test_prefixes_stand_for_what_they_were_defined_as(self):
        client, other = self.connect(), self.connect()
        client.say(PREFIX, "event", "http://example.com/event#")
        client.say(SUBSCRIBE, "event:myevent1")
        client.settle("http://example.com/event#myevent1")
        other.say(PUBLISH, "http://example.com/event#myevent1", "in full")
        self.assertEqual(client.hear_event("http://example.com/event#myevent1"), "in full")
        client.say(PUBLISH, "event:myevent1", "by itself")
        self.assertEqual(client.hear_event("http://example.com/event#myevent1"), "by itself")
        other.subscribe("event:myevent1")  # which is a topic of that name to whom it is not defined for
        client.say(UNSUBSCRIBE, "event:myevent1")
        client.subscribe("another")
        other.say(PUBLISH, "http://example.com/event#myevent1", "to nobody")
        other.say(PUBLISH, "event:myevent1", "to the other")
        self.assertEqual(other.hear_event("event:myevent1"), "to the other")
        client.settle("another")

    def test_subscribing_twice_and_unsubscribing_twice_are_no_errors(self):
        client = self.connect()
        client.subscribe("t")
        client.subscribe("t")
        client.say(PUBLISH, "t", 1)
        self.assertEqual(client.hear_event("t"), 1)
        client.settle("t")  # it came once
        client.say(UNSUBSCRIBE, "t")
        client.say(UNSUBSCRIBE, "t")
        client.say(PUBLISH, "t", 2)
        client.say(SUBSCRIBE, "t")
        client.settle("t")

    def test_all_at_once_is_done_in_order(self):
        client = self.connect()
        for i in range(50):
            client.say(SUBSCRIBE, f"order/{i}")
            client.say(PUBLISH, f"order/{i}", i, True)
            client.say(PUBLISH, f"order/{i}", -i)
            client.say(UNSUBSCRIBE, f"order/{i}")
            client.say(SUBSCRIBE, f"order/{i}")
            client.say(PUBLISH, f"order/{i}", "last")
        lasts = []
        while len(lasts) < 50:
            kind, topic, event = client.hear()
            self.assertEqual(kind, EVENT)
            self.assertIn(event, (-int(topic.removeprefix("order/")), "last"), topic)  # never what excludes it
            if event == "last":
                lasts.append(topic)
        self.assertEqual(len(set(lasts)), 50)

    def test_a_call_is_answered_with_an_error(self):
        client = self.connect()
        for id_, uri, *arguments in (("7DK6TdN4wLiUJgNM", "http://example.com/api#howdy"),
                                     ("Yp9EFZt9DFkuKndg", "api:add2", 23, 99),
                                     ("ujL7WKGXCn8bkvFV", "keyvalue:set", "foobar", {"value1": "23", "value3": True})):
            client.say(CALL, id_, uri, *arguments)
            kind, same_id, error, text = client.hear()
            self.assertEqual((kind, same_id, error), (CALLERROR, id_, "http://api.wamp.ws/error#NoSuchRPCEndpoint"))
            self.assertTrue(text)


class Audience(Wamp1Case):
    """On every shard one session more; `all` and each session's own id are what a row of a test is about."""

    def setUp(self):
        self.all = self.on_each_shard() + [self.connect(), self.connect()]
        self.publisher, self.one, self.other = self.all[0], self.all[-2], self.all[-1]

    def check(self, topic, receivers, *for_whom):
        """`for_whom` stands behind the event. Who is no receiver gets what comes behind it, for all, first."""
        self.publisher.say(PUBLISH, topic, "for some", *for_whom)
        self.publisher.say(PUBLISH, topic, "for all")
        for each in self.all:
            if each in receivers:
                self.assertEqual(each.hear_event(topic), "for some", for_whom)
            self.assertEqual(each.hear_event(topic), "for all", for_whom)

    def test_whom_an_event_is_for(self):
        publisher, one, other = self.publisher, self.one, self.other
        for topic in [f"audience {i}" for i in range(4)]:  # homes on every shard
            for each in self.all:
                each.subscribe(topic)
            self.check(topic, self.all)
            self.check(topic, self.all, False)
            self.check(topic, self.all[1:], True)
            self.check(topic, self.all, [])
            self.check(topic, self.all[:-1], [other.id])
            self.check(topic, self.all[1:-2], [one.id, other.id, publisher.id])
            self.check(topic, self.all, ["nobody's"])
            self.check(topic, [one], [], [one.id])
            self.check(topic, [publisher, other], [], [other.id, publisher.id, "nobody's"])
            self.check(topic, [one], [other.id], [one.id, other.id])
            self.check(topic, [one], True, [one.id, publisher.id])
            self.check(topic, [], [], [])
            self.check(topic, [], [], ["nobody's"])
            self.check(topic, [], [one.id], [one.id])

    def test_who_publishes_without_subscribing_need_not_be_excluded(self):
        self.one.subscribe("elsewhere")
        self.publisher.say(PUBLISH, "elsewhere", 1, True)
        self.assertEqual(self.one.hear_event("elsewhere"), 1)

    def test_others_dialects_get_what_excludes_sessions_and_not_what_is_for_some(self):
        with self.broker.native() as native, self.broker.raw("mixed") as raw:
            native.subscribe("mixed")
            raw.sync()
            self.publisher.subscribe("mixed")  # with an event that is for itself alone
            self.publisher.say(PUBLISH, "mixed", "not for me", True)
            self.publisher.say(PUBLISH, "mixed", "for one", [], [self.one.id])
            self.publisher.say(PUBLISH, "mixed", "for all")
            self.assertEqual([native.hear()["data"], native.hear()["data"]], ["not for me", "for all"])
            self.assertEqual([raw.read_text(), raw.read_text()], ["not for me", "for all"])
            self.assertEqual(self.publisher.hear_event("mixed"), "for all")
        log = self.broker.get("/topics/mixed").json()["messages"]
        self.assertEqual([each.get("data") for each in log], [None, "not for me", None, "for all"])
        with self.broker.raw("mixed", "?last=4") as late:
            self.assertEqual([late.read_text(), late.read_text()], ["not for me", "for all"])
            late.sync()


class Refusals(Wamp1Case):
    def test_what_is_no_message_of_a_client_closes_with_1002(self):
        for text in ("oops", "", "{}", "[]", "[5]", "[5,5]", '["5","t"]', "[9]", '[0,"id",1,"x"]', '[3,"c",1]', '[4,"c","u","d"]',
                     '[8,"t","e"]', '[7,"t"]', '[7,"t","e",null]', '[7,"t","e",[1]]', '[5,"t","t"]', '[5,"\\ud800"]',
                     '[1,"p"]', '[2,7,"p"]', '[1,"realm1",{"roles":{}}]', '[7,"t",' + "[" * 65 + "]" * 65 + "]"):
            with self.subTest(text[:60]):
                client = self.connect()
                client.send_text(text)
                self.assertEqual(client.read_close(), (1002, "protocol_error"))

    def test_what_is_not_allowed_closes_with_1008(self):
        for message in ([SUBSCRIBE, ""], [SUBSCRIBE, "$x"], [SUBSCRIBE, "t" * 256], [UNSUBSCRIBE, "\0"], [PUBLISH, "a/$b", 1],
                        [PREFIX, "p" * 256, "u"], [PREFIX, "p", "u" * 256], [PUBLISH, "t", 1, [str(i) for i in range(65)]],
                        [PUBLISH, "t", 1, [], ["x" * 65]], [CALL, "c" * 65, "p"]):
            with self.subTest(str(message)[:60]):
                client = self.connect()
                client.say(*message)
                self.assertEqual(client.read_close(), (1008, "policy_violation"))

    def test_other_closes(self):
        client = self.connect()
        client.send_frame(BINARY, b'[5,"t"]')
        self.assertEqual(client.read_close(), (1003, "unsupported_data"))
        client = self.connect()
        client.say(PUBLISH, "t", ["x" * 1024 * 1024])
        self.assertEqual(client.read_close()[0], 1009)

    def test_prefixes_are_bounded(self):
        client = self.connect()
        for i in range(64):
            client.say(PREFIX, str(i), "u" * 255)
        client.say(PREFIX, "0", "http://example.com/")
        client.subscribe("t")
        client.say(PREFIX, "64", "")
        self.assertEqual(client.read_close()[0], 1008)

    def test_what_was_said_before_the_mistake_is_done(self):
        other = self.connect()
        other.subscribe("before")
        client = self.connect()
        client.say(PUBLISH, "before", "heard")
        client.say(CALL, "c", "p")
        client.send_text("oops")
        client.say(PUBLISH, "before", "not heard")
        payloads, close = client.read_all_to_close()
        self.assertEqual(([json.loads(each)[:2] for each in payloads], close[0]), ([[CALLERROR, "c"]], 1002))
        self.assertEqual(other.hear_event("before"), "heard")
        other.settle("before")


class Limits(OwnBrokerCase):
    def test_who_may_not_publish_is_closed(self):
        key_file = scratch(self, "keys", "0123456789abcdef0123456789abcdef\n")
        broker = self.start("--access.key_file", key_file, "--access.client_publish", "open/*", dev=False, https=False)
        with Wamp1(broker.http) as client:
            client.subscribe("open/t")
            client.say(SUBSCRIBE, "t")
            client.say(PUBLISH, "t", 1)
            self.assertEqual(client.read_close()[0], 1008)

    def test_subscriptions_and_messages_are_bounded(self):
        broker = self.start("--limits.subscriptions", "2", "--limits.message_bytes", "1KiB")
        with Wamp1(broker.http) as client:
            client.subscribe("a")
            client.subscribe("b")
            client.subscribe("a")
            client.say(SUBSCRIBE, "c")
            self.assertEqual(client.read_close(), (1008, "too_many_subscriptions"))
        with Wamp1(broker.http) as client:
            client.say(PUBLISH, "a", "x" * 1100)
            self.assertEqual(client.read_close()[0], 1009)


@unittest.skipUnless(shutil.which("node") and os.path.isdir(os.path.join(HERE, "browser/node_modules/wamp1")),
                     "takes node, and npm ci in tests/e2e/browser")
class Npm(BrokerCase):
    def test_wamp1(self):
        for scheme, (host, port) in (("ws", self.broker.http), ("wss", self.broker.https)):
            done = subprocess.run(["node", os.path.join(HERE, "wamp1_client.mjs"), f"{scheme}://{host}:{port}"],
                                  env={**environment(), "NODE_NO_WARNINGS": "1"}, capture_output=True, text=True,
                                  timeout=TIMEOUT)
            self.assertEqual(done.returncode, 0, done.stderr)
            saw = json.loads(done.stdout)
            self.assertRegex(saw["welcome"].pop("sessionId"), "^[A-Za-z0-9_-]{20}$")
            self.assertEqual(saw, {
                "welcome": {"version": 1, "server": "kodama"}, "ids": True, "first": ["subscribed", "subscribed"],
                "all": [{"to": "all"}, {"to": "all"}], "other": "to the other", "itself": "to itself",
                "eligible": ["to the other"],
                "call": ["http://api.wamp.ws/error#NoSuchRPCEndpoint", "there are no procedures here, only topics"],
                "unsubscribed": "without the other", "left": [0, 0], "closes": [1000, 1002]})


if __name__ == "__main__":
    unittest.main()
