# SPDX-License-Identifier: Apache-2.0
"""Readers that do not read: they lose by policy only, in one place, counted and announced; others lose nothing, and
memory stays bounded."""
import base64
import contextlib
import json
import os
import threading
import unittest

from harness import BrokerCase, WebSocket, scaled, trusting
from http_wire import deadline
from ws_wire import TEXT, Native

KIB, MIB = 1 << 10, 1 << 20
SMALL = {"receive_buffer": 4096}  # a kernel that keeps little for a reader who does not read
BODY = b"0123456789abcdef" * 1024  # 16 KiB
QUEUE = 1 * MIB


class Brisk(threading.Thread):
    """A reader that keeps up: reads all the time, until `last` has come."""

    def __init__(self, client, number_of):
        super().__init__()
        self.client, self.number_of = client, number_of
        self.heard, self.last, self.failure = [], None, None
        self.start()

    def run(self):
        try:
            while self.last is None or len(self.heard) < self.last:
                self.heard.append(self.number_of(self.client))
        except BaseException as failure:  # told by finish(), in the test's thread
            self.failure = failure

    def reach(self, count):
        """Waits until it has heard so many: on a busy machine even a brisk reader falls behind a publisher."""
        for _ in deadline():
            if len(self.heard) >= count or not self.is_alive():
                return

    def finish(self):
        """What it heard; `last` must have been told before the last message was published."""
        self.join()
        if self.failure:
            raise self.failure
        return self.heard


class SlowReaders(BrokerCase):
    """What the two policies share. The stalled reader's queue fills beyond what kernel buffers hide."""
    policy = "disconnect"

    @classmethod
    def setUpClass(cls):
        if cls is SlowReaders:
            raise unittest.SkipTest("the base of the two policies")
        cls.flags = ("--queue.overflow", cls.policy, "--limits.queue_bytes", "1MiB", "--limits.message_bytes", "256KiB",
                     "--log.messages", "10")
        super().setUpClass()

    def publish_until(self, topic, holds, readers=(), most=scaled(4000) * 2):
        """Publishes numbered messages of 16 KiB until the metrics satisfy `holds`; returns how many. `readers` are never
        more than half a queue behind."""
        with self.broker.wire() as wire:
            for i in range(1, most + 1):
                answer = wire.request("POST", f"/topics/{topic}", b"%08d" % i + BODY, {"Content-Type": "text/plain"})
                self.assertEqual((answer.status, answer.json()["offset"]), (200, i))
                for reader in readers:
                    reader.reach(i - 32)
                if i % 32 == 0 and holds(self.broker.metrics()):
                    return i
        self.fail(f"{most} messages of 16 KiB have not filled the queue:\n{self.broker.metrics().text}")

    def dropped(self, metrics):
        return metrics.sum("deliveries_dropped_total", reason="slow_consumer")


