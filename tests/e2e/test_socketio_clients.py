# SPDX-License-Identifier: Apache-2.0
"""Socket.IO clients that share no code with the broker or with these tests: npm's socket.io-client in Node (the one that
the broker serves to browsers), and python3-socketio."""
import asyncio
import os
import re
import unittest

from harness import SHARDS, SLOW, TIMEOUT
from socketio_clients_case import HERE, ClientsCase, needs_node
from ws_wire import BINARY, TEXT

try:
    import aiohttp  # which it needs
    import socketio
except ImportError:
    aiohttp = socketio = None

EACH_WAY = SHARDS == 4 and not SLOW
TRANSPORTS = ("polling", "websocket", "polling,websocket")


def scenarios(script):
    with open(os.path.join(HERE, script), encoding="utf-8") as file:
        return re.findall(r"^  async '([^']+)'", file.read(), re.M)


@needs_node
class Node(ClientsCase):
    def play(self, script, wanted=lambda name: True):
        http, https = self.origins()
        names = [name for name in scenarios(script) if wanted(name)]
        self.assertTrue(names)
        for name in names:
            ways = TRANSPORTS[2:] if "upgrade" in name else TRANSPORTS
            for number, transports in enumerate(ways):
                # With each transport in clear and by TLS once; elsewhere the transports take turns in that.
                for origin in (http, https) if EACH_WAY else [(http, https)[number % 2]]:
                    with self.subTest(name, transports=transports, origin=origin):
                        self.node(script, name, origin, http, transports)

    def test_scenarios(self):
        self.play("socketio_client.mjs")


class Ladder(Node):
    """The official tutorial's steps, as configuration alone: config/examples/chat."""
    config = "chat"

    def test_scenarios(self):
        self.play("socketio_ladder.mjs")


