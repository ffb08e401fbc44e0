# SPDX-License-Identifier: Apache-2.0
"""GET /topics/{topic} with Accept: application/x-ndjson: a line for each message, until the client goes."""
import contextlib
import json
import signal
import subprocess
import threading
import time
import unittest

from harness import SLOW, TIMEOUT, BrokerCase, OwnBrokerCase, path, scaled, trusting
from http_wire import Ended, Wire, read_head

KIB, MIB = 1 << 10, 1 << 20
BODY = "0123456789abcdef" * 1024  # 16 KiB


class LineStream(Wire):
    """A stream that has begun: its head is checked, `position` is its first line."""

    def __init__(self, address, target, version="1.1", headers="", **options):
        super().__init__(address, **options)
        self.send(f"GET {target} HTTP/{version}\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\n{headers}\r\n")
        self.status, _, fields = read_head(self)
        self.fields = dict(fields)
        if self.status != 200:
            raise AssertionError(f"{target}: {self.status} {fields}")
        self.position = self.hear()

    def line(self):
        return self.read_until(b"\n")

    def hear(self):
        """The next line that says something."""
        while True:
            said = json.loads(self.line())
            if set(said) != {"time"}:
                return said

    def drained(self):
        """All lines up to the end; the last may be cut."""
        *lines, rest = self.read_to_end().split(b"\n")
        return [json.loads(line) for line in lines], rest


class StreamCase(BrokerCase):
    def stream(self, topic, query="", broker=None, **options):
        return LineStream((broker or self.broker).http, path(topic) + query, **options)

    def streaming(self, count, broker=None):
        return (broker or self.broker).settles(lambda m: m.sum("subscriptions", dialect="http") == count)


