# SPDX-License-Identifier: Apache-2.0
"""access.client_subscribe: who may read what, and what SIGHUP takes away, in each dialect's words."""
import json
import unittest

from harness import scratch
from test_reload import KEYS, ReloadCase, bearer, logged
from ws_wire import WebSocket


class Reading(ReloadCase):
    def test_what_may_not_be_read_any_longer_is_taken_away(self):
        keys = scratch(self, "keys", KEYS[0] + "\n")
        access = "access: {key_file: %s, client_subscribe: [%s]}\n"
        broker = self.serve(access % (keys, "open/*, news"), dev=False, https=False)
        self.headers = bearer(KEYS[0])
        hello = '[1,"realm1",{"roles":{"subscriber":{"features":{"subscription_revocation":true}}}}]'
        with broker.native() as native, broker.raw("open/a") as raw, \
                WebSocket(broker.http, "/ws", protocols=["wamp.2.json"]) as wamp:
            self.assertEqual([native.call(subscribe={"topic": topic}).get("error", {}).get("code")
                              for topic in ("open/a", "news", "closed")], [None, None, 403])
            wamp.send_text(hello)
            wamp.read_text()
            wamp.send_text('[32,1,{},"open.a"]')
            subscription = json.loads(wamp.read_text())[2]
            read = lambda topic, **options: broker.get(f"/topics/{topic}", **options).status  # noqa: E731
            self.assertEqual([read("open/a"), read("closed"), read("closed", headers=self.headers)], [200, 403, 200])
            self.reload(broker, access % (keys, "news"))
            self.assertEqual(native.hear(), {"topic": "open/a", "error": {
                "code": 403, "message": "clients may not subscribe to this topic any longer"}})
            self.assertEqual(json.loads(wamp.read_text()),
                             [35, 0, {"subscription": subscription, "reason": "wamp.error.not_authorized"}])
            self.assertEqual(raw.read_close()[0], 1008)
            self.assertEqual([read("open/a"), read("news")], [403, 200])
            for topic in ("open/a", "news"):
                broker.publish(topic, "x", headers=self.headers)
            self.assertEqual(native.hear()["topic"], "news")
        logged(broker, "subscriptions revoked")


if __name__ == "__main__":
    unittest.main()