@unittest.skipIf(aiohttp is None, "takes python3-socketio and python3-aiohttp")
class Python(ClientsCase):
    def run_client(self, main):
        """main(connect), by each transport; connect makes a client, which is closed at the end."""
        async def run(transports, origin):
            clients = []

            async def connect(namespace="/", auth=None):
                client = socketio.AsyncClient(reconnection=False, ssl_verify=False)
                client.heard = asyncio.Queue()
                for name in ("auth", "message-back", "shout", "others", "said", "answer", "once"):
                    client.on(name, lambda *args, name=name: client.heard.put_nowait([name, *args]), namespace=namespace)
                client.on("question", lambda what: ("answered", what, b"more"), namespace=namespace)
                clients.append(client)
                await client.connect(origin, auth=auth or {}, transports=transports, namespaces=[namespace])
                self.assertEqual(await client.heard.get(), ["auth", auth or {}])
                return client

            try:
                await asyncio.wait_for(main(connect), TIMEOUT)
            finally:
                for client in clients:
                    await client.disconnect()
                    await asyncio.wait_for(client.eio.wait(), TIMEOUT)
                    if client.eio.http is not None:
                        await client.eio.http.close()

        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            for origin in self.origins():
                with self.subTest(transports=transports, origin=origin):
                    asyncio.run(run(transports, origin))

    def test_what_is_sent_comes_back(self):
        async def main(connect):
            client = await connect("/", {"token": "secret", "n": [1, None]})
            for args in (("",), ("grüße 😀",), ([1, 2.5, True, None], {"a": {"b": []}}), (b"\0\1\xff",),
                         ("x" * 100_000, {"file": b"one", "list": [b"two"]})):
                await client.emit("message", args)
                self.assertEqual(await client.heard.get(), ["message-back", *args])
                answer = await client.call("message-with-ack", args, timeout=TIMEOUT)
                self.assertEqual(answer, args[0] if len(args) == 1 else args)
            await client.emit("ask me", "what?")
            self.assertEqual(await client.heard.get(), ["answer", "answered", "what?", b"more"])
            with self.assertRaises(socketio.exceptions.TimeoutError):
                await client.call("never", timeout=0.3)
        self.run_client(main)

    def test_namespaces_and_refusals(self):
        async def main(connect):
            client = await connect("/custom", {"a": 1})
            await client.emit("message", "in /custom", namespace="/custom")
            self.assertEqual(await client.heard.get(), ["message-back", "in /custom"])
            for name in ("/admin", "/nowhere"):
                with self.assertRaises(socketio.exceptions.ConnectionError):
                    await connect(name)
        self.run_client(main)

    def test_rooms_broadcasts_and_publishes_by_http(self):
        async def main(connect):
            one, two = await connect(), await connect()
            await one.call("join", "room-py")
            await two.emit("say", ("room-py", {"to": "one"}))
            self.assertEqual(await one.heard.get(), ["said", {"to": "one"}])
            await one.emit("others", b"all but one")
            await one.emit("shout", ("every", 1))
            self.assertEqual(await two.heard.get(), ["others", b"all but one"])
            for client in (one, two):
                self.assertEqual(await client.heard.get(), ["shout", "every", 1])
            await asyncio.to_thread(self.broker.curl, "-d", "by curl", self.broker.url("/topics/shout"))
            await asyncio.to_thread(self.broker.curl, "--json", '["by", {"curl": 2}]', self.broker.url("/topics/shout"))
            await asyncio.to_thread(self.broker.curl, "-d", "to the room", self.broker.url(
                "/topics/%24room%2Froom-py?event=said"))
            for client in (one, two):
                self.assertEqual(await client.heard.get(), ["shout", "by curl"])
                self.assertEqual(await client.heard.get(), ["shout", "by", {"curl": 2}])
            self.assertEqual(await one.heard.get(), ["said", "to the room"])
            self.assertTrue(two.heard.empty())
            await two.emit("kick me")
            while two.connected:
                await asyncio.sleep(0.01)
        self.run_client(main)

    def test_every_dialect_reaches_every_other(self):
        raw, native = self.broker.raw("shout"), self.broker.native()
        self.addCleanup(raw.close)
        self.addCleanup(native.close)
        native.subscribe("shout")

        async def main(connect):
            client = await connect()
            for send, heard, as_raw, as_native in (
                    (lambda: raw.send_text("by raw"), ["by raw"], (TEXT, b"by raw"), {"data": "by raw"}),
                    (lambda: raw.send_frame(BINARY, b"\0\1"), [b"\0\1"], (BINARY, b"\0\1"), {"data_base64": "AAE="}),
                    (lambda: native.publish("shout", data=["a", {"b": 1}]), ["a", {"b": 1}], (TEXT, b'["a", {"b": 1}]'),
                     {"data": ["a", {"b": 1}]}),
                    (lambda: native.publish("shout", data_base64="AAE="), [b"\0\1"], (BINARY, b"\0\1"),
                     {"data_base64": "AAE="})):
                await asyncio.to_thread(send)
                self.assertEqual(await client.heard.get(), ["shout", *heard])
                self.assertEqual(await asyncio.to_thread(raw.read_message), as_raw)
                said = await asyncio.to_thread(native.hear)
                self.assertEqual({key: said[key] for key in as_native}, as_native)
            for args, as_raw, data in (("text", b"text", "text"), (("x", {"n": [1]}), b'["x",{"n":[1]}]', ["x", {"n": [1]}]),
                                       (b"\xff", b'[{"base64":"/w=="}]', [{"base64": "/w=="}])):
                await client.emit("shout", args)
                self.assertEqual(await client.heard.get(), ["shout", *(args if isinstance(args, tuple) else [args])])
                self.assertEqual(await asyncio.to_thread(raw.read_message), (TEXT, as_raw))
                self.assertEqual((await asyncio.to_thread(native.hear))["data"], data)
        self.run_client(main)


if __name__ == "__main__":
    unittest.main()
