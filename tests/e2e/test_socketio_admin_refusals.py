# SPDX-License-Identifier: Apache-2.0
"""What the admin port refuses to those who ask about Socket.IO's sockets."""
import json

from harness import scratch
from http_wire import Wire
from socketio_admin_case import AdminCase, Member

KEY = "an-access-key-of-this-test"


class Mistakes(AdminCase):
    def test_what_is_not_there(self):
        sid = Member(self).sid
        for method, target, body in (
                ("GET", "/socketio/", b""), ("GET", "/socketio/other", b""), ("GET", "/socketio/sockets/", b""),
                ("GET", "/socketio/socketsx", b""), ("GET", f"/socketio/sockets/{sid}/", b""),
                ("GET", "/socketio/sockets/AAAAAAAAAAAAAAAAAAAA", b""), ("GET", "/socketio/sockets/%00", b""),
                ("GET", "/socketio/sockets/%24room%2Fr", b""),
                ("GET", "/socketio/sockets?namespace=/other", b""), ("GET", "/socketio/sockets?namespace=chat", b""),
                ("GET", f"/socketio/sockets/{sid}?namespace=/chat", b""),
                ("GET", "/socketio/namespaces?namespace=/other", b""),
                ("POST", f"/socketio/sockets/{sid}/kick", b""), ("POST", f"/socketio/sockets/{sid}/join/x", b""),
                ("POST", "/socketio/sockets/nobody/disconnect", b""),
                ("POST", f"/socketio/sockets/{sid}/disconnect", b'{"namespace":"/chat"}'),
                ("POST", f"/socketio/sockets/{sid}/disconnect", b'{"namespace":"/other"}')):
            with self.subTest(f"{method} {target} {body}"):
                self.assert_error(self.ask(method, target, body), 404)

    def test_what_is_not_well_said(self):
        sid = Member(self).sid
        join, disconnect = f"/socketio/sockets/{sid}/join", f"/socketio/sockets/{sid}/disconnect"
        for method, target, body in (
                *(("GET", "/socketio/sockets?" + query, b"") for query in (
                    "limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1.5", "limit=99999999999", "limit=", "limit",
                    "after=x", "after=1", "after=0.x", "after=99.0", "after=-1.0", "after=0.99999999999", "after=0.0.0",
                    "namespace=/&namespace=/", "limit=1&limit=1", "other=1", "namespace=%2", "namespace=%zz",
                    "namespace=%ff", "room=%c3")),
                ("GET", "/socketio/namespaces?limit=10", b""), ("GET", "/socketio/namespaces?room=r", b""),
                ("GET", f"/socketio/sockets/{sid}?room=r", b""),
                *(("POST", join, body) for body in (
                    b"", b"{}", b"[]", b"x", b'"room"', b'{"room":1}', b'{"room":null}', b'{"room":"r"', b'{"room":"r"}x',
                    b'{"room":"r","room":"r"}', b'{"room":"r","other":1}', b'{"room":"\xff"}', b'{"room":"\\ud800"}',
                    b'{"room":"r","namespace":["/"]}', b'{"namespace":"/"}', b'{"room":""}', b'{"room":"$sid/x"}',
                    b'{"room":"a\\u0000b"}', b'{"room":"a/$b"}', b'{"room":"%s"}' % (b"x" * 256))),
                ("POST", join + "?room=r", b'{"room":"r"}'),
                ("POST", disconnect, b'{"room":"r"}'), ("POST", disconnect, b"null"),
                ("POST", disconnect, b'{"namespace":"/","namespace":"/"}')):
            with self.subTest(f"{method} {target} {body}"):
                self.assert_error(self.ask(method, target, body), 400)
        self.assertEqual(self.get("sockets/" + sid)["rooms"], [])

    def test_methods(self):
        sid = Member(self).sid
        for target, allowed in (("/socketio/sockets", "GET, HEAD"), ("/socketio/namespaces", "GET, HEAD"),
                                (f"/socketio/sockets/{sid}", "GET, HEAD"), (f"/socketio/sockets/{sid}/join", "POST"),
                                (f"/socketio/sockets/{sid}/leave", "POST"), (f"/socketio/sockets/{sid}/disconnect", "POST")):
            for method in ("GET", "PUT", "DELETE", "POST"):
                if method not in allowed:
                    with self.subTest(f"{method} {target}"):
                        answer = self.ask(method, target)
                        self.assert_error(answer, 405)
                        self.assertEqual(answer.header("allow"), allowed)
        self.assertEqual(self.get("sockets/" + sid)["sid"], sid)

    def test_large_bodies(self):
        sid = Member(self).sid
        join = f"/socketio/sockets/{sid}/join"
        padded = json.dumps({"room": "r"})
        self.assertEqual(self.ask("POST", join, padded + " " * (4096 - len(padded))).status, 200)
        self.assert_error(self.ask("POST", join, padded + " " * (4097 - len(padded))), 413)
        chunk = f"{len(padded):x}\r\n{padded}\r\n"
        head = f"POST {join} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        for spaces, status in ((0, 200), (8192, 413)):
            with self.subTest(f"chunked, {spaces}"), Wire(self.broker.admin) as wire:
                wire.send(head + chunk + (f"{spaces:x}\r\n{' ' * spaces}\r\n" if spaces else "") + "0\r\n\r\n")
                self.assertEqual(wire.response().status, status)

    def test_bodies_that_end_early(self):
        sid = Member(self).sid
        for body, length, status in ((b'{"namespace":"/"}', 18, 400), (b"", 1, 400), (b'{"namespace":"/"}', 17, 200)):
            with self.subTest(f"{len(body)} of {length}"), Wire(self.broker.admin) as wire:
                wire.send(f"POST /socketio/sockets/{sid}/disconnect HTTP/1.1\r\nHost: x\r\n"
                          f"Content-Length: {length}\r\n\r\n".encode() + body)
                wire.shut_write()
                self.assertEqual(wire.response().status, status)

    def test_pages_in_browsers_change_nothing(self):
        sid = Member(self).sid
        for origin in ("https://example.com", "null", "http://127.0.0.1:9000"):
            answer = self.ask("POST", f"/socketio/sockets/{sid}/disconnect", headers={"Origin": origin})
            self.assert_error(answer, 403)
        self.assertEqual(self.get("sockets/" + sid)["sid"], sid)

    def test_the_list_of_pages_names_it(self):
        paths = self.ask("GET", "/").json()["paths"]
        self.assertIn("/socketio/sockets", paths)
        self.assertIn("/socketio/namespaces", paths)


class Keys(AdminCase):
    options = {"dev": False, "https": False}

    @classmethod
    def setUpClass(cls):
        cls.flags = ("--access.key_file", scratch(cls, "keys", KEY + "\n"))
        super().setUpClass()

    def test_everything_wants_a_key(self):
        sid = Member(self).sid
        for method, target in (("GET", "/socketio/sockets"), ("GET", "/socketio/namespaces"), ("GET", "/socketio/other"),
                               ("GET", f"/socketio/sockets/{sid}"), ("POST", f"/socketio/sockets/{sid}/disconnect"),
                               ("PUT", "/socketio/sockets")):
            for key in ({}, {"Authorization": "Bearer another-key-of-this-test"}):
                with self.subTest(f"{method} {target} {key}"):
                    answer = self.ask(method, target, headers=key)
                    self.assert_error(answer, 401)
                    self.assertEqual(answer.header("www-authenticate"), "Bearer")
        self.assert_error(self.ask("POST", f"/socketio/sockets/{sid}/join", "x" * 5000), 401)
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.assertEqual(self.sids(), {sid})
        self.done(sid, "disconnect")
        self.assertEqual(self.sids(), set())
