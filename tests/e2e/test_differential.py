# SPDX-License-Identifier: Apache-2.0
"""python3-websockets and npm's ws, each with and without permessage-deflate, say random messages in random fragments to
each other through raw topics; everybody compares what arrives byte by byte, and in order, with the plan.

KODAMA_DIFFERENTIAL is how many messages are published (default 100,000, a twentieth under the sanitizers); each one is
heard by four clients or five. KODAMA_SEED makes another plan. It goes in rounds: nobody begins the next one before
everybody has heard the last, so that what waits stays bounded.
"""
import asyncio
import contextlib
import os
import shutil
import tempfile
import time
import unittest

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from differential import Plan
from harness import SLOW, TIMEOUT, BrokerCase, environment, path, trusting

HERE = os.path.dirname(os.path.abspath(__file__))
ALONE = True  # its two clients fill the cores
MESSAGES = int(os.environ.get("KODAMA_DIFFERENTIAL", "5000" if SLOW else "100000"))
SEED = int(os.environ.get("KODAMA_SEED", "7692"))
PROGRESS_SECONDS = 10


class Client:
    """python3-websockets' part in one connection."""

    def __init__(self, plan, connection):
        self.connection, self.pool = connection, plan.pool
        self.topic = plan.topics[connection["topic"]]
        self.socket = None

    async def open(self, origins):
        query = "" if self.connection["listens"] else "?publish=only"
        deflates = self.connection["library"].endswith("deflate")
        self.socket = await websockets.connect(
            origins[self.connection["scheme"]] + path(self.topic["name"]) + query, compression=None,
            extensions=[self.deflate()] if deflates else None,
            ssl=trusting() if self.connection["scheme"] == "wss" else None)
        if bool(self.socket.extensions) != deflates:
            raise AssertionError(f"{self.connection}: agreed on {self.socket.extensions}")
        await (await self.socket.ping())  # subscribed

    def deflate(self):
        return ClientPerMessageDeflateFactory(
            client_no_context_takeover=self.connection["client_resets"],
            client_max_window_bits=self.connection["client_bits"], server_max_window_bits=self.connection["server_bits"])

    def message(self, is_text, begin, end):
        return self.pool[begin:end].decode() if is_text else self.pool[begin:end]

    async def publish(self, begin, end):
        for is_text, first, last, cuts in self.topic["messages"][begin:end]:
            if cuts:
                edges = [first, *cuts, last]
                await self.socket.send([self.message(is_text, a, b) for a, b in zip(edges, edges[1:])])
            else:
                await self.socket.send(self.message(is_text, first, last))

    async def hear(self, begin, end):
        for number in range(begin, end):
            heard = await self.socket.recv()
            expected = self.message(*self.topic["messages"][number][:3])
            if heard != expected:
                raise AssertionError(f"{self.connection}: message {number} of its topic is {brief(heard)}, not "
                                     f"{brief(expected)}")

    async def close(self):
        await self.socket.close(1000)
        if self.socket.close_code != 1000:
            raise AssertionError(f"{self.connection}: closed with {self.socket.close_code}")


class Node:
    """ws's part, in a process of its own."""

    def __init__(self, directory):
        self.directory, self.process = directory, None

    async def open(self):
        self.process = await asyncio.create_subprocess_exec(
            "node", os.path.join(HERE, "differential_client.mjs"), self.directory, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**environment(), "NODE_NO_WARNINGS": "1"})
        await self.says("ready")

    async def says(self, word):
        line = (await self.process.stdout.readline()).decode().strip()
        if line != word:
            raise AssertionError(f"node says {line!r}, not {word}: {(await self.process.stderr.read()).decode()}")

    async def play(self, begin, end):
        self.process.stdin.write(f"{begin} {end}\n".encode())
        await self.says("done")

    async def close(self):
        self.process.stdin.close()
        said = (await self.process.stderr.read()).decode()
        if await self.process.wait() != 0 or said:
            raise AssertionError(f"node ended with {self.process.returncode}: {said}")

    async def kill(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class Differential(BrokerCase):
    flags = ("--limits.queue_bytes", "32MiB")

    @unittest.skipUnless(os.path.isdir(os.path.join(HERE, "browser/node_modules/ws")),
                         "tests/e2e/browser: npm ci has not been run")
    def test_all_hear_what_each_says(self):
        directory = tempfile.mkdtemp(prefix="kodama-e2e-differential-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        plan = Plan(SEED, MESSAGES)
        origins = {"ws": self.broker.url("").replace("http", "ws"),
                   "wss": self.broker.url("", "https").replace("http", "ws")}
        plan.write(directory, origins)
        try:
            asyncio.run(self.play(plan, origins, directory))
        except BaseException:
            print(f"\ndifferential: KODAMA_SEED={SEED} KODAMA_DIFFERENTIAL={MESSAGES} makes this plan", flush=True)
            raise
        metrics = self.broker.metrics()
        self.assertEqual(metrics.sum("messages_published_total", dialect="raw"), plan.messages)
        for direction in ("in", "out"):
            self.assertGreater(metrics.sum("deflate_messages_total", direction=direction), plan.messages / 20)

    async def play(self, plan, origins, directory):
        clients = [Client(plan, each) for each in plan.connections if each["library"].startswith("python")]
        node = Node(directory)
        try:
            await self.in_time(node.open(), *(each.open(origins) for each in clients))
            began = spoke = time.monotonic()
            for begin, end in plan.rounds:
                await self.in_time(
                    node.play(begin, end),
                    *(each.publish(begin, end) for each in clients if each.connection["publishes"]),
                    *(each.hear(begin, end) for each in clients if each.connection["listens"]))
                now = time.monotonic()
                if now - spoke >= PROGRESS_SECONDS:
                    spoke = now
                    print(f"differential: {end * len(plan.topics)} of {plan.messages} messages, {now - began:.0f} s",
                          flush=True)
            await self.in_time(node.close(), *(each.close() for each in clients))
        finally:
            with contextlib.suppress(ProcessLookupError):
                await node.kill()

    @staticmethod
    async def in_time(*steps):
        """All of them, within the time for one round; the first that fails ends them all."""
        await asyncio.wait_for(asyncio.gather(*steps), 3 * TIMEOUT)


def brief(message):
    return f"{type(message).__name__} of {len(message)}: {message[:60]!r}"


if __name__ == "__main__":
    unittest.main()
