# SPDX-License-Identifier: Apache-2.0
"""The sections `routes` and `wamp`: paths of the operator's own, for a topic or for some subprotocols, and what is wrong with
them, line by line."""
import json
import os
import re
import unittest

from harness import ROOT, BrokerCase, OwnBrokerCase, run_kodama, scratch
from http_wire import read_head
from test_reload import ReloadCase, logged
from ws_wire import TEXT, Native, WebSocket

# RFC 6455 §1.2 and §1.3: what the client sends, and what the server answers.
EXAMPLE = """\
GET /chatService HTTP/1.1
Host: server.example.com
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Origin: http://server.example.com
Sec-WebSocket-Protocol: soap, wamp
Sec-WebSocket-Version: 13

"""
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
NATIVE = "kodama.v1.json"

ROUTES = """\
routes:
  /chatService: {dialects: [wamp, wamp.2.json]}
  /native: {dialects: [kodama.v1.json]}
  /live: {topic: news}
  /live/today: {topic: news/the day}
"""


class Routes(BrokerCase):
    @classmethod
    def setUpClass(cls):
        cls.flags = ("--config", scratch(cls, "kodama.yaml", ROUTES))
        super().setUpClass()

    def test_the_example_of_the_rfc(self):
        with self.broker.wire() as wire:
            wire.send(EXAMPLE.replace("\n", "\r\n"))
            answer = wire.response()
        self.assertEqual(answer.status, 101, answer)
        self.assertEqual(answer.header("sec-websocket-protocol"), "wamp")
        self.assertEqual(answer.header("sec-websocket-accept"), ACCEPT)

    def test_a_path_of_subprotocols(self):
        for offered, chosen in (((NATIVE,), NATIVE), (("wamp", NATIVE), NATIVE), ((), None), (("wamp",), None)):
            with WebSocket(self.broker.http, "/native", protocols=offered) as socket:
                self.assertEqual(socket.answer.header("sec-websocket-protocol"), chosen, offered)
                socket.send_text('{"id":1,"publish":{"topic":"t","data":1}}')
                self.assertIn('"ok"', socket.read_text())
        for offered, chosen in ((("wamp.2.json", "wamp"), "wamp.2.json"), (("wamp", "wamp.2.json"), "wamp"),
                                ((NATIVE, "wamp.2.json"), "wamp.2.json"), ((NATIVE,), None), ((), None)):
            with WebSocket(self.broker.http, "/chatService", protocols=offered) as socket:
                self.assertEqual(socket.answer.header("sec-websocket-protocol"), chosen, offered)
                if chosen != "wamp.2.json":
                    self.assertEqual(json.loads(socket.read_text())[0], 0, "WAMP v1 says WELCOME first")
        answer = self.broker.get("/chatService")
        self.assert_error(answer, 426)
        self.assertEqual(answer.header("upgrade"), "websocket")
        answer = self.broker.request("POST", "/chatService", "x")
        self.assert_error(answer, 405)
        self.assertEqual(answer.header("allow"), "GET, OPTIONS")

    def test_a_path_of_a_topic_has_its_doors(self):
        for target, topic in (("/live", "news"), ("/live/today", "news/the day")):
            with WebSocket(self.broker.http, target) as raw, Native(self.broker.http) as native:
                raw.sync()
                native.subscribe(topic)
                answer = self.broker.request("POST", target + "?event=e", "by the path")
                self.assertEqual(answer.status, 200, answer)
                offset = answer.json()["offset"]
                self.assertEqual(raw.read_message(), (TEXT, b"by the path"))
                self.assertEqual(native.hear(), {"topic": topic, "offset": offset, "event": "e", "data": "by the path"})
                self.broker.publish(topic, "by its name")
                self.assertEqual(raw.read_message(), (TEXT, b"by its name"))
                raw.send_text("from a socket")
                self.assertEqual(raw.read_message(), (TEXT, b"from a socket"))
            log = self.broker.get(f"{target}?after={offset - 1}").json()
            self.assertEqual([each["data"] for each in log["messages"]], ["by the path", "by its name", "from a socket"])
            with WebSocket(self.broker.http, f"{target}?last=1") as raw:
                self.assertEqual(raw.read_message(), (TEXT, b"from a socket"))
            head = self.broker.request("HEAD", target)
            self.assertEqual((head.status, head.body), (200, b""))

    def test_a_path_of_a_topic_streams(self):
        for media, line in (("text/event-stream", b"data: streamed\n"), ("application/x-ndjson", b'"data":"streamed"')):
            with self.broker.wire() as wire:
                wire.send(f"GET /live HTTP/1.1\r\nHost: a\r\nAccept: {media}\r\n\r\n")
                status, _, headers = read_head(wire)
                self.assertEqual((status, dict(headers)["content-type"].split(";")[0]), (200, media))
                self.broker.publish("news", "streamed")
                wire.read_until(line)

    def test_only_these_paths(self):
        for target in ("/live/", "/Live", "/liv%65", "/live/tomorrow", "/chatService/", "/chatservice"):
            listed = {(each["method"], each["path"]) for each in self.broker.get(target).json()["routes"]}
            for method, path in (("WebSocket", "/chatService"), ("WebSocket", "/live"), ("POST", "/live"),
                                 ("GET", "/live"), ("GET", "/live/today"), ("WebSocket", "/ws")):
                self.assertIn((method, path), listed)
        self.assertEqual(self.broker.get("/live?last=0").status, 400)


