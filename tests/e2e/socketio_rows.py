# SPDX-License-Identifier: Apache-2.0
"""What Socket.IO v5 demands of a server, packet by packet."""
import json
import re

from engineio_configs import CONNECT_TIMEOUT
from engineio_words import EVERY, Rule, answered, as_json, ends, fails, hears, offends, pends, polls, says, stays, tries

PATH = "/socket.io/"
SID = r'\{"sid":"(?P<%s>[\w-]{15,250})"\}'


def connected(namespace="", name="sid"):
    """The answer to a CONNECT: the sid alone, which is kept under that name."""
    return re.compile("40" + (re.escape(namespace) + "," if namespace else "") + SID % name)


def auth(value="{}", namespace=""):
    return f'42{namespace + "," if namespace else ""}["auth",{value}]'


STILL = ('42["message","still here"]', '42["message-back","still here"]')
STILL_CUSTOM = ('42/custom,["message","still here"]', '42/custom,["message-back","still here"]')
JOINED = tuple(says("40") + hears(connected(), auth()))
JOIN_CUSTOM = says("40/custom,") + hears(connected("/custom", "custom"), auth(namespace="/custom"))
# Left, and known to be: the other namespace's answer came behind it.
LEFT = JOIN_CUSTOM + says("41") + says(STILL_CUSTOM[0]) + hears(STILL_CUSTOM[1])
LEFT_CUSTOM = JOIN_CUSTOM + says("41/custom,") + says(STILL[0]) + hears(STILL[1])
REFUSED = hears('44/random,{"message":"Invalid namespace"}')
RESERVED = ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")


def rule(section, says_, cases, transports=EVERY, opening=JOINED, still=STILL, query=""):
    return Rule(section, says_, cases, transports, PATH, query, opening, still)


def holder(number):
    return '{"_placeholder":true,"num":%d}' % number


def binary(head, event, *attachments, ack=""):
    """A binary packet of one argument per attachment: its header, and what follows it."""
    names = [json.dumps(event)] if event else []
    return [f"{head}{len(attachments)}-{ack}[{','.join([*names, *map(holder, range(len(attachments)))])}]", *attachments]


def returned(*attachments):
    return says(*binary("45", "message", *attachments)) + hears(*binary("45", "message-back", *attachments))


CONNECT = [
    rule("Socket.IO packets", "a CONNECT is answered with the sid alone, before any event of its namespace", {
        "main": says("40") + hears(connected(), auth()), "auth": says('40{"token":"123"}') +
            hears(connected(), auth('{"token":"123"}')),
        "auth of many kinds": says('40{"a":[1,null,"é"],"b":{"c":true}}') + hears(
            connected(), as_json("42", ["auth", {"a": [1, None, "é"], "b": {"c": True}}])),
        "empty auth": says("40{}") + hears(connected(), auth()),
    }, opening=()),
    rule("Socket.IO packets", "each namespace is connected to by itself, with a comma behind its name or without", {
        "custom": JOIN_CUSTOM, "without a comma": says("40/custom") + hears(connected("/custom"), auth(namespace="/custom")),
        "auth": says('40/custom,{"token":"abc"}') + hears(connected("/custom"), auth('{"token":"abc"}', "/custom")),
        "the main one by its name": says("40/,") + hears(connected(), auth()),
    }, opening=(), still=()),
    rule("Socket.IO packets", "a namespace that is not there is refused; the transport stays", {
        "with a comma": says("40/random,") + REFUSED + list(JOINED), "without": says("40/random") + REFUSED + list(JOINED),
        "with auth": says('40/random,{"a":1}') + REFUSED + list(JOINED), "twice": (says("40/random") + REFUSED) * 2 +
            list(JOINED),
        "a longer name": says("40/custom2") + hears('44/custom2,{"message":"Invalid namespace"}') + list(JOINED),
    }, opening=()),
    rule("Socket.IO packets", "who may not come in is told why, with data; the transport stays", {
        "twice": (says("40") + hears(as_json("44", {"message": "not today", "data": {"retry": [1, 2]}}))) * 2,
        "another namespace": JOIN_CUSTOM,
    }, opening=(), still=(), query="fail=1"),
    rule("Socket.IO packets", "many namespaces share a transport", {
        "in turn": JOIN_CUSTOM + says(STILL[0], STILL_CUSTOM[0], STILL[0]) + hears(STILL[1], STILL_CUSTOM[1], STILL[1]),
        "acks": JOIN_CUSTOM + says('42/custom,7["message-with-ack","c"]', '427["message-with-ack","m"]') + hears(
            '43/custom,7["c"]', '437["m"]'),
    }),
    rule("Socket.IO packets", "a second CONNECT to a joined namespace ends the session", {
        "main": offends("40"), "custom": JOIN_CUSTOM + offends("40/custom,"), "with auth": offends('40{"a":1}'),
    }),
    rule("Socket.IO packets", "a CONNECT whose auth is no object ends the session", {
        each: offends("40" + each) for each in ("[]", '"a"', "1x", "null", "true", "{", "{}x", '{"a":}')
    }, opening=()),
    rule("Socket.IO packets", "nothing is said in a namespace before its CONNECT", {
        "event": offends('42["message","a"]'), "ack": offends('430["a"]'), "disconnect": offends("41"),
        "binary event": offends(*binary("45", "message", b"a")), "custom": offends('42/custom,["message","a"]'),
        "no packet": offends("4abc"),
    }, opening=()),
]

