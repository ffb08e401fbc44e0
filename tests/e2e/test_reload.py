# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what is in force changes under live connections, as a whole or not at all."""
import json
import os
import re
import shutil
import signal
import ssl
import threading
import time
import unittest

from harness import Lines, OwnBrokerCase, make_certificate, run_kodama, scaled, scratch, trusting
from http_wire import deadline
from ws_wire import CONTINUATION, TEXT, WebSocket

KEYS = ("k1-0123456789abcdef0123456789abcdef", "k2-fedcba9876543210fedcba9876543210")


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def replace(path, text):
    """As a careful operator does: whoever reads it finds the old text or the new one."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


class ReloadCase(OwnBrokerCase):
    """Its brokers read `self.file`."""

    def setUp(self):
        self.file = scratch(self, "kodama.yaml", "")
        self.headers = {}

    def serve(self, text="", *flags, **options):
        replace(self.file, text)
        return self.start("--config", self.file, *flags, **options)

    def reload(self, broker, text=None, result="ok"):
        """Returns the metrics when the reload has ended with that result."""
        if text is not None:
            replace(self.file, text)
        count = lambda metrics: metrics.sum("config_reloads_total", result=result)  # noqa: E731
        before = count(broker.metrics(self.headers))
        broker.process.send_signal(signal.SIGHUP)
        for _ in deadline():
            metrics = broker.metrics(self.headers)
            if count(metrics) != before:
                self.assertEqual(count(metrics), before + 1)
                self.assertEqual(metrics.sum("config_last_reload_successful"), result == "ok")
                return metrics


def logged(broker, piece):
    """Waits for the log to say it: its lines are written behind what they tell of."""
    for _ in deadline():
        if piece in broker.log().replace('\\"', '"'):  # unquoted
            return


def two_certificates(test):
    """The paths that a broker reads, and the certificates (PEM) that install(0) and install(1) put there."""
    made = [make_certificate(test, name) for name in ("one.example", "two.example")]
    paths = scratch(test, "served.pem", ""), scratch(test, "served.key", "")

    def install(which):
        for source, target in zip(made[which], paths):
            shutil.copy(source, target + ".new")
            os.replace(target + ".new", target)

    install(0)
    texts = []
    for certificate, _ in made:
        with open(certificate, encoding="ascii") as file:
            texts.append(ssl.PEM_cert_to_DER_cert(file.read()))
    return paths, texts, install


class Certificates(ReloadCase):
    def setUp(self):
        super().setUp()
        self.paths, self.certificates, self.install = two_certificates(self)
        self.text = "tls: {certificate: %s, key: %s}\n" % self.paths

    def served(self, broker):
        """What every shard shows to those who come now."""
        wires = broker.on_each_shard(lambda: WebSocket(broker.https, "/topics/look", tls=trusting()))
        shown = {wire.socket.getpeercert(binary_form=True) for wire in wires}
        for wire in wires:
            wire.close()
        self.assertEqual(len(shown), 1)
        return shown.pop()

    def test_new_connections_see_the_new_certificate_and_live_ones_stay(self):
        broker = self.serve(self.text)
        self.assertEqual(self.served(broker), self.certificates[0])
        readers = broker.on_each_shard(lambda: WebSocket(broker.https, "/topics/kept", tls=trusting()))
        readers += broker.on_each_shard(lambda: broker.raw("kept"))
        for reader in readers:
            reader.sync()
        with broker.tls_wire() as half_way:  # an HTTP connection between two requests
            half_way.request("GET", "/topics/kept")
            self.install(1)
            self.assertEqual(self.served(broker), self.certificates[0], "nobody has told it")
            self.reload(broker)
            self.assertEqual(self.served(broker), self.certificates[1])
            self.assertEqual(half_way.request("GET", "/topics/kept").status, 200)
        for body in ("small", "x" * 100_000):
            broker.publish("kept", body)
            for reader in readers:
                self.assertEqual(reader.read_text(), body)
        for reader in readers:
            reader.send_text("from " + reader.shard)
            for other in readers:
                self.assertEqual(other.read_text(), "from " + reader.shard)
        for reader in readers:
            reader.close()

    def test_tickets_stay_good(self):
        broker = self.serve(self.text)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.install(0)
            self.reload(broker)
            context = trusting(version, version)
            with broker.tls_wire(context) as wire:
                wire.request("GET", "/topics/t")
                session = wire.socket.session
            self.install(1)
            self.reload(broker)
            for _ in range(6):
                with broker.tls_wire(context, session=session) as wire:
                    self.assertEqual(wire.request("GET", "/topics/t").status, 200)
                    self.assertTrue(wire.socket.session_reused)
                    session = wire.socket.session
            with broker.tls_wire(trusting(version, version)) as wire:
                self.assertFalse(wire.socket.session_reused)
                self.assertEqual(wire.socket.getpeercert(binary_form=True), self.certificates[1])

    def test_a_certificate_that_does_not_fit_its_key_changes_nothing(self):
        broker = self.serve(self.text + "limits: {message_bytes: 64KiB}\n")
        with open(self.paths[1], encoding="ascii") as file:
            own_key = file.read()
        self.install(1)
        replace(self.paths[1], own_key)
        self.reload(broker, self.text + "limits: {message_bytes: 1KiB}\n", "failed")
        self.assertEqual(self.served(broker), self.certificates[0])
        self.assertEqual(broker.publish("t", "x" * 2000)["offset"], 1)
        told = run_kodama("check-config", self.file, env={"KODAMA__DEV": "true"})
        self.assertEqual(told.returncode, 2)
        self.assertIn("does not belong to certificate", told.stderr)
        logged(broker, told.stderr.strip())
        self.install(1)
        self.reload(broker)
        self.assertEqual(self.served(broker), self.certificates[1])
        self.assertEqual(broker.request("POST", "/topics/t", "x" * 2000).status, 413)


class Rules(ReloadCase):
    def test_message_bytes_on_live_connections(self):
        limit = "limits: {message_bytes: %s}\n"
        broker = self.serve(limit % "64KiB")
        with broker.raw("begun") as begun, broker.raw("limits") as raw, broker.native() as native, \
                broker.wire() as wire, broker.wire() as stream, broker.raw("limits") as reader:
            for each in (begun, raw, native, reader):
                each.sync()
            raw.send_text("x" * 2000)
            self.assertEqual(len(raw.read_text()), 2000)
            self.assertEqual(wire.request("POST", "/topics/other", "x" * 2000).status, 200)
            lines = Lines(stream)
            lines.publish(topic="other", data="x" * 2000)
            self.assertEqual(lines.answer()["offset"], 2)
            begun.send_frame(TEXT, "x" * 500, fin=False)
            begun.send_frame(CONTINUATION, "x" * 500, fin=False)
            begun.send_frame(0x9, "known to have been read")
            begun.read_frame()

            self.reload(broker, limit % "1KiB")
            raw.send_text("x" * 2000)
            self.assertEqual(raw.read_close()[0], 1009)
            native.send_text(json.dumps({"id": 1, "publish": {"topic": "other", "data": "x" * 2000}}))
            self.assertEqual(native.read_close()[0], 1009)
            self.assertEqual(wire.request("POST", "/topics/other", "x" * 2000).status, 413)
            lines.publish(topic="other", data="x" * 2000)
            self.assertEqual(lines.answer()["error"]["code"], 413)
            begun.send_frame(CONTINUATION, "x" * 500)
            self.assertEqual(begun.read_close()[0], 1009, "it is published by the rules of the day")
            self.assertEqual(reader.read_text(), "x" * 2000)
            reader.send_text("x" * 1024)
            self.assertEqual(reader.read_text(), "x" * 1024)

            self.reload(broker, limit % "128KiB")
            reader.send_text("x" * 100_000)
            self.assertEqual(reader.read_text(), "x" * 100_000)

    def test_the_logs(self):
        broker = self.serve("log: {messages: 50}\n")
        for _ in range(20):
            broker.publish("t")
        kept = lambda: len(broker.get("/topics/t?last=100").json()["messages"])  # noqa: E731
        self.assertEqual(kept(), 20)
        self.reload(broker, "log: {messages: 3}\n")
        broker.publish("t")
        self.assertEqual(kept(), 3)
        self.reload(broker, "log: {messages: 100, age: 1s}\n")
        broker.publish("t")
        broker.settles(lambda metrics: metrics.sum("log_bytes") == 0)
        self.reload(broker, "log: {bytes: 1MiB}\nlimits: {message_bytes: 600KB, queue_bytes: 2MiB}\n")
        for _ in range(8):
            broker.publish("t", "x" * 300_000)
        self.assertLessEqual(broker.metrics().sum("log_bytes"), 1 << 20)

    def test_time_outs_and_pings(self):
        broker = self.serve("websocket: {ping_interval: 300ms, ping_timeout: 30s}\n")
        with broker.raw("t") as slow:
            self.reload(broker, "websocket: {ping_interval: 100ms, ping_timeout: 100ms}\n")
            broker.settles(lambda metrics: metrics.sum("connections_closed_total", reason="ping_timeout") == 1)
            slow.read_to_end()

    def test_keys_that_take_a_restart_are_named(self):
        broker = self.serve("log: {messages: 5}\n")
        self.reload(broker, "log: {messages: 6}\nlogging: {format: json}\nlisten: {allow_remote_dev: true}\n"
                    "engineio: {endpoints: [{path: /echo/, messages: [{match: '*', do: [{send: $message}]}]}]}\n")
        logged(broker, 'restart to change keys="listen.allow_remote_dev, logging.format, engineio"')
        self.assertIn('configuration reloaded changed=log.messages', broker.log())
        self.assertNotIn('{"', broker.log())

    def test_the_log_level(self):
        broker = self.serve("logging: {level: error}\n")
        self.reload(broker)
        self.reload(broker, "logging: {level: info}\n")
        self.reload(broker, "logging: {level: error}\n")
        self.reload(broker, "nonsense\n", "failed")
        logged(broker, "must be a map")
        self.assertEqual(re.findall("configuration reloaded .*=", broker.log()),
                         ["configuration reloaded changed=logging.level thread="])


class Keys(ReloadCase):
    def test_a_key_file_is_rotated(self):
        keys = scratch(self, "keys", KEYS[0] + "\n")
        broker = self.start("--access.key_file", keys, dev=False, https=False)  # without any settings' file
        self.headers = bearer(KEYS[0])
        with broker.wire() as wire:
            post = lambda key: broker.request("POST", "/topics/t", "x", bearer(key)).status  # noqa: E731
            live = lambda: wire.request("POST", "/topics/t", "x", bearer(KEYS[0])).status  # noqa: E731
            self.assertEqual(([post(key) for key in KEYS], live()), ([200, 401], 200))
            replace(keys, "\n".join(KEYS))  # both, for as long as the backends are being told
            self.reload(broker)
            self.assertEqual(([post(key) for key in KEYS], live()), ([200, 200], 200))
            self.headers = bearer(KEYS[1])
            replace(keys, KEYS[1] + "\n")
            self.reload(broker)
            self.assertEqual(([post(key) for key in KEYS], live()), ([401, 200], 401))
            self.assert_error(broker.admin_get("/metrics", bearer(KEYS[0])), 401)
            replace(keys, KEYS[0] + "\nshort\n")
            self.reload(broker, result="failed")
            self.assertEqual([post(key) for key in KEYS], [401, 200])
            logged(broker, f"{keys}:2: a key of 5 characters")
        for key in KEYS:
            self.assertNotIn(key, broker.log())

    def test_who_may_connect_and_publish(self):
        keys = scratch(self, "keys", KEYS[0] + "\n")
        access = "access: {key_file: %s, origins: [%s], client_publish: [%s]}\n"
        broker = self.serve(access % (keys, "https://old.example", "old/*"), dev=False, https=False)
        self.headers = bearer(KEYS[0])
        with broker.native() as native:
            allowed = lambda topic: "ok" in native.call(publish={"topic": topic, "data": 1})  # noqa: E731
            origin = lambda name: broker.get("/topics/t", headers={"Origin": name}).status  # noqa: E731
            self.assertEqual([allowed("old/a"), allowed("new/a")], [True, False])
            self.assertEqual([origin("https://old.example"), origin("https://new.example")], [200, 403])
            self.reload(broker, access % (keys, "https://new.example", "new/*"))
            self.assertEqual([allowed("old/a"), allowed("new/a")], [False, True])
            self.assertEqual([origin("https://old.example"), origin("https://new.example")], [403, 200])


class Refusals(ReloadCase):
    def test_a_bad_file_changes_nothing_and_a_good_one_repairs_it(self):
        good = "limits: {message_bytes: 64KiB}\n"
        broker = self.serve(good)
        loaded = broker.metrics().sum("config_last_reload_success_timestamp_seconds")
        self.assertLess(abs(time.time() - loaded), 60)
        for text in ("limits: {message_bytes: 1KiB}\nlisten: [\n", "limits: {message_bytes: 1KiB}\nshrads: 2\n",
                     "limits: {message_bytes: 1KiB, queue_bytes: 3}\n", "limits: {message_bytes: 16MiB}\n", "\0\1\2",
                     "limits: {message_bytes: 1KiB}\naccess: {key_file: /nowhere/keys}\n",
                     "limits: {message_bytes: 1KiB}\ntls: {certificate: /nowhere/c}\n", "x" * (1 << 21)):
            metrics = self.reload(broker, text, "failed")
            self.assertEqual(metrics.sum("config_last_reload_success_timestamp_seconds"), loaded)
            told = run_kodama("check-config", self.file, env={"KODAMA__DEV": "true"})
            self.assertEqual(told.returncode, 2)
            for line in told.stderr.splitlines():
                logged(broker, line.removeprefix("kodama: "))
            self.assertEqual(broker.request("POST", "/topics/t", "x" * 2000).status, 200, text[:100])
        os.unlink(self.file)
        self.reload(broker, result="failed")
        logged(broker, "No such file")
        self.reload(broker, good.replace("64KiB", "1KiB"))
        self.assertEqual(broker.request("POST", "/topics/t", "x" * 2000).status, 413)

    def test_what_goes_with_no_key_that_stays_is_refused(self):
        keys = scratch(self, "keys", KEYS[0] + "\n")
        self.headers = bearer(KEYS[0])
        replace(self.file, f"dev: false\naccess: {{key_file: {keys}}}\n")
        broker = self.start("--config", self.file, dev=None, https=False)
        self.reload(broker, "dev: true\n", "failed")  # it would leave a broker that nobody can publish to
        logged(broker, "until a restart these keep their values: dev")
        self.assertEqual(broker.publish("t", headers=bearer(KEYS[0]))["offset"], 1)

    def test_a_file_that_was_no_file_is_not_read_again(self):
        broker = self.start("--config", "/dev/null")
        self.reload(broker, result="failed")
        logged(broker, "cannot be read again")

    def test_a_hang_up_while_draining_is_not_a_second_signal(self):
        broker = self.serve()
        with broker.raw("t") as reader:
            reader.sync()
            broker.signal()
            reader.read_frame()
            broker.process.send_signal(signal.SIGHUP)
        broker.stop()


class Storm(ReloadCase):
    def test_50_reloads_under_load_lose_nothing(self):
        paths, certificates, install = two_certificates(self)
        text = "tls: {certificate: %s, key: %s}\n" % paths + "limits: {message_bytes: %s}\nqueue: {overflow: %s}\n"
        broker = self.serve(text % ("1MiB", "disconnect"))
        readers = broker.on_each_shard(lambda: WebSocket(broker.https, "/topics/storm", tls=trusting()))
        readers += broker.on_each_shard(lambda: broker.raw("storm"))
        for reader in readers:
            reader.sync()
        ended, sent = threading.Event(), []

        def publish():
            with broker.wire() as wire:
                lines = Lines(wire)
                while not ended.is_set():
                    for _ in range(20):
                        lines.publish(topic="storm", data=str(len(sent)))
                        sent.append(str(len(sent)))
                    for _ in range(20):
                        self.assertIn("offset", lines.answer())

        heard = [[] for _ in readers]

        def read(reader, texts):
            while (text := reader.read_text()) != "end":
                texts.append(text)

        threads = [threading.Thread(target=read, args=each) for each in zip(readers, heard)]
        publisher = threading.Thread(target=publish)
        for each in (*threads, publisher):
            each.start()
        try:
            for i in range(scaled(50)):
                install(i % 2)
                self.reload(broker, text % (("1MiB", "2MiB")[i % 2], ("disconnect", "drop_oldest")[i % 2]))
                with broker.tls_wire() as wire:
                    self.assertEqual(wire.socket.getpeercert(binary_form=True), certificates[i % 2])
        finally:
            ended.set()
            publisher.join()
            broker.publish("storm", "end")
            for each in threads:
                each.join()
            for reader in readers:
                reader.close()
        self.assertGreater(len(sent), 0)
        for texts in heard:
            self.assertEqual(texts, sent)

    def test_a_burst_of_signals_ends_with_the_last_file(self):
        broker = self.serve("limits: {message_bytes: 1MiB}\n")
        for size in ("2MiB", "3MiB", "4KiB"):
            replace(self.file, f"limits: {{message_bytes: {size}}}\n" + "queue: {overflow: drop_oldest}\n" +
                    "limits_are: wrong\n" * (size == "3MiB"))
            for _ in range(100):
                broker.process.send_signal(signal.SIGHUP)
        for _ in deadline():
            if broker.request("POST", "/topics/t", "x" * 5000).status == 413:
                break
        broker.settles(lambda metrics: metrics.sum("config_last_reload_successful") == 1)


if __name__ == "__main__":
    unittest.main()
