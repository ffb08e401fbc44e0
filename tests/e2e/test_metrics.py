# SPDX-License-Identifier: Apache-2.0
"""The admin port: every metric, with values that add up; health and readiness; promtool and a real Prometheus."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import SHARDS, TIMEOUT, BrokerCase, Lines, Wire, scaled, trusting
from http_wire import deadline
from ws_wire import TEXT, WebSocket, frame

TYPES = {
    "gauge": "connections topics subscriptions log_bytes queue_bytes memory_bytes mailbox_entries build_info",
    "counter": "connections_accepted_total connections_rejected_total connections_closed_total limits_reached_total "
               "messages_published_total message_bytes_published_total publishes_refused_total deliveries_total "
               "delivery_bytes_total deliveries_dropped_total mailbox_full_total tls_handshakes_total "
               "ring_enters_total ring_completions_total ring_submit_full_total ring_overflows_total "
               "ring_buffers_exhausted_total shard_busy_seconds_total shard_turns_total",
    "histogram": "fanout_latency_seconds",
}
LABELS = {
    "connections": {"transport", "dialect"}, "connections_accepted_total": {"listener"},
    "connections_rejected_total": {"reason"}, "connections_closed_total": {"reason"},
    "limits_reached_total": {"reason"},
    "messages_published_total": {"dialect"}, "message_bytes_published_total": {"dialect"},
    "publishes_refused_total": {"reason"}, "deliveries_total": {"dialect"}, "delivery_bytes_total": {"dialect"},
    "deliveries_dropped_total": {"reason"}, "subscriptions": {"dialect"}, "mailbox_entries": {"shard", "kind"},
    "mailbox_full_total": {"shard", "kind"}, "tls_handshakes_total": {"version", "resumed", "result"},
    "ring_enters_total": {"shard"}, "ring_completions_total": {"shard"}, "shard_busy_seconds_total": {"shard"},
    "shard_turns_total": {"shard"}, "topics": set(), "log_bytes": set(), "queue_bytes": set(), "memory_bytes": {"shard"},
}
PROCESS = ("process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_resident_memory_bytes",
           "process_virtual_memory_bytes", "process_start_time_seconds")


class Exposition(BrokerCase):
    def test_every_name_its_type_and_its_labels(self):
        self.broker.publish("t")
        metrics = self.broker.metrics()
        for kind, names in TYPES.items():
            for name in names.split():
                self.assertEqual(metrics.types.get("kodama_" + name), kind, name)
                self.assertIn(f"# HELP kodama_{name} ", metrics.text)
        for name in PROCESS:
            self.assertIn(name, metrics.types)
            self.assertGreater(metrics.sum(name), 0 if name != "process_cpu_seconds_total" else -1)
        for name, labels in LABELS.items():
            found = {frozenset(key for key, _ in each) for key, each in metrics.values if key == "kodama_" + name}
            self.assertEqual(found, {frozenset(labels)}, name)
        shards = {dict(each)["shard"] for key, each in metrics.values if key == "kodama_shard_turns_total"}
        self.assertEqual(shards, {str(i) for i in range(SHARDS)})
        self.assertNotIn('"t"', metrics.text, "no topic in a label")

    def test_the_page_itself(self):
        answer = self.broker.admin_get("/metrics")
        self.assertTrue(answer.header("content-type").startswith("text/plain; version=0.0.4"), answer)
        with Wire(self.broker.admin) as wire:  # keep-alive, as Prometheus scrapes
            for _ in range(3):
                self.assertEqual(wire.request("GET", "/metrics").status, 200)
        self.assertEqual(self.broker.admin_get("/nothing").status, 404)
        with Wire(self.broker.admin) as wire:
            answer = wire.request("POST", "/metrics", "x")
            self.assertEqual((answer.status, answer.header("allow")), (405, "GET, HEAD"))
        with Wire(self.broker.admin) as wire:
            self.assertEqual(wire.request("HEAD", "/healthz").status, 200)

    def test_promtool_is_silent(self):
        self.broker.publish("t")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.broker.metrics().text, text=True,
                              capture_output=True, timeout=TIMEOUT)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_probes(self):
        for probe in ("/healthz", "/readyz"):
            answer = self.broker.admin_get(probe)
            self.assertEqual(answer.status, 200)
            answer.json()

    def test_the_admin_port_answers_while_clients_are_silent_on_it(self):
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(Wire(self.broker.admin)).send("GET /metr")
            self.assertEqual(self.broker.admin_get("/healthz").status, 200)


class Values(BrokerCase):
    def setUp(self):
        # What an earlier test closed is counted by then.
        self.before = self.broker.settles(
            lambda m: m.sum("connections_closed_total") == m.sum("connections_accepted_total"))

    def grown(self, metrics, name, **labels):
        return metrics.sum(name, **labels) - self.before.sum(name, **labels)

    def test_deliveries_are_counted_exactly(self):
        count, body = scaled(200), "0123456789"
        with contextlib.ExitStack() as stack:
            raws = [stack.enter_context(each) for each in self.broker.on_each_shard(lambda: self.broker.raw("exact"))]
            natives = [stack.enter_context(each) for each in self.broker.on_each_shard(self.broker.native)]
            for each in raws:
                each.sync()
            for each in natives:
                each.subscribe("exact")
            metrics = self.broker.metrics()
            self.assertEqual(metrics.sum("connections", transport="ws", dialect="raw"), SHARDS)
            self.assertEqual(metrics.sum("connections", transport="ws", dialect="native"), SHARDS)
            self.assertEqual(metrics.sum("subscriptions"), 2 * SHARDS)
            self.assertGreaterEqual(metrics.sum("topics"), 1)
            self.before = metrics
            lines = Lines(stack.enter_context(self.broker.wire()))
            for _ in range(count):
                lines.publish(topic="exact", data=body)
            lines.end()
            while lines.answer() is not None:
                pass
            for each in raws:
                for _ in range(count):
                    self.assertEqual(each.read_text(), body)
            wire_bytes = sum(len(frame(TEXT, each.read_text(), mask=False)) for each in natives for _ in range(count))
            metrics = self.broker.settles(lambda m: self.grown(m, "deliveries_total") >= 2 * SHARDS * count)
            self.assertEqual(self.grown(metrics, "deliveries_total", dialect="raw"), SHARDS * count)
            self.assertEqual(self.grown(metrics, "deliveries_total", dialect="native"), SHARDS * count)
            raw_bytes = SHARDS * count * (2 + len(body))
            self.assertEqual(self.grown(metrics, "delivery_bytes_total", dialect="raw"), raw_bytes)
            self.assertEqual(self.grown(metrics, "delivery_bytes_total", dialect="native"), wire_bytes)
            self.assertEqual(self.grown(metrics, "messages_published_total", dialect="http"), count)
            self.assertEqual(self.grown(metrics, "message_bytes_published_total", dialect="http"), count * len(body))
            self.assertEqual(self.grown(metrics, "deliveries_dropped_total"), 0)
            self.assertEqual(self.grown(metrics, "fanout_latency_seconds_count"), 2 * SHARDS * count)
            self.assertEqual(self.grown(metrics, "fanout_latency_seconds_bucket", le="+Inf"), 2 * SHARDS * count)
            self.assertGreater(self.grown(metrics, "fanout_latency_seconds_sum"), 0)
            self.assertGreater(metrics.sum("log_bytes"), 0)
            self.broker.settles(lambda m: m.sum("queue_bytes") == 0 and m.sum("mailbox_entries") == 0)
        metrics = self.broker.settles(lambda m: m.sum("connections") == 0)
        self.assertEqual(metrics.sum("subscriptions"), 0)
        self.assertEqual(metrics.sum("connections_accepted_total"), metrics.sum("connections_closed_total"))

    def test_an_idle_system_delivers_without_a_backlog(self):
        with self.broker.raw("calm") as reader:
            reader.sync()
            for i in range(10):
                self.broker.publish("calm", str(i))
                self.assertEqual(reader.read_text(), str(i))
            metrics = self.broker.settles(lambda m: self.grown(m, "fanout_latency_seconds_count") >= 10)
            self.assertEqual(self.grown(metrics, "fanout_latency_seconds_count", backlogged="false"), 10)

    def test_transports(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.broker.raw("t")).sync()
            stack.enter_context(WebSocket(self.broker.https, "/topics/t", tls=trusting())).sync()
            stack.enter_context(self.broker.wire()).request("GET", "/topics/t")
            stack.enter_context(self.broker.tls_wire()).request("GET", "/topics/t")
            metrics = self.broker.settles(lambda m: m.sum("connections") == 4)  # those of the test before may still end
            for transport in ("ws", "wss", "http", "https"):
                self.assertEqual(metrics.sum("connections", transport=transport), 1, transport)
            self.assertEqual(self.grown(metrics, "connections_accepted_total", listener="http"), 2)
            self.assertEqual(self.grown(metrics, "connections_accepted_total", listener="https"), 2)
        metrics = self.broker.settles(lambda m: m.sum("connections") == 0)
        self.assertEqual(self.grown(metrics, "connections_closed_total"), 4)

    def test_publishes_of_each_dialect_and_refusals(self):
        with self.broker.raw("p", "?publish=only") as raw, self.broker.native() as native:
            raw.send_text("abc")
            raw.sync()
            native.publish("p", data="abcd")
            self.broker.publish("p", "abcde")
            metrics = self.broker.settles(lambda m: self.grown(m, "messages_published_total") >= 3)
            for dialect, size in (("raw", 3), ("native", 4), ("http", 5)):
                self.assertEqual(self.grown(metrics, "messages_published_total", dialect=dialect), 1)
                self.assertEqual(self.grown(metrics, "message_bytes_published_total", dialect=dialect), size)

    def test_reasons_of_closing(self):
        with self.broker.raw("r") as socket:
            socket.send(frame(TEXT, "x", mask=False))
            socket.read_close()
        with self.broker.raw("r") as socket:
            socket.close_well()
        self.broker.settles(lambda m: self.grown(m, "connections_closed_total", reason="protocol_error") == 1 and
                            self.grown(m, "connections_closed_total", reason="peer_closed") == 1)

    def test_a_topic_without_subscribers_and_log_goes_away(self):
        broker = self.start("--log.age", "1s")
        broker.publish("t")
        self.assertGreater(broker.metrics().sum("log_bytes"), 0)
        broker.settles(lambda m: m.sum("log_bytes") == 0)


@unittest.skipUnless(shutil.which("prometheus"), "Debian's package prometheus is not installed")
class Prometheus(BrokerCase):
    def test_it_scrapes_the_broker(self):
        directory = tempfile.mkdtemp(prefix="kodama-e2e-prometheus-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        host, port = self.broker.admin
        with open(os.path.join(directory, "prometheus.yml"), "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                       "scrape_configs": [{"job_name": "kodama",
                                           "static_configs": [{"targets": [f"{host}:{port}"]}]}]}, file)
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = free.getsockname()
        with open(os.path.join(directory, "log"), "wb") as log:
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                 f"--web.listen-address={listen[0]}:{listen[1]}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            with self.broker.raw("scraped") as reader:
                reader.sync()
                self.broker.publish("scraped")
                reader.read_text()
                self.awaits(listen, "up", "1")
                self.awaits(listen, "kodama_build_info", "1")
                self.awaits(listen, 'sum(kodama_connections{transport="ws"})', "1")
                self.awaits(listen, "sum(kodama_deliveries_total)", "1")
                self.awaits(listen, "sum(kodama_fanout_latency_seconds_count)", "1")
                self.awaits(listen, "count(kodama_shard_turns_total)", str(SHARDS))
        finally:
            prometheus.terminate()
            prometheus.wait()

    def awaits(self, listen, query, value):
        answer = None
        for _ in deadline(TIMEOUT * 2):
            try:
                with Wire(listen) as wire:
                    answer = wire.request("GET", "/api/v1/query?query=" + urllib.parse.quote(query))
            except OSError:
                continue  # it does not listen yet
            if answer.status == 200 and [each["value"][1] for each in answer.json()["data"]["result"]] == [value]:
                return
        self.fail(f"{query} is {answer}")


if __name__ == "__main__":
    unittest.main()