EVENTS = [
    rule("Socket.IO packets", "an event comes back with its arguments", {
        name: says(f'42["message"{each}]') + hears(f'42["message-back"{each}]') for name, each in {
            "none": "", "text": ',"a"', "kinds": ',1,"2",{"3":[true]}', "null": ",null", "deep": ',[[[[{"a":[]}]]]]',
            "empty": ',"",{},[]',
            "UTF-8": ',"é€😀"', "escapes": r',"\"\\\n"', "a number": ",-1.5", "separators": ',"a,b-1[2]"',
            "long": f',"{"x" * 70000}"',
        }.items()
    } | {
        "many": says(*(f'42["message",{each}]' for each in range(100))) +
            hears(*(f'42["message-back",{each}]' for each in range(100))),
    }),
    rule("Socket.IO packets", "an event that asks for an ack gets one with its number", {
        name: says(f'42{name}["message-with-ack",1,"2",{{"3":[false]}}]') + hears(f'43{name}[1,"2",{{"3":[false]}}]')
        for name in ("0", "1", "456", "9007199254740991")
    } | {
        "no arguments": says('4212["message-with-ack"]') + hears("4312[]"),
        "custom": JOIN_CUSTOM + says('42/custom,12["message-with-ack","a"]') + hears('43/custom,12["a"]'),
        "in order": says('421["message-with-ack","a"]', '42["message","b"]', '422["message-with-ack","c"]') + hears(
            '431["a"]', '42["message-back","b"]', '432["c"]'),
        "the same number again": (says('421["message-with-ack","a"]') + hears('431["a"]')) * 2,
    }),
    rule("Socket.IO packets", "an event that asks for none gets none", {"none": says('42["message-with-ack","a"]')}),
    rule("Socket.IO packets", "what nobody waits for is let pass", {
        "an event without a rule": says('42["unheard of",1]'), "one that is a number": says('42[1,"a"]'),
        "an ack": says('435["a"]'), "an ack without arguments": says("4312[]"),
        "a binary ack": says(*binary("46", None, b"a", ack="5")), "an event that asks for an ack": says('421["unheard of"]'),
        "a binary one": says(*binary("45", "unheard of", b"a", b"b")),
    }),
    rule("Socket.IO packets", "the server asks for an ack in its turn", {
        "text": says('42["ask me","a"]') + hears(re.compile(r'42(?P<id>\d+)\["question","a"\]')) + says(
            lambda seen: f'43{seen["id"]}["yes",1]') + hears('42["answer","yes",1]'),
        "binary": says('42["ask me"]') + hears(re.compile(r'42(?P<id>\d+)\["question"\]')) + says(
            lambda seen: binary("46", None, b"\0\1", ack=seen["id"])[0], b"\0\1") + hears(*binary("45", "answer", b"\0\1")),
        "twice is once": says('42["ask me"]') + hears(re.compile(r'42(?P<id>\d+)\["question"\]')) + says(
            lambda seen: f'43{seen["id"]}[1]', lambda seen: f'43{seen["id"]}[2]') + hears('42["answer",1]'),
    }),
    rule("Socket.IO packets", "a DISCONNECT leaves a namespace; the transport stays", {
        "custom": JOIN_CUSTOM + says("41/custom,"), "without a comma": JOIN_CUSTOM + says("41/custom"),
        "and back": LEFT + says("40") + hears(connected(name="again"), auth()),
        "custom and back": LEFT_CUSTOM + JOIN_CUSTOM + says(STILL_CUSTOM[0]) + hears(STILL_CUSTOM[1]),
    }),
    rule("Socket.IO packets", "what a namespace is told behind its DISCONNECT ends the session", {
        "event": LEFT + offends(STILL[0]), "again": LEFT + offends("41"), "ack": LEFT + offends("431[]"),
        "custom": LEFT_CUSTOM + offends(STILL_CUSTOM[0]), "binary event": LEFT + offends(*binary("45", "message", b"a")),
    }),
    rule("Socket.IO packets", "who leaves one namespace stays in another", {
        "main": JOIN_CUSTOM + says("41", STILL_CUSTOM[0]) + hears(STILL_CUSTOM[1]),
    }, still=()),
    rule("Socket.IO packets", "a kick is a DISCONNECT", {
        "main": says('42["kick me"]') + hears("41"), "and back": says('42["kick me"]') + hears("41") + list(JOINED),
        "custom": JOIN_CUSTOM + says('42/custom,["kick me"]') + hears("41/custom,") + says(STILL[0]) + hears(STILL[1]),
    }, still=()),
]

