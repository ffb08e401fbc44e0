# SPDX-License-Identifier: Apache-2.0
"""Every limit, crossed: what its table in config/README.md says happens is what a peer sees, under the label of
proto/reason.cc, with its status and its close code."""
import contextlib
import os
import re
import unittest

from harness import ROOT, SHARDS, OwnBrokerCase, trusting
from http_wire import Lines, deadline
from ws_wire import PING, TEXT, frame


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


# label → (close code, status): what no peer is told is 0.
REASONS = {label: (int(code), int(status)) for label, code, status in
           re.findall(r'\{Reason::\w+, \{"(\w+)", (\d+), (\d+)\}\}', read("proto/reason.cc"))}


def table_rows():
    """(limit, reason) of each row of the README's table."""
    text = read("config/README.md").partition("## The limits")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    return [(cells[0].strip("`"), reason) for cells in rows[1:] for reason in re.findall(r"`(\w+)`", cells[5])]


class Crossed(OwnBrokerCase):
    """A test a row: its name is in CROSSED, below."""

    def rises(self, broker, name, reason, act):
        before = broker.metrics().sum(name, reason=reason)
        result = act()
        broker.settles(lambda metrics: metrics.sum(name, reason=reason) > before)
        return result

    def assert_refused(self, broker, reason, send, metric="connections_rejected_total"):
        """`send(wire)` is answered with the reason's status; 429 and 503 say when to come back."""
        def act():
            with broker.wire() as wire:
                send(wire)
                answer = wire.response()
                self.assert_error(answer, REASONS[reason][1])
                if answer.status in (429, 503):
                    self.assertEqual(answer.header("retry-after"), "1")
                return answer
        return self.rises(broker, metric, reason, act)

    def assert_closed(self, broker, reason, client, act):
        """A WebSocket is closed with the reason's code and label."""
        def both():
            act()
            _, closed = client.read_all_to_close()
            self.assertEqual(closed, (REASONS[reason][0], reason))
            client.close()
        self.rises(broker, "connections_closed_total", reason, both)

    @staticmethod
    def get(wire):
        wire.send("GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n")

    # ---- connections

    def fill(self, broker, status, reason, **options):
        """Connections that stay, until one more is refused; which shard takes which is chance."""
        kept = []
        def connect():
            while len(kept) < 64:
                wire = broker.wire(**options)
                self.addCleanup(wire.close)
                answer = wire.request("GET", "/topics/t")
                if answer.status != 200:
                    self.assert_error(answer, status)
                    self.assertEqual((answer.header("retry-after"), answer.header("connection")), ("1", "close"))
                    self.assertEqual(wire.read_to_end(), b"")
                    return wire.close()
                kept.append(wire)
            self.fail("no connection is one too many")
        self.rises(broker, "connections_rejected_total", reason, connect)
        return kept

    def test_shard_connections(self):
        broker = self.start("--limits.shard_connections", "3", https=False)
        with broker.raw("served") as reader:
            kept = self.fill(broker, 503, "too_many_connections")
            self.assertLess(len(kept), 3 * SHARDS)
            reader.send_text("still served")
            self.assertEqual(reader.read_text(), "still served")
        for wire in kept:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200, "who is in stays in")
            wire.close()
        for _ in deadline():  # and there is room again
            with broker.wire() as wire:
                if wire.request("GET", "/topics/t").status == 200:
                    break

    def test_shard_connections_over_tls(self):
        broker = self.start("--limits.shard_connections", "1", shards=1)
        with broker.tls_wire(trusting()) as kept:
            self.assertEqual(kept.request("GET", "/topics/t").status, 200)
            with broker.tls_wire(trusting()) as wire:
                self.assert_error(wire.request("GET", "/topics/t"), 503)

    def test_a_crowd_is_refused_and_the_broker_answers_those_within(self):
        broker = self.start("--limits.shard_connections", "2", shards=1, https=False)
        with broker.raw("inside") as reader, contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(broker.wire()) for _ in range(200)]
            reader.send_text("served")
            self.assertEqual(reader.read_text(), "served")
            refused = broker.settles(lambda m: m.sum("connections_rejected_total", reason="too_many_connections") > 150)
            self.assertLess(refused.sum("connections"), 32, "most are not even held")
            del crowd

    def test_address_connections(self):
        broker = self.start("--limits.address_connections", "4", https=False)
        kept = self.fill(broker, 429, "too_many_from_address", source="127.0.0.7")
        self.assertEqual(len(kept), 4, "over all shards")
        with broker.wire(source="127.0.0.8") as wire:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200, "another address")
        kept.pop().close()
        for _ in deadline():
            with broker.wire(source="127.0.0.7") as wire:
                if wire.request("GET", "/topics/t").status == 200:
                    break

    # ---- topics and subscriptions

    def full_of_topics(self):
        """A broker whose topics all have a log, and one of them."""
        broker = self.start("--limits.topics", "1", https=False)
        for number in range(64):
            if broker.request("POST", f"/topics/{number}", "x").status == 503:
                return broker, str(number)
        self.fail("no topic is one too many")

    def test_topics(self):
        broker, topic = self.full_of_topics()
        self.assert_refused(broker, "too_many_topics", lambda wire: wire.send(
            f"POST /topics/{topic} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), "publishes_refused_total")
        self.assert_refused(broker, "too_many_topics", lambda wire: wire.send(
            f"GET /topics/{topic} HTTP/1.1\r\nHost: a\r\n\r\n"), "limits_reached_total")
        with broker.native() as client:
            self.assertEqual(client.call(subscribe={"topic": topic})["error"]["code"], 503)
            self.assertEqual(client.call(publish={"topic": topic, "data": 1})["error"]["code"], 503)
            client.say({"publish": {"topic": topic, "data": 1}})  # nobody waits for its answer: told all the same
            self.assertEqual(client.hear()["error"]["code"], 503)
            self.assertIn("ok", client.call(subscribe={"topic": "0"}), "what there is serves on")
        with broker.wire() as wire:
            lines = Lines(wire)
            lines.publish(topic=topic, data=1)
            self.assertEqual(lines.answer()["error"]["code"], 503)
        self.assert_closed(broker, "too_many_topics", broker.raw(topic), lambda: None)
        publisher = broker.raw(topic, "?publish=only")
        self.assert_closed(broker, "too_many_topics", publisher, lambda: publisher.send_text("x"))

    def test_subscriptions(self):
        broker = self.start("--limits.subscriptions", "3", https=False)
        with broker.native() as client:
            for topic in ("a", "b", "c"):
                client.subscribe(topic)
            answer = self.rises(broker, "limits_reached_total", "too_many_subscriptions",
                                lambda: client.call(subscribe={"topic": "d"}))
            self.assertEqual(answer["error"]["code"], 429)
            client.call(unsubscribe={"topic": "a"})
            client.subscribe("d")

    # ---- rates

    def test_websocket_rate(self):
        broker = self.start("--limits.websocket_rate", "100", https=False)
        with broker.raw("fast") as client, broker.raw("quiet") as quiet:
            def flood():
                client.send(b"".join(frame(TEXT, str(i)) for i in range(150)))
                quiet.send_text("not held up")
                self.assertEqual(quiet.read_text(), "not held up")
                for i in range(150):
                    self.assertEqual(client.read_text(), str(i), "nothing is lost")
            self.rises(broker, "limits_reached_total", "rate_exceeded", flood)
            self.rises(broker, "limits_reached_total", "rate_exceeded",
                       lambda: client.send(frame(PING, b"") * 150))

    def test_http_rate(self):
        broker = self.start("--limits.http_rate", "50", https=False)
        with broker.wire() as wire:
            lines = Lines(wire)

            def stream():
                for i in range(100):
                    lines.publish(topic="t", data=i)
                self.assertEqual([lines.answer()["offset"] for _ in range(100)], list(range(1, 101)))
            self.rises(broker, "limits_reached_total", "rate_exceeded", stream)
        with broker.wire() as wire:
            def requests():
                for _ in range(80):
                    self.assertEqual(wire.request("GET", "/topics/t?last=1").status, 200)
            self.rises(broker, "limits_reached_total", "rate_exceeded", requests)


if __name__ == "__main__":
    unittest.main()
