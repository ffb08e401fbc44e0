# SPDX-License-Identifier: Apache-2.0
"""WAMP clients that share no code with the broker or with these tests: npm's autobahn in Node, and Debian's
python3-autobahn."""
import asyncio
import os
import re
import shutil
import subprocess
import unittest

from harness import TIMEOUT, Broker, BrokerCase, OwnBrokerCase, environment

try:
    from autobahn.asyncio.wamp import ApplicationSession
    from autobahn.asyncio.websocket import WampWebSocketClientFactory
    from autobahn.wamp.exception import ApplicationError
    from autobahn.wamp.serializer import JsonSerializer
    from autobahn.wamp.types import ComponentConfig, EventDetails, PublishOptions, SubscribeOptions
except ImportError:
    ApplicationSession = None

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "wamp2_client.mjs")
RESTART = "comes back after a restart"

needs_node = unittest.skipIf(shutil.which("node") is None or not os.path.isdir(os.path.join(HERE, "browser/node_modules/autobahn")),
                             "takes node, and npm ci in tests/e2e/browser")


def node(broker, scenario, **options):
    host, port = broker.http
    return subprocess.Popen(["node", SCRIPT, scenario, f"ws://{host}:{port}/ws", f"http://{host}:{port}"], text=True,
                            env={**environment(), "NODE_NO_WARNINGS": "1", "KODAMA_CLIENT_SECONDS": str(TIMEOUT)},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@needs_node
class Node(BrokerCase):
    def test_scenarios(self):
        with open(SCRIPT, encoding="utf-8") as file:
            names = re.findall(r"^  async '([^']+)'", file.read(), re.M)
        self.assertGreater(len(names), 5)
        for name in names:
            if name == RESTART:
                continue
            with self.subTest(name):
                client = node(self.broker, name)
                said, complained = client.communicate(timeout=2 * TIMEOUT)
                self.assertEqual(client.returncode, 0, said + complained)


@needs_node
class NodeComesBack(OwnBrokerCase):
    def test_after_a_drain_on_the_same_port(self):
        first = Broker()
        client = node(first, RESTART)
        try:
            self.assertEqual(client.stdout.readline(), "subscribed 1\n")
            first.publish("js/restart", "before", content_type="text/plain")
            first.stop()
            second = self.start("--listen.http", "%s:%d" % first.http)
            again = client.stdout.readline()
            self.assertEqual(again, "subscribed 2\n", client.stderr.read() if not again else "")
            second.publish("js/restart", "after", content_type="text/plain")
            said, complained = client.communicate(timeout=TIMEOUT)
            self.assertEqual(client.returncode, 0, said + complained)
        finally:
            first.stop()
            if client.poll() is None:
                client.kill()
            client.communicate()


if ApplicationSession is not None:
    class Session(ApplicationSession):
        def __init__(self, realm):
            super().__init__(ComponentConfig(realm))
            self.joined = asyncio.get_running_loop().create_future()
            self.left = asyncio.get_running_loop().create_future()
            self.closed = asyncio.get_running_loop().create_future()

        def onJoin(self, details):
            self.joined.set_result(details)

        def onLeave(self, details):
            self.left.set_result(details)
            self.disconnect()

        def onDisconnect(self):
            self.closed.set_result(None)


@unittest.skipIf(ApplicationSession is None, "takes python3-autobahn")
class Python(BrokerCase):
    def run_client(self, main):
        async def bounded():
            self.sessions = []
            try:
                await asyncio.wait_for(main(), TIMEOUT)
            finally:
                for session in self.sessions:
                    if session.is_attached():
                        session.leave()
                        await asyncio.wait_for(session.closed, TIMEOUT)
        asyncio.run(bounded())

    async def connect(self, realm="realm1"):
        host, port = self.broker.http
        session = Session(realm)
        self.sessions.append(session)
        factory = WampWebSocketClientFactory(lambda: session, url=f"ws://{host}:{port}/ws", serializers=[JsonSerializer()])
        await asyncio.get_running_loop().create_connection(factory, host, port)
        return session

    async def open(self):
        session = await self.connect()
        await session.joined
        return session

    @staticmethod
    async def listen(session, uri, **options):
        heard = asyncio.Queue()
        subscription = await session.subscribe(lambda *args, details, **kwargs: heard.put_nowait((args, kwargs, details)), uri,
                                               SubscribeOptions(details=True, **options))
        return subscription, heard

    async def refused(self, awaitable, uri):
        with self.assertRaises(ApplicationError) as caught:
            await awaitable
        self.assertEqual(caught.exception.error, uri)

    def test_connects_and_publishes(self):
        async def main():
            one, two = await self.open(), await self.open()
            details = await one.joined
            self.assertEqual((details.realm, details.authrole, details.authmethod), ("realm1", "anonymous", "anonymous"))
            mine, my_heard = await self.listen(one, "com.py.talk")
            theirs, heard = await self.listen(two, "com.py.talk")
            self.assertEqual(mine.id, theirs.id)
            acknowledged = PublishOptions(acknowledge=True)
            publication = await one.publish("com.py.talk", 1, "two", three=[4], options=acknowledged)
            args, kwargs, event = await heard.get()
            self.assertEqual((args, kwargs), ((1, "two"), {"three": [4]}))
            self.assertIsInstance(event, EventDetails)
            self.assertEqual((event.publication, event.publisher), (publication.id, None))
            one.publish("com.py.talk", "not told of", options=PublishOptions(exclude_me=False))
            self.assertEqual((await heard.get())[0], ("not told of",))
            self.assertEqual((await my_heard.get())[0], ("not told of",))
            for data in (b"\0\xff", b"", "grüße", "", None, 1.5, {"a": [1]}):
                await one.publish("com.py.talk", data, options=acknowledged)
                self.assertEqual((await heard.get())[:2], ((data,), {}))
            await one.publish("com.py.talk", options=acknowledged)
            self.assertEqual((await heard.get())[:2], ((), {}))
            await theirs.unsubscribe()
            await one.publish("com.py.talk", "to nobody", options=acknowledged)
            self.assertTrue(heard.empty())
        self.run_client(main)

    def test_says_who_is_to_hear_it(self):
        async def main():
            sessions = [await self.open() for _ in range(3)]
            ids = [(await session.joined).session for session in sessions]
            ears = [(await self.listen(session, "com.py.who"))[1] for session in sessions]
            for word, options in (("not for 1", {"exclude": [ids[1]]}), ("for 1", {"eligible": [ids[1]]}),
                                  ("for nobody", {"eligible": []}), ("end", {"exclude_me": False})):
                await sessions[0].publish("com.py.who", word, options=PublishOptions(acknowledge=True, **options))
            for ear, expected in zip(ears, (["end"], ["for 1", "end"], ["not for 1", "end"])):
                self.assertEqual([(await ear.get())[0][0] for _ in expected], expected)
                self.assertTrue(ear.empty())
        self.run_client(main)

    def test_retained(self):
        async def main():
            one = await self.open()
            await one.publish("com.py.kept", "kept", options=PublishOptions(acknowledge=True, retain=True))
            _, heard = await self.listen(one, "com.py.kept", get_retained=True)
            args, _, event = await heard.get()
            self.assertEqual((args, event.retained), (("kept",), True))
        self.run_client(main)

    def test_is_refused(self):
        async def main():
            one = await self.open()
            for match in ("prefix", "wildcard"):
                await self.refused(one.subscribe(print, "com.py", SubscribeOptions(match=match)), "wamp.error.option_not_allowed")
            await self.refused(one.publish("wamp.py", options=PublishOptions(acknowledge=True)), "wamp.error.invalid_uri")
            await self.refused(one.subscribe(print, "$room.py"), "wamp.error.invalid_uri")
            await self.refused(one.call("com.py.f"), "wamp.error.no_such_procedure")
            await self.refused(one.register(print, "com.py.f"), "wamp.error.not_authorized")
            await one.publish("com.py", options=PublishOptions(acknowledge=True))
        self.run_client(main)

    def test_comes_and_goes(self):
        async def main():
            one = await self.open()
            one.leave()
            self.assertEqual((await one.left).reason, "wamp.close.goodbye_and_out")
            await one.closed
            stranger = await self.connect("com.nowhere")
            self.assertEqual((await stranger.left).reason, "wamp.error.no_such_realm")
            await stranger.closed
        self.run_client(main)

    def test_shares_topics_with_http(self):
        async def main():
            one = await self.open()
            _, heard = await self.listen(one, "py.http")
            publish = asyncio.to_thread
            await publish(self.broker.publish, "py/http", "grüße".encode(), content_type="text/plain")
            await publish(self.broker.publish, "py/http", b"\0\xff", content_type="application/octet-stream")
            await publish(self.broker.publish, "py/http", '{"args":[1],"kwargs":{"a":2}}', content_type="application/json")
            self.assertEqual([(await heard.get())[:2] for _ in range(3)],
                             [(("grüße",), {}), ((b"\0\xff",), {}), ((1,), {"a": 2})])
            await one.publish("py.out", b"\0\xff", options=PublishOptions(acknowledge=True))
            log = (await publish(self.broker.get, "/topics/py%2Fout")).json()
            self.assertEqual([each.get("data_base64") for each in log["messages"]], ["AP8="])
        self.run_client(main)


if __name__ == "__main__":
    unittest.main()