class Realms(OwnBrokerCase):
    def join(self, broker, realm):
        """A session of WAMP v2, if the realm is there, and the answer to its HELLO."""
        socket = WebSocket(broker.http, "/ws", protocols=("wamp.2.json",))
        self.addCleanup(socket.close)
        socket.send_text(json.dumps([1, realm, {"roles": {"subscriber": {}, "publisher": {}}}]))
        return socket, json.loads(socket.read_text())

    def test_topics_stand_behind_the_prefix(self):
        broker = self.start("--config", scratch(self, "kodama.yaml", 'wamp: {realms: {com.example: {prefix: "example/"}}}\n'))
        socket, welcome = self.join(broker, "com.example")
        self.assertEqual(welcome[0], 2)
        socket.send_text('[32, 1, {}, "a.b"]')
        self.assertEqual(json.loads(socket.read_text())[:2], [33, 1])
        broker.publish("a/b", "not here")
        broker.publish("example/a/b", "here")
        event = json.loads(socket.read_text())
        self.assertEqual((event[0], event[4]), (36, ["here"]))
        self.assertEqual(self.join(broker, "realm1")[1][::2], [3, "wamp.error.no_such_realm"])

    def test_without_the_section_there_is_realm1(self):
        broker = self.start()
        self.assertEqual(self.join(broker, "realm1")[1][0], 2)
        self.assertEqual(self.join(broker, "com.example")[1][::2], [3, "wamp.error.no_such_realm"])


class Access(OwnBrokerCase):
    def test_a_path_opens_nothing_that_was_closed(self):
        keys = scratch(self, "keys", "k1-0123456789abcdef0123456789abcdef\n")
        broker = self.start("--config", scratch(self, "kodama.yaml", ROUTES), "--access.key_file", keys,
                            dev=False, https=False)
        self.assert_error(broker.request("POST", "/live", "x"), 401)
        allowed = broker.request("POST", "/live", "x", {"Authorization": "Bearer k1-0123456789abcdef0123456789abcdef"})
        self.assertEqual(allowed.status, 200)
        self.assert_error(broker.get("/live", headers={"Origin": "https://evil.example"}), 403)
        with WebSocket(broker.http, "/native", headers={"Origin": "https://evil.example"}, expect=403):
            pass
        with WebSocket(broker.http, "/live") as raw:
            raw.send_text("x")
            self.assertEqual(raw.read_close()[0], 1008)


