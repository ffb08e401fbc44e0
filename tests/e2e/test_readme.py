# SPDX-License-Identifier: Apache-2.0
"""README.md's fenced snippets, run as they stand there, but for the port: sh, html (in Chromium), js, python, yaml.
A block without a language is no snippet. Each test says what a reader would see."""
import functools
import http.server
import os
import re
import signal
import subprocess
import threading
import unittest

from harness import BINARY, ROOT, Broker, run_kodama, scratch
from http_wire import TIMEOUT

HERE = os.path.dirname(os.path.abspath(__file__))
TOPIC = "chat message"


def snippets():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return re.findall(r"^```([a-z]+)\n(.*?)^```$", file.read(), re.M | re.S)


def snippet(language, index=0):
    return [text for found, text in snippets() if found == language][index]


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.addClassCleanup(cls.broker.stop)

    def here(self, text, broker=None):
        """The snippet with this broker's port in place of 8000."""
        self.assertIn("127.0.0.1:8000", text)
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{(broker or self.broker).http[1]}")

    def wait_for(self, command, *wanted, **options):
        """Runs a program that does not end by itself until it has printed all that is wanted, and returns what it said."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True, **options)
        clock = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
        clock.start()
        said = ""
        try:
            for line in process.stdout:
                said += line
                if all(re.search(each, said) for each in wanted):
                    return said
            raise AssertionError(f"{command} ended, or took too long, without {wanted}; it said:\n{said}")
        finally:
            clock.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def open_page(self, text, *wanted):
        page = scratch(self, "page.html", text)
        handler = functools.partial(QuietFiles, directory=os.path.dirname(page))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/page.html"
        return self.wait_for(["node", os.path.join(HERE, "readme_page.mjs"), url], *wanted)

    def logged(self):
        answer = self.broker.get("/topics/chat%20message?last=1000")
        return [message["data"] for message in answer.json()["messages"]]

    def test_every_kind_of_snippet_has_its_test(self):
        kinds = [language for language, _ in snippets()]
        self.assertEqual(["sh", "html", "html", "js", "python", "python", "html", "yaml", "yaml"], kinds)

    def test_shell(self):
        # What curl takes for success is too much for a test: here an error status fails.
        rules = scratch(self, ".curlrc", f"fail\nsilent\nshow-error\nmax-time = {int(TIMEOUT)}\n")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.here(snippet("sh"))], capture_output=True, text=True,
                              env={**os.environ, "CURL_HOME": os.path.dirname(rules)}, timeout=TIMEOUT)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(5, len(re.findall(r'\{"epoch":"[0-9a-f]{16}","offset":\d+\}', done.stdout)), done.stdout)
        self.assertEqual(2, done.stdout.count('"messages":['), done.stdout)
        self.assertIn({"from": "curl", "text": "hi"}, self.logged())
        self.assertIn({"two": 2}, self.logged())

    def test_browser_with_the_client_module(self):
        self.open_page(self.here(snippet("html", 0)), r"published as \d+", r'\d+: "hi from kodama\.js"')

    def test_browser_with_a_plain_websocket(self):
        self.broker.publish(TOPIC, "from before")
        self.open_page(self.here(snippet("html", 1)), "from before", "hi from a plain WebSocket")

    def test_browser_with_socketio(self):
        broker = Broker("--preset", "socketio-chat")
        self.addCleanup(broker.stop)
        if broker.get("/socket.io/?EIO=4&transport=polling").status == 404:
            self.skipTest("this binary has no Socket.IO")
        # As somebody would who types into the page, once it is connected.
        typing = """<script>
          socket.on('connect', () => {
            input.value = 'hi from Socket.IO';
            document.querySelector('#form').requestSubmit();
          });
        </script>"""
        self.open_page(self.here(snippet("html", 2), broker) + typing, "hi from Socket.IO")

    def test_rules_for_socketio(self):
        checked = run_kodama("check-config", scratch(self, "kodama.yaml", "dev: true\n" + snippet("yaml", 0)))
        self.assertEqual((0, ""), (checked.returncode, checked.stderr))

    def test_node(self):
        script = scratch(self, "subscribe.mjs", self.here(snippet("js")))
        os.symlink(os.path.join(HERE, "browser/node_modules"), os.path.join(os.path.dirname(script), "node_modules"))
        self.wait_for(["node", script], r"answer to 1 \{", r"answer to 2 \{", r"chat message \d+ hi from Node")

    def test_python(self):
        script = scratch(self, "subscribe.py", self.here(snippet("python", 0)))
        self.wait_for(["/usr/bin/python3", script], r"'id': 1, 'ok'", r"'id': 2, 'ok'", r"'data': 'hi from Python'")

    def test_python_of_a_backend(self):
        script = scratch(self, "publish.py", self.here(snippet("python", 1)))
        done = subprocess.run(["/usr/bin/python3", script], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertRegex(done.stdout, r"'offset': \d+")
        self.assertIn("hi from a backend", self.logged())

    def test_configuration(self):
        key = "a-key-of-sixteen-characters-or-more"
        place = os.path.dirname(scratch(self, "keys", f"{key}\n"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=localhost", "-keyout", f"{place}/tls.key", "-out", f"{place}/tls.crt"],
                       check=True, capture_output=True, timeout=TIMEOUT)
        text = re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):\d+", "127.0.0.1:0", snippet("yaml", 1)).replace("/etc/kodama", place)
        file = scratch(self, "kodama.yaml", text)
        checked = subprocess.run([BINARY, "check-config", file], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(0, checked.returncode, checked.stderr)
        # The harness would name the listeners itself; here they are the file's.
        broker = Broker("--config", file, "--listen.http", "127.0.0.1:0", "--listen.https", "127.0.0.1:0", "--listen.admin",
                        "127.0.0.1:0", dev=False)
        self.addCleanup(broker.stop)
        self.assertEqual(401, broker.request("POST", "/topics/x", b"hi").status)
        self.assertEqual(200, broker.request("POST", "/topics/x", b"hi", {"Authorization": f"Bearer {key}"}).status)
        with broker.tls_wire() as wire:
            self.assertEqual(200, wire.request("GET", "/topics/x").status)


if __name__ == "__main__":
    unittest.main()
