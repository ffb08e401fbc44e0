# SPDX-License-Identifier: Apache-2.0
"""wamp.2.json, message by message: sessions, requests, who hears what on which shard, and what other dialects make of it."""
import json
import re
import unittest

from harness import BrokerCase, OwnBrokerCase, scratch
from wamp2_wire import (ABORT, ERROR, GOODBYE, HELLO, PUBLISH, PUBLISHED, SUBSCRIBE, UNSUBSCRIBE, Wamp)
from ws_wire import BINARY, CLOSE, TEXT, WebSocket, close_payload


class WampCase(BrokerCase):
    def wamp(self, **options):
        return self.enterContext(Wamp(self.broker.http, **options))


class Sessions(WampCase):
    def test_a_conversation(self):
        client = self.wamp(realm=None)
        client.send_text('[1,"realm1",{"roles":{"subscriber":{},"publisher":{}}}]')
        welcome = client.read_text()
        session = re.match(r"\[2,(\d+),", welcome)[1]
        self.assertTrue(1 <= int(session) <= 2**53)
        self.assertEqual(welcome, f'[2,{session},{{"realm":"realm1","authid":"anonymous","authrole":"anonymous",'
                         '"authmethod":"anonymous","agent":"kodama","roles":{"broker":{"features":{"publisher_exclusion":'
                         'true,"subscriber_blackwhite_listing":true,"publisher_identification":true,'
                         '"subscription_revocation":true,"event_retention":true}}}}]')
        client.send_text('[32,1,{},"com.example.news"]')
        subscription = re.fullmatch(r"\[33,1,(\d+)\]", client.read_text())[1]
        answer = self.broker.publish("com/example/news", "hi", content_type="text/plain")
        event = re.fullmatch(rf'\[36,{subscription},(\d+),{{"_kodama_epoch":"{answer["epoch"]}","_kodama_offset":1}},\["hi"\]\]',
                             client.read_text())
        self.assertTrue(1 <= int(event[1]) <= 2**53)
        client.send_text('[16,2,{"acknowledge":true},"com.example.news",["not to myself"],{"a":1}]')
        self.assertRegex(client.read_text(), r"^\[17,2,\d+\]$")
        client.send_text(f"[34,3,{subscription}]")
        self.assertEqual(client.read_text(), "[35,3]")
        client.send_text('[6,{},"wamp.close.close_realm"]')
        self.assertEqual(client.read_text(), '[6,{},"wamp.close.goodbye_and_out"]')
        client.join()
        self.assertNotEqual(client.session, int(session))
        self.assertEqual(client.call(UNSUBSCRIBE, int(subscription)), (ERROR, "wamp.error.no_such_subscription"))
        client.close_well()

    def test_goodbye_ends_subscriptions(self):
        client = self.wamp()
        client.subscribe("bye.x")
        client.say(GOODBYE, {}, "wamp.close.close_realm")
        self.assertEqual(client.hear()[0], GOODBYE)
        self.broker.publish("bye/x", "to nobody")
        client.sync()

    def test_what_breaks_the_protocol_is_aborted(self):
        neighbour = self.wamp()
        neighbour.subscribe("neighbour")
        hello = '[1,"realm1",{}]'
        deep = "[" * 60000
        rows = (([], '[16,1,{},"x"]', 1002), ([], '[6,{},"wamp.close.normal"]', 1002), ([], "{}", 1002), ([], "", 1002),
                ([hello], hello, 1002), ([hello], "[]", 1002), ([hello], "[2,1,{}]", 1002), ([hello], "[99,1]", 1002),
                ([hello], '[16,2,{},"x"]', 1002), ([hello], '[16,0,{},"x"]', 1002), ([hello], '[16,1.0,{},"x"]', 1002),
                ([hello], '[16,9007199254740993,{},"x"]', 1002), ([hello], '[16,1,{},"x",["\\q"]]', 1002),
                ([hello], f'[16,1,{{}},"x",{deep}', 1002), ([hello], '[16,1,{"acknowledge":1},"x"]', 1002),
                ([hello, '[16,1,{},"x"]'], '[16,1,{},"x"]', 1002), ([hello, '[32,1,{},"x"]'], '[32,3,{},"x"]', 1002))
        for before, bad, code in rows:
            with self.subTest(bad[:80], before=before):
                client = self.wamp(realm=None)
                for each in before:
                    client.send_text(each)
                client.send_text(bad)
                payloads, (closed, _) = client.read_all_to_close()
                last = json.loads(payloads[-1])
                self.assertEqual((last[0], last[2]), (ABORT, "wamp.error.protocol_violation"))
                self.assertTrue(last[1]["message"])
                self.assertEqual(closed, code)
        client = self.wamp()
        client.send_frame(BINARY, '[16,1,{},"x"]')
        payloads, (closed, _) = client.read_all_to_close()
        self.assertEqual(json.loads(payloads[-1])[0], ABORT)
        self.assertEqual(closed, 1003)
        self.wamp().publish("neighbour", ["still there"])
        self.assertEqual(neighbour.hear_payloads(1), [[["still there"]]])

    def test_who_cannot_enter(self):
        for realm, details, uri in (("nowhere", {}, "wamp.error.no_such_realm"),
                                    ("realm1", {"authmethods": ["ticket"]}, "wamp.error.no_matching_auth_method"),
                                    ("not a uri", {}, "wamp.error.invalid_uri")):
            client = self.wamp(realm=None)
            client.say(HELLO, realm, details)
            payloads, (code, _) = client.read_all_to_close()
            self.assertEqual([json.loads(each)[2] for each in payloads], [uri])
            self.assertEqual(code, 1008)

    def test_requests_that_cannot_be(self):
        client = self.wamp()
        for elements, uri in (((SUBSCRIBE, {"match": "prefix"}, "com."), "option_not_allowed"),
                              ((SUBSCRIBE, {}, "a..b"), "invalid_uri"), ((SUBSCRIBE, {}, "a%41"), "invalid_uri"),
                              ((SUBSCRIBE, {}, "$x"), "invalid_uri"), ((SUBSCRIBE, {}, "wamp.x"), "invalid_uri"),
                              ((SUBSCRIBE, {"_kodama_epoch": "x", "_kodama_offset": 1}, "x"), "invalid_argument"),
                              ((PUBLISH, {"acknowledge": True}, "x" * 256), "invalid_uri"),
                              ((UNSUBSCRIBE, 7), "no_such_subscription"), ((48, {}, "f"), "no_such_procedure"),
                              ((64, {}, "f"), "not_authorized"), ((66, 1), "no_such_registration")):
            self.assertEqual(client.call(*elements), (ERROR, "wamp.error." + uri), elements)
        client.request(PUBLISH, {}, "a..b")
        client.request(PUBLISH, {"acknowledge": False}, "$x")
        client.say(49, 7, {})
        client.sync()
        client.publish("x")

    def test_wamp_is_chosen_by_its_name(self):
        for offered, chosen in ((("soap", "wamp.2.json", "kodama.v1.json"), "wamp.2.json"),
                                (("kodama.v1.json", "wamp.2.json"), "kodama.v1.json"),
                                (("wamp.2.msgpack",), None)):
            with WebSocket(self.broker.http, "/ws", protocols=offered) as client:
                self.assertEqual(client.answer.header("sec-websocket-protocol"), chosen)


