# SPDX-License-Identifier: Apache-2.0
"""Socket.IO's sockets as operators see them on the admin port: listed, counted, put into rooms and disconnected."""
import concurrent.futures
import json
import threading
import time

from engineio_wire import Polling
from engineio_words import EVERY
from harness import SHARDS, TIMEOUT, OwnBrokerCase, scaled, scratch
from http_wire import Ended, Wire
from socketio_admin_case import CONFIG, PATH, AdminCase, Member
from ws_wire import WebSocket

ROOMS_MAX = 64


class Sockets(AdminCase):
    def test_a_socket_is_shown_as_it_is(self):
        before = int(time.time())
        for transport in EVERY:
            with self.subTest(transport):
                member = Member(self, transport)
                member.does("join", "room-é")
                member.does("join", "room-\"2\"")
                member.does("nick", {"a": [1, "x"]})
                told = self.get("sockets/" + member.sid)
                self.assertTrue(before <= told.pop("since") <= time.time() + 1)
                self.assertEqual(told, {"sid": member.sid, "namespace": "/", "rooms": ["room-é", "room-\"2\""],
                                        "data": {"nick": {"a": [1, "x"]}},
                                        "transport": "polling" if transport == "polling" else "websocket"})
                listed = [each for each in self.pages()[0] if each["sid"] == member.sid]
                self.assertEqual([{**each, "since": 0} for each in listed], [{**told, "since": 0}])

    def test_a_namespace_has_its_own(self):
        member, other = Member(self, nsp="/chat"), Member(self)
        self.assertIn(member.sid, self.sids(namespace="/chat"))
        self.assertNotIn(member.sid, self.sids(namespace="/"))
        self.assertNotIn(other.sid, self.sids(namespace="/chat"))
        self.assertEqual(self.get("sockets/" + member.sid, namespace="/chat")["namespace"], "/chat")
        self.assert_error(self.ask("GET", "/socketio/sockets/" + member.sid), 404)
        self.assertEqual(self.get("sockets", namespace="/empty"), {"sockets": []})

    def test_pages_hold_everybody_once(self):
        count = scaled(300)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            members = list(pool.map(lambda _: Member(self, nsp="/crowd"), range(count)))
        expected = {each.sid for each in members}
        self.assertEqual(self.counts()["/crowd"], count)
        for limit in (7, 100, 1000):
            with self.subTest(limit=limit):
                sockets, pages = self.pages(namespace="/crowd", limit=limit)
                self.assertEqual(sorted(each["sid"] for each in sockets), sorted(expected))
                self.assertTrue(all(len(page["sockets"]) <= limit for page in pages))
        self.assertEqual(len(self.get("sockets", namespace="/crowd", limit=1)["sockets"]), 1)

    def test_who_leaves_while_pages_are_turned_takes_nobody_along(self):
        members = [Member(self, nsp="/leaving") for _ in range(20)]
        first = self.get("sockets", namespace="/leaving", limit=5)
        seen = {each["sid"] for each in first["sockets"]}
        gone = [each for each in members if each.sid in seen][:3] + [each for each in members if each.sid not in seen][:3]
        for each in gone:
            self.done(each.sid, "disconnect", namespace="/leaving")
            self.assertEqual(each.hear(), "41/leaving,")
        later = self.sids(namespace="/leaving", limit=5, after=first["next"])
        stayed = {each.sid for each in members} - {each.sid for each in gone}
        self.assertEqual(seen & later, set())
        self.assertEqual((seen | later) & stayed, stayed)
        self.assertEqual(later & {each.sid for each in gone}, set())
        self.assertEqual(self.counts()["/leaving"], 14)

    def pages(self, **query):
        after = query.pop("after", None)
        if after is None:
            return super().pages(**query)
        first = self.get("sockets", after=after, **query)
        if "next" not in first:
            return first["sockets"], [first]
        sockets, pages = self.pages(after=first["next"], **query)
        return first["sockets"] + sockets, [first, *pages]

    def test_rooms_are_listed_and_counted(self):
        members = [Member(self, nsp="/chat") for _ in range(4 * SHARDS)]
        for number, each in enumerate(members):
            each.does("join", "room-all")
            each.does("join", f"room-{number}")
        self.assertEqual(self.sids(namespace="/chat", room="room-all"), {each.sid for each in members})
        self.assertEqual(self.sids(namespace="/chat", room="room-all", limit=3), {each.sid for each in members})
        self.assertEqual(self.sids(namespace="/chat", room="room-1"), {members[1].sid})
        self.assertEqual(self.sids(namespace="/chat", room="room-none"), set())
        self.assertEqual(self.sids(namespace="/", room="room-all"), set())
        whole = self.get("namespaces", namespace="/chat")
        self.assertEqual(whole["namespace"], "/chat")
        self.assertGreaterEqual(whole["sockets"], len(members))
        expected = {"room-all": len(members), **{f"room-{number}": 1 for number in range(len(members))}}
        counted = {each["room"]: each["sockets"] for each in whole["rooms"]}
        self.assertEqual(counted, expected)
        self.assertEqual([each["room"] for each in whole["rooms"]], sorted(expected))
        paged, after = [], {}
        for _ in range(len(expected)):
            page = self.get("namespaces", namespace="/chat", limit=3, **after)
            self.assertLessEqual(len(page["rooms"]), 3)
            paged += page["rooms"]
            if "next" not in page:
                break
            after = {"after": page["next"]}
        self.assertEqual(paged, whole["rooms"])
        for each in members:
            each.session.close()
        self.settles(lambda: self.get("namespaces", namespace="/chat")["rooms"], [])

    def test_what_joins_a_room_hears_it_until_it_leaves(self):
        for transport in EVERY:
            with self.subTest(transport):
                member, other, room = Member(self, transport), Member(self), f"room-{transport}"
                for _ in range(2):  # as well when it is so already
                    self.done(member.sid, "join", room=room)
                self.assertEqual(self.get("sockets/" + member.sid)["rooms"], [room])
                self.assertEqual(self.sids(room=room), {member.sid})
                other.does("say", room, 1)
                self.broker.publish(f"$room/{room}", "2", "?event=said")
                self.assertEqual([member.hear(), member.hear()], ['42["said",1]', '42["said","2"]'])
                for _ in range(2):
                    self.done(member.sid, "leave", namespace="/", room=room)
                self.assertEqual(self.get("sockets/" + member.sid)["rooms"], [])
                self.assertEqual(self.sids(room=room), set())
                other.does("say", room, 3)
                self.broker.publish(f"$room/{room}", "4", "?event=said")
                member.session.say('42["echo"]')
                self.assertEqual(member.hear(), '42["echoed"]')

    def test_a_room_outlives_the_upgrade(self):
        polling = Polling(self.broker.http, PATH)
        polling.say("40")
        sid = json.loads(polling.hear()[2:])["sid"]
        self.done(sid, "join", room="room-kept")
        socket = WebSocket(self.broker.http, f"{PATH}?EIO=4&transport=websocket&sid={polling.sid}")
        self.addCleanup(socket.close)
        socket.send_text("2probe")
        self.assertEqual(socket.read_message()[1], b"3probe")
        socket.send_text("5")
        # At no moment is it unknown.
        self.settles(lambda: self.get("sockets/" + sid)["transport"], "websocket")
        self.assertEqual(self.get("sockets/" + sid)["rooms"], ["room-kept"])
        Member(self).does("say", "room-kept", 1)
        self.assertEqual(socket.read_message()[1], b'42["said",1]')

    def test_who_is_disconnected_is_told_and_gone(self):
        for transport in EVERY:
            with self.subTest(transport):
                member = Member(self, transport, "/mixed")
                self.done(member.sid, "disconnect", namespace="/mixed")
                self.assertEqual(member.hear(), "41/mixed,")
                self.assertEqual(self.sids(namespace="/mixed"), set())
                self.assertEqual(self.counts()["/mixed"], 0)
                for action in ("disconnect", "join", "leave"):
                    body = {} if action == "disconnect" else {"room": "r"}
                    self.assert_error(self.post(member.sid, action, namespace="/mixed", **body), 404)
                member.session.say("40/mixed,")  # the session is still there
                again = member.hear()
                self.assertTrue(again.startswith("40/mixed,"), again)
                (now,) = self.sids(namespace="/mixed")
                self.assertNotEqual(now, member.sid)
                self.done(now, "disconnect", namespace="/mixed")
        main = Member(self)
        self.done(main.sid, "disconnect")
        self.assertEqual(main.hear(), "41")

    def test_rooms_of_a_socket_are_bounded(self):
        member = Member(self, nsp="/many")
        for number in range(ROOMS_MAX):
            self.done(member.sid, "join", namespace="/many", room=f"r{number}")
        self.assert_error(self.post(member.sid, "join", namespace="/many", room="one more"), 409)
        self.done(member.sid, "join", namespace="/many", room="r0")
        self.done(member.sid, "leave", namespace="/many", room="r0")
        self.done(member.sid, "join", namespace="/many", room="one more")
        self.assertEqual(len(self.get("sockets/" + member.sid, namespace="/many")["rooms"]), ROOMS_MAX)

    def test_many_may_ask_at_once(self):
        member = Member(self, nsp="/many")

        def ask(number):
            statuses = set()
            for _ in range(scaled(40)):
                statuses.add(self.post(member.sid, "join" if number % 2 else "leave", namespace="/many", room="r").status)
                statuses.add(self.ask("GET", "/socketio/sockets?namespace=/many").status)
            return statuses

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(set.union(*pool.map(ask, range(4))), {200})


class End(OwnBrokerCase):
    def test_an_end_leaves_nobody_waiting(self):
        broker = self.start("--config", scratch(self, "kodama.yaml", CONFIG))
        answered = threading.Semaphore(0)

        def ask(_):
            statuses = set()
            while True:
                try:
                    with Wire(broker.admin) as wire:
                        statuses.add(wire.request("GET", "/socketio/sockets").status)
                except (Ended, OSError):
                    return statuses
                answered.release()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, number) for number in range(4)]
            for _ in range(40):
                self.assertTrue(answered.acquire(timeout=TIMEOUT))
            broker.stop()
            for each in asking:
                self.assertLessEqual(each.result(TIMEOUT), {200, 503})
