# SPDX-License-Identifier: Apache-2.0
"""Settings: file, then environment, then flags; mistakes end the start with exit code 2 and say where."""
import glob
import json
import os
import re
import subprocess
import unittest

from harness import ROOT, TIMEOUT, OwnBrokerCase, run_kodama, scratch, trusting
from http_wire import deadline
from ws_wire import WebSocket

MISTAKEN = """\
listen:
  htttp: 127.0.0.1:8000
  https: nowhere
shards: many
dev: maybe
limits:
  message_bytes: 3 parsecs
  queue_bytes: 64KiB
  queue_bytes: 65KiB
queue:
  overflow: drop_newest
log:
  age: 5
loging: {}
"""


class Settings(OwnBrokerCase):
    def refused(self, *arguments, env=()):
        done = run_kodama(*arguments, env=env)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertTrue(done.stderr)
        return done.stderr

    def test_all_mistakes_of_a_file_are_told_at_once_with_their_places(self):
        file = scratch(self, "kodama.yaml", MISTAKEN)
        for command in (("serve", "--config", file), ("check-config", file)):
            told = self.refused(*command)
            for where, key, what in (("2:3", "listen.htttp", "listen.http"), ("3:10", "listen.https", "nowhere"),
                                     ("4:9", "shards", "many"), ("5:6", "dev", "maybe"),
                                     ("7:18", "limits.message_bytes", "parsecs"),
                                     ("9:3", "limits.queue_bytes", "twice"),
                                     ("11:13", "queue.overflow", "drop_oldest"), ("13:8", "log.age", "5"),
                                     ("14:1", "loging", "logging")):
                lines = [line for line in told.splitlines() if line.startswith(f"{file}:{where}: {key}: ")]
                self.assertEqual(len(lines), 1, f"{where} {key} in:\n{told}")
                self.assertIn(what, lines[0].removeprefix(f"{file}:{where}: {key}: "))

    def test_mistakes_in_rules_are_told_with_those_of_the_table(self):
        file = scratch(self, "rules.yaml", """dev: maybe
socketio:
  pth: /x
  namespaces:
    /chat:
      events:
        - {event: chat message, do: [{brodcast: {}}]}
        - {event: "chat*", dedupe: {by: $9, window: 5}}
""")
        told = self.refused("check-config", file)
        for where, key, what in (("1:6", "dev", "maybe"), ("3:3", "socketio.pth", '"path"'),
                                 ("7:39", "socketio.namespaces./chat.events[0].do[0].brodcast", '"broadcast"'),
                                 ("8:53", "socketio.namespaces./chat.events[1].dedupe.window", '"5s"')):
            lines = [line for line in told.splitlines() if line.startswith(f"{file}:{where}: {key}: ")]
            self.assertEqual(len(lines), 1, f"{where} {key} in:\n{told}")
            self.assertIn(what, lines[0])

    def test_rules_that_are_right_are_taken_and_doubts_are_told(self):
        rules = "dev: true\nsocketio: {namespaces: {/: {events: [{event: '*', do: [broadcast]}, {event: x}]}}}\n"
        file = scratch(self, "rules.yaml", rules)
        done = run_kodama("check-config", file)
        self.assertEqual((done.returncode, done.stdout), (0, f"{file}: no mistakes\n"))
        self.assertRegex(done.stderr, r"^\S+:2:\d+: socketio.namespaces./.events\[1\].event: never decides: .* \(a warning\)\n$")
        self.start("--config", file)
        file = scratch(self, "wrong.yaml", rules.replace("broadcast", "brodcast"))
        self.assertIn('did you mean "broadcast"?', self.refused("serve", "--config", file))

    def test_the_examples_are_right(self):
        files = glob.glob(os.path.join(ROOT, "config/examples/*/kodama.yaml"))
        self.assertTrue(files)
        for file in files:
            done = run_kodama("check-config", file, cwd=ROOT)  # paths in them begin there
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_preset_says_that_it_is_open(self):
        broker = self.start("--preset", "socketio-chat")
        self.assertRegex(broker.banner, r'(?m)^  preset +an open relay, .* sends "chat message" to everybody')
        broker.stop()
        self.assertIn("an open relay", broker.log())
        self.assertNotIn("preset", self.start().banner)

    def test_a_preset_beside_the_section_that_it_stands_for(self):
        file = scratch(self, "both.yaml", "dev: true\nsocketio: {path: /x}\npreset: socketio-chat\n")
        for command in (("serve", "--config", file), ("check-config", file), ("config", "--config", file)):
            self.assertIn(f"{file}:3:9: preset: stands for a section socketio", self.refused(*command))

    def test_what_is_no_yaml(self):
        for text in ("listen:\n\thttp: x\n", "a: b: c\n", "[1\n", "- 1\n", "a: &x 1\n"):
            file = scratch(self, "bad.yaml", text)
            self.assertRegex(self.refused("check-config", file), rf"^{re.escape(file)}:\d+:\d+: ")

    def test_a_file_that_is_not_there(self):
        for command in (("serve", "--config", "/nowhere/kodama.yaml"), ("check-config", "/nowhere/kodama.yaml")):
            self.assertIn("/nowhere/kodama.yaml", self.refused(*command))

    def test_mistakes_in_the_environment_and_in_flags(self):
        told = self.refused("serve", "--shards", "-1", "--listn.http", "x", "--queue.overflow=", "--dev", "true",
                            "--dev", "true", env={"KODAMA__LOG__AGE": "yesterday", "KODAMA__LISTEN__HTP": "x"})
        for piece in ("KODAMA__LOG__AGE: ", "KODAMA__LISTEN__HTP: unknown key", "KODAMA__LISTEN__HTTP", "--shards: ",
                      "--listn.http: unknown flag", "--listen.http", "--queue.overflow: ", "--dev: is given twice"):
            self.assertIn(piece, told)

    def test_keys_that_contradict_each_other(self):
        for arguments, piece in (
                (["--dev", "true", "--limits.queue_bytes", "1MiB"], "limits.queue_bytes"),
                (["--dev", "true", "--listen.http", "", "--listen.https", ""], "nobody could connect"),
                (["--dev", "true", "--tls.certificate", "/x.pem"], "tls.key"),
                (["--dev", "true", "--listen.http", "127.0.0.1:9000"], "cannot share a port"),
                (["--dev", "true", "--listen.http", "0.0.0.0:0"], "allow_remote_dev"),
                (["--dev", "false"], "access.key_file")):
            self.assertIn(piece, self.refused("serve", *arguments))

    def test_the_broker_does_not_start_open_by_accident(self):
        self.assertIn("key_file", self.refused("serve"))

    def test_file_then_environment_then_flags(self):
        file = scratch(self, "kodama.yaml", "limits: {message_bytes: 2KiB, queue_bytes: 100KiB}\nlog:\n  messages: 3\n")
        broker = self.start("--config", file, "--log.messages", "2",
                            env={"KODAMA__LIMITS__MESSAGE_BYTES": "3KiB", "KODAMA__LOG__MESSAGES": "4"})
        self.assertEqual(broker.request("POST", "/topics/t", "x" * 3072).status, 200)
        self.assertEqual(broker.request("POST", "/topics/t", "x" * 3073).status, 413)
        for _ in range(5):
            broker.publish("t")
        self.assertEqual(len(broker.get("/topics/t").json()["messages"]), 2)
        self.assertIn("message 3 KiB, queue 100 KiB", broker.banner)

    def test_lists_in_the_environment(self):
        broker = self.start(env={"KODAMA__ACCESS__ORIGINS": "https://a.example,https://b.example"})
        for origin, status in (("https://a.example", 200), ("https://b.example", 200), ("https://c.example", 403)):
            self.assertEqual(broker.get("/topics/t", headers={"Origin": origin}).status, status)

    def test_default_config_is_a_config_and_names_every_key(self):
        text = run_kodama("default-config").stdout
        file = scratch(self, "default.yaml", text.replace("dev: false", "dev: true"))
        done = run_kodama("check-config", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("no mistakes", done.stdout)
        broker = self.start("--config", file)
        self.assertEqual(broker.publish("t")["offset"], 1)
        section, keys = "", []
        for line in text.splitlines():
            if found := re.match(r"^([a-z_]+):$", line):
                section = found[1] + "."
            elif found := re.match(r"^(  )?([a-z_]+): ", line):
                keys.append((section if found[1] else "") + found[2])
        told = run_kodama("--help").stdout
        self.assertGreater(len(keys), 20)
        for key in keys:
            self.assertRegex(told, rf"(?m)^ *(--)?{re.escape(key)}\b", key)
        for key in ("listen.http", "listen.https", "listen.admin", "tls.certificate", "tls.key", "shards", "dev",
                    "access.key_file", "access.origins", "access.client_publish", "limits.message_bytes",
                    "limits.queue_bytes", "queue.overflow", "log.messages", "log.age", "logging.level",
                    "logging.format", "drain.duration"):
            self.assertIn(key, keys)

    def test_the_example_is_the_default_config(self):
        with open(os.path.join(ROOT, "config/kodama.example.yaml"), encoding="utf-8") as file:
            self.assertEqual(file.read(), run_kodama("default-config").stdout)

    def test_help_version_and_usage(self):
        for arguments in (("--help",), ("serve", "--help"), ("help",), ("-h",)):
            done = run_kodama(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("kodama serve", done.stdout)
        done = run_kodama("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^kodama \d+\.\d+\.\d+\S*\n$")
        for arguments, piece in (((), "kodama serve"), (("sevre",), "serve"), (("--dev",), "kodama serve --dev"),
                                 (("check-config",), "FILE"), (("serve", "stray"), "stray")):
            self.assertIn(piece, self.refused(*arguments))

    def test_json_log_lines(self):
        broker = self.start("--logging.format", "json", "--logging.level", "debug")
        broker.publish("secret topic", "secret payload")
        broker.signal()
        broker.wait()
        lines = [json.loads(line) for line in broker.log().splitlines()]
        self.assertGreater(len(lines), 1)
        for line in lines:
            self.assertTrue({"level", "message"} <= set(line) or {"level", "msg"} <= set(line), line)
        self.assertNotIn("secret payload", broker.log())

    def test_debug_tells_when_a_connection_came_and_how_it_ended(self):
        broker = self.start("--logging.format", "json", "--logging.level", "debug")

        def lines(message, **fields):
            every = [json.loads(line) for line in broker.log().rpartition("\n")[0].splitlines()]
            return [line for line in every if line["message"] == message and fields.items() <= line.items()]

        def story(connect, listener, ended):
            with connect() as client:
                address = "%s:%d" % client.socket.getsockname()
            for _ in deadline():
                opened = lines("connection opened", peer=address, listener=listener)
                if opened and lines("connection ended", connection=opened[0]["connection"], thread=opened[0]["thread"]):
                    break
            self.assertEqual((opened[0]["level"], len(opened)), ("debug", 1))
            found = lines("connection ended", connection=opened[0]["connection"], thread=opened[0]["thread"])
            self.assertEqual([{**line, **ended} for line in found], found, "once, with its reason")
            self.assertGreater(found[0]["receives"], 0)

        def asked():
            wire = broker.wire()
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)
            return wire
        story(lambda: broker.raw("t"), "http", {"reason": "peer_closed", "dialect": "raw", "sends": 1})
        story(lambda: WebSocket(broker.https, "/topics/t", tls=trusting()), "https", {"reason": "peer_closed", "dialect": "raw"})
        story(asked, "http", {"reason": "peer_closed", "dialect": "http", "receives": 1, "sends": 1})

    def test_info_tells_nothing_of_connections(self):
        broker = self.start()
        broker.publish("t")
        broker.signal()
        broker.wait()
        self.assertNotIn("connection opened", broker.log())
        self.assertNotIn("connection ended", broker.log())

    def test_the_banner_says_what_was_decided(self):
        broker = self.start(shards=3)
        for piece in (r"^kodama \d", r"^  http +http://127\.0\.0\.1:\d+/$", r"^  https +https://127\.0\.0\.1:\d+/$",
                      r"^  admin +http://127\.0\.0\.1:\d+/metrics$", r"^  certificate +self-signed", r"^  shards +3",
                      r"^  i/o +.*io_uring", r"^  limits ", r"^publish: curl "):
            self.assertRegex(broker.banner, re.compile(piece, re.M))

    def test_the_banners_curl_line_works(self):
        broker = self.start()
        command = re.search(r"^publish: (curl .*)$", broker.banner, re.M)[1]
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertIn('"offset":1', done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
