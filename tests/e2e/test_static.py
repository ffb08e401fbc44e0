# SPDX-License-Identifier: Apache-2.0
"""Files over HTTP: the Socket.IO client's scripts, and the directory of static.dir."""
import gzip
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import ROOT, BrokerCase, OwnBrokerCase, run_kodama, scratch
from http_wire import TIMEOUT

PACKAGE = os.path.join(ROOT, "broker/web/socketio/node_modules/socket.io-client")
SCRIPTS = ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js")
GZIP = {"Accept-Encoding": "gzip, deflate, br"}
KEY = "a-key-of-the-static-tests"


def make_directory(test, files):
    """A directory of these files, gone when the test, or the class of tests, is over. Returns it: www in one of its own."""
    top = tempfile.mkdtemp(prefix="kodama-e2e-static-")
    (test.addClassCleanup if isinstance(test, type) else test.addCleanup)(shutil.rmtree, top, ignore_errors=True)
    os.chmod(top, 0o755)
    root = os.path.join(top, "www")
    os.mkdir(root)
    for name, content in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    return root


class Scripts(BrokerCase):
    """Against the package itself, as its lock file has it."""

    def files(self):
        return [name + ending for name in SCRIPTS for ending in ("", ".map")]

    def original(self, name):
        with open(os.path.join(PACKAGE, "dist", name), "rb") as file:
            return file.read()

    def version(self):
        with open(os.path.join(PACKAGE, "package.json"), encoding="utf-8") as file:
            return json.load(file)["version"]

    def test_each_is_what_the_package_holds(self):
        for name in self.files():
            with self.broker.wire() as wire:
                answer = wire.request("GET", f"/socket.io/{name}")
                self.assertEqual(answer.status, 200, name)
                self.assertEqual(answer.body, self.original(name), name)
                self.assertEqual(answer.header("content-type"), "application/json; charset=utf-8" if name.endswith(".map")
                                 else "application/javascript; charset=utf-8", name)
                self.assertEqual(answer.header("etag"), f'"{self.version()}"')
                self.assertEqual(answer.header("cache-control"), "public, max-age=0")
                self.assertIsNone(answer.header("content-encoding"))
                self.assertTrue(answer.stays_open)

    def test_each_is_compressed_for_who_takes_gzip(self):
        for name in self.files():
            answer = self.broker.request("GET", f"/socket.io/{name}", headers=GZIP)
            self.assertEqual((answer.status, answer.header("content-encoding")), (200, "gzip"), name)
            self.assertEqual(gzip.decompress(answer.body), self.original(name), name)
            self.assertLess(len(answer.body), len(self.original(name)) / 2, name)

    def test_caches_are_told_that_there_are_two_of_it(self):
        tags = set()
        for headers in ({}, GZIP):
            answer = self.broker.request("GET", "/socket.io/socket.io.js", headers=headers)
            varies = ",".join(value for name, value in answer.headers if name.lower() == "vary").lower()
            self.assertIn("accept-encoding", varies)
            tags.add(answer.header("etag"))
        self.assertEqual(len(tags), 2, "RFC 9110 8.8.3.3: another coding, another strong tag")

    def test_accept_encoding_is_read_with_its_weights(self):
        for value, coding in (("gzip", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("gzip;q=0, *", None), ("identity", None),
                              ("br;q=1, gzip;q=0.1", "gzip"), ("x-gzip", "gzip"), ("gzip;q=nonsense", None), ("", None)):
            answer = self.broker.request("GET", "/socket.io/socket.io.min.js", headers={"Accept-Encoding": value})
            self.assertEqual((answer.status, answer.header("content-encoding")), (200, coding), value)

    def test_not_modified(self):
        with self.broker.wire() as wire:
            for headers in ({}, GZIP):
                fresh = wire.request("GET", "/socket.io/socket.io.js", headers=headers)
                tag = fresh.header("etag")
                for asked in (tag, f"W/{tag}", f'"other", {tag}', f'"{self.version()}"', f'W/"{self.version()}"', "*"):
                    answer = wire.request("GET", "/socket.io/socket.io.js", headers={**headers, "If-None-Match": asked})
                    self.assertEqual((answer.status, answer.body), (304, b""), asked)
                    self.assertEqual(answer.header("etag"), tag)
                    self.assertEqual(answer.header("cache-control"), fresh.header("cache-control"))
                    self.assertIsNone(answer.header("content-type"))
                    self.assertTrue(answer.stays_open)
                for asked in ('"0.0.0"', self.version(), '"', "W/", ""):
                    answer = wire.request("GET", "/socket.io/socket.io.js", headers={**headers, "If-None-Match": asked})
                    self.assertEqual((answer.status, answer.body), (200, fresh.body), asked)

    def test_head(self):
        for headers in ({}, GZIP):
            with self.broker.wire() as wire:
                whole = wire.request("GET", "/socket.io/socket.io.js", headers=headers)
                head = wire.request("HEAD", "/socket.io/socket.io.js", headers=headers)
                for name in ("content-length", "content-type", "content-encoding", "etag", "cache-control"):
                    self.assertEqual(head.header(name), whole.header(name), name)
                self.assertEqual((head.status, head.body), (200, b""))
                self.assertEqual(wire.request("HEAD", "/socket.io/socket.io.js",
                                              headers={"If-None-Match": whole.header("etag")}).status, 304)

    def test_a_query_does_not_matter_and_other_names_are_not_there(self):
        self.assertEqual(self.broker.get("/socket.io/socket.io.js?v=1").status, 200)
        for target in ("/socket.io/socket.io.ts", "/socket.io/package.json", "/socket.io//socket.io.js",
                       "/socket.io/%2e%2e/socket.io/socket.io.js", "/socket.io%2Fsocket.io.js", "/Socket.io/socket.io.js"):
            self.assert_error(self.broker.get(target), 404)

    def test_they_stand_where_socketio_is(self):
        file = scratch(self, "kodama.yaml", "socketio: {path: /live/chat}\n")
        broker = self.start("--config", file)
        for name in self.files():
            self.assertEqual(broker.get(f"/live/chat/{name}").body, self.original(name), name)
            self.assert_error(broker.get(f"/socket.io/{name}"), 404)

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE"):
            answer = self.broker.request(method, "/socket.io/socket.io.js")
            self.assert_error(answer, 405)
            self.assertEqual(answer.header("allow"), "GET, HEAD, OPTIONS")
        self.assertEqual(self.broker.request("OPTIONS", "/socket.io/socket.io.js").status, 204)

    def test_curl_takes_it_apart(self):
        out = self.broker.curl("--compressed", self.broker.url("/socket.io/socket.io.esm.min.js"))
        self.assertEqual(out.encode(), self.original("socket.io.esm.min.js"))

    @unittest.skipIf(shutil.which("node") is None, "takes node")
    def test_it_is_a_script_that_node_can_read(self):
        body = self.broker.get("/socket.io/socket.io.js").body
        done = subprocess.run(["node", "-e", "const m = {exports: {}}; const s = require('fs').readFileSync(0, 'utf8');"
                               "new Function('module', 'exports', s)(m, m.exports); console.log(typeof m.exports.io)"],
                              input=body, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(done.stdout.strip(), b"function", done.stderr)


class Directory(BrokerCase):
    @classmethod
    def setUpClass(cls):
        cls.root = make_directory(cls, {
            "index.html": "<!doctype html><script src=/socket.io/socket.io.js></script>", "script.js": "const socket = io();",
            "style.css": "p {}", "a b/ü.txt": "words", "game/index.html": "<p>game", "plain/readme.md": "# words",
            "image.PNG": b"\x89PNG\0\xff", "unknown.xyz": "?", "empty.txt": "", ".env": "secret", ".git/config": "secret",
            "game/.htaccess": "secret", "topics/t": "hidden by a route", "ws": "hidden by a route",
            "kodama.js": "hidden by ours", "socket.io/socket.io.js": "hidden by ours", "socket.io/mine.js": "mine",
            "large.bin": os.urandom(4 << 20)})
        top = os.path.dirname(cls.root)
        with open(os.path.join(top, "secret"), "w", encoding="utf-8") as file:
            file.write("secret")
        os.symlink("../secret", os.path.join(cls.root, "leads-out"))
        os.symlink("/etc", os.path.join(cls.root, "etc"))
        os.symlink("script.js", os.path.join(cls.root, "leads-in.js"))
        cls.flags = ("--static.dir", cls.root)
        super().setUpClass()

    def content(self, name):
        with open(os.path.join(self.root, name), "rb") as file:
            return file.read()

    def test_files_with_their_types(self):
        for target, name, content_type in (
                ("/", "index.html", "text/html; charset=utf-8"), ("/index.html", "index.html", "text/html; charset=utf-8"),
                ("/script.js", "script.js", "text/javascript; charset=utf-8"),
                ("/style.css", "style.css", "text/css; charset=utf-8"),
                ("/a%20b/%C3%BC.txt", "a b/ü.txt", "text/plain; charset=utf-8"), ("/image.PNG", "image.PNG", "image/png"),
                ("/game/", "game/index.html", "text/html; charset=utf-8"), ("/empty.txt", "empty.txt", "text/plain; charset=utf-8"),
                ("/unknown.xyz?x=%20", "unknown.xyz", "application/octet-stream"),
                ("/leads-in.js", "script.js", "text/javascript; charset=utf-8"),
                ("/%73cript.js", "script.js", "text/javascript; charset=utf-8"),
                ("/large.bin", "large.bin", "application/octet-stream")):
            with self.broker.wire() as wire:
                answer = wire.request("GET", target, headers=GZIP)
                self.assertEqual((answer.status, answer.header("content-type")), (200, content_type), target)
                self.assertEqual(answer.body, self.content(name), target)
                self.assertEqual(answer.header("x-content-type-options"), "nosniff")
                self.assertIsNone(answer.header("content-encoding"))
                head = wire.request("HEAD", target)
                self.assertEqual((head.status, head.header("content-length")), (200, str(len(answer.body))), target)
                self.assertEqual(head.header("etag"), answer.header("etag"))

    def test_not_modified(self):
        tags = set()
        for target in ("/", "/script.js", "/empty.txt", "/large.bin"):
            with self.broker.wire() as wire:
                tag = wire.request("GET", target).header("etag")
                self.assertRegex(tag, r'^"[!#-~]+"$')
                tags.add(tag)
                for asked in (tag, f"W/{tag}", f'"x", {tag}'):
                    answer = wire.request("GET", target, headers={"If-None-Match": asked})
                    self.assertEqual((answer.status, answer.body, answer.header("etag")), (304, b"", tag))
                self.assertEqual(wire.request("GET", target, headers={"If-None-Match": '"x"'}).status, 200)
        self.assertEqual(len(tags), 4)

    def test_a_folder_is_shown_the_way_to(self):
        with self.broker.wire() as wire:
            answer = wire.request("GET", "/game?level=2")
            self.assertEqual((answer.status, answer.header("location"), answer.body), (301, "/game/?level=2", b""))
            self.assertTrue(answer.stays_open)
            self.assertEqual(wire.request("HEAD", "/game").status, 301)
            for folder in ("/plain", "/plain/", "/a%20b/"):  # without an index.html: nothing is listed
                self.assertEqual(wire.request("GET", folder).status, 404, folder)

    def test_nothing_else_of_the_disk_can_be_had(self):
        """Over one raw connection, byte by byte as written: a client would tidy some of these up."""
        outside = ["/../secret", "/%2e%2e/secret", "/%2E%2E/secret", "/..%2fsecret", "/..%2Fsecret", "/%2e%2e%2fsecret",
                   "/game/../../secret", "/game/%2e%2e/%2e%2e/secret", "/game/../script.js", "/./script.js", "/game/..",
                   "/..\\secret", "/%5c..%5csecret", "/..;/secret", "/%252e%252e/secret", "/%c0%ae%c0%ae/secret", "//etc/passwd",
                   "/etc/passwd", "/etc", "/leads-out", "/.env", "/%2eenv", "/.git/config", "/game/.htaccess", "/script.js%00",
                   "/%00", "/script.js%00.html", "/game%2Findex.html", "//script.js", "/script.js/", "/game//", "/SCRIPT.JS",
                   "/file:///etc/passwd", "/proc/self/environ", "/" + "../" * 500 + "etc/passwd", "/" + "a/" * 3000,
                   "/" + "%2e%2e%2f" * 600]
        with self.broker.wire() as wire:
            for target in outside:
                answer = wire.request("GET", target)
                self.assertEqual(answer.status, 404, target)
                self.assertNotIn(b"secret\n", answer.body)
                self.assertNotEqual(answer.body, b"secret", target)
        for target in ("/%", "/%2", "/%zz", "/script.js%", "/a b/x", "/\x01", "/\xff",
                       "/script.js#x", "..", "../secret", "script.js"):
            with self.broker.wire() as wire:
                wire.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
                self.assert_error(wire.response(), 400)

    def test_every_other_route_goes_before_a_file(self):
        self.broker.publish("t", "from the topic")
        self.assertEqual(self.broker.get("/topics/t?last=1").json()["messages"][0]["data"], "from the topic")
        self.assert_error(self.broker.get("/ws"), 426)
        self.assertIn("connect", self.broker.get("/kodama.js").text)
        self.assertGreater(len(self.broker.get("/socket.io/socket.io.js").body), 10_000)
        self.assertEqual(self.broker.get("/socket.io/mine.js").text, "mine")
        self.broker.raw("t").close()

    def test_other_methods_and_paths_that_are_not_there(self):
        for method in ("POST", "PUT", "DELETE"):
            answer = self.broker.request(method, "/script.js", "x")
            self.assert_error(answer, 405)
            self.assertEqual(answer.header("allow"), "GET, HEAD, OPTIONS")
            self.assert_error(self.broker.request(method, "/nothing", "x"), 404)
        self.assertIn("/topics/{topic}", self.broker.get("/nothing").text)
        self.assertEqual(self.broker.request("OPTIONS", "/script.js").status, 204)

    def test_a_reader_that_takes_its_time_gets_all_of_it(self):
        with self.broker.wire(receive_buffer=4096) as wire:
            wire.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
            self.assertEqual(self.broker.get("/script.js").status, 200, "the others are not kept waiting")
            for _ in range(3):
                self.assertEqual(wire.response().body, self.content("large.bin"))

    def test_over_tls_and_by_curl(self):
        out = self.broker.curl("--insecure", "--location", self.broker.url("/game", "https"))
        self.assertEqual(out, "<p>game")
        with self.broker.tls_wire() as wire:
            self.assertEqual(wire.request("GET", "/large.bin").body, self.content("large.bin"))

    def test_a_change_on_the_disk_is_seen_after_a_restart(self):
        root = make_directory(self, {"index.html": "before"})
        broker = self.start("--static.dir", root)
        self.assertEqual(broker.get("/").text, "before")
        with open(os.path.join(root, "index.html"), "w", encoding="utf-8") as file:
            file.write("after")
        broker.process.send_signal(signal.SIGHUP)
        broker.settles(lambda metrics: metrics.sum("config_reloads_total") > 0)
        self.assertEqual(broker.get("/").text, "before")
        again = self.start("--static.dir", root)
        self.assertEqual(again.get("/").text, "after")

    def test_what_is_left_out_is_said(self):
        self.assertIn("static.dir", self.broker.log())
        self.assertIn("/etc", self.broker.log(), "the first of them")
        self.assertNotIn(".env", self.broker.log())
        self.assertRegex(self.broker.banner, r"(?m)^  files +\d+ of .*www")


class Starts(OwnBrokerCase):
    def fails(self, root, piece):
        for arguments in (("serve", "--dev", "true", "--listen.http", "127.0.0.1:0", "--listen.https", "127.0.0.1:0",
                           "--listen.admin", "127.0.0.1:0", "--static.dir", root),):
            done = run_kodama(*arguments)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("static.dir", done.stderr)
            self.assertIn(piece, done.stderr)
            self.assertEqual(done.stdout, "")
        file = os.path.join(make_directory(self, {"kodama.yaml": f"dev: true\nstatic: {{dir: {json.dumps(root)}}}\n"}),
                            "kodama.yaml")
        done = run_kodama("check-config", file)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("kodama.yaml:2:", done.stderr)
        self.assertIn(piece, done.stderr)

    def test_a_directory_that_is_not_there(self):
        self.fails("/nowhere/at/all", "No such file or directory")

    def test_a_file_in_its_place(self):
        self.fails(os.path.join(make_directory(self, {"file": "x"}), "file"), "Not a directory")

    def test_a_file_that_is_too_large(self):
        self.fails(make_directory(self, {"film.mp4": b"x" * ((4 << 20) + 1)}), "larger than 4 MiB")

    def test_too_many_files(self):
        self.fails(make_directory(self, {f"{i}": "" for i in range(4097)}), "more than 4096 files")

    def test_without_dev_files_take_no_key(self):
        root = make_directory(self, {"index.html": "<p>mine"})
        keys = os.path.join(make_directory(self, {"keys": KEY + "\n"}), "keys")
        broker = self.start("--static.dir", root, "--access.key_file", keys, dev=False, https=False)
        self.assertEqual(broker.get("/").text, "<p>mine")
        self.assertEqual(broker.get("/socket.io/socket.io.js").status, 200)
        self.assert_error(broker.get("/page.js"), 404)

    def test_the_directory_takes_the_place_of_the_playground(self):
        broker = self.start("--static.dir", make_directory(self, {"words.txt": "words"}))
        self.assert_error(broker.get("/"), 404)
        self.assert_error(broker.get("/page.js"), 404)
        self.assertEqual(broker.get("/words.txt").text, "words")
        self.assertEqual(broker.get("/kodama.js").status, 200)

    def test_an_empty_directory(self):
        self.assert_error(self.start("--static.dir", make_directory(self, {})).get("/"), 404)


if __name__ == "__main__":
    unittest.main()
