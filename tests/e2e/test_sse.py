# SPDX-License-Identifier: Apache-2.0
"""Server-sent events, byte by byte: forms, resume, gaps, what is refused. Its clients stand in test_sse_clients.py."""
import base64
import json
import re
import unittest

from harness import BrokerCase, path, scaled, trusting
from http_wire import read_response
from sse_wire import Event, Events, after

KIB, MIB = 1 << 10, 1 << 20
ID = re.compile(r"^[0-9a-f]{16}:\d+$")


class SseCase(BrokerCase):
    def events(self, target, *arguments, **options):
        stream = Events(self.broker.http, target, *arguments, **options)
        self.addCleanup(stream.close)
        return stream

    def publish_all_kinds(self, topic):
        """Publishes one of each; returns them as events of /topics, without their ids."""
        publish = self.broker.publish
        publish(topic, "hi")
        publish(topic, "grüße\r\nin\rlines\n")
        publish(topic, "")
        publish(topic, "named", "?event=join")
        publish(topic, b"\0\xff\x10", content_type="application/octet-stream")
        publish(topic, b"\0", "?event=join", content_type="application/octet-stream")
        publish(topic, '{"a": [1,\n2]}', content_type="application/json")
        publish(topic, ": data: x")
        return [("message", "hi"), ("message", "grüße\nin\nlines\n"), ("message", ""), ("join", "named"),
                ("message;base64", base64.b64encode(b"\0\xff\x10").decode()), ("join;base64", "AA=="),
                ("message", '{"a": [1,\n2]}'), ("message", ": data: x")]

    def gap(self, event):
        self.assertEqual(event.type, "kodama.gap")
        return json.loads(event.data)


