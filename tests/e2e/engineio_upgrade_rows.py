# SPDX-License-Identifier: Apache-2.0
"""What Engine.IO v4 demands of a server while a session goes from polling to a WebSocket, and afterwards."""
from engineio_configs import UPGRADE_TIMEOUT
from engineio_words import (Rule, answered, fails, goes_on_with, hears, opens, opens_nothing, polls, probes, says, socket_drops,
                            socket_ends, socket_hears, socket_is_silent, socket_says, stays)

WEBSOCKET = "EIO=4&transport=websocket"
RELEASED = polls() + answered("6")

UPGRADE = [
    Rule("Engine.IO upgrade", "the probe is answered on the WebSocket, and the `5` makes it the session's", {
        "nothing pends": probes() + goes_on_with() + says("4hello") + hears("4hello"),
        "a GET pends": polls() + probes() + answered("6") + goes_on_with() + says("4hello") + hears("4hello"),
        "a GET comes behind the probe": probes() + RELEASED + goes_on_with() + says("4hello") + hears("4hello"),
        "without a probe": opens() + goes_on_with() + says("4hello") + hears("4hello"),
        "binary": probes() + goes_on_with() + says(b"\0\1") + hears(b"\0\1"),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "every GET is let go by a `6` until the `5` comes", {
        "three": probes() + RELEASED * 3 + goes_on_with(), "and one that pended": polls() + probes() + answered("6") +
            RELEASED + goes_on_with(),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "between the probe and the `5` packets go by polling, and none by the WebSocket", {
        "a GET takes them": probes() + says("4a", b"b") + socket_is_silent() + hears("4a", b"b") + goes_on_with(),
        "said and heard": probes() + says("4a") + hears("4a") + goes_on_with() + says("4b") + hears("4b"),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "with the `5` what was queued is sent, in order and ahead of what comes later", {
        "queued before the probe": says("4a", b"b") + probes() + socket_is_silent() + goes_on_with() + hears("4a", b"b"),
        "queued behind the probe": probes() + says("4a", b"b") + socket_is_silent() + goes_on_with() + hears("4a", b"b"),
        "and more": says("4a") + probes() + says("4b") + goes_on_with() + says("4c", "4d") + hears("4a", "4b", "4c", "4d"),
        "fifty": probes() + says(*(f"4{each}" for each in range(50))) + goes_on_with() + says("450") + hears(
            *(f"4{each}" for each in range(51))),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "after the upgrade the session is no more asked for by polling, and lives on", {
        "GET": fails(3, sid=True) + says("4a") + hears("4a"), "POST": fails(3, method="POST", sid=True, body="4a"),
        "both": fails(3, sid=True) + fails(3, method="POST", sid=True, body="4a"),
    }, ("upgraded",)),
    Rule("Engine.IO upgrade", "another WebSocket with the id of a session that has one is closed, and the session lives on", {
        "upgraded": opens_nothing(WEBSOCKET, sid=True), "twice": opens_nothing(WEBSOCKET, sid=True) * 2,
    }, ("upgraded",)),
    Rule("Engine.IO upgrade", "another WebSocket with the id of a session that has one is closed, and the session lives on", {
        "while the first has only probed": probes() + opens("second") + socket_ends("second") + goes_on_with(),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "a candidate that says anything else is closed, and the session goes on by polling", {
        **{each: opens() + socket_says(each) + socket_ends() for each in ("4hello", "2", "2other", "3", "6", "1", "0", "abc",
            "", b"\0")},
        "behind the probe": probes() + socket_says("4hello") + socket_ends() + says("4a") + hears("4a"),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "a candidate that goes away leaves the session to polling, which may try again", {
        "unused": opens() + socket_drops() + says("4a") + hears("4a"), "behind the probe": probes() + socket_drops() +
            says("4a") + hears("4a"),
        "what was queued stays": probes() + says("4a") + socket_drops() + hears("4a"),
        "a second one": opens() + socket_says("4hello") + socket_ends() + probes("second") + goes_on_with("second"),
    }, ("polling",)),
    Rule("Engine.IO upgrade", "a candidate that takes too long is closed, and the session goes on by polling", {
        "no probe": opens() + socket_ends() + says("4a") + hears("4a"), "no 5": probes() + socket_ends() + says("4a") +
            hears("4a"),
        "in time": probes() + goes_on_with() + stays(2 * UPGRADE_TIMEOUT),
    }, ("polling",), path="/impatient/"),
]
