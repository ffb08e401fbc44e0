# SPDX-License-Identifier: Apache-2.0
"""TLS as clients see it: versions, ALPN, SNI, resumption on every shard, storms of handshakes, bad endings."""
import os
import ssl
import subprocess
import tempfile
import time
import unittest

from harness import SHARDS, SLOW, TIMEOUT, BrokerCase, Wire, make_certificate, trusting
from ws_wire import WebSocket

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Tls(BrokerCase):
    def test_versions(self):
        for version, name in ((V1_2, "TLSv1.2"), (V1_3, "TLSv1.3")):
            with self.broker.tls_wire(trusting(version, version)) as wire:
                self.assertEqual(wire.socket.version(), name)
                self.assertEqual(wire.request("POST", "/topics/t", "x").status, 200)
                self.assertEqual(wire.request("GET", "/topics/t").status, 200)

    def test_old_versions_are_refused(self):
        for flag in ("-tls1", "-tls1_1"):
            done = self.s_client(flag, "-cipher", "ALL:@SECLEVEL=0")
            self.assertNotIn("Cipher is ECDHE", done)
            self.assertIn("alert", done)
        self.broker.settles(lambda m: m.sum("connections", transport="https") == 0)

    def s_client(self, *flags, say="GET /topics/t HTTP/1.0\r\n\r\n"):
        host, port = self.broker.https
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-ign_eof", *flags], input=say,
                              capture_output=True, text=True, timeout=TIMEOUT)
        return done.stdout + done.stderr

    def test_alpn(self):
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), ([], None)):
            with self.broker.tls_wire(trusting(protocols=offered)) as wire:
                self.assertEqual(wire.socket.selected_alpn_protocol(), chosen)
                self.assertEqual(wire.request("GET", "/topics/t").status, 200)
        with self.assertRaises(ssl.SSLError):
            self.broker.tls_wire(trusting(protocols=["h2"])).close()

    def test_any_server_name_is_served(self):
        for name in ("localhost", "broker.example", None):
            with self.broker.tls_wire(server_hostname=name) as wire:
                self.assertEqual(wire.request("GET", "/topics/t").status, 200)

    def test_a_certificate_of_ones_own_is_verified_by_name(self):
        certificate, key = make_certificate(self, "broker.example", "*.chat.example")
        broker = self.start("--tls.certificate", certificate, "--tls.key", key)
        context = ssl.create_default_context(cafile=certificate)
        for name in ("broker.example", "a.chat.example"):
            with Wire(broker.https, tls=context, server_hostname=name) as wire:
                self.assertEqual(wire.request("GET", "/topics/t", host=name).status, 200)
        with self.assertRaises(ssl.SSLCertVerificationError):
            Wire(broker.https, tls=context, server_hostname="other.example").close()

    def test_the_self_signed_certificate_is_kept(self):
        first = ssl.get_server_certificate(self.broker.https)
        self.assertEqual(ssl.get_server_certificate(self.start().https), first)

    def test_resumption_works_on_every_shard_with_a_ticket_of_any(self):
        for version in (V1_2, V1_3):
            context = trusting(version, version)
            with self.broker.tls_wire(context) as wire:
                self.assertFalse(wire.socket.session_reused)
                shards = {wire.request("GET", "/topics/t").header("kodama-shard")}
                session = wire.socket.session
            for _ in range(60):
                with self.broker.tls_wire(context, session=session) as wire:
                    shards.add(wire.request("GET", "/topics/t").header("kodama-shard"))
                    self.assertTrue(wire.socket.session_reused, version)
                    session = wire.socket.session
            self.assertTrue(SHARDS > 4 or len(shards) == SHARDS)

    def test_resumption_with_openssl_s_client(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "session")
            for version in ("-tls1_2", "-tls1_3"):
                self.assertIn("New, TLS", self.s_client(version, "-sess_out", file))
                self.assertIn("Reused, TLS", self.s_client(version, "-sess_in", file))

    def test_handshakes_are_counted(self):
        broker = self.start()
        for version, name in ((V1_2, "TLSv1.2"), (V1_3, "TLSv1.3")):
            context = trusting(version, version)
            with broker.tls_wire(context) as wire:
                wire.request("GET", "/topics/t")
                session = wire.socket.session
            with broker.tls_wire(context, session=session) as wire:
                wire.request("GET", "/topics/t")
            metrics = broker.metrics()
            for resumed in ("false", "true"):
                self.assertEqual(metrics.sum("tls_handshakes_total", version=name, resumed=resumed, result="ok"), 1)
        with Wire(broker.https) as wire:
            wire.send(b"\x16\x03\x01\x00\x05hello")
            wire.read_to_end()
        broker.settles(lambda m: m.sum("tls_handshakes_total", result="failed") == 1)
        self.assertEqual(broker.metrics().sum("tls_handshakes_total", result="ok"), 4)

    def test_garbage_gets_an_alert_or_nothing(self):
        for sent in (b"\0" * 100, os.urandom(300), b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x80\x2e\x01\x00\x02"):
            with Wire(self.broker.https) as wire:
                try:
                    wire.send(sent)
                    wire.shut_write()
                except OSError:
                    pass
                heard = wire.read_to_end()
                self.assertTrue(heard == b"" or heard[0] in (0x15, 0x48), heard[:20])  # an alert, or "HTTP/1.1 400"
        with self.broker.tls_wire() as wire:
            self.assertEqual(wire.request("GET", "/topics/t").status, 200)

    def test_a_close_notify_comes_with_the_end(self):
        with self.broker.tls_wire() as wire:
            wire.request("GET", "/topics/t", headers={"Connection": "close"})
            self.assertEqual(wire.socket.recv(10), b"", "an end without close_notify would raise")

    def test_no_early_data(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "session")
            self.assertIn("Max Early Data: 0", self.s_client("-tls1_3", "-sess_out", file))

    def test_renegotiation_is_refused(self):
        host, port = self.broker.https
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2"], input="R\n", text=True,
                              capture_output=True, timeout=TIMEOUT)
        self.assertIn("no renegotiation", done.stderr)

    def test_key_updates(self):
        host, port = self.broker.https
        client = subprocess.Popen(["stdbuf", "-o0", "openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_3"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)

        def expect(text):
            heard = b""
            while text not in heard:
                piece = client.stdout.read(65536)
                self.assertTrue(piece, f"ended: {heard[-300:]}")
                heard += piece

        try:
            expect(b"Max Early Data")  # a ticket has come: the handshake is over
            for command in (b"k\n", b"K\n"):  # ours, and ours with the wish that the broker's change too
                client.stdin.write(command)
                expect(b"KEYUPDATE")
                client.stdin.write(b"GET /topics/t HTTP/1.1\r\nHost: a\r\n\r\n")
                expect(b'"more":false}')
        finally:
            client.kill()
            client.wait()
            client.stdin.close()
            client.stdout.close()

    def test_large_deliveries_arrive_whole(self):
        with WebSocket(self.broker.https, "/topics/records", tls=trusting()) as reader:
            reader.sync()
            for size in (1, 16383, 16384, 16385, 65536, 300_000, 1 << 20):
                self.broker.publish("records", b"\xff" * size)
                self.assertEqual(len(reader.read_message()[1]), size)

    def test_200_half_open_handshakes_do_not_stall_a_subscriber(self):
        with WebSocket(self.broker.https, "/topics/calm", tls=trusting()) as reader:
            reader.sync()
            half_open = []
            try:
                hello = self.client_hello()
                for i in range(200):
                    wire = Wire(self.broker.https)
                    half_open.append(wire)
                    wire.send(hello if i % 2 else hello[:50])
                    if i % 20 == 0:
                        begun = time.monotonic()
                        self.broker.publish("calm", str(i))
                        self.assertEqual(reader.read_text(), str(i))
                        self.assertLess(time.monotonic() - begun, 5.0 if SLOW else 1.0)
            finally:
                for wire in half_open:
                    wire.close()
        self.broker.settles(lambda m: m.sum("connections", transport="https") == 0)

    def client_hello(self):
        """The first flight of a real client."""
        ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting().wrap_bio(theirs, ours)
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        return ours.read()

    def test_a_handshake_byte_by_byte(self):
        ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting().wrap_bio(theirs, ours)
        with Wire(self.broker.https) as wire:
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    wire.send_in_pieces(ours.read())
                    wire.fill()
                    theirs.write(wire.take(len(wire.buffer)))
            client.write(b"POST /topics/slow%20tls HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
            wire.send_in_pieces(ours.read())
            while True:
                try:
                    self.assertTrue(client.read(4096).startswith(b"HTTP/1.1 200"))
                    break
                except ssl.SSLWantReadError:
                    wire.fill()
                    theirs.write(wire.take(len(wire.buffer)))


class Timeout(BrokerCase):
    flags = ("--timeouts.handshake", "400ms")

    def test_a_handshake_that_does_not_end_is_dropped(self):
        for sent in (b"", b"\x16\x03\x01"):
            with Wire(self.broker.https) as wire:
                wire.send(sent)
                self.assertEqual(wire.read_to_end(), b"")
        self.broker.settles(lambda m: m.sum("connections_closed_total", reason="handshake_timeout") == 2)


if __name__ == "__main__":
    unittest.main()
