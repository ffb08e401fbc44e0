# SPDX-License-Identifier: Apache-2.0
"""Every demand of Engine.IO v4 that a server can be seen to keep: the tables of engineio_*rows.py, row by row, each over
HTTP and HTTPS, over each transport that the row is about."""
import re
import unittest

from engineio_case import ProtocolCase
from engineio_configs import MAX_PAYLOAD
from engineio_rows import DRESSED, HANDSHAKE, HEARTBEAT, MESSAGES, PAYLOADS
from engineio_upgrade_rows import UPGRADE
from engineio_wire import open_session
from ws_wire import CLOSE, close_payload


class Steady(ProtocolCase):
    config = "steady"

    def test_handshake(self):
        self.check(HANDSHAKE)

    def test_messages(self):
        self.check(MESSAGES)

    def test_payloads(self):
        self.check(PAYLOADS)

    def test_upgrade(self):
        self.check(UPGRADE)

    def test_a_websocket_opens_with_nothing_to_upgrade_to(self):
        for path, most in (("/engine.io/", 1000000), ("/websocket/", 1000000), ("/small/", MAX_PAYLOAD),
            ("/socket.io/", 1000000)):
            for wire in self.wires():
                with open_session("websocket", self.address(wire), path, **wire) as socket:
                    said = {**socket.said, "sid": ""}
                self.assertEqual(said, {"sid": "", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000,
                                        "maxPayload": most})

    def test_a_message_that_is_too_long_is_closed_without_words(self):
        for wire in self.wires():
            with open_session("websocket", self.address(wire), "/small/", **wire) as socket:
                socket.say("4" + "x" * MAX_PAYLOAD)
                frame = socket.read_frame()
                self.assertEqual((frame.opcode, frame.payload), (CLOSE, close_payload(1009)))

    def test_no_two_sessions_have_the_same_id(self):
        sids = [open_session("polling", self.address({}), path).sid for path in ("/engine.io/",
            "/socket.io/") for _ in range(50)]
        self.assertEqual(len(set(sids)), len(sids))
        for each in sids:
            self.assertRegex(each, re.compile(r"^[\w-]{20,}$", re.A))


class Quick(ProtocolCase):
    config = "quick"

    def test_heartbeat(self):
        self.check(HEARTBEAT)


class Dressed(ProtocolCase):
    config = "dressed"

    def test_what_is_configured_for_browsers(self):
        self.check(DRESSED)


if __name__ == "__main__":
    unittest.main()
