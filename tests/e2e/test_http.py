# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as peers see it: connections, bodies and methods."""
import unittest

from harness import SHARDS, BrokerCase
from http_wire import Wire

POST = "POST /topics/t HTTP/1.1\r\nHost: a\r\n"


class Connections(BrokerCase):
    def test_keep_alive_serves_requests_one_behind_the_other(self):
        with self.broker.wire() as wire:
            offsets = [wire.request("POST", "/topics/kept", f"{i}").json()["offset"] for i in range(50)]
            self.assertEqual(offsets, list(range(1, 51)))
            self.assertEqual(wire.request("GET", "/topics/kept?last=1").json()["messages"][0]["data"], "49")

    def test_ten_pipelined_requests_in_one_write_are_answered_in_order(self):
        requests = "".join(f"POST /topics/pipe{i % 4} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{i}"
                           f"GET /topics/pipe{i % 4}?last=1 HTTP/1.1\r\nHost: a\r\n\r\n" for i in range(10))
        with self.broker.wire() as wire:
            wire.send(requests)
            for i in range(10):
                self.assertEqual(wire.response().json()["offset"], i // 4 + 1)
                self.assertEqual(wire.response().json()["messages"][0]["data"], str(i))

    def test_pipelined_requests_survive_any_split(self):
        requests = b"".join(b"POST /topics/split HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n%05d" % i
                            for i in range(6))
        for size in (1, 7, 53, 61):
            with self.broker.wire() as wire:
                wire.send_in_pieces(requests, size)
                self.assertEqual([wire.response().status for _ in range(6)], [200] * 6, size)
                self.assertEqual([m["data"] for m in wire.request("GET", "/topics/split?last=6").json()["messages"]],
                                 [f"{i:05d}" for i in range(6)])

    def test_connection_close_is_answered_and_then_closed(self):
        with self.broker.wire() as wire:
            answer = wire.request("POST", "/topics/t", "x", {"Connection": "close"})
            self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
            self.assertEqual(wire.read_to_end(), b"")

    def test_http_1_0_closes_unless_keep_alive_is_asked_for(self):
        with self.broker.wire() as wire:
            wire.send("GET /topics/t HTTP/1.0\r\n\r\n")
            self.assertEqual(wire.response().status, 200)
            self.assertEqual(wire.read_to_end(), b"")
        with self.broker.wire() as wire:
            for _ in range(2):
                wire.send("GET /topics/t HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                answer = wire.response()
                self.assertEqual((answer.status, answer.header("connection")), (200, "keep-alive"))

    def test_half_closed_client_still_gets_its_answer(self):
        for topic in range(8):  # some have their home on another shard
            with self.broker.wire() as wire:
                wire.send(f"POST /topics/half{topic} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
                wire.shut_write()
                answer = wire.response()
                self.assertEqual((answer.status, answer.json()["offset"]), (200, 1))
                self.assertEqual(wire.read_to_end(), b"")

    def test_half_closed_client_gets_the_answers_to_all_that_it_pipelined(self):
        with self.broker.wire() as wire:
            wire.send("".join(f"POST /topics/halfpipe{i} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
                              for i in range(10)))
            wire.shut_write()
            self.assertEqual([wire.response().status for _ in range(10)], [200] * 10)

    def test_half_closed_in_the_middle_of_a_request_is_not_acted_on(self):
        with self.broker.wire() as wire:
            wire.send(POST.replace("/t ", "/cut ") + "Content-Length: 10\r\n\r\nhalf")
            wire.shut_write()
            self.assertNotIn(b"200", wire.read_to_end())
        self.assertEqual(self.broker.get("/topics/cut").json()["offset"], 0)

    def test_client_that_vanishes_with_a_reset_harms_nobody(self):
        for request in (b"", b"GET", POST.encode() + b"Content-Length: 5\r\n\r\nhe",
                        POST.encode() + b"Content-Length: 5\r\n\r\nhello"):
            wire = self.broker.wire()
            wire.send(request)
            wire.reset()
        self.assertEqual(self.broker.get("/topics/t").status, 200)

    def test_an_empty_line_before_a_request_is_ignored(self):
        with self.broker.wire() as wire:
            wire.send("\r\nGET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(wire.response().status, 200)

    def test_absolute_target_is_read(self):
        self.assertEqual(self.broker.get("http://127.0.0.1/topics/t").status, 200)

    def test_dev_answers_name_the_shard(self):
        shards = set()
        for _ in range(60):
            shards.add(self.broker.get("/topics/t").header("kodama-shard"))
        self.assertLessEqual(shards, {str(i) for i in range(SHARDS)})
        if SHARDS <= 4:
            self.assertEqual(len(shards), SHARDS, "every shard accepts")


class Resets(BrokerCase):
    flags = ("--timeouts.head", "1h", "--timeouts.body", "1h", "--timeouts.handshake", "1h")

    def test_one_that_overtakes_the_reading_of_the_first_bytes_ends_the_connection_at_once(self):
        half_a_hello = bytes([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])
        for address, first in ((self.broker.http, b"GET"), (self.broker.http, POST.encode() + b"Content-Length: 5\r\n\r\nhe"),
                               (self.broker.https, half_a_hello)):
            for _ in range(50):
                wire = Wire(address)
                wire.send(first)
                wire.reset()
        self.broker.settles(lambda metrics: metrics.sum("connections") == 0)


class Bodies(BrokerCase):
    def last(self, topic="t"):
        return self.broker.get(f"/topics/{topic}?last=1").json()["messages"][0]

    def test_expect_100_continue(self):
        with self.broker.wire() as wire:
            wire.send(POST + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(wire.read_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
            wire.send("hello")
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.last()["data"], "hello")

    def test_expect_100_continue_is_not_said_before_a_refusal(self):
        for head, status in ((POST + "Content-Length: 99999999\r\n", 413),
                             ("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n", 404),
                             ("PUT /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n", 405)):
            with self.broker.wire() as wire:
                wire.send(head + "Expect: 100-continue\r\n\r\n")
                answer = wire.response()
                self.assertEqual((answer.status, answer.interim), (status, []))

    def test_expect_100_continue_without_waiting(self):
        with self.broker.wire() as wire:
            wire.send(POST + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
            self.assertEqual(wire.response().status, 200)
            self.assertEqual(wire.request("GET", "/topics/t?last=1").json()["messages"][0]["data"], "hello")

    def test_another_expectation_is_417(self):
        with self.broker.wire() as wire:
            wire.send(POST + "Content-Length: 5\r\nExpect: miracles\r\n\r\nhello")
            self.assert_error(wire.response(), 417)

    def test_chunked_body_split_at_odd_places(self):
        body = (b"1\r\nh\r\n" b"005;name=value\r\nello \r\n" b"A\r\n0123456789\r\n" b"0\r\nTrailer: x\r\n\r\n")
        request = (POST + "Transfer-Encoding: chunked\r\n\r\n").encode() + body
        for size in (1, 2, 3, 5, 11, 64, len(request)):
            with self.broker.wire() as wire:
                wire.send_in_pieces(request, size)
                self.assertEqual(wire.response().status, 200, size)
                wire.send("GET /topics/t?last=1 HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(wire.response().json()["messages"][0]["data"], "hello 0123456789")

    def test_chunked_body_at_every_byte(self):
        request = (POST + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").encode()
        with self.broker.wire() as wire:
            for at in range(1, len(request)):
                wire.send(request[:at])
                wire.send(request[at:])
                self.assertEqual(wire.response().status, 200, at)

    def test_empty_bodies(self):
        for head, body in (("Content-Length: 0\r\n", ""), ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")):
            with self.broker.wire() as wire:
                wire.send(POST + head + "\r\n" + body)
                self.assertEqual(wire.response().status, 200)
            self.assertEqual(self.last()["data"], "")

    def test_a_message_of_the_limit_and_one_byte_more(self):
        most = 1024 * 1024
        self.assertEqual(self.broker.request("POST", "/topics/big", b"x" * most).status, 200)
        self.assertEqual(len(self.last("big")["data"]), most)
        with self.broker.wire() as wire:  # the sender is not reset while it sends
            answer = wire.request("POST", "/topics/big", b"x" * (most + 1))
            self.assert_error(answer, 413)

    def test_413_reaches_a_sender_of_much_more(self):
        with self.broker.wire() as wire:
            self.assert_error(wire.request("POST", "/topics/big", b"x" * (8 << 20)), 413)

    def test_413_of_a_chunked_body(self):
        with self.broker.wire() as wire:
            wire.send(POST + "Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(20):
                wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            self.assert_error(wire.response(), 413)

    def test_a_body_with_get_is_passed_over(self):
        with self.broker.wire() as wire:
            self.assertEqual(wire.request("GET", "/topics/t", b"ignored").status, 200)
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)


class Methods(BrokerCase):
    def test_head_is_get_without_the_body(self):
        self.broker.publish("head", "hello")
        for target in ("/topics/head", "/", "/kodama.js"):
            with self.broker.wire() as wire:
                whole = wire.request("GET", target)
                head = wire.request("HEAD", target)
                self.assertEqual(head.status, 200, target)
                self.assertEqual(head.header("content-length"), whole.header("content-length"), target)
                self.assertEqual(head.header("content-type"), whole.header("content-type"))
                self.assertEqual(wire.request("GET", target).body, whole.body)

    def test_head_of_an_error_has_no_body(self):
        with self.broker.wire() as wire:
            self.assertEqual(wire.request("HEAD", "/nothing").status, 404)
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)

    def test_options_tells_the_methods(self):
        for target, methods in (("/topics/t", {"GET", "HEAD", "POST", "OPTIONS"}), ("/publish", {"POST", "OPTIONS"}),
                                ("/ws", {"GET", "OPTIONS"})):
            answer = self.broker.request("OPTIONS", target)
            self.assertIn(answer.status, (200, 204))
            self.assertEqual({m.strip() for m in answer.header("allow").split(",")}, methods, target)
        self.assertIn(self.broker.request("OPTIONS", "*").status, (200, 204))

    def test_405_names_the_methods(self):
        for method, target, allowed in (("PUT", "/topics/t", {"GET", "HEAD", "POST", "OPTIONS"}),
                                        ("DELETE", "/topics/t", {"GET", "HEAD", "POST", "OPTIONS"}),
                                        ("GET", "/publish", {"POST", "OPTIONS"}),
                                        ("HEAD", "/publish", {"POST", "OPTIONS"}), ("POST", "/ws", {"GET", "OPTIONS"})):
            answer = self.broker.request(method, target)
            if method != "HEAD":
                self.assert_error(answer, 405)
            self.assertEqual(answer.status, 405)
            self.assertEqual({m.strip() for m in answer.header("allow").split(",")}, allowed, (method, target))

    def test_404_lists_what_there_is(self):
        for target in ("/nothing", "/topic/t", "/wss", "/topics"):
            answer = self.broker.get(target)
            self.assert_error(answer, 404)
            for route in ("/topics/{topic}", "/publish", "/ws"):
                self.assertIn(route, answer.text)

    def test_426_names_the_version(self):
        answer = self.broker.get("/ws")
        self.assert_error(answer, 426)
        self.assertEqual(answer.header("sec-websocket-version"), "13")
        self.assertEqual(answer.header("upgrade").lower(), "websocket")
        self.assertIn("upgrade", answer.header("connection").lower())

    def test_an_error_keeps_the_connection_where_it_can(self):
        with self.broker.wire() as wire:
            for method, target, status in (("GET", "/nothing", 404), ("DELETE", "/topics/t", 405), ("GET", "/ws", 426),
                                           ("POST", "/topics/%00", 400), ("GET", "/topics/t?limit=x", 400)):
                answer = wire.request(method, target)
                self.assert_error(answer, status)
                self.assertTrue(answer.stays_open, target)


if __name__ == "__main__":
    unittest.main()
