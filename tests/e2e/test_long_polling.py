# SPDX-License-Identifier: Apache-2.0
"""GET /topics/{topic}?wait=…: a page of the log as soon as there is something."""
import contextlib
import json
import signal
import threading
import time
import unittest

from harness import SLOW, TIMEOUT, BrokerCase, OwnBrokerCase, path, scaled
from http_wire import Ended, Wire

PAGE = {"epoch", "offset", "messages", "more"}


def ask(wire, target, method="GET", version="1.1", headers=""):
    wire.send(f"{method} {target} HTTP/{version}\r\nHost: 127.0.0.1\r\n{headers}\r\n")


class PollCase(BrokerCase):
    def waiting(self, count, broker=None):
        """Until so many polls wait: each of them is a subscription."""
        return (broker or self.broker).settles(lambda m: m.sum("subscriptions", dialect="http") == count)

    def page(self, answer, offsets, offset, more=False):
        """The answer is a page of these messages, whose contents are their offsets."""
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/json")
        page = answer.json()
        self.assertEqual(set(page), PAGE)
        self.assertEqual([m["offset"] for m in page["messages"]], list(offsets), page)
        self.assertEqual((page["offset"], page["more"]), (offset, more), page)
        return page

    def publish_lines(self, topic, contents, broker=None):
        """All of them in one request, so that they come in few turns."""
        body = "".join(json.dumps({"topic": topic, "data": each}) + "\n" for each in contents)
        answer = (broker or self.broker).request("POST", "/publish", body, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 200, answer)
        return [json.loads(line)["offset"] for line in answer.text.splitlines()]


