# SPDX-License-Identifier: Apache-2.0
"""Clients that share no code with the broker or with these tests: python3-websockets, npm's ws, curl."""
import asyncio
import json
import os
import subprocess
import unittest

import websockets

from harness import TIMEOUT, BrokerCase, environment, scaled, trusting

HERE = os.path.dirname(os.path.abspath(__file__))


class Python(BrokerCase):
    def run_client(self, main):
        asyncio.run(asyncio.wait_for(main(), TIMEOUT))

    def connect(self, target, **options):
        scheme = options.pop("scheme", "ws")
        if scheme == "wss":
            options["ssl"] = trusting()
        return websockets.connect(scheme + self.broker.url(target, scheme.replace("ws", "http")).removeprefix(
            scheme.replace("ws", "http")), **options)

    def test_raw(self):
        async def main():
            for scheme in ("ws", "wss"):
                async with self.connect("/topics/py%20raw", scheme=scheme) as one, \
                        self.connect("/topics/py%20raw", scheme=scheme) as other:
                    await (await one.ping())
                    await (await other.ping())
                    for sent in ("grüße", b"\0\xff", "", b"", "x" * 200_000, ["in ", "frag", "ments"]):
                        await one.send(sent)
                        expected = "".join(sent) if isinstance(sent, list) else sent
                        self.assertEqual(await one.recv(), expected)
                        self.assertEqual(await other.recv(), expected)
        self.run_client(main)

    def test_native(self):
        async def main():
            async with self.connect("/ws", subprotocols=["x", "kodama.v1.json"]) as client:
                self.assertEqual(client.subprotocol, "kodama.v1.json")
                await client.send(json.dumps({"id": "s", "subscribe": {"topic": "py"}}))
                subscribed = json.loads(await client.recv())
                self.assertEqual((subscribed["id"], subscribed["ok"]["offset"]), ("s", 0))
                answer = json.loads(self.broker.curl("-d", "by curl", self.broker.url("/topics/py")))
                self.assertEqual(answer, {"epoch": subscribed["ok"]["epoch"], "offset": 1})
                self.assertEqual(json.loads(await client.recv()), {"topic": "py", "offset": 1, "data": "by curl"})
        self.run_client(main)

    def test_without_a_common_subprotocol_the_header_is_left_out(self):
        async def main():
            async with self.connect("/ws", subprotocols=["x", "y"]) as client:
                self.assertIsNone(client.subprotocol)
        self.run_client(main)

    def test_closes(self):
        async def main():
            client = await self.connect("/topics/py")
            await client.close(4321, "done")
            self.assertEqual(client.close_code, 4321)
            client = await self.connect("/topics/py")
            client.transport.write(b"\xff" * 20)
            with self.assertRaises(websockets.ConnectionClosedError):
                await client.recv()
            self.assertEqual(client.close_code, 1002)
        self.run_client(main)

    def test_refused_handshakes_have_a_status(self):
        async def main():
            for target, status in (("/nothing", 404), ("/topics/$x", 400), ("/publish", 405)):
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    await self.connect(target)
                self.assertEqual(refused.exception.status_code, status)
        self.run_client(main)

    def test_fifty_clients_at_once(self):
        async def main():
            clients = await asyncio.gather(*(self.connect("/topics/fifty") for _ in range(50)))
            for client in clients:
                await (await client.ping())
            count = scaled(100)
            for i in range(count):
                await clients[i % 50].send(str(i))
            heard = await asyncio.gather(*(self.hear(client, count) for client in clients))
            for each in heard:
                self.assertEqual(each, heard[0])
            self.assertCountEqual(heard[0], [str(i) for i in range(count)])
            await asyncio.gather(*(client.close() for client in clients))
        self.run_client(main)

    @staticmethod
    async def hear(client, count):
        return [await client.recv() for _ in range(count)]


class Node(BrokerCase):
    @unittest.skipUnless(os.path.isdir(os.path.join(HERE, "browser/node_modules/ws")),
                         "tests/e2e/browser: npm ci has not been run")
    def test_ws(self):
        for number, scheme in enumerate(("ws", "wss")):
            broker = self.broker if number == 0 else self.start()
            host, port = broker.http if scheme == "ws" else broker.https
            done = subprocess.run(["node", os.path.join(HERE, "ws_client.mjs"), f"{scheme}://{host}:{port}"],
                                  env={**environment(), "NODE_NO_WARNINGS": "1"}, capture_output=True, text=True,
                                  timeout=TIMEOUT)
            self.assertEqual(done.returncode, 0, done.stderr)
            saw = json.loads(done.stdout)
            self.assertRegex(saw["subscribed"]["ok"].pop("epoch"), "^[0-9a-f]{16}$")
            self.assertEqual(saw, {
                "protocol": "kodama.v1.json", "extensions": "permessage-deflate", "rawProtocol": "",
                "subscribed": {"id": 1, "ok": {"offset": 0}}, "pong": "are you there",
                "raw": [{"text": "grüße"}, {"binary": "00ff10"}, 70000],
                "native": [{"topic": "from node", "offset": 1, "data": "grüße"},
                           {"topic": "from node", "offset": 2, "data_base64": "AP8Q"},
                           {"topic": "from node", "offset": 3, "data": 70000}],
                "closes": [4001, 1005]})


class Curl(BrokerCase):
    def test_forms_of_publishing(self):
        curl, url = self.broker.curl, self.broker.url("/topics/curl")
        answers = [curl("-d", "hi", url), curl("--data-binary", "@/dev/null", url), curl("--json", '{"a":1}', url),
                   curl("-H", "Transfer-Encoding: chunked", "-d", "chunked", url),
                   curl("-H", "Expect: 100-continue", "-d", "expected", url),
                   curl("--http1.0", "-d", "old", url), curl("--http2", "-d", "no h2 here", url),
                   curl("-k", "-d", "secure", self.broker.url("/topics/curl", "https"))]
        self.assertEqual([json.loads(each)["offset"] for each in answers], list(range(1, 9)))
        page = json.loads(curl(url + "?last=8"))
        self.assertEqual([m["data"] for m in page["messages"]],
                         ["hi", "", {"a": 1}, "chunked", "expected", "old", "no h2 here", "secure"])

    def test_status_and_head(self):
        self.assertIn("HTTP/1.1 200", self.broker.curl("-I", self.broker.url("/")))
        self.assertEqual(self.broker.curl("-o", "/dev/null", "-w", "%{http_code} %{http_version}",
                                          self.broker.url("/nothing")), "404 1.1")


if __name__ == "__main__":
    unittest.main()