class Disconnect(SlowReaders):
    policy = "disconnect"

    def stall(self, topic, connect):
        """A stalled reader is cut off; what it then reads, and its close."""
        before = self.dropped(self.broker.metrics())
        with contextlib.ExitStack() as stack:
            stalled = stack.enter_context(connect())
            stalled.sync()
            readers = [stack.enter_context(each) for each in self.broker.on_each_shard(lambda: self.broker.raw(topic))]
            for each in readers:
                each.sync()
            brisk = [Brisk(each, lambda reader: reader.read_message()[1][:8]) for each in readers]
            resident = self.broker.resident_bytes()
            count = self.publish_until(topic, lambda m: self.dropped(m) > before, brisk)
            self.assert_resident_below(resident + 24 * MIB)
            for each in brisk:
                each.last = count + 1
            self.broker.publish(topic, "behind it")
            for each in brisk:
                heard = each.finish()
                self.assertEqual(heard[:count], [b"%08d" % i for i in range(1, count + 1)])
            heard, closed = stalled.read_all_to_close()
            return heard, closed, count

    def test_raw_reader_sees_what_was_queued_and_then_1013(self):
        heard, (code, _), count = self.stall("slow", lambda: self.broker.raw("slow", **SMALL))
        self.assertEqual(code, 1013)
        self.assertEqual([each[:8] for each in heard], [b"%08d" % i for i in range(1, len(heard) + 1)])
        self.assertGreaterEqual(len(heard) * len(BODY), QUEUE - 2 * len(BODY))
        self.assertLess(len(heard), count)

    def test_reader_over_tls_sees_what_was_queued_and_then_1013(self):
        with WebSocket(self.broker.https, "/topics/slow%20tls", tls=trusting(), **SMALL) as stalled:
            stalled.sync()
            before = self.dropped(self.broker.metrics())
            self.publish_until("slow%20tls", lambda m: self.dropped(m) > before)
            heard, (code, _) = stalled.read_all_to_close()
        self.assertEqual(code, 1013)
        self.assertEqual([each[:8] for each in heard], [b"%08d" % i for i in range(1, len(heard) + 1)])

    def test_native_reader_resumes_with_a_gap(self):
        with self.broker.native(**SMALL) as stalled:
            at = stalled.subscribe("slow native")
            before = self.dropped(self.broker.metrics())
            count = self.publish_until("slow%20native", lambda m: self.dropped(m) > before)
            heard, (code, reason) = stalled.read_all_to_close()
        self.assertEqual((code, reason), (1013, "slow_consumer"))
        offsets = [json.loads(each)["offset"] for each in heard]
        self.assertEqual(offsets, list(range(1, len(offsets) + 1)))
        with self.broker.native() as again:
            answer = again.subscribe("slow native", epoch=at["epoch"], offset=offsets[-1])
            self.assertEqual(answer, {"epoch": at["epoch"], "offset": count, "recovered": False})
            gap = again.hear()["gap"]
            self.assertEqual(gap, {"from": offsets[-1] + 1, "to": count - 10, "reason": "expired"})
            self.assertEqual([again.hear()["offset"] for _ in range(10)], list(range(count - 9, count + 1)))

    def test_a_reader_that_never_reads_again_is_reset(self):
        with self.broker.raw("stuck", **SMALL) as stalled:
            stalled.sync()
            before = self.dropped(self.broker.metrics())
            self.publish_until("stuck", lambda m: self.dropped(m) > before)
            self.broker.settles(lambda m: m.sum("connections", transport="ws") == 0)  # close_patience: 5 s
            self.assertEqual(self.broker.metrics().sum("queue_bytes"), 0)
            with self.assertRaises(Exception):
                stalled.read_all_to_close()

    def test_one_message_above_the_whole_queue_is_still_delivered_to_an_empty_one(self):
        broker = self.start("--limits.message_bytes", "64KiB", "--limits.queue_bytes", "128KiB")
        with broker.native() as client:
            client.subscribe("controls")
            broker.publish("controls", b"\x01" * 65536, content_type="text/plain")  # 6 bytes each in JSON
            self.assertEqual(len(client.hear()["data"]), 65536)
            broker.publish("controls", os.urandom(65536), content_type="image/png")
            self.assertEqual(len(base64.b64decode(client.hear()["data_base64"])), 65536)


