# SPDX-License-Identifier: Apache-2.0
"""The WebSocket handshake, each of its checks (RFC 6455 §4.2), and the choice of a subprotocol."""
import base64
import unittest

from harness import BrokerCase, trusting
from ws_wire import TEXT, WebSocket, accept_key, frame

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13")]


def request(change=(), target="/ws", drop=(), method="GET", version="HTTP/1.1"):
    """The good handshake with some headers changed, added or dropped."""
    change = dict(change)
    lines = [f"{method} {target} {version}"]
    lines += [f"{name}: {change.pop(name, value)}" for name, value in GOOD if name not in drop]
    lines += [f"{name}: {value}" for name, value in change.items()]
    return "\r\n".join(lines) + "\r\n\r\n"


class Handshake(BrokerCase):
    def ask(self, text):
        with self.broker.wire() as wire:
            wire.send(text)
            return wire.response()

    def test_the_example_of_the_rfc(self):
        answer = self.ask(request())
        self.assertEqual(answer.status, 101)
        self.assertEqual(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.assertEqual(answer.header("upgrade").lower(), "websocket")
        self.assertEqual(answer.header("connection").lower(), "upgrade")
        self.assertIsNone(answer.header("sec-websocket-extensions"))
        self.assertIsNone(answer.header("sec-websocket-protocol"))
        self.assertIsNotNone(answer.header("kodama-shard"))

    def test_spellings_that_are_fine(self):
        for change in ({"Upgrade": "WebSocket"}, {"Connection": "keep-alive, upgrade"}, {"Connection": "UPGRADE , x"},
                       {"Upgrade": "h2c, websocket"},
                       {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"},
                       {"Origin": "http://localhost"}, {"Sec-WebSocket-Protocol": "other"}, {"Content-Length": "0"},
                       {"X-Long": "y" * 8000}):
            answer = self.ask(request(change))
            self.assertEqual(answer.status, 101, change)
            self.assertIsNone(answer.header("sec-websocket-protocol"))

    def test_each_wrong_or_missing_header(self):
        cases = [
            ({}, ("Upgrade",), 426), ({}, ("Connection",), 426), ({"Upgrade": "h2c"}, (), 426),
            ({"Connection": "keep-alive"}, (), 426), ({}, ("Sec-WebSocket-Version",), 400),
            ({"Sec-WebSocket-Version": "8"}, (), 426), ({"Sec-WebSocket-Version": "14"}, (), 426),
            ({"Sec-WebSocket-Version": "13, 8"}, (), 426), ({}, ("Sec-WebSocket-Key",), 400),
            ({"Sec-WebSocket-Key": ""}, (), 400), ({"Sec-WebSocket-Key": "short"}, (), 400),
            ({"Sec-WebSocket-Key": base64.b64encode(b"x" * 15).decode()}, (), 400),
            ({"Sec-WebSocket-Key": base64.b64encode(b"x" * 17).decode()}, (), 400),
            ({"Sec-WebSocket-Key": KEY[:-2]}, (), 400), ({"Sec-WebSocket-Key": KEY[:-3] + "R=="}, (), 400),
            ({"Sec-WebSocket-Key": "!" + KEY[1:]}, (), 400), ({}, ("Host",), 400), ({"Host": "a b"}, (), 400),
            ({"Content-Length": "5"}, (), 400), ({"Transfer-Encoding": "chunked"}, (), 400),
            ({"Sec-WebSocket-Protocol": "a b"}, (), 400), ({"Sec-WebSocket-Protocol": "a, a"}, (), 400),
            ({"Sec-WebSocket-Protocol": "(x)"}, (), 400), ({"Origin": "https://evil.example"}, (), 403),
        ]
        for change, drop, status in cases:
            with self.subTest(change=change, drop=drop):
                answer = self.ask(request(change, drop=drop))
                self.assert_error(answer, status)
                if status == 426:
                    self.assertEqual(answer.header("sec-websocket-version"), "13")
                self.assertIsNone(answer.header("sec-websocket-accept"))

    def test_two_keys_and_two_versions(self):
        for again in (f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"):
            self.assert_error(self.ask(request()[:-2] + again + "\r\n\r\n"), 400)

    def test_other_methods_and_versions(self):
        self.assert_error(self.ask(request({"Content-Length": "0"}, method="POST")), 405)
        self.assert_error(self.ask(request(version="HTTP/1.0")), 426)
        self.assert_error(self.ask(request(target="/nothing")), 404)
        self.assert_error(self.ask(request(target="/publish")), 405)

    def test_a_topic_without_an_upgrade_is_its_log(self):
        self.assertEqual(self.ask(request(target="/topics/t", drop=("Upgrade",))).status, 200)

    def test_targets_that_are_wrong(self):
        for query in ("?last=x", "?last=-1", "?after=", "?after=1&last=1", "?epoch=1", "?after=1&epoch=q",
                      "?publish=yes", "?publish=only&last=1", "?publish=only&after=1"):
            self.assert_error(self.ask(request(target="/topics/t" + query)), 400)
        for topic in ("", "$x", "%00", "%ff", "t" * 256):
            self.assert_error(self.ask(request(target="/topics/" + topic)), 400)

    def test_the_first_offered_subprotocol_that_is_spoken_is_selected(self):
        for target, offered, selected in (
                ("/ws", "kodama.v1.json", "kodama.v1.json"), ("/ws", "a, kodama.v1.json, b", "kodama.v1.json"),
                ("/ws", "KODAMA.V1.JSON", None), ("/ws", "kodama.v2.json", None), ("/topics/t", "kodama.v1.json", None),
                ("/topics/t", "x", None)):
            answer = self.ask(request({"Sec-WebSocket-Protocol": offered}, target))
            self.assertEqual((answer.status, answer.header("sec-websocket-protocol")), (101, selected), offered)

    def test_subprotocols_over_several_lines(self):
        text = request({"Sec-WebSocket-Protocol": "a"})[:-2] + "Sec-WebSocket-Protocol: b,kodama.v1.json\r\n\r\n"
        self.assertEqual(self.ask(text).header("sec-websocket-protocol"), "kodama.v1.json")

    def test_a_handshake_that_comes_byte_by_byte(self):
        with self.broker.wire() as wire:
            wire.send_in_pieces(request().encode())
            answer = wire.response()
            self.assertEqual(answer.header("sec-websocket-accept"), accept_key(KEY))

    def test_a_handshake_behind_requests_and_frames_behind_it_in_one_write(self):
        with self.broker.wire() as wire:
            wire.send(b"GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n" + request(target="/topics/early").encode() +
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
        with WebSocket(self.broker.https, "/ws", protocols=("kodama.v1.json",), tls=trusting()) as socket:
            self.assertEqual(socket.answer.header("sec-websocket-protocol"), "kodama.v1.json")
            socket.sync()


if __name__ == "__main__":
    unittest.main()