class Mistakes(OwnBrokerCase):
    def told(self, text, *flags, **options):
        """What check-config says of such a file, without the file's name; serve must say the same."""
        file = scratch(self, "kodama.yaml", text)
        done = run_kodama("check-config", file, **options)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        served = run_kodama("serve", "--config", file, *flags, **options)
        self.assertEqual((served.returncode, served.stderr), (2, done.stderr))
        return [line.removeprefix(file + ":") for line in done.stderr.splitlines()]

    def test_of_routes(self):
        told = self.told("""\
dev: true
routes:
  /a: {topic: a, dialects: [kodama.v1.json]}
  /b: {}
  /c: {topc: a}
  /d: {dialects: [kodama.v1.jsn]}
  /e: {dialects: []}
  /f: {dialects: [kodama.v1.json, kodama.v1.json]}
  g: {topic: a}
  /h?x: {topic: a}
  /i%20: {topic: a}
  /j: {topic: $events}
  /k: {topic: a}
  /k: {topic: a}
  /l: news
  /ws: {topic: a}
  /publish: {topic: a}
  /topics/a: {topic: a}
  /: {topic: a}
  /kodama.js: {topic: a}
  /socket.io: {topic: a}
  /socket.io/: {topic: a}
  /own/: {topic: a}
  /events: {topic: a}
engineio: {endpoints: [{path: /own, messages: [{match: "*", do: [{send: $message}]}]}]}
""")
        expected = (
            ("14:3", "/k", "is given twice; the first is in line 13"), ("3:18", "/a.dialects", "do not go together"),
            ("4:3", "/b", "leads nowhere"), ("5:8", "/c.topc", 'did you mean "topic"?'),
            ("7:18", "/e.dialects", "is empty"), ("8:35", "/f.dialects[1]", "is given twice"),
            ("9:3", "g", 'did you mean "/g"?'), ("10:3", "/h?x", 'without "?"'), ("11:3", "/i%20", 'without "%"'),
            ("15:7", "/l", "must be a map, is a single value"), ("6:19", "/d.dialects[0]", 'did you mean "kodama.v1.json"?'),
            ("12:15", "/j.topic", "is reserved"), ("16:3", "/ws", "is taken already, by /ws: "),
            ("17:3", "/publish", "is taken already, by /publish: "),
            ("18:3", "/topics/a", "is taken already, by /topics/{topic}: "), ("19:3", "/", "is taken already, by /{file}: "),
            ("20:3", "/kodama.js", "is taken already, by /{file}: "),
            ("21:3", "/socket.io", "is taken already, by /socket.io: "),
            ("22:3", "/socket.io/", "is taken already, by /socket.io/: "),
            ("23:3", "/own/", "is taken already, by /own/: "), ("24:3", "/events", "is taken already, by /events: "))
        for where, key, what in expected:
            lines = [line for line in told if line.startswith(f"{where}: routes.{key}: ")]
            self.assertEqual(len(lines), 1, (where, key, told))
            self.assertIn(what, lines[0])
        self.assertEqual(len(told), len(expected), told)

    def test_of_realms(self):
        told = self.told("""\
dev: true
wamp:
  realm: {}
  realms:
    a b: {}
    wamp.x: {}
    c: {prefix: $c/}
    d: {prefx: d/}
    e: e/
    f: {prefix: "f/"}
    f: {}
""")
        for where, key, what in (("3:3", "realm", 'did you mean "realms"?'), ("5:5", "realms.a b", "no white space"),
                                 ("6:5", "realms.wamp.x", "the protocol's own"),
                                 ("7:17", "realms.c.prefix", "no topic's name can begin with"),
                                 ("8:9", "realms.d.prefx", 'did you mean "prefix"?'),
                                 ("9:8", "realms.e", "must be a map"), ("11:5", "realms.f", "the first is in line 10")):
            lines = [line for line in told if line.startswith(f"{where}: wamp.{key}: ")]
            self.assertEqual(len(lines), 1, (where, key, told))
            self.assertIn(what, lines[0])
        self.assertEqual(len(told), 7, told)

    def test_the_examples_of_the_page_are_right(self):
        with open(os.path.join(ROOT, "config/README.md"), encoding="utf-8") as page:
            examples = re.findall(r"^```yaml\n(.*?)^```$", page.read(), re.S | re.M)
        self.assertEqual([text.split(":")[0] for text in examples], ["routes", "wamp"])
        for text in examples:
            checked = run_kodama("check-config", scratch(self, "kodama.yaml", "dev: true\n" + text))
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_what_is_taken_depends_on_the_other_settings(self):
        page = "routes: {/: {topic: a}}\n"
        self.assertEqual(len(self.told("dev: true\n" + page)), 1)
        keys = scratch(self, "keys", "k1-0123456789abcdef0123456789abcdef\n")
        checked = run_kodama("check-config", scratch(self, "k.yaml", f"access: {{key_file: {keys}}}\n" + page))
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        directory = scratch(self, "index.html", "<p>").removesuffix("/index.html")
        self.assertEqual(len(self.told(f"dev: true\nstatic: {{dir: {directory}}}\n" + page)), 1)
        moved = "dev: true\nsocketio: {path: /chat}\nroutes: {/socket.io/: {topic: a}, /chat/: {topic: a}}\n"
        self.assertEqual([line[:14] for line in self.told(moved)], ["3:35: routes./"])
        wrong = self.told(moved.replace("{path: /chat}", "{path: /chat, pth: x}"))
        self.assertEqual(len(wrong), 2, "mistakes in the rules hide none of the paths, and make none")

    def test_sections_are_printed_as_what_is_in_force(self):
        file = scratch(self, "kodama.yaml", ROUTES + 'wamp: {realms: {com.example: {prefix: "example/"}}}\n')
        printed = run_kodama("config", "--config", file, "--dev").stdout
        self.assertIn("routes:\n  /chatService:\n    dialects:\n      - wamp\n      - wamp.2.json\n  /native:\n", printed)
        self.assertIn('wamp:\n  realms:\n    com.example:\n      prefix: "example/"\n', printed)
        checked = run_kodama("check-config", scratch(self, "again.yaml", printed))
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))


class Reload(ReloadCase):
    def test_other_routes_take_a_restart(self):
        broker = self.serve(ROUTES)
        self.reload(broker, ROUTES.replace("news", "olds") + "wamp: {realms: {a: {}}}\n")
        logged(broker, 'restart to change keys="routes, wamp"')
        broker.request("POST", "/live", "x")
        self.assertEqual(len(broker.get("/topics/news?last=1").json()["messages"]), 1)
        self.reload(broker, ROUTES)
        self.assertEqual(broker.log().count("restart to change"), 1)

    def test_wrong_routes_are_refused(self):
        broker = self.serve(ROUTES)
        self.reload(broker, "log: {messages: 3}\nroutes: {/ws: {topic: a}}\n", "failed")
        logged(broker, "kodama.yaml:2:10: routes./ws: is taken already, by /ws: ")
        self.reload(broker, "wamp: {realms: {wamp.a: {}}}\n", "failed")
        logged(broker, "kodama.yaml:1:17: wamp.realms.wamp.a: ")
        self.assertEqual(broker.request("POST", "/live", "x").status, 200)


if __name__ == "__main__":
    unittest.main()
