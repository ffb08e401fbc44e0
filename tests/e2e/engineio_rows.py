# SPDX-License-Identifier: Apache-2.0
"""What Engine.IO v4 demands of a server's handshake, its polling transport and its heartbeat."""
import re

from engineio_configs import MAX_PAYLOAD, ORIGIN, PING_INTERVAL, PING_TIMEOUT
from engineio_words import (Beyond, Rule, answered, as_json, asks, begins_to_post, ends, fails, gives_up, goes_on_with, hears,
                            is_cut, lets_pass, may_not_upgrade, offends, one_of_two_is_refused, opens_nothing, pends, pinged,
                            pinged_while_it_talks, polls, posts_chunked, probes, says, shares_a_connection, stays)

POLLING, WEBSOCKET = "EIO=4&transport=polling", "EIO=4&transport=websocket"
UNKNOWN = "&sid=AAAAAAAAAAAAAAAAAAAA"
PLAIN = {"content-type": re.compile("text/plain; ?charset=utf-8", re.I), "cache-control": "no-store"}


def opens_with(upgrades, max_payload):
    """An open packet with exactly these keys, and an id that cannot be guessed and needs no escape in a URL."""
    return re.compile(r'0\{"sid":"[\w-]{20,250}","upgrades":\[%s\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":%d\}'
                      % (upgrades, max_payload))


HANDSHAKE = [
    Rule("Engine.IO path", "the path is served with and without its last slash", {
        "with": asks(text=opens_with('"websocket"', 1000000)),
        "without": Beyond("takes the path with its slash only", asks(path="/engine.io", text=opens_with('"websocket"',
            1000000))),
        "of Socket.IO": asks(path="/socket.io/", text=opens_with('"websocket"', 1000000)),
    }, (None,)),
    Rule("Engine.IO query", "the query names version 4; what the user adds is left alone", {
        **{f"EIO={each}": fails(5, query=f"EIO={each}&transport=polling") for each in ("3", "5", "abc", "", "44", "4.0")},
        "no EIO": fails(5, query="transport=polling"), "t": asks(query=POLLING + "&t=PXq1a2b"),
        "others": asks(query="token=%20a&" + POLLING + "&b64=1&x=%F0%9F%98%80"),
        **{f"WebSocket: EIO={each}": opens_nothing(f"EIO={each}&transport=websocket") for each in ("3", "abc", "")},
        "WebSocket: no EIO": opens_nothing("transport=websocket"),
    }, (None,)),
    Rule("Engine.IO query", "a transport that is not there is refused", {
        "unknown": fails(0, query="EIO=4&transport=abc"), "none": fails(0, query="EIO=4"),
        "empty": fails(0, query="EIO=4&transport="),
        "another case": fails(0, query="EIO=4&transport=Polling"),
        "webtransport": fails(0, query="EIO=4&transport=webtransport"),
        "polling where there is none": fails(0, path="/websocket/"),
        "websocket where there is none": fails(0, path="/polling/", query=WEBSOCKET),
        "a WebSocket's": may_not_upgrade("EIO=4&transport=abc", "Transport unknown"),
        "a WebSocket's, none": may_not_upgrade("EIO=4", "Transport unknown"),
        "a WebSocket where there is none": Beyond("leaves it without an answer", may_not_upgrade(
            WEBSOCKET, "Transport unknown", path="/polling/")),
    }, (None,)),
    Rule("Engine.IO query", "with b64 a WebSocket carries binary as text", {
        "binary": says(b"\1\2\3\4") + hears("bAQIDBA=="), "of no bytes": says(b"") + hears("b"),
        "said as text too": says("bAQIDBA==") + hears("bAQIDBA=="), "text is as ever": says("4bAQ") + hears("4bAQ"),
    }, ("websocket", "upgraded"), query="b64=1"),
    Rule("Engine.IO handshake", "without an id only a GET opens a session", {
        method: fails(2, method=method) for method in ("POST", "PUT", "DELETE", "PATCH")
    } | {
        "a WebSocket transport needs an upgrade": fails(3, query=WEBSOCKET),
    }, (None,)),
    Rule("Engine.IO open packet", "the open packet says what the transport can do", {
        "polling": asks(text=opens_with('"websocket"', 1000000), has=PLAIN),
        "nothing to upgrade to": asks(path="/polling/", text=opens_with("", 1000000)),
        "another payload": asks(path="/small/", text=opens_with('"websocket"', MAX_PAYLOAD)),
    }, (None,)),
    Rule("Engine.IO errors", "an error is a status, and JSON with its code and message", {
        "unknown id": fails(1, query=POLLING + UNKNOWN), "unknown id, POST": fails(1, method="POST", query=POLLING + UNKNOWN,
            body="4a"),
        "forbidden": fails(4, path="/refusing/", query=POLLING + "&deny=1"), "not forbidden": asks(path="/refusing/"),
        "forbidden by a parameter without a value": fails(4, path="/refusing/", query=POLLING + "&deny"),
        "a byte that no Origin has": asks(headers={"Origin": "http://a\x01b"}, status=400),
    }, (None,)),
    Rule("Engine.IO errors", "the first fault of transport, id, method, rule and version is the one that is told", {
        "transport before id": fails(0, query="EIO=3&transport=abc" + UNKNOWN),
        "transport before method": fails(0, method="POST", query="EIO=4"),
        "id before method": fails(1, method="PUT", query="EIO=3&transport=polling" + UNKNOWN),
        "method before upgrade": fails(2, method="POST", query=WEBSOCKET),
        "method before rule": fails(2, method="POST", path="/refusing/", query=POLLING + "&deny=1"),
        "method before version": fails(2, method="POST", query="EIO=3&transport=polling"),
        "upgrade before version": fails(3, query="EIO=3&transport=websocket"),
        "rule before version": fails(4, path="/refusing/", query="EIO=3&transport=polling&deny=1"),
    }, (None,)),
    Rule("Engine.IO errors", "a refused upgrade is a 400 with the bare message, and the end of the connection", {
        "unknown id": may_not_upgrade(WEBSOCKET + UNKNOWN, "Session ID unknown"),
        "forbidden": may_not_upgrade(WEBSOCKET + "&deny=1", "Forbidden", path="/refusing/"),
        "transport before id": may_not_upgrade("EIO=4&transport=x" + UNKNOWN, "Transport unknown"),
    }, (None,)),
    Rule("Engine.IO headers", "there is no cookie and no CORS unless they are configured", {
        "none": asks(headers={"Origin": ORIGIN}, lacks=("set-cookie", "access-control-allow-origin",
                                                        "access-control-allow-credentials")),
    }, (None,)),
]

