# SPDX-License-Identifier: Apache-2.0
"""What HTTP peers are refused, how, and what comes too late: every error's status and body, time-outs, origins."""
import os
import random
import unittest

from harness import BrokerCase, Wire, trusting

POST = "POST /topics/t HTTP/1.1\r\nHost: a\r\n"


class Refusals(BrokerCase):
    def refused(self, request, status):
        with self.broker.wire() as wire:
            wire.send(request)
            answer = wire.response()
            self.assert_error(answer, status)
            self.assertFalse(answer.stays_open, request[:80])
            self.assertEqual(wire.read_to_end(), b"", request[:80])

    def test_400(self):
        for request in ("GET /topics/t HTTP/1.1\r\n\r\n", "GET  /topics/t HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET topics HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET /topics/t\r\nHost: a\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET /topics/t HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /topics/t FTP/1.1\r\nHost: a\r\n\r\n",
                        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
                        "(bad) / HTTP/1.1\r\n\r\n", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"):
            with self.subTest(request=request):
                self.refused(request, 400)

    def test_411(self):
        self.refused(POST + "\r\n", 411)
        self.refused("POST /publish HTTP/1.1\r\nHost: a\r\n\r\n", 411)

    def test_414(self):
        self.refused("GET /topics/" + "t" * 9000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414)

    def test_431(self):
        self.refused("GET / HTTP/1.1\r\nHost: a\r\nX: " + "y" * 17000 + "\r\n\r\n", 431)
        self.refused("GET / HTTP/1.1\r\nHost: a\r\n" + "".join(f"X{i}: y\r\n" for i in range(120)) + "\r\n", 431)

    def test_501(self):
        self.refused(POST + "Transfer-Encoding: gzip\r\n\r\n", 501)
        self.refused("X" * 40 + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501)

    def test_505(self):
        for version in ("HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9.9"):
            self.refused(f"GET / {version}\r\nHost: a\r\n\r\n", 505)

    def test_http2_preface_is_refused(self):
        with self.broker.wire() as wire:
            wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.assertEqual(wire.response().status, 505)

    def test_tls_on_the_plain_port_is_a_400_that_says_so(self):
        with self.broker.wire() as wire:
            wire.send(bytes.fromhex("1603010200010001fc0303") + os.urandom(500))
            self.assertIn("TLS", self.assert_error(wire.response(), 400))

    def test_plain_http_on_the_tls_port_is_a_plain_400_that_says_so(self):
        with Wire(self.broker.https) as wire:
            wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = wire.response()
            self.assertIn("https", self.assert_error(answer, 400).lower())
            self.assertEqual(wire.read_to_end(), b"")

    def test_garbage_is_refused_and_the_broker_lives(self):
        noise = random.Random(7)
        for size in (1, 3, 16, 100, 2000, 70000):
            with self.broker.wire() as wire:
                try:
                    wire.send(noise.randbytes(size))
                    wire.shut_write()
                except OSError:
                    pass  # it was refused by then
                heard = wire.read_to_end()
                self.assertTrue(heard == b"" or heard.startswith(b"HTTP/1.1 400"), heard[:100])
        with self.broker.tls_wire(trusting()) as wire:
            wire.send(b"\0" * 100)
            self.assertEqual(wire.response().status, 400)
        self.assertEqual(self.broker.get("/topics/t").status, 200)

    def test_refusals_are_counted(self):
        before = self.broker.metrics()
        self.refused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505)
        after = self.broker.metrics()
        name, reason = "connections_rejected_total", "version_not_supported"
        self.assertEqual(after.sum(name, reason=reason) - before.sum(name, reason=reason), 1)


class Timeouts(BrokerCase):
    flags = ("--timeouts.head", "400ms", "--timeouts.body", "400ms", "--timeouts.idle", "400ms")

    def test_a_slow_head_is_408(self):
        with self.broker.wire() as wire:
            wire.send("GET / HTTP/1.1\r\nHost:")
            self.assert_error(wire.response(), 408)
            self.assertEqual(wire.read_to_end(), b"")

    def test_a_head_that_trickles_is_408(self):
        with self.broker.wire() as wire:
            heard = b""
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1000:
                wire.send(bytes([byte]))
                if not wire.is_silent(0.05):
                    break
            else:
                self.fail("a byte every 50 ms kept it open for 50 s")
            heard = wire.response()
            self.assert_error(heard, 408)

    def test_a_slow_body_is_408(self):
        for length in ("Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhal"):
            with self.broker.wire() as wire:
                wire.send(POST + length)
                self.assert_error(wire.response(), 408)
                self.assertEqual(wire.read_to_end(), b"")

    def test_a_body_that_moves_is_not_late(self):
        with self.broker.wire() as wire:
            wire.send(POST + "Content-Length: 12\r\n\r\n")
            for _ in range(12):
                self.assertTrue(wire.is_silent(0.1))
                wire.send("x")
            self.assertEqual(wire.response().status, 200)

    def test_a_connection_that_asks_for_nothing_is_closed_without_a_word(self):
        with self.broker.wire() as wire:
            self.assertEqual(wire.read_to_end(), b"")

    def test_an_idle_connection_is_closed_between_requests(self):
        with self.broker.wire() as wire:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)
            self.assertEqual(wire.read_to_end(), b"")

    def test_a_second_request_that_stops_half_way_is_408(self):
        with self.broker.wire() as wire:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)
            wire.send("GET /topics/t HT")
            self.assert_error(wire.response(), 408)


class Origins(BrokerCase):
    flags = ("--access.origins", "https://app.example")

    def test_cors_on_every_answer(self):
        for origin in ("https://app.example", "http://127.0.0.1:8000", "http://localhost:3000"):
            for method, target in (("POST", "/topics/t"), ("GET", "/topics/t"), ("GET", "/nothing"), ("GET", "/ws"),
                                   ("PUT", "/topics/t"), ("GET", "/kodama.js"), ("POST", "/publish")):
                answer = self.broker.request(method, target, headers={"Origin": origin})
                self.assertEqual(answer.header("access-control-allow-origin"), origin, (method, target))
                self.assertIn("origin", answer.header("vary").lower())

    def test_no_cors_without_an_origin(self):
        self.assertIsNone(self.broker.get("/topics/t").header("access-control-allow-origin"))

    def test_preflight(self):
        answer = self.broker.request("OPTIONS", "/topics/t", headers={
            "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type"})
        self.assertIn(answer.status, (200, 204))
        self.assertEqual(answer.header("access-control-allow-origin"), "https://app.example")
        self.assertIn("POST", answer.header("access-control-allow-methods"))
        self.assertIn("content-type", answer.header("access-control-allow-headers").lower())

    def test_a_foreign_origin_is_refused(self):
        for origin in ("https://evil.example", "https://app.example.evil.example", "null", "http://app.example"):
            for method in ("GET", "POST", "OPTIONS"):
                answer = self.broker.request(method, "/topics/t", headers={"Origin": origin})
                self.assert_error(answer, 403)
                self.assertIsNone(answer.header("access-control-allow-origin"))
        self.assertEqual(self.broker.get("/topics/t").json()["offset"], 0, "nothing was published")


if __name__ == "__main__":
    unittest.main()