class Forms(SseCase):
    def test_every_kind_of_content(self):
        stream = self.events("/topics/kinds")
        self.assertEqual(stream.header("content-type"), "text/event-stream")
        self.assertEqual(stream.header("cache-control"), "no-store")
        self.assertEqual(stream.header("x-accel-buffering"), "no")
        for name in ("content-length", "transfer-encoding"):
            self.assertIsNone(stream.header(name))
        begun = stream.begun()
        self.assertRegex(begun, ID)
        self.assertTrue(begun.endswith(":0"))
        self.assertEqual(stream.parser.retry, 2000)
        expected = self.publish_all_kinds("kinds")
        heard = stream.take(len(expected))
        self.assertEqual([(each.type, each.data) for each in heard], expected)
        epoch = begun.split(":")[0]
        self.assertEqual([each.id for each in heard], [f"{epoch}:{i}" for i in range(1, len(expected) + 1)])

    def test_exact_bytes(self):
        stream = self.events("/topics/exact")
        epoch = stream.begun().split(":")[0]
        self.broker.publish("exact", "one\ntwo")
        self.broker.publish("exact", "three", "?event=x")
        stream.take(2)
        self.assertEqual(stream.bytes.decode(),
                         f"retry: 2000\nid: {epoch}:0\n\n"
                         f"id: {epoch}:1\ndata: one\ndata: two\n\n"
                         f"id: {epoch}:2\nevent: x\ndata: three\n\n")

    def test_who_accepts_it_gets_it_and_others_get_the_log(self):
        self.broker.publish("media", "x")
        for accept in ("text/event-stream", "text/html, TEXT/EVENT-STREAM;q=0.1"):
            self.events("/topics/media", headers={"Accept": accept}).begun()
        for accept in ("*/*", "application/json", "text/*"):
            answer = self.broker.request("GET", "/topics/media", headers={"Accept": accept})
            self.assertEqual(answer.json()["offset"], 1, accept)

    def test_begins_where_the_url_says(self):
        epoch = [self.broker.publish("begin", str(i)) for i in range(1, 6)][-1]["epoch"]
        for query, id_, data in (("?last=2", 3, "4 5"), ("?last=9", 0, "1 2 3 4 5"), ("?after=1", 1, "2 3 4 5"),
                                 (f"?after=4&epoch={epoch}", 4, "5"), (f"?last_event_id={epoch}:3", 3, "4 5"),
                                 (f"?last=5&after=1&last_event_id={epoch}:4", 4, "5")):
            stream = self.events("/topics/begin" + query)
            self.assertEqual(stream.begun(), f"{epoch}:{id_}", query)
            expected = data.split()
            self.assertEqual([each.data for each in stream.take(len(expected))], expected, query)
        stream = self.events("/topics/begin?last=5", f"{epoch}:4")
        self.assertEqual(stream.begun(), f"{epoch}:4")
        self.assertEqual(stream.next(), Event("message", "5", f"{epoch}:5"))

    def test_several_topics(self):
        stream = self.events("/events?topic=one&topic=a/two%20x&_=1")
        ids = stream.begun().split(",")
        self.assertEqual(len(ids), 2)
        epochs = [each.split(":")[0] for each in ids]
        self.broker.publish("a/two x", "second")
        self.broker.publish("one", "first", "?event=join")
        self.broker.publish("one", b"\0", content_type="image/png")
        heard = {each.type: each.data for each in stream.take(3)}
        self.assertEqual(heard, {"a/two x": "second", "one;join": "first", "one;base64": "AA=="})
        self.assertEqual(stream.last_event_id, f"{epochs[0]}:2,{epochs[1]}:1")

    def test_one_topic_of_events(self):
        stream = self.events("/events?topic=single")
        epoch = stream.begun().split(":")[0]
        self.broker.publish("single", "x")
        self.broker.publish("single", "y", "?event=join")
        self.assertEqual(stream.take(2), [Event("single", "x", f"{epoch}:1"), Event("single;join", "y", f"{epoch}:2")])
        again = self.events("/events?topic=single", f"{epoch}:1")
        self.assertEqual(again.next(), Event("single;join", "y", f"{epoch}:2"))

    def test_head_ends_with_its_head(self):
        self.broker.publish("head", "x")
        for target in ("/topics/head?last=1", "/events?topic=head&topic=other"):
            with self.broker.wire() as wire:
                wire.send(f"HEAD {target} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
                answer = wire.response(head=True)
                self.assertEqual((answer.status, answer.header("content-type")), (200, "text/event-stream"))
                self.assertEqual(wire.read_to_end(), b"")

    def test_http_1_0(self):
        stream = self.events("/topics/old", version="1.0")
        self.assertEqual(stream.header("connection"), "close")
        stream.begun()
        self.broker.publish("old", "x")
        self.assertEqual(stream.next().data, "x")

    def test_over_tls_and_on_each_shard(self):
        streams = self.broker.on_each_shard(lambda: Events(self.broker.http, "/topics/wide"))
        streams.append(Events(self.broker.https, "/topics/wide", tls=trusting()))
        for each in streams:
            self.addCleanup(each.close)
            each.begun()
        for i in range(20):
            self.broker.publish("wide", str(i))
        for each in streams:
            self.assertEqual([event.data for event in each.take(20)], [str(i) for i in range(20)])

    def test_who_ends_its_side_ends_the_stream_and_others_count_it(self):
        def open_streams(metrics):
            return metrics.sum("connections", dialect="sse")
        self.broker.settles(lambda m: open_streams(m) == 0)
        stream = self.events("/topics/over")
        stream.begun()
        self.broker.settles(lambda m: open_streams(m) == 1 and m.sum("subscriptions", dialect="sse") == 1)
        stream.wire.shut_write()
        self.assertEqual(stream.read_to_end(), [])
        self.broker.settles(lambda m: open_streams(m) == 0 and m.sum("subscriptions", dialect="sse") == 0)

    def test_deliveries_are_counted(self):
        before = self.broker.metrics().sum("deliveries_total", dialect="sse")
        stream = self.events("/events?topic=counted&topic=other")
        stream.begun()
        for i in range(10):
            self.broker.publish("counted", str(i))
        stream.take(10)
        self.broker.settles(lambda m: m.sum("deliveries_total", dialect="sse") >= before + 10)

    def test_pages_of_other_origins(self):
        broker = self.start("--access.origins", "https://app.example.com")
        with Events(broker.http, "/topics/x", headers={"Origin": "https://app.example.com"}) as stream:
            self.assertEqual(stream.header("access-control-allow-origin"), "https://app.example.com")
        answer = broker.request("GET", "/topics/x", headers={"Origin": "https://evil.example.com",
                                                            "Accept": "text/event-stream"})
        self.assert_error(answer, 403)
        asks = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "last-event-id, cache-control"}
        allowed = broker.request("OPTIONS", "/topics/x", headers=asks).header("access-control-allow-headers").lower()
        for name in ("last-event-id", "cache-control"):
            self.assertIn(name, allowed.split(", "))


