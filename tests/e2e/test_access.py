# SPDX-License-Identifier: Apache-2.0
"""Who may do what where dev is false."""
import unittest

from harness import Broker, BrokerCase, Lines, OwnBrokerCase, run_kodama, scratch

KEYS = ("k1-0123456789abcdef0123456789abcdef", "k2-fedcba9876543210fedcba9876543210")


class Access(BrokerCase):
    @classmethod
    def setUpClass(cls):
        key_file = scratch(cls, "keys", "# backends\n" + "\n".join(KEYS) + "\n")
        cls.broker = Broker("--access.key_file", key_file, "--access.client_publish", "open/*,any/**",
                            "--access.origins", "https://app.example", "--drain.duration", "0", dev=False, https=False)

    def bearer(self, key=KEYS[0], scheme="Bearer"):
        return {"Authorization": f"{scheme} {key}"}

    def test_http_publish_wants_a_key(self):
        for headers in ({}, self.bearer("wrong"), self.bearer(KEYS[0] + "x"), self.bearer(KEYS[0][:-1]),
                        self.bearer(""), self.bearer(scheme="Basic"), {"Authorization": KEYS[0]},
                        {"Authorization": "Bearer"}):
            for target, body in (("/topics/closed", "x"), ("/topics/open/t", "x"),
                                 ("/publish", '{"topic":"a","data":1}')):
                with self.subTest(headers=headers, target=target):
                    answer = self.broker.request("POST", target, body, headers)
                    self.assert_error(answer, 401)
                    self.assertTrue(answer.header("www-authenticate").startswith("Bearer"))
        self.assertEqual(self.broker.get("/topics/closed").json()["offset"], 0)

    def test_any_key_of_the_file_opens(self):
        offsets = [self.broker.publish("keyed", headers=self.bearer(key, scheme))["offset"]
                   for key, scheme in ((KEYS[0], "Bearer"), (KEYS[1], "Bearer"), (KEYS[0], "bearer"))]
        self.assertEqual(offsets, [1, 2, 3])

    def test_streams_want_a_key_too(self):
        with self.broker.wire() as wire:
            lines = Lines(wire, self.bearer())
            lines.publish(topic="stream", data=1)
            self.assertEqual(lines.answer()["offset"], 1)

    def test_a_large_body_without_a_key_is_refused_at_its_head(self):
        with self.broker.wire() as wire:
            wire.send("POST /topics/closed HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
                      "Expect: 100-continue\r\n\r\n")
            answer = wire.response()
            self.assertEqual((answer.status, answer.interim), (401, []))

    def test_clients_subscribe_and_read_history(self):
        with self.broker.raw("news") as raw, self.broker.native() as native:
            native.subscribe("news")
            raw.sync()
            self.broker.publish("news", "read all about it", headers=self.bearer())
            self.assertEqual(raw.read_text(), "read all about it")
            self.assertEqual(native.hear()["data"], "read all about it")
        self.assertEqual(len(self.broker.get("/topics/news").json()["messages"]), 1)

    def test_clients_publish_only_where_patterns_allow(self):
        with self.broker.native() as native:
            for topic, allowed in (("open/a", True), ("any/a", True), ("any/a/b/c", True), ("open/a/b", False),
                                   ("open", False), ("closed", False), ("xopen/a", False), ("open/", True),
                                   ("any", False)):
                answer = native.call(publish={"topic": topic, "data": "x"})
                with self.subTest(topic):
                    if topic not in ("open/", "any"):  # whether * may stand for nothing is the pattern's affair
                        self.assertEqual("ok" in answer, allowed, answer)
                    if "ok" not in answer:
                        self.assertEqual(answer["error"]["code"], 403)
            self.assertIn("ok", native.call(subscribe={"topic": "closed"}))

    def test_a_raw_publish_that_is_not_allowed_closes_with_1008(self):
        with self.broker.raw("closed") as raw:
            raw.send_text("x")
            self.assertEqual(raw.read_close()[0], 1008)
        with self.broker.raw("open/raw") as raw:
            raw.send_text("x")
            self.assertEqual(raw.read_text(), "x")
        self.assertEqual(self.broker.get("/topics/closed").json()["offset"], 0)
        metrics = self.broker.metrics(self.bearer())
        self.assertGreaterEqual(metrics.sum("publishes_refused_total", reason="policy_violation"), 1)

    def test_the_admin_port(self):
        self.assert_error(self.broker.admin_get("/metrics"), 401)
        self.assert_error(self.broker.admin_get("/metrics", self.bearer("wrong")), 401)
        self.assertEqual(self.broker.admin_get("/metrics", self.bearer(KEYS[1])).status, 200)
        for probe in ("/healthz", "/readyz"):  # a kubelet has no key
            self.assertEqual(self.broker.admin_get(probe).status, 200)

    def test_origins(self):
        host, port = self.broker.http
        own = f"{host}:{port}"
        for origin, status in ((f"http://{own}", 200), ("https://app.example", 200), (f"https://{own}", 403),
                               ("http://localhost:3000", 403), (f"http://{host}", 403), ("https://evil.example", 403),
                               ("null", 403), ("https://app.example:8443", 403)):
            answer = self.broker.get("/topics/t", headers={"Origin": origin}, host=own)
            with self.subTest(origin):
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.header("access-control-allow-origin"), origin if status == 200 else None)
        for origin, status in (("https://evil.example", 403), ("https://app.example", 101)):
            self.broker.raw("t", headers={"Origin": origin}, expect=status).close()

    def test_no_page_and_no_shard(self):
        answer = self.broker.get("/")
        self.assert_error(answer, 404)
        self.assertIsNone(answer.header("kodama-shard"))
        script = self.broker.get("/kodama.js")
        self.assertEqual(script.status, 200)
        self.assertIn("javascript", script.header("content-type"))

    def test_keys_are_not_logged(self):
        self.broker.publish("logged", headers=self.bearer())
        for key in KEYS:
            self.assertNotIn(key, self.broker.log())


class Keys(OwnBrokerCase):
    def test_key_files_that_are_wrong_are_refused(self):
        for text, piece in (("", "no key"), ("# nothing\n", "no key"), ("good-enough-key-0123456789\nshort\n", ":2"),
                            ("key with spaces in it, long enough\n", ":1")):
            file = scratch(self, "keys", text)
            done = run_kodama("serve", "--access.key_file", file, "--listen.http", "127.0.0.1:0", "--listen.admin",
                              "127.0.0.1:0")
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(file, done.stderr)
            self.assertIn(piece, done.stderr)
            for word in text.split():
                self.assertTrue(len(word) < 6 or word not in done.stderr, "a key was printed")


if __name__ == "__main__":
    unittest.main()