STRICT = [
    rule("Socket.IO packets", "a packet of no known type ends the session", {each: offends(each) for each in ("4abc", "47",
        "48", '49["a"]', "4-", "4")}),
    rule("Socket.IO packets", "what only a server says ends the session", {
        "CONNECT_ERROR": offends('44{"message":"a"}'), "of text": offends('44"a"'),
    }),
    rule("Socket.IO packets", "an event that is no array with a name ends the session", {
        each: offends("42" + each) for each in ("{}", "[]", '"message"', "null", "true", "[", '["message"', '["message",]',
            "[null]", "[true]",
                                                "[{}]", '[["message"]]', "x", '["message"]x', "['message']")
    }),
    rule("Socket.IO packets", "a name that is reserved ends the session", {
        **{each: offends(f'42["{each}"]') for each in RESERVED}, "with an ack": offends('421["disconnect"]'),
        "in a namespace": JOIN_CUSTOM + offends('42/custom,["connect"]'), "binary": offends(*binary("45", "disconnect", b"a")),
        "by its escapes": offends(r'42["\u0063onnect"]'),
    }),
    rule("Socket.IO packets", "the number of an ack is digits", {
        each: offends(f'42{each}["message-with-ack",1]') for each in ("abc", "1a", "a1", "-1")
    }),
    rule("Socket.IO packets", "an ack is an array", {each: offends("431" + each) for each in ("{}", '"a"', "null", "[", "x")}),
    rule("Socket.IO packets", "a DISCONNECT has no payload", {each: offends("41" + each) for each in ("{}", '"a"', "[]", "x")}),
    rule("Socket.IO packets", "a packet for a namespace that was not joined ends the session", {
        "there": offends('42/custom,["message"]'), "not there": offends('42/nope,["message"]'), "ack": offends("43/custom,1[]"),
        "disconnect": offends("41/custom,"), "no comma": JOIN_CUSTOM + offends('42/custom["message"]'),
        "a name that begins like it": JOIN_CUSTOM + offends('42/customs,["message"]'),
    }),
]

