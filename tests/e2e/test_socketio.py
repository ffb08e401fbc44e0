# SPDX-License-Identifier: Apache-2.0
"""Every demand of Socket.IO v5 that a server can be seen to keep: the tables of socketio_*rows.py, row by row, each over
HTTP and HTTPS and over each transport; and what takes several clients: binary events that meet, and recovery."""
import functools
import json
import threading
import time
import unittest

from engineio_case import REFERENCE, ProtocolCase
from engineio_configs import WINDOW
from engineio_wire import open_session
from engineio_words import EVERY
from socketio_file_rows import FILES, FILES_CROSSED
from socketio_rows import ATTACHMENTS, CONNECT, EVENTS, PATH, STRICT, TIMED, TOLD_BY_POLLING, binary


def on_every_way(test):
    """Plays it for each transport before a loss, and each after it."""
    @functools.wraps(test)
    def run(self):
        for before in EVERY:
            for after in EVERY:
                with self.subTest(f"{before}, then {after}"):
                    test(self, before, after)
    return run


class Guest:
    """A client in the main namespace. `before` are the packets that came ahead of the answer to its CONNECT."""

    def __init__(self, case, transport, auth=None):
        self.session = open_session(transport, case.address({}), PATH)
        case.addCleanup(self.session.close)
        self.session.say("40" + (json.dumps(auth) if auth is not None else ""))
        self.before = []
        while (packet := self.session.hear())[:2] != "40":
            self.before.append(packet)
        self.said = json.loads(packet[2:])
        self.sid, self.pid, self.offset = self.said["sid"], self.said.get("pid"), None

    def say(self, *packets):
        self.session.say(*packets)

    def emit(self, *arguments, ack=""):
        self.say(f"42{ack}{json.dumps(arguments)}")

    def hear(self):
        return self.session.hear()

    def event(self):
        """The arguments of the next event, without the offset, which is kept."""
        packet = self.hear()
        if packet[:2] != "42":
            raise AssertionError(f"an event was expected: {packet!r}")
        *arguments, self.offset = json.loads(packet[2:])
        return arguments

    def acked(self, *arguments):
        self.emit(*arguments, ack="1")
        while (packet := self.hear())[:3] != "431":
            raise AssertionError(f"an ack was expected: {packet!r}")

    def drop(self):
        self.session.drop()


