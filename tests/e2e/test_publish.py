# SPDX-License-Identifier: Apache-2.0
"""POST and GET /topics/{topic}, and POST /publish."""
import base64
import json
import select
import tempfile
import threading
import time
import unittest

from harness import TIMEOUT, BrokerCase, scaled
from http_wire import Lines, deadline, read_chunk, read_head


class Kinds(BrokerCase):
    flags = ("--limits.message_bytes", "3MiB")

    def published(self, body, content_type=None, topic="kinds", query=""):
        """Publishes and returns what the log then says of the message, without offset and time."""
        self.broker.publish(topic, body, query, content_type)
        found = self.broker.get(f"/topics/{topic}?last=1").json()["messages"][0]
        self.assertAlmostEqual(found.pop("time"), time.time(), delta=60)
        del found["offset"]
        return found

    def test_text(self):
        for content_type in ("text/plain", "text/plain; charset=utf-8", "TEXT/HTML", "text/x-anything"):
            self.assertEqual(self.published("grüße \0 \"q\"", content_type), {"data": "grüße \0 \"q\""})

    def test_text_that_is_not_utf_8_is_400(self):
        for body in (b"\xff", b"ab\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"):
            self.assert_error(self.broker.request("POST", "/topics/bad", body, {"Content-Type": "text/plain"}), 400)
        self.assertEqual(self.broker.get("/topics/bad").json()["offset"], 0)

    def test_json_keeps_its_bytes(self):
        for body in ('{"b": 1, "a":[1.50, 1e400,null] ,"a":2}', "[]", "12345678901234567890123456789012", "true",
                     ' {"spaced" : "out"} ', '"a string is text"', '"with \\u00e9scape"'):
            self.broker.publish("json", body, content_type="application/json")
            answer = self.broker.get("/topics/json?last=1")
            self.assertEqual(answer.json()["messages"][0]["data"], json.loads(body))
            if not body.startswith('"'):
                self.assertIn('"data":' + body.strip() + "}", answer.text)

    def test_a_json_string_is_text(self):
        self.assertEqual(self.published('"hi \\ud83d\\ude00"', "application/json"), {"data": "hi 😀"})
        with self.broker.raw("json string") as subscriber:
            self.broker.publish("json string", '"hi"', content_type="application/json")
            self.assertEqual(subscriber.read_text(), "hi")

    def test_what_is_no_json_is_400(self):
        for body in (b"", b"{", b"{]", b"hi", b"'a'", b"[1,]", b"01", b"{} {}", b"\"\xff\"", b"nul",
                     b"[" * 65 + b"]" * 65, b'"\\ud800"', b"\xef\xbb\xbf{}"):
            with self.subTest(body=body):
                answer = self.broker.request("POST", "/topics/bad", body, {"Content-Type": "application/json"})
                self.assert_error(answer, 400)
        self.assertEqual(self.broker.get("/topics/bad").json()["offset"], 0)

    def test_json_of_64_levels_is_taken(self):
        self.published("[" * 64 + "]" * 64, "application/json")

    def test_json_above_1_mib_is_413_and_the_same_as_text_is_taken(self):
        body = json.dumps({"a": ["x" * 1000] * 1100})
        self.assertGreater(len(body), 1 << 20)
        answer = self.broker.request("POST", "/topics/large", body, {"Content-Type": "application/json"})
        self.assertIn("text", self.assert_error(answer, 413))
        self.assertEqual(self.published(body, "text/plain", "large"), {"data": body})

    def test_binary(self):
        every_byte = bytes(range(256))
        for content_type in ("application/octet-stream", "image/png", "application/x-json"):
            found = self.published(every_byte, content_type)
            self.assertEqual(base64.b64decode(found.pop("data_base64")), every_byte)
            self.assertEqual(found, {})

    def test_form_and_no_type_are_text_where_they_can_be(self):
        for content_type in ("application/x-www-form-urlencoded", None):
            self.assertEqual(self.published("a=1&b=ü", content_type), {"data": "a=1&b=ü"})
            self.assertEqual(self.published(b"\xff\xfe", content_type), {"data_base64": "//4="})

    def test_what_curl_sends(self):
        self.broker.curl("-d", "hi there", self.broker.url("/topics/chat%20message"))
        self.assertEqual(self.broker.get("/topics/chat%20message").json()["messages"][-1]["data"], "hi there")

    def test_event(self):
        self.assertEqual(self.published("x", topic="a/b", query="?event=other"), {"event": "other", "data": "x"})
        self.assertEqual(self.published("x", topic="a/b", query="?event=b"), {"data": "x"}, "the default is not said")
        self.assertEqual(self.published("x", topic="a/b", query="?event=%C3%BC%20+%2B"), {"event": "ü  +", "data": "x"})
        for bad in ("", "%00", "%ff", "x" * 256, "%0a"):
            self.assert_error(self.broker.request("POST", f"/topics/a/b?event={bad}", "x"), 400)

    def test_the_answer(self):
        first = self.broker.publish("answer")
        second = self.broker.publish("answer")
        self.assertEqual(set(first), {"epoch", "offset"})
        self.assertRegex(first["epoch"], "^[0-9a-f]{16}$")
        self.assertEqual((first["offset"], second["offset"]), (1, 2))
        self.assertEqual(first["epoch"], second["epoch"])
        self.assertNotEqual(first["epoch"], self.broker.publish("another")["epoch"])

    def test_topic_names(self):
        for encoded, name in (("chat%20message", "chat message"), ("%C3%BC%F0%9F%98%80", "ü😀"), ("a/b/c", "a/b/c"),
                              ("a%2Fb%2fc", "a/b/c"), ("t" * 255, "t" * 255), ("a$b", "a$b"), ("..", ".."),
                              ("a+b", "a+b"), ("%25", "%"), ("a//b", "a//b")):
            with self.subTest(name), self.broker.native() as subscriber:
                subscriber.subscribe(name)
                self.assertEqual(self.broker.request("POST", f"/topics/{encoded}", "x").status, 200)
                self.assertEqual(subscriber.hear()["topic"], name)

    def test_bad_topic_names(self):
        for encoded in ("", "t" * 256, "%24internal", "$x", "a/$x", "a%00b", "a%1fb", "a%7f", "%C2%80", "%ff", "%c3",
                        "a%", "a%2"):
            for method in ("POST", "GET"):
                with self.subTest(encoded, method=method):
                    self.assert_error(self.broker.request(method, f"/topics/{encoded}"), 400)

    def test_a_long_answer_over_tls(self):
        self.broker.publish("long", b"y" * (3 << 20))
        with self.broker.tls_wire() as wire:
            self.assertEqual(len(wire.request("GET", "/topics/long?last=1").json()["messages"][0]["data"]), 3 << 20)


