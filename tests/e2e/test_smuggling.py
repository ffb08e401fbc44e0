# SPDX-License-Identifier: Apache-2.0
"""What proxies and brokers must not disagree about (RFC 9112 §11.2): each vector hides a second request, and
must be answered once, with an error, and closed."""
import unittest

from harness import BrokerCase

HIDDEN = "POST /topics/smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
START = "POST /topics/t HTTP/1.1\r\nHost: a\r\n"
CHUNKED = START + "Transfer-Encoding: chunked\r\n\r\n"

VECTORS = {
    "coding gzip": (START + "Transfer-Encoding: gzip\r\n\r\n", 501),
    "coding xchunked": (START + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "coding chunked, then another": (START + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    "coding another, then chunked": (START + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "coding in quotes": (START + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501),
    "coding with a vertical tab": (START + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "coding twice": (START + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding and length": (START + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "length and coding": (START + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding in HTTP/1.0": ("POST /topics/t HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "empty coding": (START + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501),
    "two equal lengths": (START + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "two lengths": (START + "Content-Length: 0\r\nContent-Length: 70\r\n\r\n", 400),
    "lengths in a list": (START + "Content-Length: 0, 0\r\n\r\n", 400),
    "length with a sign": (START + "Content-Length: +0\r\n\r\n", 400),
    "negative length": (START + "Content-Length: -1\r\n\r\n", 400),
    "hexadecimal length": (START + "Content-Length: 0x0\r\n\r\n", 400),
    "length with a space inside": (START + "Content-Length: 0 0\r\n\r\n", 400),
    "empty length": (START + "Content-Length:\r\n\r\n", 400),
    "length beyond 64 bits": (START + "Content-Length: 18446744073709551616\r\n\r\n", 400),
    "folded length": (START + "Content-Length:\r\n 0\r\n\r\n", 400),
    "folded coding": (START + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 501),
    "folded header": (START + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", 400),
    "space before the colon": (START + "Content-Length : 0\r\n\r\n", 400),
    "tab before the colon": (START + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
    "space before the first header": ("POST /topics/t HTTP/1.1\r\n Host: a\r\nContent-Length: 0\r\n\r\n", 400),
    "two hosts": (START + "Host: b\r\nContent-Length: 0\r\n\r\n", 400),
    "two equal hosts": (START + "Host: a\r\nContent-Length: 0\r\n\r\n", 400),
    "line feed alone": (START + "X: y\nContent-Length: 0\r\n\r\n", 400),
    "line feed alone ends the head": (START + "Content-Length: 0\r\n\n", 400),
    "carriage return alone": (START + "X: y\rContent-Length: 70\r\nContent-Length: 0\r\n\r\n", 400),
    "NUL in a value": (START + "X: a\0b\r\nContent-Length: 0\r\n\r\n", 400),
    "NUL in a name": (START + "X\0: a\r\nContent-Length: 0\r\n\r\n", 400),
    "header without a colon": (START + "X\r\nContent-Length: 0\r\n\r\n", 400),
    "header without a name": (START + ": x\r\nContent-Length: 0\r\n\r\n", 400),
    "chunk size with 0x": (CHUNKED + "0x0\r\n\r\n", 400),
    "chunk size with a sign": (CHUNKED + "+0\r\n\r\n", 400),
    "negative chunk size": (CHUNKED + "-1\r\n\r\n", 400),
    "chunk size with spaces": (CHUNKED + " 0\r\n\r\n", 400),
    "chunk size empty": (CHUNKED + "\r\n\r\n", 400),
    "chunk size of 17 digits": (CHUNKED + "10000000000000000\r\n\r\n", 400),
    "chunk longer than it says": (CHUNKED + "1\r\nxy\r\n0\r\n\r\n", 400),
    "chunk without its end": (CHUNKED + "1\r\nx0\r\n\r\n", 400),
    "chunk ended by a line feed": (CHUNKED + "1\r\nx\n0\r\n\r\n", 400),
    "chunk size ended by a line feed": (CHUNKED + "1\nx\r\n0\r\n\r\n", 400),
    "chunk extension of 20 KB": (CHUNKED + "0;" + "x" * 20000 + "\r\n\r\n", 400),
    "chunk extension with a line feed": (CHUNKED + "1;a\nx\r\n0\r\n\r\n", 400),
    "trailers of 20 KB": (CHUNKED + "0\r\n" + "X: yyyyyyyyyyyyyyyy\r\n" * 1000 + "\r\n", 431),
    "folded trailer": (CHUNKED + "0\r\nX: a\r\n b\r\n\r\n", 400),
    "version with a space": ("POST /topics/t HTTP/1.1 \r\nHost: a\r\nContent-Length: 0\r\n\r\n", 400),
    "two requests on one line": ("POST /topics/t HTTP/1.1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 400),
}


class Smuggling(BrokerCase):
    def test_every_vector_is_refused_once_and_what_it_hides_is_not_read(self):
        for name, (request, status) in VECTORS.items():
            for split in (None, 1):
                with self.subTest(name, split=split), self.broker.wire() as wire:
                    data = (request + HIDDEN).encode("latin-1")
                    if split and len(data) < 4096:
                        try:
                            wire.send_in_pieces(data)
                        except OSError:
                            pass  # refused, and closed, before all was sent
                    else:
                        wire.send(data)
                    answer = wire.response()
                    self.assert_error(answer, status)
                    self.assertFalse(answer.stays_open)
                    self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(self.broker.get("/topics/smuggled").json()["offset"], 0, "a hidden request was served")

    def test_a_good_request_behind_trailers_is_the_next_one(self):
        with self.broker.wire() as wire:
            wire.send(CHUNKED + "1\r\nx\r\n0\r\nContent-Length: 70\r\nTransfer-Encoding: gzip\r\n\r\n"
                      "GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual([wire.response().status for _ in range(2)], [200, 200])

    def test_a_body_that_looks_like_a_request_is_a_body(self):
        with self.broker.wire() as wire:
            answer = wire.request("POST", "/topics/body", HIDDEN)
            self.assertEqual(answer.status, 200)
            self.assertEqual(wire.request("GET", "/topics/body").json()["messages"][0]["data"], HIDDEN)
        self.assertEqual(self.broker.get("/topics/smuggled").json()["offset"], 0)


if __name__ == "__main__":
    unittest.main()
