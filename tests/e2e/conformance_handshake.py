# SPDX-License-Identifier: Apache-2.0
"""What RFC 6455 §4 demands of a server's side of the opening handshake, and RFC 7692 §5 and §7.1 of what it agrees to."""
from conformance import Ask, Offer, Rule
from ws_wire import accept_key

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
PROTOCOL = "kodama.v1.json"
GOOD = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13"}
OPENED = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": ACCEPT}


def request(change=(), more="", line="GET /ws HTTP/1.1"):
    """The good one with some headers changed, or left out where their value is None; `more` are further lines."""
    headers = {**GOOD, **dict(change)}
    return line + "\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None) + more + "\r\n"


def opens(change=(), more="", has=(), lacks=("sec-websocket-protocol", "sec-websocket-extensions"), **line):
    return Ask(request(change, more, **line), 101, {**OPENED, **dict(has)}, lacks)


def refuses(status, change=(), more="", has=(), **line):
    return Ask(request(change, more, **line), status, dict(has), ("sec-websocket-accept",))


def asks_for(protocols, selected):
    has, lacks = ({"sec-websocket-protocol": selected}, ()) if selected else ((), ("sec-websocket-protocol",))
    return opens(more="".join(f"Sec-WebSocket-Protocol: {each}\r\n" for each in protocols), has=has, lacks=lacks)


