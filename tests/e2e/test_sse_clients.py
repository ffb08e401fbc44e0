# SPDX-License-Identifier: Apache-2.0
"""Server-sent events as their clients meet them: curl, npm's eventsource, behind nginx with its default buffering, when
the broker goes away, and five thousand at once. Chromium's stand in browser/."""
import json
import os
import select
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BrokerCase, OwnBrokerCase, environment, path, scaled, scratch
from http_wire import SLOW, TIMEOUT, Wire, deadline
from sse_wire import Events, Parser

ALONE = True  # thousands of clients
HERE = os.path.dirname(os.path.abspath(__file__))
PROMPT = 10.0 if SLOW else 2.0  # nginx's buffers would keep an event for a minute


class Process:
    """A client that writes what it hears to its output."""

    def __init__(self, test, *arguments):
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**environment(), "NODE_NO_WARNINGS": "1"})
        test.addCleanup(self.end)

    def read(self, seconds=TIMEOUT):
        """What has come, at least a byte."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise AssertionError(f"nothing in {seconds} s")
        piece = os.read(self.process.stdout.fileno(), 65536)
        if not piece:
            raise AssertionError(f"ended: {self.process.stderr.read().decode()}")
        return piece

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(TIMEOUT)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


class Curl(BrokerCase):
    def test_curl_without_buffer(self):
        for scheme in ("http", "https"):
            curl = Process(self, "curl", "-N", "-k", "--silent", "--show-error", "-H", "Accept: text/event-stream",
                           self.broker.url("/topics/curl", scheme))
            parser = Parser()
            while not parser.last_event_id:
                parser.feed(curl.read())
            for i in range(3):
                self.broker.publish("curl", f"{i}\nby {scheme}")
                while len(parser.events) <= i:
                    parser.feed(curl.read())
                self.assertEqual(parser.events[i].data, f"{i}\nby {scheme}")


@unittest.skipUnless(os.path.isdir(os.path.join(HERE, "browser/node_modules/eventsource")),
                     "tests/e2e/browser: npm ci has not been run")
class Npm(OwnBrokerCase):
    def follow(self, url, *names):
        client = Process(self, "node", os.path.join(HERE, "sse_client.mjs"), url, *names)
        lines = bytearray()

        def hear():
            while b"\n" not in lines:
                lines.extend(client.read())
            line, _, rest = bytes(lines).partition(b"\n")
            lines[:] = rest
            return json.loads(line)
        return hear

    def test_hears_events_by_their_names(self):
        broker = self.start()
        hear = self.follow(broker.url("/events?topic=one&topic=two"), "one", "two;join", "two;base64")
        self.assertEqual(hear(), {"open": True})
        broker.publish("one", "grüße\nan alle")
        one = hear()
        self.assertEqual((one["type"], one["data"]), ("one", "grüße\nan alle"))
        broker.publish("two", "{}", "?event=join", "application/json")
        two = hear()
        self.assertEqual((two["type"], two["data"]), ("two;join", "{}"))
        broker.publish("two", b"\0", content_type="image/png")
        self.assertEqual(hear()["data"], "AA==")

    def test_comes_back_to_a_new_broker(self):
        """The stream ends with the drain; the next broker, at the same address, knows nothing of the old one's logs, and
        says so."""
        old = self.start("--drain.duration", "1s")
        target = f"/topics/{'x' * 20}"
        hear = self.follow(old.url(target), "kodama.gap")
        self.assertEqual(hear(), {"open": True})
        epoch = old.publish("x" * 20, "before")["epoch"]
        self.assertEqual(hear(), {"type": "message", "data": "before", "id": f"{epoch}:1"})
        with Events(old.http, target) as raw:
            raw.begun()
            old.signal()
            self.assertEqual(raw.read_to_end(), [])
        self.assertEqual(hear(), {"error": True, "closed": False})
        old.stop()
        new = self.start("--listen.http", "%s:%d" % old.http)
        while (heard := hear()) == {"error": True, "closed": False}:
            pass
        self.assertEqual(heard, {"open": True})
        self.assertEqual(json.loads(hear()["data"]), {"topic": "x" * 20, "gap": {"reason": "epoch"}})
        new.publish("x" * 20, "after")
        self.assertEqual(hear()["data"], "after")


class Drain(OwnBrokerCase):
    def test_streams_end_behind_what_was_published(self):
        broker = self.start("--drain.duration", "1s")
        streams = [Events(broker.http, target) for target in ("/topics/t", "/events?topic=t&topic=u") * 10]
        for each in streams:
            self.addCleanup(each.close)
            each.begun()
        broker.publish("t", "last words")
        broker.signal()
        for each in streams:
            self.assertEqual([event.data for event in each.read_to_end()], ["last words"])
        self.assertEqual(broker.wait(), 0)


class Access(OwnBrokerCase):
    KEY = "0123456789abcdef0123456789abcdef"
    STREAM = {"Accept": "text/event-stream"}

    def test_topics_that_a_reader_may_not_have(self):
        keys = scratch(self, "keys", self.KEY + "\n")
        file = scratch(self, "kodama.yaml", "access: {client_subscribe: [open, late]}\n")
        broker = self.start("--config", file, "--access.key_file", keys, dev=False, https=False)
        key = {"Authorization": f"Bearer {self.KEY}"}
        forbidden = ("/topics/closed", "/events?topic=closed", "/events?topic=open&topic=closed")
        for target in forbidden:
            self.assert_error(broker.request("GET", target, headers=self.STREAM), 403)
            Events(broker.http, target, headers=key).close()
        for _ in deadline():
            if broker.metrics(key).sum("subscriptions", dialect="sse") == 0:
                break

        readers = [Events(broker.http, target) for target in ("/topics/late", "/events?topic=open&topic=late")]
        with open(file, "w", encoding="ascii") as config:
            config.write("access: {client_subscribe: [open]}\n")
        broker.process.send_signal(signal.SIGHUP)
        for each in readers:  # the connection ends, and who comes back is told why
            self.assertEqual(each.read_to_end(), [])
            each.close()
        self.assert_error(broker.request("GET", "/topics/late", headers=self.STREAM), 403)


NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
NGINX_CONF = """
daemon off; master_process off; pid {directory}/pid; error_log {directory}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/1; proxy_temp_path {directory}/2; fastcgi_temp_path {directory}/3;
  uwsgi_temp_path {directory}/4; scgi_temp_path {directory}/5;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{upstream}; }} }}
}}
"""


@unittest.skipUnless(NGINX, "there is no nginx (Debian: apt-get install nginx-light)")
class Nginx(BrokerCase):
    """A proxy as it comes: it buffers answers, and speaks HTTP/1.0 to the broker."""

    def proxy(self):
        directory = tempfile.mkdtemp(prefix="kodama-e2e-nginx-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with open(f"{directory}/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX_CONF.format(directory=directory, port=port, upstream="%s:%d" % self.broker.http))
        process = subprocess.Popen([NGINX, "-p", directory, "-c", f"{directory}/nginx.conf"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, TIMEOUT)
        self.addCleanup(process.terminate)
        for _ in deadline():
            if process.poll() is not None:
                with open(f"{directory}/error.log", encoding="utf-8") as file:
                    self.fail(f"nginx ended: {file.read()}")
            try:
                Wire(("127.0.0.1", port)).close()
                return "127.0.0.1", port
            except ConnectionRefusedError:
                pass

    def test_events_come_at_once_and_resume(self):
        address = self.proxy()
        for target in ("/topics/proxied", "/events?topic=proxied&topic=x"):
            with Events(address, target, timeout=PROMPT) as stream:
                self.assertEqual(stream.header("content-type"), "text/event-stream")
                stream.begun()
                for i in range(5):
                    self.broker.publish("proxied", f"{i} small")
                    self.assertEqual(stream.next().data, f"{i} small")
                id_ = stream.last_event_id
            self.broker.publish("proxied", "missed")
            with Events(address, target, id_, timeout=PROMPT) as again:
                self.assertEqual(again.next().data, "missed")
        self.broker.settles(lambda m: m.sum("subscriptions", dialect="sse") == 0)


class Reader:
    """One of many: checks that the messages of each topic come in order, without a gap or a repeat."""

    def __init__(self, address, target):
        self.socket = socket.create_connection(address, TIMEOUT)
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.rest = b""
        self.begun = False
        self.heard = {b"crowd": 0, b"few": 0}

    def read(self):
        """Takes what has come; returns how many messages that was."""
        piece = self.socket.recv(65536)
        if not piece:
            raise AssertionError(f"closed, with {self.heard}, behind {self.rest!r}")
        *blocks, self.rest = (self.rest + piece).split(b"\n\n")
        return sum(self.take(block) for block in blocks)

    def take(self, block):
        if not self.begun:
            if b"retry: " not in block:
                raise AssertionError(f"no beginning of a stream: {block!r}")
            self.begun = True
            return 0
        if block == b":":
            return 0
        topic, number = block.rsplit(b"\ndata: ", 1)[1].split(b" ")
        self.heard[topic] += 1
        if int(number) != self.heard[topic]:
            raise AssertionError(f"{self.heard[topic]} was to come, and not {block!r}")
        return 1


class Crowd(BrokerCase):
    def test_five_thousand_readers_of_steady_publishing(self):
        count, messages, between_seconds = scaled(5000), scaled(60), 0.05
        targets = ("/topics/crowd", "/events?topic=crowd", "/topics/crowd", "/events?topic=few&topic=crowd")
        readers = [Reader(self.broker.http, targets[i % len(targets)]) for i in range(count)]
        selector = selectors.EpollSelector()
        self.addCleanup(selector.close)
        for reader in readers:
            self.addCleanup(reader.socket.close)
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        self.end = time.monotonic() + TIMEOUT + 40

        def read_for(seconds):
            for key, _ in selector.select(max(0, seconds)):
                self.missing -= key.data.read()
            self.assertLess(time.monotonic(), self.end, f"{self.missing} deliveries are missing")

        self.missing = 0
        while not all(reader.begun for reader in readers):
            read_for(0.1)
        self.broker.settles(lambda m: m.sum("connections", dialect="sse") == count)

        few = messages // 5
        self.missing = count * messages + sum(1 for i in range(count) if "few" in targets[i % 4]) * few
        with self.broker.wire() as publisher:
            begun = time.monotonic()
            for i in range(1, messages + 1):
                while (due := begun + i * between_seconds - time.monotonic()) > 0:
                    read_for(due)
                self.assertEqual(publisher.request("POST", path("crowd"), f"crowd {i}").status, 200)
                if i % 5 == 0:
                    publisher.request("POST", path("few"), f"few {i // 5}")
        while self.missing > 0:
            read_for(1)
        self.assertEqual(self.missing, 0)
        metrics = self.broker.metrics()
        self.assertEqual(metrics.sum("deliveries_dropped_total"), 0)
        for i, reader in enumerate(readers):
            self.assertEqual(reader.heard[b"crowd"], messages)
            self.assertEqual(reader.heard[b"few"], few if "few" in targets[i % 4] else 0)


if __name__ == "__main__":
    unittest.main()