class Audiences(WampCase):
    def test_each_session_on_each_shard(self):
        clients = self.broker.on_each_shard(lambda: Wamp(self.broker.http))
        everybody = clients + [self.wamp(), self.wamp()]
        ids = [client.session for client in everybody]
        self.assertEqual(len({client.subscribe("who.hears") for client in everybody}), 1)
        native = self.enterContext(self.broker.native())
        native.subscribe("who/hears")
        first, last = everybody[0], everybody[-1]
        sent = [("all but me", {}), ("all", {"exclude_me": False}), ("one", {"eligible": [ids[-1]]}),
                ("not one", {"exclude": [ids[-1]]}), ("nobody", {"eligible": []}),
                ("two", {"eligible": ids[:2], "exclude_me": False}), ("end", {"exclude_me": False})]
        for word, options in sent:
            first.publish("who.hears", [word], **options)
        expected = {first: ["all", "two", "end"], everybody[1]: ["all but me", "all", "not one", "two", "end"],
                    last: ["all but me", "all", "one", "end"]}
        for client in everybody:
            words = [payload[0][0] for payload in client.hear_payloads(len(expected.get(client, range(4))))]
            self.assertEqual(words, expected.get(client, ["all but me", "all", "not one", "end"]))
            client.sync()
        # Whoever has no WAMP session is nobody's to name: what is for some alone is not for it.
        self.assertEqual([each["data"] for each in native.hear_many(4)], ["all but me", "all", "not one", "end"])
        for client in clients:
            client.close()

    def test_the_publisher_is_named_where_it_wants_it(self):
        one, other = self.wamp(), self.wamp()
        other.subscribe("named")
        one.publish("named", ["a"], disclose_me=True)
        one.publish("named", ["b"])
        self.assertEqual([other.hear_event()[0].get("publisher") for _ in range(2)], [one.session, None])