class Resume(SseCase):
    flags = ("--log.messages", "64")

    def cut_everywhere(self, target, whole, begin, remaining):
        """A reader that is cut off behind each byte comes back with the id it has then, and has all in the end: what it
        had, and `remaining(what comes then, how many)`, is the whole."""
        _, reference = after(whole)
        for size in range(begin, len(whole)):
            id_, had = after(whole[:size])
            with Events(self.broker.http, target, id_ or None) as stream:
                heard = stream.take(len(reference) - len(had))
                self.assertEqual(remaining(had + heard), remaining(reference), f"cut at {size}, back with {id_!r}")

    def test_cut_at_every_byte_of_what_is_live(self):
        stream = self.events("/topics/live")
        stream.begun()
        begun = len(stream.bytes)
        expected = self.publish_all_kinds("live") + self.publish_all_kinds("live")
        stream.take(len(expected))
        self.assertEqual(after(stream.bytes)[1], stream.parser.events)
        self.cut_everywhere("/topics/live", bytes(stream.bytes), begun, lambda events: events)

    def test_cut_at_every_byte_of_a_replay(self):
        epoch = [self.publish_all_kinds("replay"), self.broker.publish("replay", "last")][1]["epoch"]
        target = f"/topics/replay?after=2&epoch={epoch}"
        stream = self.events(target)
        stream.take(7)
        self.cut_everywhere(target, bytes(stream.bytes), 0, lambda events: events)

    def test_cut_at_every_byte_of_several_topics(self):
        target = "/events?topic=cut%201&topic=cut%202&topic=cut%203"
        stream = self.events(target)
        stream.begun()
        begun = len(stream.bytes)
        for i in range(4):
            for topic in ("cut 2", "cut 1", "cut 3", "cut 2"):
                self.broker.publish(topic, f"{i} of\n{topic}")
        stream.take(16)

        def by_topic(events):  # there is no order across topics
            return {topic: [each.data for each in events if each.type == topic] for topic in ("cut 1", "cut 2", "cut 3")}
        self.cut_everywhere(target, bytes(stream.bytes), begun, by_topic)

    def test_cut_at_every_byte_of_a_gap(self):
        broker = self.start("--log.messages", "4")
        epoch = [broker.publish("short", str(i)) for i in range(1, 21)][-1]["epoch"]
        with Events(broker.http, "/topics/short", f"{epoch}:5") as stream:
            gap, *events = stream.take(5)
            whole = bytes(stream.bytes)
        self.assertEqual(gap.id, f"{epoch}:16")
        self.assertEqual(self.gap(gap), {"topic": "short", "gap": {"from": 6, "to": 16, "reason": "expired"}})
        self.assertEqual([each.data for each in events], ["17", "18", "19", "20"])
        self.broker, shared = broker, self.broker
        try:
            self.cut_everywhere(f"/topics/short?last_event_id={epoch}:5", whole, 0, lambda events: events)
        finally:
            self.broker = shared

    def test_cut_at_every_byte_behind_another_epoch(self):
        for i in range(1, 4):
            self.broker.publish("epoch", str(i))
        target = "/topics/epoch?last_event_id=dead:2"
        stream = self.events(target)
        gap, *events = stream.take(4)
        self.assertEqual(self.gap(gap), {"topic": "epoch", "gap": {"reason": "epoch"}})
        self.assertEqual([each.data for each in events], ["1", "2", "3"])
        self.cut_everywhere(target, bytes(stream.bytes), 0, lambda events: events)

    def test_gap_of_one_topic_among_several(self):
        broker = self.start("--log.messages", "4")
        epochs = {topic: [broker.publish(topic, str(i)) for i in range(1, 11)][-1]["epoch"] for topic in ("a", "b")}
        ids = f"{epochs['a']}:8,{epochs['b']}:2"
        with Events(broker.http, "/events?topic=a&topic=b", ids) as stream:
            self.assertEqual(stream.begun(), ids)
            heard = stream.take(7)
            last = stream.last_event_id
        self.assertEqual([each.data for each in heard if each.type == "a"], ["9", "10"])
        gap, *events = [each for each in heard if each.type != "a"]
        self.assertEqual(self.gap(gap), {"topic": "b", "gap": {"from": 3, "to": 6, "reason": "expired"}})
        self.assertEqual([each.data for each in events], ["7", "8", "9", "10"])
        self.assertEqual(last, f"{epochs['a']}:10,{epochs['b']}:10")

    def test_long_replays_of_several_topics_come_whole_and_go_live(self):
        """The replay of one topic is there before the other topics' homes have answered."""
        broker = self.start("--log.messages", "2000")
        topics, count = [f"long {i}" for i in range(8)], scaled(1500)
        epochs = []
        for topic in topics:
            lines = broker.lines()
            self.addCleanup(lines.wire.close)
            answers = []
            for i in range(count):
                lines.publish(topic=topic, data=f"{i} " + "x" * 100)
                if i % 100 == 99 or i == count - 1:
                    answers += [lines.answer() for _ in range(i + 1 - len(answers))]
            epochs.append(answers[0]["epoch"])
        query = "&".join("topic=" + topic.replace(" ", "%20") for topic in topics)
        ids = ",".join(f"{epoch}:0" for epoch in epochs)
        with Events(broker.http, f"/events?{query}", ids) as stream:
            self.assertEqual(stream.begun(), ids)
            for topic in topics:
                broker.publish(topic, f"{count} live")
            heard = {topic: [] for topic in topics}
            for event in stream.take((count + 1) * len(topics)):
                heard[event.type].append(int(event.data.split()[0]))
        for topic in topics:
            self.assertEqual(heard[topic], list(range(count + 1)))