class Streams(StreamCase):
    def test_its_head(self):
        with self.stream("head") as lines:
            self.assertEqual(lines.fields["content-type"], "application/x-ndjson")
            self.assertEqual(lines.fields["cache-control"], "no-store")
            self.assertEqual(lines.fields["x-accel-buffering"], "no")
            self.assertEqual(lines.fields["connection"], "close")
            self.assertNotIn("content-length", lines.fields)
            self.assertNotIn("transfer-encoding", lines.fields)

    def test_what_is_published_from_then_on(self):
        before = self.broker.publish("live", "before")
        with self.stream("live") as lines:
            self.assertEqual(lines.position, before)
            self.broker.publish("live", "hi\nthere")
            self.broker.publish("live", '{"a": [1.50,"é"]}', "?event=join", "application/json")
            self.broker.publish("live", b"\x00\xff", "", "image/png")
            said = [lines.line() for _ in range(3)]
            for each, form in zip(said, ({"offset": 2, "data": "hi\nthere"},
                                         {"offset": 3, "event": "join", "data": {"a": [1.5, "é"]}},
                                         {"offset": 4, "data_base64": "AP8="})):
                message = json.loads(each)
                self.assertAlmostEqual(message.pop("time"), time.time(), delta=60)
                self.assertEqual(message, form)
            log = self.broker.get("/topics/live?after=1").text
            self.assertIn(",".join(each.decode().rstrip("\n") for each in said), log, "as in the page")

    def test_json_of_many_lines_is_one_line(self):
        with self.stream("pretty") as lines:
            body = json.dumps({"a": [1, {"b": "line\nbreak\r"}], "c": None}, indent=2).replace("\n", "\r\n")
            self.broker.publish("pretty", body, content_type="application/json")
            line = lines.line()
            self.assertEqual(json.loads(line)["data"], json.loads(body))
            self.assertNotIn(b"\r", line)
            self.broker.publish("pretty", "next")
            self.assertEqual(lines.hear()["data"], "next")

    def test_it_begins_in_the_log_where_it_is_told(self):
        epoch = [self.broker.publish("log", str(i))["epoch"] for i in range(1, 6)][0]
        for query, recovered, offsets in (("?last=2", None, [4, 5]), ("?last=1000", None, [1, 2, 3, 4, 5]),
                                          ("?after=3", True, [4, 5]), (f"?after=0&epoch={epoch}", True, [1, 2, 3, 4, 5]),
                                          (f"?after=5&epoch={epoch}", True, [])):
            with self.subTest(query), self.stream("log", query) as lines:
                expected = {"epoch": epoch, "offset": 5}
                self.assertEqual(lines.position, expected if recovered is None else {**expected, "recovered": recovered})
                self.assertEqual([lines.hear()["offset"] for _ in offsets], offsets)
                self.assertTrue(lines.is_silent(0.02))

    def test_what_is_lost_is_announced(self):
        broker = self.start("--log.messages", "2")
        epoch = [broker.publish("lost", str(i))["epoch"] for i in range(1, 6)][0]
        with self.stream("lost", f"?after=1&epoch={epoch}", broker) as lines:
            self.assertEqual(lines.position, {"epoch": epoch, "offset": 5, "recovered": False})
            self.assertEqual(lines.hear(), {"gap": {"from": 2, "to": 3, "reason": "expired"}})
            self.assertEqual([lines.hear()["offset"] for _ in range(2)], [4, 5])
            broker.publish("lost", "6")
            self.assertEqual(lines.hear()["offset"], 6)
        with self.stream("lost", "?after=1&epoch=1", broker) as lines:
            self.assertFalse(lines.position["recovered"])
            self.assertEqual(lines.hear(), {"gap": {"reason": "epoch"}})
            self.assertEqual([lines.hear()["offset"] for _ in range(2)], [5, 6])

    def test_without_a_log(self):
        broker = self.start("--log.messages", "0")
        for _ in range(3):
            broker.publish("n", "x")
        with self.stream("n", "?after=1", broker) as lines:
            self.assertFalse(lines.position["recovered"])
            self.assertEqual(lines.hear(), {"gap": {"from": 2, "to": 3, "reason": "expired"}})
            broker.publish("n", "y")
            self.assertEqual(lines.hear()["offset"], 4)

    def test_accept(self):
        for accept in ("application/x-ndjson", "Application/X-NDJSON", "text/html, application/x-ndjson;q=0.5, */*",
                       "application/json;q=0.9,application/x-ndjson ; charset=utf-8"):
            with self.subTest(accept), self.broker.wire() as wire:
                wire.send(f"GET /topics/accept HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n")
                self.assertIn(("content-type", "application/x-ndjson"), read_head(wire)[2])
        for accept in ("*/*", "application/*", "application/json", "application/ndjson", "", "x-ndjson", ",;,"):
            with self.subTest(accept):
                answer = self.broker.get("/topics/accept", headers={"Accept": accept})
                self.assertEqual(answer.header("content-type"), "application/json")
                self.assertEqual(set(answer.json()), {"epoch", "offset", "messages", "more"})

    def test_http_1_0(self):
        with self.stream("old", version="1.0", headers="Connection: keep-alive\r\n") as lines:
            self.assertNotIn("transfer-encoding", lines.fields)
            self.broker.publish("old", "x")
            self.assertEqual(lines.hear()["data"], "x")

    def test_head(self):
        with self.broker.wire() as wire:
            wire.send("HEAD /topics/h?after=0 HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
            head = wire.response(head=True)
            self.assertEqual((head.status, head.header("content-type")), (200, "application/x-ndjson"))
            self.assertEqual(wire.read_to_end(), b"")
        self.streaming(0)

    def test_over_tls(self):
        with LineStream(self.broker.https, "/topics/tls", tls=trusting()) as lines:
            self.broker.publish("tls", "x" * 500_000)
            self.assertEqual(len(lines.hear()["data"]), 500_000)

    def test_a_page_of_another_origin_may_see_it(self):
        with self.stream("origin", headers="Origin: http://localhost:3000\r\n") as lines:
            self.assertEqual(lines.fields["access-control-allow-origin"], "http://localhost:3000")

    def test_curl(self):
        curl = subprocess.Popen(["curl", "--silent", "--no-buffer", "-H", "Accept: application/x-ndjson", "--max-time",
                                 str(int(TIMEOUT)), self.broker.url("/topics/curl%20it?last=3")], stdout=subprocess.PIPE,
                                text=True)
        try:
            self.assertEqual(json.loads(curl.stdout.readline())["offset"], 0)
            for i in range(1, 4):
                self.broker.publish("curl it", str(i))
                self.assertEqual(json.loads(curl.stdout.readline())["data"], str(i))
        finally:
            curl.kill()
            curl.wait()
            curl.stdout.close()
        self.streaming(0)

    def test_a_sign_of_life(self):
        with self.stream("quiet") as lines:
            begun = time.monotonic()
            lines.socket.settimeout(TIMEOUT + 15)
            said = json.loads(lines.line())
            self.assertEqual(set(said), {"time"})
            self.assertAlmostEqual(said["time"], time.time(), delta=5)
            self.assertGreater(time.monotonic() - begun, 14)
            self.broker.publish("quiet", "x")
            self.assertEqual(json.loads(lines.line())["data"], "x")

    def test_mistakes(self):
        for query in ("?limit=1", "?wait=30s", "?wait=", "?limit=", "?after=x", "?after=-1", "?last=x", "?last=1&after=1",
                      "?epoch=1", "?after=1&epoch=xyz"):
            with self.subTest(query), self.broker.wire() as wire:
                answer = wire.request("GET", "/topics/t" + query, headers={"Accept": "application/x-ndjson"})
                self.assert_error(answer, 400)
                self.assertTrue(answer.stays_open)

    def test_a_query_of_a_mebibyte(self):
        with self.broker.wire() as wire:
            with contextlib.suppress(OSError):  # it is not read to its end
                wire.send(f"GET /topics/t?x={'x' * MIB} HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
            with contextlib.suppress(Ended):
                self.assertIn(wire.response().status, (414, 431))
        with self.stream("t"):
            pass


class Ends(StreamCase):
    def test_who_goes_away_leaves_nothing_behind(self):
        for leave in (Wire.close, Wire.reset, Wire.shut_write):
            with self.subTest(leave.__name__), contextlib.ExitStack() as stack:
                streams = [stack.enter_context(self.stream("gone")) for _ in range(20)]
                self.streaming(20)
                for lines in streams:
                    leave(lines)
                self.streaming(0)
                self.broker.settles(lambda m: m.sum("connections") == 0)
        self.broker.settles(lambda m: m.sum("queue_bytes") == 0)

    def test_what_comes_behind_the_request_is_not_looked_at(self):
        with self.stream("behind") as lines:
            lines.send("POST /topics/behind HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" + "garbage\0" * 10_000)
            self.broker.publish("behind", "mine")
            self.assertEqual(lines.hear()["data"], "mine")

    def test_a_drain_ends_it(self):
        broker = self.start("--drain.duration", "60s")  # dev: a second at most
        streams = [self.stream("d", broker=broker) for _ in range(10)]
        broker.publish("d", "last words")
        begun = time.monotonic()
        broker.signal(signal.SIGTERM)
        for lines in streams:
            said, rest = lines.drained()
            self.assertEqual(([each["data"] for each in said], rest), (["last words"], b""))
            lines.close()
        self.assertEqual(broker.wait(), 0)
        self.assertLess(time.monotonic() - begun, 20 if SLOW else 5)


class Everything(OwnBrokerCase, StreamCase):
    """Many streams, on each shard, see each message once and in order, those included that begin in between."""

    def steady(self, shards):
        broker = self.start("--log.messages", "100000", shards=shards)
        count = scaled(2000)
        heard, failures = [], []

        def listen(after):
            try:
                with self.stream("steady", f"?after={after}", broker) as lines:
                    seen = []
                    while not seen or seen[-1] < count:
                        seen.append(lines.hear()["offset"])
                    heard.append((after, seen))
            except BaseException as failure:  # told below
                failures.append(failure)

        listeners = []
        with broker.wire() as wire:
            for i in range(1, count + 1):
                self.assertEqual(wire.request("POST", "/topics/steady", str(i)).json()["offset"], i)
                if i % (count // 10) == 1:
                    listeners.append(threading.Thread(target=listen, args=(i // 2,)))
                    listeners[-1].start()
        for each in listeners:
            each.join(TIMEOUT * 3)
        self.assertEqual(failures, [])
        self.assertEqual(len(heard), len(listeners))
        for after, seen in heard:
            self.assertEqual(seen, list(range(after + 1, count + 1)))
        self.streaming(0, broker)

    def test_on_one_shard(self):
        self.steady(1)

    def test_on_three_shards(self):
        self.steady(3)


class SlowReaders(OwnBrokerCase, StreamCase):
    """A reader that does not read loses by the policy, and nobody else loses anything."""

    def stall(self, policy, beyond):
        broker = self.start("--queue.overflow", policy, "--limits.queue_bytes", "1MiB", "--limits.message_bytes", "256KiB",
                            "--log.messages", "10")
        stalled = self.stream("slow", broker=broker, receive_buffer=4096)
        self.addCleanup(stalled.close)
        resident = broker.resident_bytes()

        def dropped():
            return broker.metrics().sum("deliveries_dropped_total", reason="slow_consumer")

        with self.stream("slow", broker=broker) as brisk, broker.wire() as wire:
            for i in range(1, scaled(4000) * 2 + 1):
                answer = wire.request("POST", "/topics/slow", "%08d" % i + BODY)
                self.assertEqual((answer.status, answer.json()["offset"]), (200, i))
                self.assertEqual(brisk.hear()["offset"], i)
                if i % 32 == 0 and dropped() > beyond:
                    break
            else:
                self.fail("the queue does not fill")
        if not SLOW:
            self.assertLess(broker.resident_bytes(), resident + 24 * MIB)
        return broker, stalled, i, dropped

    def test_disconnect(self):
        broker, stalled, count, _ = self.stall("disconnect", 0)
        said, _ = stalled.drained()
        offsets = [each["offset"] for each in said if "offset" in each]
        self.assertEqual(offsets, list(range(1, len(offsets) + 1)))
        self.assertGreaterEqual(len(offsets) * len(BODY), MIB - 2 * len(BODY), "what was queued still comes")
        self.assertLess(len(offsets), count)
        self.streaming(0, broker)

    def test_drop_oldest(self):
        broker, stalled, count, dropped = self.stall("drop_oldest", 100)
        at = lost = 0
        while at < count:
            said = stalled.hear()
            gap = said.get("gap")
            if gap:
                self.assertEqual((gap["from"], gap["reason"]), (at + 1, "overflow"))
                lost += gap["to"] - at
                at = gap["to"]
            else:
                self.assertEqual(said["offset"], at + 1, "a loss that was not announced")
                self.assertEqual(said["data"], "%08d" % said["offset"] + BODY)
                at += 1
        self.assertEqual(dropped(), lost, "what is lost is counted")
        broker.publish("slow", "on")
        self.assertEqual(stalled.hear()["data"], "on")


if __name__ == "__main__":
    unittest.main()
