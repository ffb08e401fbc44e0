# SPDX-License-Identifier: Apache-2.0
"""The raw dialect: a topic's content alone, and what crosses from one shard and one dialect to another."""
import contextlib
import threading
import unittest

from harness import SHARDS, BrokerCase, trusting
from ws_wire import BINARY, TEXT, WebSocket


class Raw(BrokerCase):
    flags = ("--log.messages", "20")

    def raws_on_each_shard(self, stack, topic, query=""):
        return [stack.enter_context(each) for each in self.broker.on_each_shard(lambda: self.broker.raw(topic, query))]

    def test_what_curl_publishes_reaches_subscribers_of_both_dialects_on_every_shard(self):
        for name in ("chat message", "a/b", "ü", "x1", "x2", "x3", "x4", "x5"):  # homes on every shard
            with contextlib.ExitStack() as stack:
                raws = self.raws_on_each_shard(stack, name)
                natives = [stack.enter_context(n) for n in self.broker.on_each_shard(self.broker.native)]
                for native in natives:
                    native.subscribe(name)
                for raw in raws:
                    raw.sync()  # subscribed: the handshake's answer alone does not say so
                url = self.broker.url(f"/topics/{name}".replace(" ", "%20").replace("ü", "%C3%BC"))
                offset = int(self.broker.curl("-d", "hello", url).split('"offset":')[1].rstrip("}\n"))
                self.assertEqual([raw.read_message() for raw in raws], [(TEXT, b"hello")] * SHARDS)
                self.assertEqual([native.hear() for native in natives],
                                 [{"topic": name, "offset": offset, "data": "hello"}] * SHARDS)

    def test_every_publisher_reaches_every_reader(self):
        with contextlib.ExitStack() as stack:
            raws = self.raws_on_each_shard(stack, "mesh")
            for raw in raws:
                raw.sync()
            sent = []
            for i, raw in enumerate(raws):
                raw.send_text(f"from {i}")
                sent.append(f"from {i}".encode())
                self.assertEqual([each.read_message()[1] for each in raws], [sent[-1]] * SHARDS)
            raws[0].send_frame(BINARY, b"\xff\0")
            self.assertEqual([each.read_message() for each in raws], [(BINARY, b"\xff\0")] * SHARDS)

    def test_kinds_that_come_from_elsewhere(self):
        with self.broker.raw("kinds") as raw:
            for body, content_type, expected in (
                    ('{"a": 1}', "application/json", (TEXT, b'{"a": 1}')), ("text", "text/plain", (TEXT, b"text")),
                    ('"string"', "application/json", (TEXT, b"string")), (b"\0\xff", "image/png", (BINARY, b"\0\xff")),
                    (b"", "text/plain", (TEXT, b"")), (b"", "image/png", (BINARY, b""))):
                self.broker.publish("kinds", body, content_type=content_type)
                self.assertEqual(raw.read_message(), expected)

    def test_last_and_after_begin_in_the_log(self):
        for i in range(1, 26):  # 6 to 25 are left
            epoch = self.broker.publish("log", str(i))["epoch"]
        other = f"{int(epoch, 16) ^ 1:x}"
        cases = {"": [], "?last=3": [23, 24, 25], "?last=0": [], "?last=999": range(6, 26), "?after=22": [23, 24, 25],
                 "?after=25": [], "?after=0": range(6, 26), "?after=2": range(6, 26), "?after=26": range(6, 26),
                 f"?after=22&epoch={epoch}": [23, 24, 25], f"?after=22&epoch={other}": range(6, 26)}
        for query, expected in cases.items():
            for raw in self.broker.on_each_shard(lambda q=query: self.broker.raw("log", q)):
                with self.subTest(query), raw:
                    heard = [raw.read_text() for _ in expected]
                    self.assertEqual(heard, [str(i) for i in expected])
                    raw.sync()  # nothing else has come

    def test_after_goes_on_live(self):
        epoch = self.broker.publish("live", "1")["epoch"]
        with self.broker.raw("live", f"?after=0&epoch={epoch}") as raw:
            self.broker.publish("live", "2")
            self.assertEqual([raw.read_text(), raw.read_text()], ["1", "2"])

    def test_publish_only_receives_nothing(self):
        with self.broker.raw("only", "?publish=only") as publisher, self.broker.raw("only") as reader:
            reader.sync()
            for i in range(10):
                publisher.send_text(str(i))
            self.assertEqual([reader.read_text() for _ in range(10)], [str(i) for i in range(10)])
            self.broker.publish("only", "by curl")
            self.assertEqual(reader.read_text(), "by curl")
            publisher.sync()  # the pong comes, and nothing before it

    def test_two_topics_do_not_mix(self):
        with self.broker.raw("one") as one, self.broker.raw("two") as two:
            one.sync(), two.sync()
            self.broker.publish("one", "1")
            self.broker.publish("two", "2")
            self.assertEqual((one.read_text(), two.read_text()), ("1", "2"))
            one.sync(), two.sync()

    def test_over_wss(self):
        make = lambda: WebSocket(self.broker.https, "/topics/secure?last=1", tls=trusting())  # noqa: E731
        with contextlib.ExitStack() as stack:
            raws = [stack.enter_context(each) for each in self.broker.on_each_shard(make)]
            for raw in raws:
                raw.sync()
            for i, raw in enumerate(raws):
                raw.send_text(f"from {i}")
                self.assertEqual([each.read_text() for each in raws], [f"from {i}"] * SHARDS)
            with make() as late:
                self.assertEqual(late.read_text(), f"from {SHARDS - 1}")

    def test_subscribers_see_one_order_while_all_publish(self):
        count, topic = 400, "order"
        with contextlib.ExitStack() as stack:
            raws = self.raws_on_each_shard(stack, topic)
            natives = [stack.enter_context(n) for n in self.broker.on_each_shard(self.broker.native)]
            for each in natives:
                each.subscribe(topic)
            for each in raws:
                each.sync()

            def publish(writer, name):
                for i in range(count):
                    writer.send_text(f"{name} {i}")

            threads = [threading.Thread(target=publish, args=(raw, i)) for i, raw in enumerate(raws)]
            for thread in threads:
                thread.start()
            heard = [[raw.read_text() for _ in range(count * SHARDS)] for raw in raws]
            natives_heard = [each.hear_many(count * SHARDS) for each in natives]
            for thread in threads:
                thread.join()
        for each in heard:
            self.assertEqual(each, heard[0])
        for each in natives_heard:
            first = each[0]["offset"]
            self.assertEqual([m["offset"] for m in each], list(range(first, first + count * SHARDS)))
            self.assertEqual([m["data"] for m in each], heard[0])
        for name in range(SHARDS):
            self.assertEqual([t for t in heard[0] if t.startswith(f"{name} ")], [f"{name} {i}" for i in range(count)])


if __name__ == "__main__":
    unittest.main()