class Refusals(SseCase):
    def refused(self, target, status, headers=()):
        with self.broker.wire() as wire:
            answer = wire.request("GET", target, headers={"Accept": "text/event-stream", **dict(headers)})
            message = self.assert_error(answer, status)
            if answer.stays_open:  # and the connection goes on
                self.assertEqual(wire.request("GET", "/topics/other").status, 200)
        return message

    def test_what_is_refused_in_words(self):
        many = "&".join(f"topic={i}" for i in range(33))
        for target, says in (("/topics/$room/x", "$"), ("/topics/x?last=many", "whole number"),
                             ("/topics/x?last=1&after=1", "exclude"), ("/topics/x?last_event_id=41", "EPOCH:OFFSET"),
                             ("/topics/x?last_event_id=", "EPOCH:OFFSET"), ("/events", "?topic=A&topic=B"),
                             ("/events?topic=", "empty"), ("/events?topic=$x", "$"), (f"/events?{many}", "at most 32"),
                             ("/events?topic=a&topic=b&topic=a", "once"), ("/events?topic=a&last=1", "/topics/{topic}"),
                             ("/events?topic=a&topic=b&last_event_id=a:1", "for each topic")):
            self.assertIn(says, self.refused(target, 400), target)
        self.events("/events?" + many.removesuffix("&topic=32")).begun()

    def test_ids_that_make_no_sense(self):
        for id_ in ("x", "41", "0:", ":0", "0:0,0:0", "0:-1", "0:18446744073709551616", "00000000000000000:1", "0:1;",
                    "\xff\xfe", "0:1 0:1", "%30:1", "null", "undefined", "0:" + "9" * 5000):
            self.refused("/topics/x", 400, {"Last-Event-ID": id_})
            self.refused("/events?topic=a&topic=b", 400, {"Last-Event-ID": id_.replace("0:0,0:0", "0:0,0:0,0:0")})

    def test_an_id_of_a_mebibyte(self):
        quiet = self.events("/topics/quiet")
        quiet.begun()
        with self.broker.wire() as wire:
            head = b"GET /topics/x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nLast-Event-ID: "
            wire.send_no_wait(head + b"5f3a:1," * (MIB // 7))
            self.assertEqual(read_response(wire).status, 431)
        self.broker.publish("quiet", "x")
        self.assertEqual(quiet.next().data, "x")

    def test_more_subscriptions_than_allowed(self):
        broker = self.start("--limits.subscriptions", "2")
        with broker.wire() as wire:
            answer = wire.request("GET", "/events?topic=a&topic=b&topic=c")
            self.assert_error(answer, answer.status)
            self.assertGreaterEqual(answer.status, 400)
            # Nothing of a or b gets in between the answers.
            broker.publish("a", "x")
            self.assertEqual(wire.request("GET", "/topics/a").json()["offset"], 1)
        broker.settles(lambda m: m.sum("subscriptions", dialect="sse") == 0)

    def test_other_methods(self):
        for method in ("PUT", "DELETE"):
            answer = self.broker.request(method, "/events?topic=a")
            self.assert_error(answer, 405)


class SlowReaders(SseCase):
    """A reader that does not read, by either policy."""
    BODY = "0123456789abcdef" * 1024
    FLAGS = ("--limits.queue_bytes", "1MiB", "--limits.message_bytes", "256KiB", "--log.messages", "4000")

    def stall(self, policy, target, topic):
        self.broker_of_policy = broker = self.start("--queue.overflow", policy, *self.FLAGS)
        stalled = Events(broker.http, target, receive_buffer=4096)
        self.addCleanup(stalled.close)
        stalled.begun()
        count = 0
        with broker.wire() as wire:
            while broker.metrics().sum("deliveries_dropped_total", reason="slow_consumer") == 0:
                for _ in range(32):
                    count += 1
                    wire.request("POST", path(topic), f"{count} {self.BODY}", {"Content-Type": "text/plain"})
                self.assertLess(count, 4000, "the queue does not fill")
        return broker, stalled, count

    def numbers(self, events):
        return [int(each.data.split()[0]) for each in events]

    def test_disconnected_it_comes_back_and_has_all(self):
        for target in ("/topics/slow", "/events?topic=slow&topic=other"):
            with self.subTest(target):
                broker, stalled, count = self.stall("disconnect", target, "slow")
                heard = self.numbers(stalled.read_to_end())
                self.assertLess(len(heard), count)
                with Events(broker.http, target, stalled.last_event_id) as again:
                    heard += self.numbers(again.take(count - len(heard)))
                self.assertEqual(heard, list(range(1, count + 1)))

    def test_what_is_dropped_is_announced_at_its_place(self):
        for target in ("/topics/slow", "/events?topic=slow&topic=other"):
            with self.subTest(target):
                broker, stalled, count = self.stall("drop_oldest", target, "slow")
                broker.publish("slow", f"{count + 1} last")
                at, gaps = 0, []
                while at <= count:
                    before = stalled.last_event_id
                    event = stalled.next()
                    if event.type != "kodama.gap":
                        self.assertEqual(self.numbers([event]), [at + 1])
                        at += 1
                        continue
                    gap = self.gap(event)["gap"]
                    self.assertEqual((gap["from"], gap["reason"]), (at + 1, "overflow"))
                    gaps.append((event.id, range(gap["from"], gap["to"] + 1)))
                    at = gap["to"]
                self.assertTrue(gaps)
                # Its id is from before the loss: who comes back with it has what the log has of it.
                id_, lost = gaps[0]
                with Events(broker.http, target, id_) as again:
                    self.assertEqual(self.numbers(again.take(len(lost))), list(lost))


if __name__ == "__main__":
    unittest.main()