ATTACHMENTS = [
    rule("Socket.IO packets", "attachments follow their header, and come back behind theirs", {
        "one": returned(b"a"), "two": returned(b"\1\2\3", b"\4\5\6"), "empty": returned(b"", b""),
        "large": returned(b"\xff" * 70000),
        "as many as may be": returned(*(bytes([each]) for each in range(10))), "two events": returned(b"a", b"b") +
            returned(b"c"),
        "two events at once": says(*binary("45", "message", b"a", b"b"), *binary("45", "message", b"c"), STILL[0]) + hears(
            *binary("45", "message-back", b"a", b"b"), *binary("45", "message-back", b"c"), STILL[1]),
        "said one by one": says(*binary("45", "message", b"a", b"b")[:1]) + says(b"a") + says(b"b") + hears(
            *binary("45", "message-back", b"a", b"b")),
        "deep inside": says('452-["message",{"a":[%s,{"b":%s}]}]' % (holder(0), holder(1)), b"a", b"b") + hears(
            '452-["message-back",{"a":[%s,{"b":%s}]}]' % (holder(0), holder(1)), b"a", b"b"),
        "custom": JOIN_CUSTOM + says('451-/custom,["message",%s]' % holder(0), b"a") + hears(
            '451-/custom,["message-back",%s]' % holder(0), b"a"),
    }),
    rule("Socket.IO packets", "a binary event's ack is binary", {
        "two": says(*binary("45", "message-with-ack", b"\1\2\3", b"\4\5\6", ack="789")) +
            hears(*binary("46", None, b"\1\2\3", b"\4\5\6", ack="789")),
        "custom": JOIN_CUSTOM + says('451-/custom,12["message-with-ack",%s]' % holder(0), b"a") + hears(
            '461-/custom,12[%s]' % holder(0), b"a"),
    }),
    rule("Socket.IO packets", "more than ten attachments end the session", {
        "eleven": offends(*binary("45", "message", *[b"a"] * 11)), "the header alone": offends('4511-["message"]'),
        "very many": offends('4599999999999999999999-["message"]'), "of an ack": offends('4611-1["message"]'),
    }),
    rule("Socket.IO packets", "the number of attachments is digits, and a dash", {
        each: offends(f'45{each}["message",{holder(0)}]') for each in ("", "x-", "-1-", "1", "1x-", "1.5-", "1/")
    }),
    rule("Socket.IO packets", "a placeholder names one of the attachments", {
        each: offends(f'451-["message",{{"_placeholder":true,"num":{each}}}]', b"a") for each in ("1", "-1", '"0"', "null",
            "99999999999999999999")
    } | {
        "no number": offends('451-["message",{"_placeholder":true}]', b"a"),
        "deep inside": offends('451-["message",[{"a":{"_placeholder":true,"num":1}}]]', b"a"),
        "none, and placeholders": offends(f'450-["message",{holder(0)}]'),
    }),
    rule("Socket.IO packets", "nothing comes between a header and its attachments", {
        "text": offends(binary("45", "message", b"a")[0], STILL[0]), "text after the first": offends(
            binary("45", "message", b"a", b"b")[0], b"a", STILL[0]),
        "another header": offends(binary("45", "message", b"a")[0], binary("45", "message", b"a")[0]),
        "a CONNECT": offends(binary("45", "message", b"a")[0], "40/custom,"), "a DISCONNECT": offends(binary("45", "message",
            b"a")[0], "41"),
    }),
    rule("Socket.IO packets", "bytes without a header end the session", {
        "alone": offends(b"a"), "behind an event": says(STILL[0]) + hears(STILL[1]) + offends(b"a"),
        "one too many": returned(b"a") + offends(b"b"), "none at all": offends(b""),
    }),
    rule("Socket.IO packets", "bytes without a header end the session", {"before the CONNECT": offends(b"a")}, opening=()),
]

WRONG = {"an unknown type": ("4abc",), "no array": ("42{}",), "not joined": ('42/nope,["a"]',),
    "no bytes": ("451-[1]", '42["a"]'),
         "behind a good one": ('42["unheard of"]', "4abc")}

TOLD_BY_POLLING = [
    rule("Engine.IO polling", "a parse error tells the GET that pends, or else the next one, to close", {
        **{f"{name}, a GET pends": polls() + pends() + tries(*each) + answered("1", "6\x1e1") + fails(1, sid=True) + ends()
           for name, each in WRONG.items()},
        **{f"{name}, none pends": tries(*each) + polls() + answered("6\x1e1") + fails(1, sid=True) + ends()
           for name, each in WRONG.items()},
    }, ("polling",)),
]

TIMED = [
    rule("Socket.IO packets", "who does not CONNECT in time is closed", {"silent": ends(), "refused": says("40/random") +
        REFUSED + ends()}, opening=()),
    rule("Socket.IO packets", "who has connected stays, with a namespace or without", {
        "main": stays(2 * CONNECT_TIMEOUT),
    }, ("websocket", "upgraded")),
    rule("Socket.IO packets", "a DISCONNECT leaves the transport, whose pings go on", {
        "main": says("41") + stays(2 * CONNECT_TIMEOUT) + list(JOINED),
    }, ("websocket", "upgraded")),
]