TEXTS = {"text": "4hello", "empty": "4", "a digit": "40", "JSON": '4{"a":["b",1]}', "all lengths of UTF-8": "4aé€😀\u2028",
         "quotes and lines": '4"\\\r\n\t\0', "as long as two frames' lengths": "4" + "x" * 70000}

MESSAGES = [
    Rule("Engine.IO packets", "a text packet comes back as it was", {
        name: says(each) + hears(each) for name, each in TEXTS.items()
    }),
    Rule("Engine.IO packets", "a binary packet comes back as it was, with `b` and base64 where it polls", {
        f"{size} bytes": says(bytes(range(256))[:size] if size < 256 else b"\xff" * size) + hears(
            bytes(range(256))[:size] if size < 256 else b"\xff" * size) for size in (0, 1, 2, 3, 4, 255, 50000)
    }),
    Rule("Engine.IO packets", "packets keep their order, whatever they hold", {
        "three texts": says("4test1", "4test2", "4test3") + hears("4test1", "4test2", "4test3"),
        "text and binary": says("4hello", b"\1\2\3\4", "4b", b"") + hears("4hello", b"\1\2\3\4", "4b", b""),
        "two hundred": says(*(f"4{each}" for each in range(200))) + hears(*(f"4{each}" for each in range(200))),
        "said one by one": says("4a") + says(b"b") + says("4c") + hears("4a", b"b", "4c"),
    }),
    Rule("Engine.IO packets", "a WebSocket's frame is one packet, and a separator in it is text", {
        "two": says("4a\x1e4b") + hears("4a\x1e4b"),
    }, ("websocket", "upgraded")),
    Rule("Engine.IO polling", "a packet of no known type ends the session", {
        **{each: offends(each) for each in ("abc", "7", "9x", " 4a", "\0")}, "behind a good one": says("4a") + hears("4a") +
            offends("x"),
        "empty": offends(""),
    }),
]

