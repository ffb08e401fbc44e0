# SPDX-License-Identifier: Apache-2.0
"""kodama.v1.json: every form of its commands, and resume."""
import json
import threading
import unittest

from harness import SHARDS, BrokerCase, Lines, scaled
from ws_wire import BINARY


class Native(BrokerCase):
    flags = ("--log.messages", "20")

    def setUp(self):
        self.client = self.enterContext(self.broker.native())

    def test_a_conversation(self):
        topic = "chat message"
        self.client.send_text('{"id":1,"subscribe":{"topic":"chat message"}}')
        answer = json.loads(self.client.read_text())
        self.assertRegex(answer["ok"].pop("epoch"), "^[0-9a-f]{16}$")
        self.assertEqual(answer, {"id": 1, "ok": {"offset": 0}})
        self.client.send_text('{"id":2,"publish":{"topic":"chat message","data":"hi"}}')
        heard = [json.loads(self.client.read_text()) for _ in range(2)]
        self.assertCountEqual(heard, [{"id": 2, "ok": {"offset": 1}}, {"topic": topic, "offset": 1, "data": "hi"}])
        self.client.send_text('{"id":3,"unsubscribe":{"topic":"chat message"}}')
        self.assertEqual(self.client.read_text(), '{"id":3,"ok":{}}')
        self.broker.publish(topic, "not heard")
        self.client.sync()

    def test_ids_are_echoed_as_they_were_written(self):
        for written in ("0", "7", "9007199254740992", '"a"', '"\\u00e9 \\" "', '""', '"' + "x" * 64 + '"'):
            self.client.send_text('{"id":%s,"publish":{"topic":"ids","data":1}}' % written)
            self.assertTrue(self.client.read_text().startswith('{"id":%s,"ok":{"offset":' % written), written)
            self.client.send_text('{"publish":{"topic":"","data":1},"id":%s}' % written)
            self.assertTrue(self.client.read_text().startswith('{"id":%s,"error":{"code":400' % written), written)

    def test_publish_without_an_id_is_answered_only_when_it_fails(self):
        for i in range(5):
            self.client.say({"publish": {"topic": "quiet", "data": i}})
        self.client.sync()
        self.client.say({"publish": {"topic": "$bad", "data": 1}})
        answer = self.client.hear()
        self.assertEqual((list(answer), answer["error"]["code"]), (["error"], 400))
        self.assertEqual(self.client.publish("quiet", data="last"), 6)

    def test_data_of_every_kind(self):
        self.client.subscribe("kinds")
        for what in ({"data": "text ü"}, {"data": {"a": [1, None, True]}}, {"data": 1.5}, {"data": None}, {"data": []},
                     {"data_base64": "AAH/"}, {"data_base64": ""}, {"data": ""}, {"data": "e", "event": "named"}):
            offset = self.client.publish("kinds", **what)
            heard = self.client.hear()
            self.assertEqual(heard, {"topic": "kinds", "offset": offset, **what})

    def test_json_data_keeps_its_bytes(self):
        self.client.subscribe("bytes")
        data = '{"b" : 1e400, "a":[ 0.10 ], "b":123456789012345678901234567890}'
        self.client.send_text('{"publish":{"topic":"bytes","data":%s}}' % data)
        self.assertEqual(self.client.read_text(), '{"topic":"bytes","offset":1,"data":%s}' % data)

    def test_mistakes_are_400_and_the_connection_stays(self):
        for text in ("oops", "", "[]", "1", '"x"', "{}", "{", '{"id":1}', '{"id":1,"dance":{}}', '{"id":1,"publish":1}',
                     '{"id":1,"subscribe":{}}', '{"id":1,"subscribe":{"topic":1}}', '{"id":1,"subscribe":{"topic":""}}',
                     '{"id":1,"subscribe":{"topic":"$x"}}', '{"id":1,"subscribe":{"topic":"a","x":1}}',
                     '{"id":1,"subscribe":{"topic":"a","last":1,"offset":1}}',
                     '{"id":1,"subscribe":{"topic":"a","epoch":"1"}}',
                     '{"id":1,"subscribe":{"topic":"a","epoch":"z","offset":1}}',
                     '{"id":1,"subscribe":{"topic":"a","last":-1}}',
                     '{"id":1,"subscribe":{"topic":"a","last":1.5}}', '{"id":1,"subscribe":{"topic":"a","offset":"1"}}',
                     '{"id":1,"subscribe":{"topic":"a","topic":"a"}}', '{"id":1,"id":2,"subscribe":{"topic":"a"}}',
                     '{"id":-1,"unsubscribe":{"topic":"a"}}', '{"id":1.5,"unsubscribe":{"topic":"a"}}',
                     '{"id":9007199254740993,"unsubscribe":{"topic":"a"}}', '{"id":[],"unsubscribe":{"topic":"a"}}',
                     '{"id":1,"publish":{"topic":"a"}}', '{"id":1,"publish":{"topic":"a","data":1,"data_base64":""}}',
                     '{"id":1,"publish":{"topic":"a","data_base64":"x"}}', '{"id":1,"publish":{"topic":"a","data":01}}',
                     '{"id":1,"publish":{"topic":"a","data":1},"subscribe":{"topic":"a"}}',
                     '{"id":1,"publish":{"topic":"a","data":"\\ud800"}}', '{"id":1,"publish":{"topic":"a","data":1}} x',
                     '{"id":1,"publish":{"topic":"%s","data":1}}' % ("t" * 256)):
            with self.subTest(text[:70]):
                self.client.send_text(text)
                answer = self.client.hear()
                self.assertEqual(answer["error"]["code"], 400)
                self.assertTrue(answer["error"]["message"])
                self.assertNotIn("ok", answer)
        self.client.send_frame(BINARY, b'{"id":1,"publish":{"topic":"a","data":1}}')
        self.assertEqual(self.client.hear()["error"]["code"], 400)
        self.assertEqual(self.client.publish("mistakes", data="fine"), 1)

    def test_the_id_of_a_command_with_a_mistake_is_echoed_where_it_could_be_read(self):
        self.assertEqual(self.client.call(dance={})["error"]["code"], 400)
        self.assertEqual(self.client.call(subscribe={"topic": ""})["error"]["code"], 400)

    def test_twice_is_409_and_never_was_is_404(self):
        self.client.subscribe("twice")
        self.assertEqual(self.client.call(subscribe={"topic": "twice"})["error"]["code"], 409)
        self.broker.publish("twice", "x")
        self.assertEqual(self.client.hear()["data"], "x")
        self.client.sync()
        self.assertEqual(self.client.call(unsubscribe={"topic": "twice"}), {"ok": {}})
        self.assertEqual(self.client.call(unsubscribe={"topic": "twice"})["error"]["code"], 404)
        self.assertEqual(self.client.call(unsubscribe={"topic": "never"})["error"]["code"], 404)
        self.client.subscribe("twice")

    def test_answers_come_in_the_order_of_the_commands(self):
        # Some answers are made at once, some come from a home on another shard.
        for i in range(60):
            self.client.say({"id": 3 * i, "publish": {"topic": f"order {i % 7}", "data": i}})
            self.client.say({"id": 3 * i + 1, "oops": 1})
            self.client.say({"id": 3 * i + 2, "subscribe": {"topic": f"sub {i}"}})
        heard = [self.client.hear() for _ in range(180)]
        self.assertCountEqual([each["id"] for each in heard], range(180))
        of_publishes = [each["id"] for each in heard if each["id"] % 3 == 0]
        for topic in range(7):
            mine = [i for i in of_publishes if i // 3 % 7 == topic]
            self.assertEqual(mine, sorted(mine))

    def test_many_subscriptions(self):
        for i in range(300):
            self.client.say({"id": i, "subscribe": {"topic": f"many {i}"}})
        self.assertCountEqual([self.client.hear()["id"] for _ in range(300)], range(300))
        lines = self.broker.lines()
        for i in range(300):
            lines.publish(topic=f"many {i}", data=i)
        lines.end()
        heard = self.client.hear_many(300)
        self.assertEqual(sorted((m["topic"], m["data"]) for m in heard), sorted((f"many {i}", i) for i in range(300)))
        lines.wire.close()

    def test_subscriptions_are_limited_to_1024(self):
        for i in range(1025):
            self.client.say({"id": i, "subscribe": {"topic": f"limit {i}"}})
        answers = {answer["id"]: answer for answer in self.client.hear_many(1025)}
        self.assertEqual([i for i, answer in answers.items() if "ok" not in answer], [1024])
        self.assertEqual(answers[1024]["error"]["code"], 429)


class Resume(BrokerCase):
    flags = ("--log.messages", "20")

    def published(self, topic, count):
        for i in range(1, count + 1):
            self.epoch = self.broker.publish(topic, str(i))["epoch"]
        return self.epoch

    def on_each_shard(self):
        for client in self.broker.on_each_shard(self.broker.native):
            with self.subTest(shard=client.shard), client:
                yield client

    def assert_heard(self, client, topic, offsets):
        expected = [{"topic": topic, "offset": i, "data": str(i)} for i in offsets]
        self.assertEqual(client.hear_many(len(offsets)), expected)
        client.sync()

    def test_what_was_missed_comes_behind_the_answer(self):
        epoch = self.published("missed", 10)
        for client in self.on_each_shard():
            answer = client.subscribe("missed", epoch=epoch, offset=4)
            self.assertEqual(answer, {"epoch": epoch, "offset": 10, "recovered": True})
            self.assertFalse(client.inbox, "nothing before the answer")
            self.assert_heard(client, "missed", range(5, 11))

    def test_nothing_missed(self):
        epoch = self.published("nothing", 3)
        for client in self.on_each_shard():
            self.assertEqual(client.subscribe("nothing", epoch=epoch, offset=3),
                             {"epoch": epoch, "offset": 3, "recovered": True})
            client.sync()

    def test_from_the_beginning(self):
        epoch = self.published("begin", 20)
        for client in self.on_each_shard():
            self.assertTrue(client.subscribe("begin", epoch=epoch, offset=0)["recovered"])
            self.assert_heard(client, "begin", range(1, 21))

    def test_what_is_gone_is_a_gap(self):
        epoch = self.published("gone", 30)  # 11 to 30 are left
        for client in self.on_each_shard():
            self.assertEqual(client.subscribe("gone", epoch=epoch, offset=4),
                             {"epoch": epoch, "offset": 30, "recovered": False})
            self.assertEqual(client.hear(), {"topic": "gone", "gap": {"from": 5, "to": 10, "reason": "expired"}})
            self.assert_heard(client, "gone", range(11, 31))

    def test_the_edge_of_the_log(self):
        epoch = self.published("edge", 30)
        for client in self.on_each_shard():
            self.assertTrue(client.subscribe("edge", epoch=epoch, offset=10)["recovered"])
            self.assert_heard(client, "edge", range(11, 31))
        for client in self.on_each_shard():
            self.assertFalse(client.subscribe("edge", epoch=epoch, offset=9)["recovered"])
            self.assertEqual(client.hear(), {"topic": "edge", "gap": {"from": 10, "to": 10, "reason": "expired"}})
            self.assert_heard(client, "edge", range(11, 31))

    def test_another_epoch_is_a_gap_without_numbers(self):
        epoch = self.published("epoch", 3)
        for start in ({"epoch": f"{int(epoch, 16) ^ 1:x}", "offset": 2}, {"epoch": epoch, "offset": 4}, {"offset": 99}):
            for client in self.on_each_shard():
                self.assertEqual(client.subscribe("epoch", **start), {"epoch": epoch, "offset": 3, "recovered": False})
                self.assertEqual(client.hear(), {"topic": "epoch", "gap": {"reason": "epoch"}})
                self.assert_heard(client, "epoch", range(1, 4))

    def test_after_a_restart_the_epoch_is_another(self):
        one = self.start()
        epoch = one.publish("restart", "x")["epoch"]
        other = self.start()
        with other.native() as client:
            answer = client.subscribe("restart", epoch=epoch, offset=1)
            self.assertNotEqual(answer.pop("epoch"), epoch)
            self.assertEqual(answer, {"offset": 0, "recovered": False})
            self.assertEqual(client.hear(), {"topic": "restart", "gap": {"reason": "epoch"}})

    def test_the_newest_first(self):
        epoch = self.published("newest", 30)
        for last, expected in ((3, range(28, 31)), (0, []), (20, range(11, 31)), (1000, range(11, 31))):
            for client in self.on_each_shard():
                self.assertEqual(client.subscribe("newest", last=last), {"epoch": epoch, "offset": 30})
                self.assert_heard(client, "newest", expected)

    def test_a_sole_subscriber_who_blinks_resumes(self):
        broker = self.start("--log.messages", "0")
        with broker.native() as client:
            before = client.subscribe("blink")
        broker.settles(lambda m: m.sum("subscriptions") == 0)
        with broker.native() as client:
            self.assertEqual(client.subscribe("blink", **before), {**before, "recovered": True})

    def test_a_resume_of_many_pages(self):
        broker = self.start("--log.messages", "5000")
        lines = broker.lines()
        count = scaled(5000)
        lines.send("".join(json.dumps({"topic": "pages", "data": f"{i}"}) + "\n" for i in range(1, count + 1)))
        lines.end()
        epoch = [lines.answer() for _ in range(count)][-1]["epoch"]
        lines.wire.close()
        for client in broker.on_each_shard(broker.native):
            with client:
                self.assertTrue(client.subscribe("pages", epoch=epoch, offset=0)["recovered"])
                self.assert_heard(client, "pages", range(1, count + 1))

    def test_resuming_while_others_publish_has_no_gap_and_no_repeat(self):
        broker = self.start("--log.messages", "100000")
        count = scaled(8000)

        def publish():
            with broker.wire() as wire:
                lines = Lines(wire)
                for i in range(count):
                    lines.publish(topic="moving", data=i + 1)
                    if i % 64 == 63:
                        lines.answer()
                lines.end()
                while lines.answer() is not None:
                    pass

        with broker.native() as client:
            at = client.subscribe("moving")
        publisher = threading.Thread(target=publish)
        publisher.start()
        visits, shards = 0, set()
        while at["offset"] < count:
            with broker.native() as client:
                visits += 1
                shards.add(client.shard)
                self.assertTrue(client.subscribe("moving", **at)["recovered"])
                for _ in range(min(1 + visits * 37 % 400, count - at["offset"])):
                    heard = client.hear()
                    self.assertEqual((heard["offset"], heard["data"]), (at["offset"] + 1,) * 2)
                    at["offset"] += 1
                if visits % 2:
                    client.reset()  # with deliveries on their way
        publisher.join()
        self.assertGreater(visits, 3)
        self.assertTrue(SHARDS > 4 or len(shards) > 1)


if __name__ == "__main__":
    unittest.main()
