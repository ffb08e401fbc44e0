# SPDX-License-Identifier: Apache-2.0
"""The soak's clients, each kind a process of its own. Told anything, each answers with its numbers since the last time."""
import json
import math
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import trusting  # noqa: E402
from http_wire import Lines, Wire  # noqa: E402
from listener import Audience, Listener, NativeListener  # noqa: E402
from ws_wire import TEXT, Native, WebSocket  # noqa: E402

QUIET_EVERY = 0.01
CHOIR_EVERY = 0.005
FLOOD_EVERY = 0.02
SLOW_LIFE = 10
SLOW_READERS = 5


def percentile(values, share):
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def quiet(pipe, http):
    """A hundred messages a second to one subscriber, one after the other: how long each is on its way."""
    publisher, subscriber = WebSocket(http, "/topics/quiet?publish=only"), WebSocket(http, "/topics/quiet")
    took, due = [], time.monotonic()
    while True:
        while pipe.poll(max(0.0, due - time.monotonic())):
            pipe.recv()
            pipe.send({"p50": percentile(took, 0.5), "p99": percentile(took, 0.99)})
            took.clear()
        sent = time.monotonic()
        publisher.send_frame(TEXT, b"x")
        subscriber.read_text()
        took.append(time.monotonic() - sent)
        due = max(due + QUIET_EVERY, time.monotonic())


def choir(pipe, http, https):
    """Publishers of every dialect, each with a topic of its own, and subscribers of every dialect to all of them. None
    of these may miss a message, whatever else goes on."""
    posting = Wire(http)
    lines = Lines(Wire(http))
    raw, native = WebSocket(http, "/topics/of-raw?publish=only"), Native(https, tls=trusting())

    def post(topic, data):
        if (answer := posting.request("POST", f"/topics/{topic}", data, {"Content-Type": "text/plain"})).status != 200:
            raise AssertionError(f"POST: {answer}")

    def line(topic, data):
        lines.publish(topic=topic, data=data)
        if "offset" not in (answer := lines.answer()):
            raise AssertionError(f"POST /publish: {answer}")

    publishers = {"of-post": post, "of-lines": line, "of-raw": lambda topic, data: raw.send_text(data),
                  "of-native": lambda topic, data: native.send_text(
                      json.dumps({"publish": {"topic": topic, "data": data}}))}
    audience = Audience([make(address, topic, tls=tls) for topic in publishers for make in (Listener, NativeListener)
                         for address, tls in ((http, None), (https, trusting())) for _ in range(3)])
    published, told, due = 0, 0, time.monotonic()
    while True:
        while pipe.poll(0):
            pipe.recv()
            audience.catch_up(published)
            pipe.send({"published": (published - told) * len(publishers)})
            told = published
        if time.monotonic() >= due:
            due = time.monotonic() + CHOIR_EVERY * len(publishers)
            published += 1
            for topic, publish in publishers.items():
                publish(topic, str(published))
        audience.listen(max(0.0, due - time.monotonic()))


def laggards(pipe, http):
    """Readers that read nothing of a flood, until they are thrown out; and then others."""
    flood = WebSocket(http, "/topics/flood?publish=only")
    body = b"0123456789abcdef" * 2048
    readers, due = [], time.monotonic()
    while True:
        while pipe.poll(max(0.0, due - time.monotonic())):
            pipe.recv()
            pipe.send({})
        now = due = time.monotonic()
        due += FLOOD_EVERY
        if not readers or now > readers[0][0]:
            for _, reader in readers:
                reader.close()
            readers = [(now + SLOW_LIFE, WebSocket(http, "/topics/flood", receive_buffer=4096))
                       for _ in range(SLOW_READERS)]
        flood.send_frame(TEXT, body)