class Crossing(WampCase):
    def test_contents_from_elsewhere(self):
        client = self.wamp()
        client.subscribe("cross.in")
        native = self.enterContext(self.broker.native())
        for what, payload in (({"data": "grüße"}, [["grüße"]]), ({"data": {"a": 1}}, [[{"a": 1}]]), ({"data": [1, 2]}, [[1, 2]]),
                              ({"data": []}, []), ({"data_base64": "AP8="}, [["\0AP8="]]), ({"data": None}, [[None]]),
                              ({"data": {"args": [1], "kwargs": {"a": 2}}}, [[1], {"a": 2}]),
                              ({"data": {"kwargs": {}, "args": []}}, [[{"kwargs": {}, "args": []}]])):
            native.publish("cross/in", **what)
            self.assertEqual(client.hear_payloads(1), [payload], what)

    def test_contents_for_elsewhere(self):
        client = self.wamp()
        native = self.enterContext(self.broker.native())
        native.subscribe("cross.out/x y")
        raw = self.enterContext(self.broker.raw("cross.out/x y"))
        for payload, heard, opcode, bare in (
                ((["grüße"],), {"data": "grüße"}, TEXT, "grüße"), ((["\0AP8="],), {"data_base64": "AP8="}, BINARY, b"\0\xff"),
                (([1, "a"],), {"data": [1, "a"]}, TEXT, '[1, "a"]'), ((), {"data": []}, TEXT, "[]"),
                (([], {}), {"data": []}, TEXT, "[]"),
                ((["a"], {"b": 1}), {"data": {"args": ["a"], "kwargs": {"b": 1}}}, TEXT, '{"args":["a"],"kwargs":{"b": 1}}')):
            client.publish("cross/out.x%20y", *payload)
            self.assertEqual({key: value for key, value in native.hear().items() if key.startswith("data")}, heard)
            bare = bare if isinstance(bare, bytes) else bare.encode()
            self.assertEqual(raw.read_message(), (opcode, bare))

    def test_a_large_text(self):
        client, other = self.wamp(), self.wamp()
        other.subscribe("large")
        text = "x" * 900_000
        client.publish("large", [text])
        self.assertEqual(other.hear_payloads(1), [[[text]]])
        retained = self.wamp()
        retained.subscribe("large", get_retained=True)
        details, payload = retained.hear_event()
        self.assertEqual((details["retained"], payload), (True, [[text]]))


class Resume(WampCase):
    def test_behind_an_offset(self):
        epoch = [self.broker.publish("resume", str(i), content_type="text/plain") for i in range(1, 11)][0]["epoch"]
        client = self.wamp()
        client.subscribe("resume", _kodama_epoch=epoch, _kodama_offset=7)
        self.assertEqual(client.hear_payloads(3), [[["8"]], [["9"]], [["10"]]])
        self.broker.publish("resume", "11", content_type="text/plain")
        details, payload = client.hear_event()
        self.assertEqual((details, payload), ({"_kodama_epoch": epoch, "_kodama_offset": 11}, [["11"]]))
        other = self.wamp()  # the whole log, where it cannot know
        other.subscribe("resume", _kodama_epoch="1", _kodama_offset=7)
        self.assertEqual(other.hear_payloads(11), [[[str(i)]] for i in range(1, 12)])

    def test_retained_without_a_gap_while_others_publish(self):
        writer = self.wamp()
        for round_number in range(10):
            for i in range(30):
                writer.request(PUBLISH, {}, f"steady{round_number}", [i])
            client = self.wamp()
            client.request(SUBSCRIBE, {"get_retained": True}, f"steady{round_number}")
            for i in range(30, 60):
                writer.request(PUBLISH, {}, f"steady{round_number}", [i])
            heard = []
            while not heard or heard[-1] != 59:
                message = client.hear()
                if message[0] == 36:
                    self.assertFalse(heard and "retained" in message[3])
                    heard.append(message[4][0])
            self.assertEqual(heard, list(range(heard[0], 60)))

    def test_several_wishes_at_once(self):
        self.broker.publish("many", "kept", content_type="text/plain")
        client = self.wamp()
        for options in ({}, {}, {"get_retained": True}, {}):
            client.request(SUBSCRIBE, options, "many")
        client.request(PUBLISH, {"acknowledge": True, "exclude_me": False}, "many", ["mine"])
        heard = [client.hear() for _ in range(7)]
        self.assertEqual([each[:2] for each in heard[:4]], [[33, 1], [33, 2], [33, 3], [36, heard[0][2]]])
        self.assertEqual((heard[3][3]["retained"], heard[3][4]), (True, ["kept"]))
        self.assertEqual(heard[4][:2], [33, 4])
        self.assertCountEqual([each[0] for each in heard[5:]], [PUBLISHED, 36])


class Refused(OwnBrokerCase):
    def test_who_may_not_publish(self):
        keys = scratch(self, "keys", "0123456789abcdef0123456789abcdef\n")
        broker = self.start("--access.key_file", keys, "--access.client_publish", "open/*", dev=False, https=False)
        with Wamp(broker.http) as client:
            self.assertEqual(client.call(PUBLISH, {"acknowledge": True}, "shut.x"), (ERROR, "wamp.error.not_authorized"))
            client.request(PUBLISH, {}, "shut.x")
            client.publish("open.x")

    def test_limits(self):
        broker = self.start("--limits.subscriptions", "2")
        with Wamp(broker.http) as client:
            client.subscribe("a")
            client.subscribe("b")
            self.assertEqual(client.call(SUBSCRIBE, {}, "c"), (ERROR, "wamp.error.unavailable"))
            self.assertEqual(client.subscribe("a"), client.subscribe("a"))

    def test_a_drain_closes_the_transport_alone(self):
        broker = self.start()
        with Wamp(broker.http) as client:
            client.subscribe("a")
            broker.signal()
            each = client.read_frame()
            self.assertEqual((each.opcode, each.payload[:2]), (CLOSE, close_payload(1001)))


if __name__ == "__main__":
    unittest.main()
