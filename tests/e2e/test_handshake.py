# SPDX-License-Identifier: Apache-2.0
"""The WebSocket handshake among other requests: what has a body, what it may ask for, how it comes. What RFC 6455 §4
demands of each header, and the choice of a subprotocol, is conformance_handshake.py's table."""
import unittest

from conformance_handshake import KEY, PROTOCOL, request
from harness import BrokerCase, trusting
from ws_wire import TEXT, WebSocket, accept_key, frame


def get(target):
    return request(line=f"GET {target} HTTP/1.1")


class Handshake(BrokerCase):
    def ask(self, text):
        with self.broker.wire() as wire:
            wire.send(text)
            return wire.response()

    def test_beside_other_headers(self):
        for change in ({"Content-Length": "0"}, {"X-Long": "y" * 8000}):
            answer = self.ask(request(change))
            self.assertEqual(answer.status, 101, change)
            self.assertIsNotNone(answer.header("kodama-shard"))

    def test_has_no_body(self):
        for change in ({"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}):
            answer = self.ask(request(change))
            self.assert_error(answer, 400)
            self.assertIsNone(answer.header("sec-websocket-accept"))

    def test_refusals_have_a_body_that_says_why(self):
        for change, status in (({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Key": "short"}, 400),
                               ({"Host": "a b"}, 400), ({"Origin": "https://evil.example"}, 403)):
            self.assert_error(self.ask(request(change)), status)

    def test_where_there_is_no_websocket(self):
        self.assert_error(self.ask(get("/publish")), 405)

    def test_a_topic_without_an_upgrade_is_its_log(self):
        self.assertEqual(self.ask(request({"Upgrade": None}, line="GET /topics/t HTTP/1.1")).status, 200)

    def test_targets_that_are_wrong(self):
        for query in ("?last=x", "?last=-1", "?after=", "?after=1&last=1", "?epoch=1", "?after=1&epoch=q",
                      "?publish=yes", "?publish=only&last=1", "?publish=only&after=1"):
            self.assert_error(self.ask(get("/topics/t" + query)), 400)
        for topic in ("", "$x", "%00", "%ff", "t" * 256):
            self.assert_error(self.ask(get("/topics/" + topic)), 400)

    def test_a_raw_topic_has_no_subprotocol(self):
        for offered in (PROTOCOL, "x"):
            answer = self.ask(request({"Sec-WebSocket-Protocol": offered}, line="GET /topics/t HTTP/1.1"))
            self.assertEqual((answer.status, answer.header("sec-websocket-protocol")), (101, None), offered)

    def test_a_handshake_that_comes_byte_by_byte(self):
        with self.broker.wire() as wire:
            wire.send_in_pieces(request().encode())
            answer = wire.response()
            self.assertEqual(answer.header("sec-websocket-accept"), accept_key(KEY))

    def test_a_handshake_behind_requests_and_frames_behind_it_in_one_write(self):
        with self.broker.wire() as wire:
            wire.send(b"GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n" + get("/topics/early").encode() +
                      frame(TEXT, "first") + frame(TEXT, "second"))
            self.assertEqual(wire.response().status, 200)
            self.assertEqual(wire.response().status, 101)
            self.assertEqual(wire.read(7), b"\x81\x05first")
            self.assertEqual(wire.read(8), b"\x81\x06second")

    def test_a_refused_handshake_leaves_the_connection_to_others(self):
        with self.broker.wire() as wire:
            wire.send(request({"Sec-WebSocket-Version": "8"}))
            self.assertEqual(wire.response().status, 426)
            wire.send(request())
            self.assertEqual(wire.response().status, 101)

    def test_over_tls(self):
        with WebSocket(self.broker.https, "/ws", protocols=(PROTOCOL,), tls=trusting()) as socket:
            self.assertEqual(socket.answer.header("sec-websocket-protocol"), PROTOCOL)
            socket.sync()


if __name__ == "__main__":
    unittest.main()