class History(BrokerCase):
    flags = ("--log.messages", "20")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(1, 26):  # 6 to 25 are left
            cls.epoch = cls.broker.publish("h", str(i))["epoch"]

    def page(self, query):
        answer = self.broker.get("/topics/h" + query)
        self.assertEqual(answer.status, 200, answer)
        page = answer.json()
        self.assertEqual(set(page), {"epoch", "offset", "messages", "more"})
        self.assertEqual((page["epoch"], page["offset"]), (self.epoch, 25))
        self.assertEqual([m["data"] for m in page["messages"]], [str(m["offset"]) for m in page["messages"]])
        return [m["offset"] for m in page["messages"]], page["more"]

    def test_forms(self):
        whole = list(range(6, 26))
        other = f"{int(self.epoch, 16) ^ 1:016x}"
        for query, offsets, more in (
                ("", whole, False), ("?after=0", whole, False), ("?after=3", whole, False),
                ("?after=6", whole[1:], False), ("?after=24", [25], False), ("?after=25", [], False),
                ("?after=26", whole, False), ("?after=9999", whole, False), ("?limit=3", [6, 7, 8], True),
                ("?after=10&limit=2", [11, 12], True), ("?after=23&limit=2", [24, 25], False),
                ("?last=2", [24, 25], False), ("?last=1000", whole, False), ("?limit=1000", whole, False),
                (f"?after=20&epoch={self.epoch}", [21, 22, 23, 24, 25], False),
                (f"?after=20&epoch={other}", whole, False)):
            with self.subTest(query):
                self.assertEqual(self.page(query), (offsets, more))

    def test_mistakes(self):
        for query in ("?after=x", "?after=-1", "?after=", "?after=1.5", "?after=99999999999999999999", "?limit=0",
                      "?limit=1001", "?limit=", "?last=0", "?last=1001", "?last=x", "?last=2&limit=2",
                      "?last=2&after=1", "?epoch=12", "?after=1&epoch=xyz", "?after=1&epoch=12345678901234567"):
            with self.subTest(query):
                self.assert_error(self.broker.get("/topics/h" + query), 400)

    def test_a_topic_that_nobody_knows_is_empty(self):
        page = self.broker.get("/topics/unknown").json()
        self.assertEqual((page["offset"], page["messages"], page["more"]), (0, [], False))

    def test_messages_grow_old(self):
        broker = self.start("--log.age", "1s")
        epoch = broker.publish("old", "soon gone")["epoch"]
        self.assertEqual(len(broker.get("/topics/old").json()["messages"]), 1)
        for _ in deadline():
            if not (page := broker.get("/topics/old").json())["messages"]:
                break
        self.assertEqual((page["epoch"], page["offset"]), (epoch, 1), "epoch and offset are kept")
        self.assertEqual(broker.publish("old", "next"), {"epoch": epoch, "offset": 2})

    def test_the_memory_of_all_logs_is_bounded(self):
        broker = self.start("--log.bytes", "2MiB", "--log.messages", "1000000")
        for i in range(60):
            broker.publish(f"topic {i % 7}", b"z" * 100_000)
        self.assertLessEqual(broker.metrics().sum("log_bytes"), 2 << 20)
        kept = sum(len(broker.get(f"/topics/topic%20{i}").json()["messages"]) for i in range(7))
        self.assertGreater(kept, 5)
        self.assertLess(kept, 21)

    def test_no_log(self):
        broker = self.start("--log.messages", "0")
        self.assertEqual([broker.publish("n")["offset"] for _ in range(3)], [1, 2, 3])
        self.assertEqual(broker.get("/topics/n").json()["messages"], [])