LONG = "4" + "é" * 511 + "x"  # 1,024 bytes

PAYLOADS = [
    Rule("Engine.IO polling", "what is queued comes in one answer, joined by 0x1E", {
        "texts": says("4a", "4b") + polls() + answered("4a\x1e4b"),
        "binary": says("4hello", b"\1\2\3\4") + polls() + answered("4hello\x1ebAQIDBA=="),
        "of several POSTs": says("4a") + says(b"\0") + says("4c") + polls() + answered("4a\x1ebAA==\x1e4c"),
    }, ("polling",)),
    Rule("Engine.IO polling", "a GET is held until there is a packet", {
        "held": polls() + pends() + says("4a") + answered("4a"), "and again": (polls() + pends() + says("4a") +
            answered("4a")) * 2,
    }, ("polling",)),
    Rule("Engine.IO polling", "a GET's answer is text that nobody caches", {
        "headers": says("4a") + asks(sid=True, text="4a", has=PLAIN, lacks=("content-encoding", "access-control-allow-origin")),
    }, ("polling",)),
    Rule("Engine.IO polling", "from 1,024 bytes on it is compressed for those who accept it", {
        "gzip": says(LONG) + asks(sid=True, headers={"Accept-Encoding": "gzip"}, text=LONG,
            has={"content-encoding": "gzip", **PLAIN}),
        "deflate": says(LONG) + asks(sid=True, headers={"Accept-Encoding": "deflate"}, text=LONG,
            has={"content-encoding": "deflate"}),
        "as browsers ask": says(LONG) + asks(sid=True, headers={"Accept-Encoding": "gzip, deflate, br, zstd"}, text=LONG,
                                             has={"content-encoding": "gzip"}),
        "not asked": says(LONG) + asks(sid=True, text=LONG, lacks=("content-encoding",)),
        "another one": says(LONG) + asks(sid=True, headers={"Accept-Encoding": "br"}, text=LONG, lacks=("content-encoding",)),
        "not at any price": says(LONG) + asks(sid=True, headers={"Accept-Encoding": "gzip;q=0"}, text=LONG,
            lacks=("content-encoding",)),
        "a byte less": says(LONG[:-1]) + asks(sid=True, headers={"Accept-Encoding": "gzip"}, text=LONG[:-1],
            lacks=("content-encoding",)),
    }, ("polling",)),
    Rule("Engine.IO polling", "a POST is answered ok, whatever it says of its type", {
        each: asks("POST", sid=True, body="4a", headers={"Content-Type": each}, text="ok", has={"content-type": "text/html"})
        + hears("4a") for each in ("text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/json")
    } | {
        "no type": asks("POST", sid=True, body="4a", text="ok") + hears("4a"), "chunked": posts_chunked("4abc", b"d") +
            hears("4abc", b"d"),
    }, ("polling",)),
    Rule("Engine.IO polling", "a POST that is too long is refused, and the session lives on", {
        "by a byte": asks("POST", sid=True, body="4" + "x" * MAX_PAYLOAD, status=413),
        "by far": asks("POST", sid=True, body="4" + "x" * 50 * MAX_PAYLOAD, status=413),
        "in UTF-8": asks("POST", sid=True, body="4" + "é" * (MAX_PAYLOAD // 2), status=413),
        "chunked": posts_chunked("4" + "x" * MAX_PAYLOAD, status=413),
        "just not": says("4" + "x" * (MAX_PAYLOAD - 1)) + hears("4" + "x" * (MAX_PAYLOAD - 1)),
    }, ("polling",), path="/small/"),
    Rule("Engine.IO polling", "a POST of raw bytes is refused and ends the session", {
        "octets": asks("POST", sid=True, body="4a", headers={"Content-Type": "application/octet-stream"}, status=400) + ends(),
    }, ("polling",)),
    Rule("Engine.IO polling", "a malformed packet in a payload ends the session at once", {
        each: offends(*each.split("|")) + fails(1, sid=True) for each in ("abc", "4a|abc", "4a|", "|4a", "b|7")
    }, ("polling",)),
    Rule("Engine.IO polling", "of two GETs at a time the first is told to close, the second is refused, and the session ends", {
        "two": polls("first") + polls("second") + one_of_two_is_refused("1", "first", "second") + ends() + fails(1, sid=True),
    }, ("polling",)),
    Rule("Engine.IO polling", "a POST while another is being read is refused, ends the session and cuts the other", {
        "two": begins_to_post("4a", 100) + asks("POST", sid=True, body="4b", status=400) + is_cut() + ends(),
    }, ("polling",)),
    Rule("Engine.IO polling", "a POST that breaks off ends the session", {
        "broken off": begins_to_post("4a", 100) + gives_up("post") + ends(),
    }, ("polling",)),
    Rule("Engine.IO polling", "a GET that is given up ends the session", {
        "held for a while": polls() + pends() + gives_up() + ends(),
    }, ("polling",)),
    Rule("Engine.IO polling", "a `1` ends the session: the GET that pends, or comes at once, is answered `6`", {
        "a GET pends": polls() + pends() + says("1") + answered("6") + fails(1, sid=True) + ends(),
        "none pends": Beyond("the session is unknown at once", says("1") + polls() + answered("6") + fails(1, sid=True) +
            ends()),
    }, ("polling",)),
    Rule("Engine.IO polling", "a `1` ends the session", {
        "behind a message": says("4a") + hears("4a") + offends("1"),
    }, ("polling",)),
    Rule("Engine.IO packets", "a `1` ends the session", {
        "alone": Beyond("it waits for the ping's deadline", offends("1")),
    }, ("websocket", "upgraded")),
    Rule("Engine.IO polling", "another method is refused, and the session lives on", {
        method: Beyond("it is a 500", asks(method, sid=True, status=400)) for method in ("PUT", "DELETE", "PATCH")
    }, ("polling",)),
    Rule("Engine.IO errors", "a session is asked for by its own transport", {
        "a WebSocket without upgrade": fails(3, query=WEBSOCKET, sid=True),
        "an unknown transport": fails(0, query="EIO=4&transport=x", sid=True),
    }, ("polling",)),
    Rule("Engine.IO errors", "a session is asked for by its own transport", {
        "GET": fails(3, sid=True), "POST": fails(3, method="POST", sid=True, body="4a"),
    }, ("websocket", "upgraded")),
    Rule("Engine.IO errors", "a session is asked for in the version that it was opened in", {
        "another": fails(3, query="EIO=3&transport=polling", sid=True), "none": fails(3, query="transport=polling", sid=True),
    }, ("polling",)),
    Rule("Engine.IO polling", "requests of many sessions may share a connection", {"three": shares_a_connection(3)}, (None,)),
]

ROUND = pinged() + says("3")

HEARTBEAT = [
    Rule("Engine.IO polling", "a request that waited is answered as it asked to be", {
        "and the connection closed": asks(sid=True, headers={"Connection": "close"}, text="2", has={"connection": "close"}),
    }, ("polling",)),
    Rule("Engine.IO heartbeat", "the server pings at each interval", {"three": ROUND * 3}),
    Rule("Engine.IO heartbeat", "a ping that is not answered in time ends the session", {
        "the first": pinged() + ends(), "the second": ROUND + pinged() + ends(), "none was read": ends(),
        "a message is no answer": pinged() + says("4a") + hears("4a") + ends(),
    }),
    Rule("Engine.IO heartbeat", "a ping comes whatever else flows", {
        "echoes": pinged_while_it_talks(4 * PING_INTERVAL) + says("3"),
    }),
    Rule("Engine.IO heartbeat", "a ping of the client ends the session", {
        "at once": offends("2"), "a probe": offends("2probe"), "behind a round": ROUND + offends("2"),
    }),
    Rule("Engine.IO heartbeat", "a pong that nobody asked for is let pass", {"alone": says("3") + ROUND, "two": says("3",
        "3")}),
    Rule("Engine.IO heartbeat", "an upgrade takes the deadline of a ping away", {
        "that is not answered": pinged() + probes() + goes_on_with() + stays(1.5 * PING_TIMEOUT),
    }, ("polling",)),
    Rule("Engine.IO heartbeat", "a GET behind the deadline finds nothing", {
        "left alone": lets_pass(PING_INTERVAL + PING_TIMEOUT) + fails(1, sid=True) + ends(),
    }, ("polling",)),
]


def crossed(**headers):
    return {"access-control-allow-origin": ORIGIN, "access-control-allow-credentials": "true",
            "vary": lambda value: "origin" in (value or "").lower(), **headers}


FROM = {"Origin": ORIGIN}
ASKED = {"access-control-allow-methods": lambda value: "POST" in value and "GET" in value,
         "access-control-allow-headers": lambda value: "x-custom" in value.lower(),
         "access-control-max-age": re.compile(r"\d+")}
COOKIE = re.compile(r"io=[\w-]{20,250}(; (Path=/|HttpOnly|SameSite=Lax)){3}", re.I)

DRESSED = [
    Rule("CORS", "every answer to an origin that may says so, errors as well", {
        "handshake": asks(headers=FROM, has=crossed()), "GET": says("4a") +
            asks(sid=True, headers=FROM, text="4a", has=crossed()),
        "POST": asks("POST", sid=True, body="4a", headers=FROM, text="ok", has=crossed()) + hears("4a"),
        "unknown transport": fails(0, query="EIO=4", headers=FROM, has=crossed()),
        "unknown id": fails(1, query=POLLING + UNKNOWN, headers=FROM, has=crossed()),
        "bad method": fails(2, method="PUT", headers=FROM, has=crossed()),
        "no upgrade": fails(3, query=WEBSOCKET, headers=FROM, has=crossed()),
        "another version": fails(5, query="EIO=3&transport=polling", headers=FROM, has=crossed()),
        "another method": asks("PUT", sid=True, headers=FROM, status=(400, 500), has=crossed()),
    }, ("polling",)),
    Rule("CORS", "every answer to an origin that may says so, errors as well", {
        "too long": asks("POST", sid=True, headers=FROM, body="4" + "x" * MAX_PAYLOAD, status=413, has=crossed()),
    }, ("polling",), path="/small/"),
    Rule("CORS", "another origin is told nothing", {
        "foreign": asks(headers={"Origin": "https://evil.example"}, lacks=("access-control-allow-origin",)),
        "a longer name": asks(headers={"Origin": ORIGIN + ".evil.example"}, lacks=("access-control-allow-origin",)),
    }, (None,)),
    Rule("CORS", "a preflight is answered", {
        "of a POST": asks("OPTIONS", headers={**FROM, "Access-Control-Request-Method": "POST",
                                              "Access-Control-Request-Headers": "x-custom"}, status=204, has=crossed(**ASKED)),
        "with an id": asks("OPTIONS", sid=True, headers={**FROM, "Access-Control-Request-Method": "POST",
                                                         "Access-Control-Request-Headers": "x-custom"}, status=204,
                                                             has=crossed(**ASKED)),
    }, ("polling",)),
    Rule("CORS", "an upgrade from another origin is refused", {
        "foreign": Beyond("does not look at the Origin of an upgrade", may_not_upgrade(
            WEBSOCKET, "Forbidden", headers={"Origin": "https://evil.example"})),
    }, (None,)),
    Rule("Engine.IO headers", "a handshake brings the cookie and the headers that are configured, and nothing else does", {
        "handshake": asks(has={"set-cookie": COOKIE, "x-served-by": "a test"}),
        "GET": says("4a") + asks(sid=True, text="4a", lacks=("set-cookie", "x-served-by")),
        "POST": asks("POST", sid=True, body="4a", text="ok", lacks=("set-cookie", "x-served-by")) + hears("4a"),
        "error": fails(1, query=POLLING + UNKNOWN, lacks=("set-cookie", "x-served-by")),
    }, ("polling",)),
]
