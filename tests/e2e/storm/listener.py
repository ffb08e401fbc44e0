# SPDX-License-Identifier: Apache-2.0
"""Subscribers that check each message they get, many of them in one process, none of which is ever waited for alone."""
import json
import os
import select
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from herd import PATIENCE  # noqa: E402
from http_wire import deadline  # noqa: E402
from ws_wire import PING, PONG, TEXT, WebSocket  # noqa: E402


class Listener(WebSocket):
    """A raw subscriber of a topic whose n-th message has the content n."""

    def __init__(self, address, topic, **options):
        super().__init__(address, f"/topics/{topic}", **options)
        self.got = 0

    def take_in(self):
        """What has come, without waiting. Frames are short here."""
        self.fill()
        while getattr(self.socket, "pending", int)():  # what TLS has decrypted, and epoll does not know of
            self.fill()
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
            head, size = self.take(2)
            payload = self.take(size)
            if head == 0x80 | PING:
                self.send_frame(PONG, payload)
            elif head != 0x80 | TEXT or size > 125:
                raise AssertionError(f"a frame that is no message: {head:02x} {size} {payload!r}")
            else:
                self.got += 1
                self.check(payload)

    def check(self, payload):
        if payload != b"%d" % self.got:
            raise AssertionError(f"{payload!r} came where {self.got} was due")


class NativeListener(Listener):
    """The same in kodama.v1.json."""

    def __init__(self, address, topic, **options):
        WebSocket.__init__(self, address, "/ws", protocols=["kodama.v1.json"], **options)
        self.got = 0
        self.send_text(json.dumps({"id": 1, "subscribe": {"topic": topic}}))
        answer = json.loads(self.read_text())
        if "ok" not in answer:
            raise AssertionError(f"subscribe: {answer}")

    def check(self, payload):
        message = json.loads(payload)
        if (message["offset"], message["data"]) != (self.got, str(self.got)):
            raise AssertionError(f"{message} came where {self.got} was due")


class Audience:
    def __init__(self, listeners):
        self.by_descriptor = {each.socket.fileno(): each for each in listeners}
        self.poll = select.epoll()
        for descriptor in self.by_descriptor:
            self.poll.register(descriptor, select.EPOLLIN)

    def listen(self, timeout):
        for descriptor, _ in self.poll.poll(timeout):
            self.by_descriptor[descriptor].take_in()

    def behind(self, published):
        return sum(each.got < published for each in self.by_descriptor.values())

    def catch_up(self, published):
        for _ in deadline(PATIENCE):
            self.listen(0.05)
            if not self.behind(published):
                return

    def close(self):
        self.poll.close()
        for each in self.by_descriptor.values():
            each.close()