class DropOldest(SlowReaders):
    policy = "drop_oldest"

    def heard_to(self, client, last):
        """Everything up to the last offset, as (what, from, to) runs."""
        runs = []
        at = 0
        while at < last:
            heard = client.hear()
            if "gap" in heard:
                gap = heard["gap"]
                self.assertEqual(gap["reason"], "overflow")
                self.assertEqual(gap["from"], at + 1, f"the gap stands at its place: {runs[-3:]}")
                self.assertGreaterEqual(gap["to"], gap["from"])
                at = gap["to"]
                runs.append(("gap", gap["from"], gap["to"]))
            else:
                self.assertEqual(heard["offset"], at + 1, f"a loss that was not announced: {runs[-3:]}")
                self.assertEqual(int(heard["data"][:8]), heard["offset"])
                at = heard["offset"]
                runs.append(("message", at, at))
        return runs

    def test_losses_are_announced_at_their_place_and_counted(self):
        for name, connect in (("drop", lambda: self.broker.native(**SMALL)),
                              ("drop tls", lambda: self.native_tls())):
            with self.subTest(name), connect() as stalled, self.broker.native() as brisk:
                stalled.subscribe(name)
                brisk.subscribe(name)
                before = self.dropped(self.broker.metrics())
                reading = Brisk(brisk, lambda reader: reader.hear()["offset"])
                resident = self.broker.resident_bytes()
                count = self.publish_until(name.replace(" ", "%20"), lambda m: self.dropped(m) > before + 100,
                                           [reading]) + 1
                self.assert_resident_below(resident + 24 * MIB)
                self.assertLessEqual(self.broker.metrics().sum("queue_bytes"), 2 * QUEUE)
                reading.last = count
                self.broker.publish(name, b"%08d" % count + BODY)
                self.assertEqual(reading.finish(), list(range(1, count + 1)))

                runs = self.heard_to(stalled, count)
                lost = sum(to - begin + 1 for what, begin, to in runs if what == "gap")
                kept = sum(1 for what, _, _ in runs if what == "message")
                self.assertEqual(lost + kept, count)
                self.assertGreater(lost, 100)
                self.assertGreaterEqual(kept * len(BODY), QUEUE // 2)
                self.assertEqual(self.dropped(self.broker.metrics()) - before, lost, "what is lost is counted")
                self.broker.publish(name, "%08d" % (count + 1))  # and it goes on
                self.assertEqual(stalled.hear()["offset"], count + 1)

    def native_tls(self):
        return Native(self.broker.https, tls=trusting(), **SMALL)

    def test_raw_reader_stays_and_sees_whole_frames(self):
        with self.broker.raw("drop raw", **SMALL) as stalled:
            stalled.sync()
            before = self.dropped(self.broker.metrics())
            count = self.publish_until("drop%20raw", lambda m: self.dropped(m) > before + 50)
            numbers = []
            while not numbers or numbers[-1] < count:
                opcode, payload = stalled.read_message()
                self.assertEqual((opcode, payload[8:]), (TEXT, BODY), "a frame was cut")
                numbers.append(int(payload[:8]))
            self.assertEqual(numbers, sorted(set(numbers)))
            self.assertEqual(count - len(numbers), self.dropped(self.broker.metrics()) - before)

    def test_answers_are_never_dropped(self):
        with self.broker.native(**SMALL) as stalled:
            stalled.subscribe("drop answers")
            before = self.dropped(self.broker.metrics())
            for i in range(20):
                stalled.say({"id": f"early {i}", "publish": {"topic": "elsewhere", "data": i}})
            self.publish_until("drop%20answers", lambda m: self.dropped(m) > before + 50)
            for i in range(20):
                stalled.say({"id": f"late {i}", "publish": {"topic": "elsewhere", "data": i}})
            ids = []
            while len(ids) < 40:
                heard = stalled.hear()
                if "id" in heard:
                    ids.append(heard["id"])
            self.assertEqual(ids, [f"early {i}" for i in range(20)] + [f"late {i}" for i in range(20)])

    def test_two_topics_lose_separately(self):
        with self.broker.native(**SMALL) as stalled:
            stalled.subscribe("drop a")
            stalled.subscribe("drop b")
            before = self.dropped(self.broker.metrics())
            with self.broker.wire() as wire:
                count = 0
                for _ in deadline():
                    for _ in range(16):
                        count += 1
                        for topic in "ab":
                            wire.request("POST", f"/topics/drop%20{topic}", b"%08d" % count + BODY)
                    if self.dropped(self.broker.metrics()) > before + 100:
                        break
            at, lost = {"drop a": 0, "drop b": 0}, 0
            while min(at.values()) < count:
                heard = stalled.hear()
                topic, gap = heard["topic"], heard.get("gap")
                self.assertEqual(gap["from"] if gap else heard["offset"], at[topic] + 1)
                at[topic] = gap["to"] if gap else heard["offset"]
                lost += gap["to"] - gap["from"] + 1 if gap else 0
            self.assertEqual(self.dropped(self.broker.metrics()) - before, lost)


if __name__ == "__main__":
    unittest.main()