class Steady(ProtocolCase):
    config = "steady"

    def test_connect(self):
        self.check(CONNECT)

    def test_events(self):
        self.check(EVENTS)

    def test_what_ends_a_session(self):
        self.check(STRICT)

    def test_attachments(self):
        self.check(ATTACHMENTS)

    def test_what_a_poll_is_told_at_the_end(self):
        self.check(TOLD_BY_POLLING)

    def test_files(self):
        self.check(FILES)

    def test_the_id_of_a_socket_opens_nothing(self):
        """It is public; the session's is a secret, and each namespace has its own."""
        for transport in EVERY:
            with self.subTest(transport):
                session = open_session(transport, self.address({}), PATH)
                session.say("40", "40/custom")
                sids = [session.sid]
                while len(sids) < 3:
                    if (packet := session.hear())[:2] == "40":
                        sids.append(json.loads(packet[packet.index("{"):])["sid"])
                self.assertEqual(len(set(sids)), 3, sids)
                session.close()

    def test_binary_events_of_many_stay_whole_for_all(self):
        """A header and its attachments are one unit, whoever else talks; and all hear the same order."""
        count, transports = 15, ("websocket", "polling", "upgraded", "websocket")
        guests = [Guest(self, each) for each in transports]
        for each in guests:
            self.assertEqual(each.hear(), '42["auth",{}]')
        heard = [[] for _ in guests]

        def talk(number):
            for turn in range(count):
                mark = f"{number}.{turn}".encode()
                guests[number].say(*binary("45", "shout", mark, b"", mark * 100), f'42["shout","{number}.{turn}"]')

        def listen(number):
            while len(heard[number]) < 2 * count * len(guests):
                packet = guests[number].hear()
                attachments = [guests[number].hear() for _ in range(3)] if packet[:2] == "45" else []
                heard[number].append((packet, *attachments))

        threads = [threading.Thread(target=each, args=(number,)) for number in range(len(guests)) for each in (talk, listen)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        for number, each in enumerate(heard):
            self.assertEqual(each, heard[0], f"{transports[number]} heard another order, or other packets")
        for packet, *attachments in heard[0]:
            if attachments:
                mark = attachments[0]
                self.assertEqual([packet, *attachments], binary("45", "shout", mark, b"", mark * 100))
        self.assertEqual(len(set(heard[0])), 2 * count * len(guests))


class Quick(ProtocolCase):
    config = "quick"

    def test_times(self):
        self.check(TIMED)


class Dressed(ProtocolCase):
    config = "dressed"

    def test_files_for_other_origins(self):
        self.check(FILES_CROSSED)


class Recovery(ProtocolCase):
    """A guest that is lost has said nothing; one that leaves has."""
    config = "recovery"

    def known(self, transport):
        """A guest that has an offset."""
        guest = Guest(self, transport)
        guest.emit("message", "hello")
        self.assertEqual(guest.event(), ["message-back", "hello"])
        return guest

    def again(self, guest, transport="websocket", **change):
        return Guest(self, transport, {"pid": guest.pid, "offset": guest.offset, **change})

    def assert_recovered(self, guest, before):
        self.assertEqual((guest.sid, guest.pid), (before.sid, before.pid))

    def assert_new(self, guest, before):
        self.assertEqual(set(guest.said), {"sid", "pid"})
        self.assertNotEqual(guest.sid, before.sid)
        self.assertNotEqual(guest.pid, before.pid)
        self.assertEqual(guest.before, [])

    def test_the_answer_to_a_connect_has_a_secret_besides(self):
        for transport in EVERY:
            guest = Guest(self, transport)
            self.assertEqual(set(guest.said), {"sid", "pid"})
            self.assertNotEqual(guest.sid, guest.pid)
            self.assertNotIn(guest.session.sid, (guest.sid, guest.pid))
            self.assertIsInstance(guest.pid, str)

    def test_events_end_in_an_offset_and_acks_do_not(self):
        guest = self.known("websocket")
        guest.emit("message")
        packet = guest.hear()
        self.assertRegex(packet, r'^42\["message-back","[^"]+"\]$')
        guest.emit("message-with-ack", "a", ack="5")
        self.assertEqual(guest.hear(), '435["a"]')
        guest.say(*binary("45", "message", b"a"))
        self.assertRegex(guest.hear(), r'^451-\["message-back",\{"_placeholder":true,"num":0\},"[^"]+"\]$')
        self.assertEqual(guest.hear(), b"a")
        self.assertNotEqual(json.loads(packet[2:])[-1], guest.offset)

    def test_an_offset_is_the_same_for_all(self):
        guests = [Guest(self, each) for each in EVERY]
        guests[0].emit("shout", "a")
        self.assertEqual([each.event() for each in guests], [["shout", "a"]] * 3)
        self.assertEqual(len({each.offset for each in guests}), 1)

    @on_every_way
    def test_what_was_missed_comes_ahead_of_the_answer(self, before, after):
        other, lost = Guest(self, "websocket"), self.known(before)
        other.emit("shout", "heard")
        self.assertEqual((other.event(), lost.event()), (["shout", "heard"],) * 2)
        lost.drop()
        for number in range(5):
            other.emit("shout", number)
            other.say(*binary("45", "shout", b"%d" % number))
            other.event()
            other.hear(), other.hear()
        found = self.again(lost, after)
        self.assert_recovered(found, lost)
        self.assertEqual([each[:2] for each in found.before if isinstance(each, str)], ["42", "45"] * 5)
        for number in range(5):
            text, head, bytes_ = found.before[3 * number:3 * number + 3]
            self.assertEqual(json.loads(text[2:])[:-1], ["shout", number])
            self.assertRegex(head, r'^451-\["shout",\{"_placeholder":true,"num":0\},"[^"]+"\]$')
            self.assertEqual(bytes_, b"%d" % number)
        other.emit("shout", "live")
        self.assertEqual(found.event(), ["shout", "live"])

    @on_every_way
    def test_nothing_was_missed(self, before, after):
        lost = self.known(before)
        lost.drop()
        found = self.again(lost, after)
        self.assert_recovered(found, lost)
        self.assertEqual(found.before, [])
        found.emit("message", "and on")
        self.assertEqual(found.event(), ["message-back", "and on"])

    def test_an_older_offset_brings_more(self):
        lost = self.known("websocket")
        old = lost.offset
        for each in "abc":
            lost.emit("message", each)
            self.assertEqual(lost.event(), ["message-back", each])
        lost.drop()
        found = self.again(lost, offset=old)
        self.assert_recovered(found, lost)
        self.assertEqual([json.loads(each[2:])[1] for each in found.before], ["a", "b", "c"])

    def test_twice_in_a_row(self):
        first = self.known("websocket")
        first.drop()
        second = self.again(first, "polling")
        self.assert_recovered(second, first)
        second.emit("message", "between")
        self.assertEqual(second.event(), ["message-back", "between"])
        second.drop()
        self.assert_recovered(self.again(second), first)

    @on_every_way
    def test_rooms_are_restored_and_no_others(self, before, after):
        other, lost = Guest(self, "websocket"), self.known(before)
        lost.acked("join", "room-1")
        lost.drop()
        other.acked("say", "room-1", "missed")
        other.acked("say", "room-2", "not for it")
        found = self.again(lost, after)
        self.assert_recovered(found, lost)
        self.assertEqual([json.loads(each[2:])[:-1] for each in found.before], [["said", "missed"]])
        other.acked("say", "room-2", "nor this")
        other.acked("say", "room-1", "live")
        self.assertEqual(found.event(), ["said", "live"])

    def test_what_cannot_be_recovered_is_a_new_session(self):
        for name, change in {
                "an unknown pid": {"pid": "A" * 20}, "no pid": {"pid": None}, "a pid that is a number": {"pid": 7},
                "an unknown offset": {"offset": "nonsense"}, "an empty offset": {"offset": ""}, "no offset": {"offset": None},
                "an offset that is a number": {"offset": 7}, "an offset that is an object": {"offset": {}},
                "a long offset": {"offset": "x" * 5000}}.items():
            with self.subTest(name):
                lost = self.known("websocket")
                lost.drop()
                self.assert_new(self.again(lost, **change), lost)

    def test_an_offset_that_was_changed_is_not_taken(self):
        lost = self.known("websocket")
        lost.drop()
        last = lost.offset[-1]
        self.assert_new(self.again(lost, offset=lost.offset[:-1] + ("A" if last != "A" else "B")), lost)

    def test_who_has_heard_nothing_is_not_recovered(self):
        lost = Guest(self, "websocket")
        lost.drop()
        self.assert_new(Guest(self, "websocket", {"pid": lost.pid}), lost)

    def test_who_leaves_is_not_recovered(self):
        for how, packet in {"by itself": "41", "kicked": '42["kick me"]'}.items():
            with self.subTest(how):
                gone = self.known("websocket")
                gone.say(packet)
                if how == "kicked":
                    self.assertEqual(gone.hear(), "41")
                gone.drop()
                self.assert_new(self.again(gone), gone)

    def test_rules_do_not_see_the_secret(self):
        guest = Guest(self, "websocket", {"pid": "A" * 20, "offset": "a", "token": "b"})
        guest.emit("whoami")
        seen = guest.event()[1]
        self.beyond("shows pid and offset", lambda: self.assertEqual(seen, {"token": "b"}))

    def test_one_that_looks_alive_is_taken_over(self):
        lost = self.known("websocket")

        def taken_over():
            found = self.again(lost, "websocket")
            self.assert_recovered(found, lost)
            lost.session.ends()
        self.beyond("a session that is half open is not recovered", taken_over)

    def beyond(self, why, check):
        """What the reference does otherwise, where it is what is tested."""
        if not REFERENCE:
            check()
            return
        with self.assertRaises(AssertionError, msg=f"the reference does so too, and is said not to: {why}"):
            check()


class Window(ProtocolCase):
    config = "brief"

    def test_who_comes_too_late_is_not_recovered(self):
        lost = Guest(self, "websocket")
        lost.emit("message", "hello")
        lost.event()
        lost.drop()
        time.sleep(WINDOW + 0.1)  # the window's length is the subject
        found = Guest(self, "websocket", {"pid": lost.pid, "offset": lost.offset})
        self.assertNotEqual((found.sid, found.pid), (lost.sid, lost.pid))
        self.assertEqual(found.before, [])


if __name__ == "__main__":
    unittest.main()
