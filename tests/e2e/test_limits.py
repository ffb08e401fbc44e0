# SPDX-License-Identifier: Apache-2.0
"""Every limit, crossed: what its table in config/README.md says happens is what a peer sees, under the label of
proto/reason.cc, with its status and its close code."""
import contextlib
import os
import re
import unittest

from harness import ROOT, SHARDS, OwnBrokerCase, Wire, trusting
from http_wire import Lines, deadline
from ws_wire import CONTINUATION, PING, TEXT, frame

MIB = 1 << 20


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
        broker = self.start("--limits.http_rate", "100", https=False)
        with broker.wire() as wire:
            lines = Lines(wire)

            def stream():
                lines.send("".join(f'{{"topic":"t","data":{i}}}\n' for i in range(250)))
                self.assertEqual([lines.answer()["offset"] for _ in range(250)], list(range(1, 251)))
            self.rises(broker, "limits_reached_total", "rate_exceeded", stream)
        with broker.wire() as wire:
            def requests():
                wire.send("GET /topics/t?last=1 HTTP/1.1\r\nHost: a\r\n\r\n" * 250)
                for _ in range(250):
                    self.assertEqual(wire.response().status, 200)
            self.rises(broker, "limits_reached_total", "rate_exceeded", requests)

    # ---- memory over all

    def body(self, wire, size):
        """A publish that has begun and does not end."""
        wire.send("POST /topics/large HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (16 * MIB) + "x" * size)

    def test_memory(self):
        broker = self.start("--limits.memory", "32MiB", "--limits.message_bytes", "16MiB", "--limits.queue_bytes", "20MiB",
                            "--log.messages", "0", "--timeouts.body", "10m", "--timeouts.idle", "10m", shards=1,
                            https=False)
        with contextlib.ExitStack() as stack:
            publisher, *bodies = (stack.enter_context(broker.wire()) for _ in range(4))
            native = stack.enter_context(broker.native())
            brisk = stack.enter_context(broker.raw("news"))
            stalled = stack.enter_context(broker.raw("news", receive_buffer=4096))
            for reader in brisk, stalled:
                reader.sync()
            for wire in bodies[:2]:
                self.body(wire, 14 * MIB)
            broker.settles(lambda m: m.sum("memory_bytes") > 28 * MIB)

            # first of all, who comes anew
            self.assert_refused(broker, "shed_connection", self.get)

            # then the slowest readers, at once and with what waited for them; publishers go on
            message = b"m" * (64 << 10)

            def dropped():
                return broker.metrics().sum("deliveries_dropped_total", reason="shed_reader")
            for number in range(1, 1000):
                self.assertEqual(publisher.request("POST", "/topics/news", message).status, 200)
                self.assertEqual(brisk.read_message()[1], message)
                if number % 8 == 0 and dropped() > 0:
                    break
            heard, closed = stalled.read_all_to_close()
            self.assertEqual(closed, (REASONS["shed_reader"][0], "shed_reader"))
            self.assertLess(len(heard), number)
            self.assertEqual(set(heard), {message})
            stalled.close()

            # then publishers, wherever they are; just over the edge, as who sends more there is refused at once
            self.body(bodies[2], 3 * MIB)
            broker.settles(lambda m: m.sum("memory_bytes") > 31 * MIB)
            for short in (10, -2000):  # in one receive
                before = broker.metrics().sum("memory_bytes")
                bodies[2].send("x" * (32 * MIB - int(before) - short))
                broker.settles(lambda m: m.sum("memory_bytes") == 32 * MIB - short)
            answer = self.rises(broker, "publishes_refused_total", "shed_publish",
                                lambda: publisher.request("POST", "/topics/news", b"x"))
            self.assert_error(answer, 429)
            self.assertEqual(answer.header("retry-after"), "1")
            self.assertTrue(answer.stays_open)
            self.assertEqual(native.call(publish={"topic": "news", "data": 1})["error"]["code"], 429)
            brisk.send_text("as a plain WebSocket has no words for it, it is closed")
            self.assertEqual(brisk.read_close(), (REASONS["shed_publish"][0], "shed_publish"))
            bodies[2].send("x" * 100_000)
            self.assert_error(bodies[2].response(), 429)
            self.assertEqual(bodies[2].read_to_end(), b"", "what it had sent is let go")

            # and all is well again
            for wire in bodies[:2]:
                wire.close()
            broker.settles(lambda m: m.sum("memory_bytes") < 16 * MIB)
            self.assertEqual(publisher.request("POST", "/topics/news", b"x").status, 200)
            self.assertEqual(native.publish("news", data=1), number + 2)
        broker.settles(lambda m: m.sum("memory_bytes") < 65536)

    # ---- one message, one queue

    def test_message_bytes(self):
        broker = self.start("--limits.message_bytes", "1KiB", https=False)
        client = broker.raw("t")
        self.assert_closed(broker, "message_too_big", client, lambda: client.send_text("x" * 1025))
        self.assert_refused(broker, "body_too_large", lambda wire: wire.send(
            "POST /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n" + "x" * 1025),
            "publishes_refused_total")

    def test_queue_bytes(self):
        broker = self.start("--limits.message_bytes", "64KiB", "--limits.queue_bytes", "128KiB", "--log.messages", "0",
                            https=False)
        stalled = broker.raw("t", receive_buffer=4096)
        stalled.sync()

        def publish():
            with broker.wire() as wire:
                for number in range(4000):
                    self.assertEqual(wire.request("POST", "/topics/t", b"x" * 65536).status, 200)
                    if number % 16 == 0 and broker.metrics().sum("deliveries_dropped_total", reason="slow_consumer"):
                        return
        self.assert_closed(broker, "slow_consumer", stalled, publish)

    def test_fragments(self):
        broker = self.start(https=False)
        client = broker.raw("t")
        self.assert_closed(broker, "too_many_fragments", client, lambda: client.send(
            frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 100_000))

    # ---- heads

    def test_heads(self):
        broker = self.start(https=False)
        head = "GET /topics/t HTTP/1.1\r\nHost: a\r\n"
        self.assert_refused(broker, "head_too_large", lambda wire: wire.send(head + "X: " + "y" * (16 << 10) + "\r\n\r\n"))
        self.assert_refused(broker, "head_too_large", lambda wire: wire.send(
            head + "".join(f"X{number}: y\r\n" for number in range(100)) + "\r\n"))
        self.assert_refused(broker, "target_too_long", lambda wire: wire.send(
            f"GET /{'t' * (8 << 10)} HTTP/1.1\r\nHost: a\r\n\r\n"))
        chunked = "POST /topics/t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assert_refused(broker, "head_too_large", lambda wire: wire.send(
            chunked + "1\r\nx\r\n0\r\nX: " + "y" * (4 << 10) + "\r\n\r\n"))
        self.assert_refused(broker, "bad_request", lambda wire: wire.send(chunked + "1;" + "y" * 256 + "\r\nx\r\n0\r\n\r\n"))

    # ---- time

    def test_times(self):
        broker = self.start("--timeouts.head", "300ms", "--timeouts.body", "300ms", "--timeouts.idle", "300ms",
                            "--timeouts.handshake", "300ms", "--websocket.ping_interval", "200ms",
                            "--websocket.ping_timeout", "200ms")
        self.assert_refused(broker, "head_timeout", lambda wire: wire.send("GET / HTTP/1.1\r\nHo"))
        self.assert_refused(broker, "body_timeout", lambda wire: wire.send(
            "POST /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx"))

        def rest():
            with broker.wire() as wire:
                self.assertEqual(wire.request("GET", "/topics/t").status, 200)
                self.assertEqual(wire.read_to_end(), b"")
        self.rises(broker, "connections_closed_total", "answered", rest)

        def say_no_hello():
            with Wire(broker.https) as wire:
                self.assertEqual(wire.read_to_end(), b"")
        self.rises(broker, "connections_closed_total", "handshake_timeout", say_no_hello)
        self.assert_closed(broker, "ping_timeout", broker.raw("t"), lambda: None)

    def test_answers_that_are_not_taken(self):
        broker = self.start("--websocket.ping_interval", "200ms", "--websocket.ping_timeout", "200ms", https=False)
        client = broker.native(receive_buffer=4096)
        wrong = frame(TEXT, '{"id":1,"oops":1}') * 1000

        def flood():
            before = broker.metrics().sum("connections_closed_total", reason="read_timeout")
            for _ in deadline():
                with contextlib.suppress(OSError):
                    client.send_no_wait(wrong)
                if broker.metrics().sum("connections_closed_total", reason="read_timeout") > before:
                    return
        self.rises(broker, "connections_closed_total", "read_timeout", flood)
        client.close()