class Stream(BrokerCase):
    def test_each_line_is_answered_before_the_next_is_sent(self):
        lines = self.broker.lines()
        for i in range(20):
            lines.publish(topic="ping pong", data=f"{i}")
            self.assertEqual(lines.answer()["offset"], i + 1)
        lines.end()
        self.assertIsNone(lines.answer())
        answer = lines.wire.request("GET", "/topics/ping%20pong")
        self.assertEqual(answer.json()["offset"], 20, "and keeps its connection")
        lines.wire.close()

    def test_a_bad_line_fails_alone(self):
        cases = [
            ({"topic": "l", "data": "hi"}, 1), ("oops", 400), ({"topic": "l", "data_base64": "AAE="}, 2), ("{}", 400),
            ({"topic": "l"}, 400), ({"topic": "", "data": 1}, 400), ({"topic": "$l", "data": 1}, 400),
            ({"topic": "l", "data": 1, "data_base64": ""}, 400), ({"topic": "l", "data": {"a": [1]}}, 3),
            ({"topic": "l", "data": 1, "unknown": 2}, 400), ('{"topic":"l","topic":"l","data":1}', 400),
            ({"topic": "l", "data_base64": "A"}, 400), ({"topic": 7, "data": 1}, 400), ("[]", 400), ("\"x\"", 400),
            ({"topic": "l", "event": "e", "data": None}, 4), ({"topic": "l", "event": "", "data": 1}, 400),
            (b'{"topic":"l","data":"\xff"}', 400), ({"topic": "l", "data": "x" * ((1 << 20) + 1)}, 413),
            ({"topic": "l", "data": "x" * (1 << 20)}, 5), ("x" * (3 << 20), 413), ('{"topic":"l","data":1} {}', 400),
            ({"topic": "l", "data": "the last"}, 6),
        ]
        lines = self.broker.lines()
        for line, expected in cases:
            with self.subTest(str(line)[:60]):
                line = json.dumps(line) if isinstance(line, dict) else line
                lines.send((line.encode() if isinstance(line, str) else line) + b"\n")
                answer = lines.answer()
                if expected < 400:
                    self.assertEqual(answer.get("offset"), expected, answer)
                    self.assertEqual(set(answer), {"epoch", "offset"})
                else:
                    self.assertEqual(set(answer), {"error"}, answer)
                    self.assertEqual(answer["error"]["code"], expected)
                    self.assertTrue(answer["error"]["message"])
        lines.end()
        self.assertIsNone(lines.answer())
        lines.wire.close()

    def test_lines_of_every_form(self):
        line = b'{"topic":"forms","data":1}'
        for body, answers in ((line, 1), (line + b"\n", 1), (line + b"\r\n" + line, 2),
                              (b"\n\n" + line + b"\n \n" + line, 2), (b"", 0), (b"\n", 0)):
            for headers in ({}, {"Content-Type": "application/x-ndjson; charset=utf-8"}):
                answer = self.broker.request("POST", "/publish", body, headers)
                self.assertEqual((answer.status, answer.text.count("\n")), (200, answers), body)
                self.assertEqual(answer.header("content-type"), "application/x-ndjson")

    def test_chunks_that_cut_lines(self):
        body = b"".join(b'{"topic":"cut","data":"%d"}\n' % i for i in range(30))
        for size in (1, 7, 26, 27, 28):
            lines = self.broker.lines()
            pieces = b"".join(Lines.chunk(body[at:at + size]) for at in range(0, len(body), size))
            lines.wire.send_in_pieces(pieces, 97)
            lines.end()
            offsets = [lines.answer()["offset"] for _ in range(30)]
            self.assertEqual(offsets, list(range(offsets[0], offsets[0] + 30)))
            lines.wire.close()

    def test_another_type_is_415(self):
        answer = self.broker.request("POST", "/publish", "a,b", {"Content-Type": "text/csv"})
        self.assert_error(answer, 415)

    def test_an_http_1_0_client_reads_to_the_end(self):
        with self.broker.wire() as wire:
            body = b'{"topic":"old","data":1}\n' * 3
            wire.send(b"POST /publish HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.assertEqual(wire.response().text.count("offset"), 3)

    def test_half_closed_behind_the_last_line(self):
        lines = self.broker.lines()
        for i in range(100):
            lines.publish(topic=f"half {i % 5}", data=i)
        lines.end()
        lines.wire.shut_write()
        self.assertEqual([lines.answer()["offset"] for _ in range(100)], [i // 5 + 1 for i in range(100)])
        self.assertIsNone(lines.answer())
        lines.wire.close()

    def test_many_lines_in_one_body(self):
        count = scaled(50_000)
        with tempfile.NamedTemporaryFile("w") as file:
            for i in range(count):
                file.write(f'{{"topic":"many {i % 10}","data":{i}}}\n')
            file.flush()
            answers = self.broker.curl("--data-binary", f"@{file.name}", "-H", "Content-Type: application/x-ndjson",
                                       self.broker.url("/publish")).splitlines()
        self.assertEqual([json.loads(line)["offset"] for line in answers], [i // 10 + 1 for i in range(count)])
        self.assertEqual(self.broker.get("/topics/many%203?last=1").json()["messages"][0]["data"], count - 7)

    def test_lines_with_different_homes_are_answered_in_their_order(self):
        lines = self.broker.lines()
        for i in range(200):
            lines.publish(topic=f"home {i}", data="x")
            lines.send("bad\n")
        lines.end()
        for i in range(200):
            self.assertEqual(lines.answer()["offset"], 1)
            self.assertEqual(lines.answer()["error"]["code"], 400)
        self.assertIsNone(lines.answer())
        lines.wire.close()

    def test_a_client_that_writes_without_reading_is_held_back_and_finishes_when_it_reads(self):
        lines = self.broker.lines(receive_buffer=16384)
        batch = Lines.chunk(b'{"topic":"deaf","data":"0123456789"}\n' * 1000)
        before = self.broker.resident_bytes()
        batches, left = 0, memoryview(b"")
        while select.select([], [lines.wire.socket], [], 1.0)[1]:
            if not left:
                left = memoryview(batch)
                batches += 1
            left = left[lines.wire.send_no_wait(left):]
            self.assertLess(batches, 4000, "140 MB were taken while no answer was read")
        self.assert_resident_below(before + (16 << 20))
        self.assertEqual(self.broker.get("/topics/other").status, 200, "others are served meanwhile")
        answers = []
        reader = threading.Thread(target=lambda: answers.append(self.count_answers(lines.wire)))
        reader.start()
        lines.wire.send(left)
        lines.end()
        reader.join(TIMEOUT * 3)
        self.assertEqual(answers, [batches * 1000])
        lines.wire.close()

    @staticmethod
    def count_answers(wire):
        read_head(wire)
        count = 0
        while piece := read_chunk(wire):
            count += piece.count(b"\n")
        return count

    def test_a_line_without_end_is_not_collected(self):
        lines = self.broker.lines()
        before = self.broker.resident_bytes()
        for _ in range(64):
            lines.send(b"x" * (1 << 20))
        lines.send("\n")
        self.assertEqual(lines.answer()["error"]["code"], 413)
        self.assert_resident_below(before + (16 << 20))
        lines.publish(topic="after", data=1)
        self.assertEqual(lines.answer()["offset"], 1)
        lines.wire.close()

    def test_a_stream_cut_in_a_line_keeps_what_was_whole(self):
        lines = self.broker.lines()
        lines.publish(topic="whole", data=1)
        self.assertEqual(lines.answer()["offset"], 1)
        lines.send('{"topic":"whole","data":2}')
        lines.wire.reset()
        self.broker.settles(lambda m: m.sum("connections", transport="http") == 0)
        self.assertEqual(self.broker.get("/topics/whole").json()["offset"], 1)


if __name__ == "__main__":
    unittest.main()