class Polls(PollCase):
    def test_what_is_there_is_answered_at_once(self):
        epoch = self.publish_three("there")
        for query, offsets in (("?after=0&wait=5m", [1, 2, 3]), ("?after=2&wait=5m", [3]),
                               (f"?after=1&epoch={epoch}&wait=5m", [2, 3]), ("?after=9&wait=5m", [1, 2, 3]),
                               (f"?after=3&epoch={int(epoch, 16) ^ 1:x}&wait=5m", [1, 2, 3])):
            with self.subTest(query):
                page = self.page(self.broker.get("/topics/there" + query), offsets, 3)
                self.assertEqual(page["epoch"], epoch)
        self.page(self.broker.get("/topics/there?after=0&limit=2&wait=5m"), [1, 2], 3, more=True)

    def publish_three(self, topic):
        return [self.broker.publish(topic, str(i))["epoch"] for i in (1, 2, 3)][0]

    def test_the_same_form_as_the_log(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/same%20form?after=0&wait=30s")
            self.waiting(1)
            self.broker.publish("same form", '{"a": [1.50,"é"]}', "?event=e", "application/json")
            polled = wire.response()
        read = self.broker.get("/topics/same%20form?after=0")
        self.assertEqual(polled.body, read.body)
        self.assertEqual(polled.header("content-type"), read.header("content-type"))

    def test_it_is_answered_when_something_is_published(self):
        for query in ("?wait=30s", "?after=0&wait=5m", "?after=0&wait=30000ms&limit=1"):
            with self.subTest(query), self.broker.wire() as wire:
                topic = "later " + query
                ask(wire, path(topic) + query)
                self.waiting(1)
                self.assertTrue(wire.is_silent(0.05))
                self.broker.publish(topic, "now")
                page = self.page(wire.response(), [1], 1)
                self.assertEqual(page["messages"][0]["data"], "now")
                self.waiting(0)

    def test_it_is_empty_when_the_time_is_over(self):
        epoch = self.publish_three("empty")
        for query in (f"?after=3&epoch={epoch}&wait=300ms", "?wait=300ms", "?after=3&wait=300ms"):
            begun = time.monotonic()
            page = self.page(self.broker.get("/topics/empty" + query), [], 3)
            self.assertGreaterEqual(time.monotonic() - begun, 0.29)
            self.assertEqual(page["epoch"], epoch)
        self.waiting(0)

    def test_no_time_is_no_wait(self):
        epoch = self.publish_three("zero")
        for query in ("?wait=0", "?wait=0s", "?after=3&wait=0ms"):
            self.assertEqual(self.page(self.broker.get("/topics/zero" + query), [], 3)["epoch"], epoch)
        self.page(self.broker.get("/topics/unknown?wait=0"), [], 0)

    def test_an_empty_page_says_where_to_go_on(self):
        first = self.broker.get("/topics/go%20on?wait=0").json()
        self.broker.publish("go on", "x")
        page = self.page(self.broker.get(f"/topics/go%20on?after={first['offset']}&epoch={first['epoch']}&wait=5m"), [1], 1)
        self.assertEqual(page["epoch"], first["epoch"])

    def test_what_comes_together_is_answered_together_up_to_the_limit(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/many?after=0&limit=3&wait=30s")
            self.waiting(1)
            self.assertEqual(self.publish_lines("many", range(10)), list(range(1, 11)))
            first = wire.response().json()
            offsets = [m["offset"] for m in first["messages"]]
            self.assertLessEqual(len(offsets), 3)
            while offsets[-1] < 10:  # how many a turn brings is not said
                page = wire.request("GET", f"/topics/many?after={offsets[-1]}&epoch={first['epoch']}&limit=3&wait=30s").json()
                self.assertEqual(page["more"], page["messages"][-1]["offset"] < page["offset"], page)
                offsets += [m["offset"] for m in page["messages"]]
            self.assertEqual(offsets, list(range(1, 11)))

    def test_all_who_wait_are_answered(self):
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(self.broker.wire()) for _ in range(30)]
            for at, wire in enumerate(wires):
                ask(wire, "/topics/crowd?after=0&wait=1m" + ("&limit=1" if at % 2 else ""))
            self.waiting(30)
            self.broker.publish("crowd", "hello")
            for wire in wires:
                self.page(wire.response(), [1], 1)
        self.waiting(0)

    def test_a_connection_is_used_again(self):
        with self.broker.wire() as wire:
            for i in range(1, 6):
                self.page(wire.request("GET", f"/topics/again?after={i - 1}&wait=10ms"), [], i - 1)
                ask(wire, f"/topics/again?after={i - 1}&wait=30s")
                self.waiting(1)
                self.broker.publish("again", str(i))
                answer = wire.response()
                self.page(answer, [i], i)
                self.assertTrue(answer.stays_open)
                self.assertEqual(wire.request("POST", "/topics/other", "x").status, 200)

    def test_a_request_behind_it_waits_for_its_answer(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/pipelined?after=0&wait=30s")
            ask(wire, "/topics/pipelined?after=1&wait=0")
            ask(wire, "/topics/pipelined?after=1&wait=30s")
            self.waiting(1)
            self.assertTrue(wire.is_silent(0.05))
            self.broker.publish("pipelined", "one")
            self.page(wire.response(), [1], 1)
            self.page(wire.response(), [], 1)
            self.waiting(1)
            self.broker.publish("pipelined", "two")
            self.page(wire.response(), [2], 2)

    def test_http_1_0(self):
        for headers, stays in (("", False), ("Connection: keep-alive\r\n", True)):
            with self.subTest(headers), self.broker.wire() as wire:
                topic = f"one nought {stays}"
                ask(wire, path(topic) + "?wait=30s", version="1.0", headers=headers)
                self.waiting(1)
                self.broker.publish(topic, "x")
                answer = wire.response()
                self.page(answer, [1], 1)
                self.assertIsNotNone(answer.header("content-length"))
                if stays:
                    self.assertEqual(wire.request("GET", path(topic)).status, 200)
                else:
                    self.assertEqual(wire.read_to_end(), b"")

    def test_head(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/head?wait=30s", "HEAD")
            self.waiting(1)
            self.broker.publish("head", "x")
            head = wire.response(head=True)
            self.assertEqual(head.status, 200)
            self.assertEqual(head.header("content-length"), wire.request("GET", "/topics/head").header("content-length"))

    def test_curl_and_tls(self):
        with self.broker.tls_wire() as wire:
            ask(wire, "/topics/over%20tls?wait=30s")
            self.waiting(1)
            self.broker.curl("-d", "hi", self.broker.url("/topics/over%20tls"))
            self.page(wire.response(), [1], 1)
        page = json.loads(self.broker.curl(self.broker.url("/topics/over%20tls?after=0&wait=30s")))
        self.assertEqual(page["messages"][0]["data"], "hi")

    def test_a_page_of_another_origin_may_see_it(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/origin?wait=30s", headers="Origin: http://localhost:3000\r\n")
            self.waiting(1)
            self.broker.publish("origin", "x")
            self.assertEqual(wire.response().header("access-control-allow-origin"), "http://localhost:3000")

    def test_a_large_message(self):
        with self.broker.wire() as wire:
            ask(wire, "/topics/large?wait=30s")
            self.waiting(1)
            self.broker.publish("large", "x" * 1_000_000)
            self.assertEqual(len(self.page(wire.response(), [1], 1)["messages"][0]["data"]), 1_000_000)


class Ends(PollCase):
    """Clients that go while they wait, and those that do not wait to be answered."""

    def test_who_goes_away_leaves_nothing_behind(self):
        for leave in (Wire.close, Wire.reset, Wire.shut_write):
            with self.subTest(leave.__name__), contextlib.ExitStack() as stack:
                wires = [stack.enter_context(self.broker.wire()) for _ in range(20)]
                for wire in wires:
                    ask(wire, "/topics/gone?wait=5m")
                self.waiting(20)
                for wire in wires:
                    leave(wire)
                self.waiting(0)
                self.broker.settles(lambda m: m.sum("connections") == 0)
        metrics = self.broker.settles(lambda m: m.sum("queue_bytes") == 0)
        self.assertEqual(metrics.sum("subscriptions"), 0)

    def test_who_closes_their_side_gets_what_is_there(self):
        self.broker.publish("half closed", "x")
        for query in ("?after=0&wait=5m", "?after=1&wait=0"):
            with self.broker.wire() as wire:
                ask(wire, "/topics/half%20closed" + query)
                wire.shut_write()
                self.assertEqual(wire.response().json()["offset"], 1)
                self.assertEqual(wire.read_to_end(), b"")

    def test_who_closes_their_side_does_not_wait(self):
        for _ in range(scaled(50)):
            with self.broker.wire() as wire:
                ask(wire, "/topics/nothing%20there?wait=5m")
                wire.shut_write()
                self.assertEqual(wire.read_to_end(), b"")
        self.waiting(0)

    def test_a_publish_while_the_client_goes(self):
        for i in range(1, scaled(100) + 1):
            with self.broker.wire() as wire:
                ask(wire, "/topics/race?wait=5m")
                if i % 2:
                    wire.reset()
            self.broker.publish("race", "x")
        self.waiting(0)


class Positions(PollCase):
    """Where the log does not hold what is asked for."""

    def test_without_a_log(self):
        broker = self.start("--log.messages", "0")
        for _ in range(3):
            epoch = broker.publish("n", "x")["epoch"]
        page = self.page(broker.get("/topics/n?after=0&wait=5m"), [], 3)  # at once: that is lost
        self.assertEqual(page["epoch"], epoch)
        with broker.wire() as wire:
            for i in range(4, 8):
                ask(wire, f"/topics/n?after={i - 1}&epoch={epoch}&wait=30s")
                self.waiting(1, broker)
                broker.publish("n", str(i))
                self.assertEqual(self.page(wire.response(), [i], i)["messages"][0]["data"], str(i))
        self.page(broker.get("/topics/n?after=7&wait=50ms"), [], 7)
        self.page(broker.get("/topics/n?after=99&wait=5m"), [], 7)  # of a life that nobody remembers
        self.page(broker.get(f"/topics/n?after=7&epoch={int(epoch, 16) ^ 1:x}&wait=5m"), [], 7)

    def test_a_short_log(self):
        broker = self.start("--log.messages", "2")
        for i in range(1, 6):
            broker.publish("s", str(i))
        self.page(broker.get("/topics/s?after=1&wait=5m"), [4, 5], 5)
        with broker.wire() as wire:
            ask(wire, "/topics/s?after=5&wait=30s")
            self.waiting(1, broker)
            broker.publish("s", "6")
            self.page(wire.response(), [6], 6)

    def test_mistakes(self):
        for query in ("?wait=5", "?wait=-1s", "?wait=1h", "?wait=301s", "?wait=", "?wait=s", "?wait=1.5s", "?wait=%201s",
                      "?wait=99999999999999999999s", "?wait=30s&last=3", "?wait=0&last=3", "?wait=30s&limit=0",
                      "?wait=30s&limit=1001", "?wait=30s&limit=x", "?wait=30s&after=x", "?wait=30s&after=-1",
                      "?wait=30s&epoch=12", "?wait=30s&after=1&epoch=xyz", "?wait=30s&after=1&last=1"):
            with self.subTest(query), self.broker.wire() as wire:
                answer = wire.request("GET", "/topics/t" + query)
                self.assert_error(answer, 400)
                self.assertTrue(answer.stays_open)
        self.assertEqual(self.broker.get("/topics/$x?wait=1s").status, 400)

    def test_a_query_of_a_mebibyte(self):
        with self.broker.wire() as wire:
            with contextlib.suppress(OSError):  # it is not read to its end
                wire.send(f"GET /topics/t?wait=30s&x={'x' * (1 << 20)} HTTP/1.1\r\nHost: a\r\n\r\n")
            with contextlib.suppress(Ended):
                self.assertIn(wire.response().status, (414, 431))
        self.assertEqual(self.broker.get("/topics/t?wait=0").status, 200)
        self.waiting(0)


class Drain(OwnBrokerCase, PollCase):
    def test_who_waits_is_answered(self):
        broker = self.start("--drain.duration", "60s")  # dev: a second at most
        broker.publish("d", "x")
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(broker.wire()) for _ in range(10)]
            for wire in wires:
                ask(wire, "/topics/d?after=1&wait=5m")
            self.waiting(10, broker)
            begun = time.monotonic()
            broker.signal(signal.SIGTERM)
            for wire in wires:
                answer = wire.response()
                self.page(answer, [], 1)
                self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(broker.wait(), 0)
        self.assertLess(time.monotonic() - begun, 20 if SLOW else 5)


class Poller(threading.Thread):
    """A loop of long polls, each behind what the one before has brought."""

    def __init__(self, broker, topic, last, limit, keep):
        super().__init__()
        self.broker, self.topic, self.last, self.limit, self.keep = broker, topic, last, limit, keep
        self.heard, self.polls, self.failure = [], 0, None
        self.start()

    def run(self):
        try:
            self.poll()
        except BaseException as failure:  # told by finish(), in the test's thread
            self.failure = failure

    def poll(self):
        wire = self.broker.wire()
        page = wire.request("GET", path(self.topic) + "?wait=0").json()
        at, epoch = page["offset"], page["epoch"]
        while at < self.last:
            if not self.keep:
                wire.close()
                wire = self.broker.wire()
            page = wire.request("GET", f"{path(self.topic)}?after={at}&epoch={epoch}&limit={self.limit}&wait=5s").json()
            self.polls += 1
            self.heard += [(m["offset"], m["data"]) for m in page["messages"]]
            at = page["messages"][-1]["offset"] if page["messages"] else page["offset"]
            if page["epoch"] != epoch:
                raise AssertionError(f"another epoch: {page}")
        wire.close()

    def finish(self):
        self.join(TIMEOUT * 3)
        if self.failure:
            raise self.failure
        return self.heard


class ExactlyOnce(OwnBrokerCase):
    def loop(self, shards):
        broker = self.start("--log.messages", "100000", shards=shards)
        count = scaled(2000)
        broker.get("/topics/steady")  # its epoch is given out
        pollers = [Poller(broker, "steady", count, limit, keep)
                   for limit, keep in ((100, True), (1000, True), (3, True), (1, True), (100, False), (7, False))]
        with broker.wire() as wire:
            for i in range(1, count + 1):
                body = str(i)
                answer = wire.request("POST", "/topics/steady", body)
                self.assertEqual(answer.json()["offset"], i)
        for poller in pollers:
            heard = poller.finish()
            first = heard[0][0]
            self.assertEqual(heard, [(i, str(i)) for i in range(first, count + 1)])
            self.assertGreater(poller.polls, 1)
        broker.settles(lambda m: m.sum("subscriptions") == 0)

    def test_on_one_shard(self):
        self.loop(1)

    def test_on_three_shards(self):
        self.loop(3)


if __name__ == "__main__":
    unittest.main()