class Table(unittest.TestCase):
    """The README's table against the program's two: every reason there is, every limit that can be set."""
    CROSSED = {reason for reason in REASONS if reason in read("tests/e2e/test_limits.py")}
    ELSEWHERE = {
        "no_descriptors": "test_start.py",
    }
    # What is no limit: the peer's own end, its mistakes, the program's end.
    NO_LIMITS = set("""peer_closed peer_reset answered going_away bad_request unauthorized origin_refused not_found
        method_not_allowed length_required expectation_failed upgrade_required not_implemented version_not_supported
        plain_http_on_tls protocol_error unsupported_data invalid_utf8 invalid_deflate policy_violation tls_error draining
        close_timeout internal_error connect_timeout taken_over undeliverable""".split())

    def test_every_reason_that_is_a_limit_has_a_row(self):
        rows = {reason for _, reason in table_rows()}
        self.assertEqual(rows - set(REASONS), set(), "no reason of proto/reason.cc")
        self.assertEqual(set(REASONS) - self.NO_LIMITS - rows, set(), "without a row in config/README.md")

    def test_every_setting_that_is_a_limit_has_a_row(self):
        keys = re.findall(r'\.key = "((?:limits|timeouts|websocket)\.\w+)"', read("config/table.cc"))
        rows = {limit for limit, _ in table_rows()}
        nobody_is_refused = {"websocket.ping_interval", "websocket.compression", "websocket.compress_above",
                             "websocket.window_bytes"}
        self.assertEqual(set(keys) - nobody_is_refused - rows, set())

    def test_every_row_is_crossed(self):
        for limit, reason in table_rows():
            self.assertTrue(reason in self.CROSSED or reason in self.ELSEWHERE, (limit, reason))


if __name__ == "__main__":
    unittest.main()
