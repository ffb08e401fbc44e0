# SPDX-License-Identifier: Apache-2.0
"""What a Socket.IO server serves beside its packets: the client's script."""
import json
import os
import pathlib
import re

from engineio_configs import ORIGIN
from engineio_words import Rule, asks

PATH = "/socket.io/"
PACKAGE = pathlib.Path(__file__).parents[2] / "broker/web/socketio/package.json"
VERSION = "4.8.3" if os.environ.get("KODAMA_REFERENCE") else json.loads(PACKAGE.read_text())["dependencies"]["socket.io-client"]
SCRIPT = {"content-type": re.compile("application/javascript; ?charset=utf-8", re.I), "cache-control": "public, max-age=0",
          "etag": re.compile('(W/)?"4[.]8[.][0-9]+"')}
HAS_CODE = {"content-type": re.compile("application/javascript.*")}


def script(name, **request):
    return asks(path=PATH + name, query="", **request)


def mentions(*words):
    return lambda text: all(word in text for word in words)


FILES = [
    Rule("CORS, script", "the client's script is served, to be asked for again each time", {
        "plain": script("socket.io.js", has=SCRIPT, text=mentions("Socket.IO v4.8.", "sourceMappingURL=socket.io.js.map")),
        "minified": script("socket.io.min.js", has=SCRIPT,
            text=mentions("Socket.IO v4.8.", "sourceMappingURL=socket.io.min.js.map")),
        "module": script("socket.io.esm.min.js", has=SCRIPT, text=mentions("Socket.IO v4.8.", "export{")),
        "with a query": asks(path=PATH + "socket.io.js", query="v=1", has=SCRIPT, text=mentions("Socket.IO v4.8.")),
        "not compressed unless asked": script("socket.io.min.js", lacks=("content-encoding",)),
    } | {
        f"map of {name}": script(f"socket.io{name}.js.map", has={"content-type": re.compile("application/json.*"),
            "etag": SCRIPT["etag"]},
                                 text=lambda text: json.loads(text)["version"] == 3) for name in ("", ".min", ".esm.min")
    }, (None,)),
    Rule("CORS, script", "a script that is known is not sent again", {
        each: script("socket.io.js", headers={"If-None-Match": each}, status=304) for each in (f'"{VERSION}"', f'W/"{VERSION}"')
    } | {
        "another": script("socket.io.js", headers={"If-None-Match": '"4.8.2"'}, text=mentions("Socket.IO")),
    }, (None,)),
    Rule("CORS, script", "a script is compressed for those who accept it", {
        "gzip": script("socket.io.js", headers={"Accept-Encoding": "gzip"}, has={"content-encoding": "gzip", **HAS_CODE},
                       text=mentions("Socket.IO v4.8.")),
        "map": script("socket.io.js.map", headers={"Accept-Encoding": "gzip"}, has={"content-encoding": "gzip"},
                      text=mentions('"version":3')),
    }, (None,)),
]

CROSSED = {"access-control-allow-origin": ORIGIN, "vary": lambda value: "origin" in (value or "").lower()}
FILES_CROSSED = [
    Rule("CORS, script", "the script may be loaded from an origin that may connect", {
        name: script(name, headers={"Origin": ORIGIN}, has=CROSSED) for name in ("socket.io.js", "socket.io.min.js",
            "socket.io.esm.min.js")
    } | {
        "not from another": script("socket.io.js", headers={"Origin": "https://evil.example"},
            lacks=("access-control-allow-origin",)),
    }, (None,)),
]