HANDSHAKE = [
    Rule("6455 §4.2.2", "the answer is 101 with Upgrade, Connection and the key's digest, and nothing that was not asked for", {
        "the example of §1.3": opens(),
        "another key": Ask(request({"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}), 101,
                           {**OPENED, "sec-websocket-accept": accept_key("AAAAAAAAAAAAAAAAAAAAAA==")}, ()),
        "white space around the key": opens({"Sec-WebSocket-Key": f"  {KEY}\t"}),
        "headers that mean nothing here": opens({"X-Anything": "at all", "Cookie": "a=b", "User-Agent": "a test"}),
    }),
    Rule("6455 §4.2.1", "header names, and the tokens of Upgrade and Connection, are read in any case and in lists", {
        "WebSocket": opens({"Upgrade": "WebSocket"}), "WEBSOCKET": opens({"Upgrade": "WEBSOCKET"}),
        "h2c, websocket": opens({"Upgrade": "h2c, websocket"}), "upgrade": opens({"Connection": "upgrade"}),
        "keep-alive, Upgrade": opens({"Connection": "keep-alive, Upgrade"}), "UPGRADE ,x": opens({"Connection": "UPGRADE ,x"}),
        "lower-case names": Ask(request().replace("Sec-WebSocket", "sec-websocket").replace("Upgrade:", "upgrade:"), 101,
                                OPENED, ()),
        "upper-case names": Ask(request().replace("Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY"), 101, OPENED, ()),
        "an Origin of its own": opens({"Origin": "http://localhost"}),
    }),
    Rule("6455 §4.2.1", "a request that is no handshake of a client is refused with an HTTP status", {
        "no Host": refuses(400, {"Host": None}), "no Upgrade": refuses(426, {"Upgrade": None}),
        "no Connection": refuses(426, {"Connection": None}), "another Upgrade": refuses(426, {"Upgrade": "h2c"}),
        "websocket in a longer word": refuses(426, {"Upgrade": "xwebsocket"}),
        "Connection without it": refuses(426, {"Connection": "keep-alive"}), "no key": refuses(400, {"Sec-WebSocket-Key": None}),
        "HTTP/1.0": refuses(426, line="GET /ws HTTP/1.0"),
        "POST": refuses(405, {"Content-Length": "0"}, line="POST /ws HTTP/1.1"),
        "an empty key": refuses(400, {"Sec-WebSocket-Key": ""}),
        "a key of 15 bytes": refuses(400, {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA"}),
        "a key of 17 bytes": refuses(400, {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAA="}),
        "a key that is not base64": refuses(400, {"Sec-WebSocket-Key": "!" + KEY[1:]}),
        "a key without its end": refuses(400, {"Sec-WebSocket-Key": KEY[:-2]}),
        "a key with bits behind its end": refuses(400, {"Sec-WebSocket-Key": KEY[:-3] + "R=="}),
        "two keys": refuses(400, more=f"Sec-WebSocket-Key: {KEY}\r\n"),
        "a resource that is not there": refuses(404, line="GET /nothing HTTP/1.1"),
        "an Origin that may not": refuses(403, {"Origin": "https://evil.example"}),
    }),
    Rule("6455 §4.2.2, §4.4", "another version is refused, and the answer says which one is spoken", {
        version: refuses(426, {"Sec-WebSocket-Version": version}, has={"sec-websocket-version": "13"})
        for version in ("0", "7", "8", "12", "14", "255", "25, 8", "13.0")
    } | {
        "none": refuses(400, {"Sec-WebSocket-Version": None}), "two": refuses(400, more="Sec-WebSocket-Version: 13\r\n"),
    }),
    Rule("6455 §4.2.2", "the subprotocol is one of those that were asked for, or there is no header", {
        "ours": asks_for([PROTOCOL], PROTOCOL), "among others": asks_for([f"a, {PROTOCOL}, b"], PROTOCOL),
        "over several lines": asks_for(["a", f"b,{PROTOCOL}"], PROTOCOL), "others": asks_for(["a, b"], None),
        "none": asks_for([], None), "another case": asks_for([PROTOCOL.upper()], None),
    }),
    Rule("6455 §4.1, §4.2.1", "subprotocols are tokens, each once", {
        each: refuses(400, {"Sec-WebSocket-Protocol": each}) for each in ("a b", "(x)", "a, a", "a/b")
    }),
    Rule("6455 §9.1", "a header that is no list of extensions is refused", {
        ascii(each): refuses(400, {"Sec-WebSocket-Extensions": each})
        for each in ("@", "permessage-deflate; a=", 'permessage-deflate; a="', "permessage-deflate;;x", "a b", "=", ",")
    }),
]

SERVER, CLIENT = "server_max_window_bits", "client_max_window_bits"
SERVER_RESETS, CLIENT_RESETS = "server_no_context_takeover", "client_no_context_takeover"
LAST = f"permessage-deflate; {SERVER}=11"
FALLS_BACK = {SERVER: "11"}


def deflate(*parameters):
    return "; ".join(("permessage-deflate",) + parameters)


def agrees(*lines, has=(), lacks=(), query=""):
    return Offer(lines, dict(has), lacks, query)


def declines(*lines):
    return Offer(lines, None)


BAD_WINDOWS = ("7", "16", "0", "-9", "+9", "08", "09", "1", "100", "x", "9.0", "0x9", "99999999999999999999")

EXTENSIONS = [
    Rule("6455 §9.1", "only what was offered is agreed to", {
        "nothing": declines(), "unknown": declines("x-unknown"), "unknown ones": declines("x-a, x-b; c=1"),
        "the old frame extension": declines("x-webkit-deflate-frame", "deflate-frame"),
        "a longer name": declines("permessage-deflate2"), "among others": agrees(f"x-a; b=1, {deflate()}, x-c"),
        "over several lines": agrees("x-a", deflate()), "quoted": agrees(f'permessage-deflate; {SERVER}="10"', has={SERVER: "10"}),
        "no white space": agrees(f"x,permessage-deflate;{SERVER}=10", has={SERVER: "10"}),
    }),
    Rule("7692 §5.1", "of several offers, the first that can be taken is", {
        "two": agrees(f"{deflate(f'{SERVER}=10')}, {deflate()}", has={SERVER: "10"}),
        "the other way round": agrees(f"{deflate()}, {deflate(f'{SERVER}=10')}", lacks=(SERVER,)),
        "over lines": agrees(deflate(f"{SERVER}=12"), deflate(f"{SERVER}=10"), has={SERVER: "12"}),
        "the first cannot be": agrees(f"{deflate('nonsense')}, {LAST}, {deflate()}", has=FALLS_BACK),
    }),
    Rule("7692 §7", "an offer with a parameter that is not known, or comes twice, is declined", {
        "unknown": declines(deflate("nonsense")), "unknown with a value": declines(deflate("nonsense=1")),
        "unknown among good ones": declines(deflate(SERVER_RESETS, "nonsense", CLIENT)),
        **{f"{each} twice": declines(deflate(each, each)) for each in (SERVER_RESETS, CLIENT_RESETS, CLIENT, f"{SERVER}=10")},
        "with and without a value": declines(deflate(CLIENT, f"{CLIENT}=10")),
        "and the next one is taken": agrees(f"{deflate(CLIENT, CLIENT)}, {LAST}", has=FALLS_BACK),
    }),
    Rule("7692 §7.1.1.1", "server_no_context_takeover has no value, and an answer that takes it names it", {
        "alone": agrees(deflate(SERVER_RESETS), has={SERVER_RESETS: None}),
        "with a value": declines(deflate(f"{SERVER_RESETS}=1")), "with a quoted value": declines(deflate(f'{SERVER_RESETS}="x"')),
        "with everything": agrees(deflate(CLIENT, SERVER_RESETS, f"{SERVER}=9", CLIENT_RESETS),
                                  has={SERVER_RESETS: None, CLIENT_RESETS: None, SERVER: "9"}),
    }),
    Rule("7692 §7.1.1.2", "client_no_context_takeover has no value, and may be asked for though it was not offered", {
        "alone": agrees(deflate(CLIENT_RESETS), has={CLIENT_RESETS: None}),
        "of who only publishes": agrees(deflate(CLIENT_RESETS), has={CLIENT_RESETS: None}, query="?publish=only"),
        "not offered by who only publishes": agrees(deflate(), lacks=(CLIENT_RESETS,), query="?publish=only"),
        "with a value": declines(deflate(f"{CLIENT_RESETS}=true")),
    }),
    Rule("7692 §7.1.2.1", "server_max_window_bits is a number from 8 to 15, and the answer's is not above it", {
        **{str(bits): agrees(deflate(f"{SERVER}={bits}"), has={SERVER: str(bits)}) for bits in range(9, 16)},
        "8, which may be declined": declines(deflate(f"{SERVER}=8")), "without a value": declines(deflate(SERVER)),
        **{f"={each}": declines(deflate(f"{SERVER}={each}")) for each in BAD_WINDOWS},
        "a bad one, then a good one": agrees(f"{deflate(f'{SERVER}=16')}, {LAST}", has=FALLS_BACK),
    }),
    Rule("7692 §7.1.2.2", "client_max_window_bits may have a number from 8 to 15; the answer names it only where it was offered", {
        "without a value": agrees(deflate(CLIENT)), "not offered": agrees(deflate(), lacks=(CLIENT,)),
        **{str(bits): agrees(deflate(f"{CLIENT}={bits}")) for bits in range(8, 16)},
        **{f"={each}": declines(deflate(f"{CLIENT}={each}")) for each in BAD_WINDOWS},
        "a bad one, then a good one": agrees(f"{deflate(f'{CLIENT}=7')}, {LAST}", has=FALLS_BACK, lacks=(CLIENT,)),
    }),
]
