# SPDX-License-Identifier: Apache-2.0
"""The configurations that the tables of Engine.IO and Socket.IO are played against: small servers, as rules."""
from http_wire import SLOW

FACTOR = 5 if SLOW else 1  # a sanitizer takes its time
PATIENCE = 2 if SLOW else 1  # longer ones that need not grow as much
# Of QUICK. The official suites' interval, and more than their time to answer in: a busy machine may stand still for it.
PING_INTERVAL, PING_TIMEOUT = 0.3 * FACTOR, 1.0 * PATIENCE
CONNECT_TIMEOUT = 1.0 * PATIENCE  # of QUICK
UPGRADE_TIMEOUT = 0.6 * PATIENCE  # of /impatient/
MAX_PAYLOAD = 2000  # of /small/
WINDOW = 0.2  # of BRIEF


def milliseconds(seconds):
    return f"{round(seconds * 1000)}ms"


ECHO = 'messages: [{match: "*", do: [{send: $message}]}]'

EVENTS = """
        - {event: message, do: [{emit: {event: message-back, args: [$args]}}]}
        - {event: message-with-ack, ack: [$args]}
        - {event: shout, do: [{broadcast: {sender: true}}]}
        - {event: kick me, do: [disconnect]}
        - {event: ask me, do: [{ask: {event: question, args: [$args], then: [{emit: {event: answer, args: [$args]}}]}}]}"""

NAMESPACES = f"""
  namespaces:
    "/":
      refuse: [{{when: {{query.fail: present}}, message: not today, data: {{retry: [1, 2]}}}}]
      on_connect: [{{emit: {{event: auth, args: [$auth]}}}}]
      events:{EVENTS}
    /custom:
      on_connect: [{{emit: {{event: auth, args: [$auth]}}}}]
      events:{EVENTS}
"""

# Times are the defaults, so that no ping is met; each endpoint has one peculiarity.
STEADY = f"""
engineio:
  endpoints:
    - {{path: /engine.io/, {ECHO}}}
    - {{path: /impatient/, upgrade_timeout: {milliseconds(UPGRADE_TIMEOUT)}, {ECHO}}}
    - {{path: /small/, max_payload: {MAX_PAYLOAD}, {ECHO}}}
    - {{path: /polling/, transports: [polling], {ECHO}}}
    - {{path: /websocket/, transports: [websocket], {ECHO}}}
    - {{path: /refusing/, refuse: [{{when: {{query.deny: present}}}}], {ECHO}}}
socketio:
  path: /socket.io/{NAMESPACES}"""

QUICK = f"""
engineio:
  ping_interval: {milliseconds(PING_INTERVAL)}
  ping_timeout: {milliseconds(PING_TIMEOUT)}
  connect_timeout: {milliseconds(CONNECT_TIMEOUT)}
  max_payload: 1000000
  endpoints:
    - {{path: /engine.io/, {ECHO}}}
socketio:
  path: /socket.io/{NAMESPACES}"""

ORIGIN = "https://app.example.com"

# What browsers on another origin, and cookie-based balancers, need.
DRESSED = f"""
engineio:
  cors: {{origins: ["{ORIGIN}"], credentials: true}}
  cookie: {{name: io, path: /, same_site: lax, http_only: true}}
  headers: {{X-Served-By: a test}}
  endpoints:
    - {{path: /engine.io/, {ECHO}}}
    - {{path: /small/, max_payload: {MAX_PAYLOAD}, {ECHO}}}
socketio:
  path: /socket.io/{NAMESPACES}"""


def recovering(window):
    return f"""
socketio:
  path: /socket.io/
  namespaces:
    "/":
      recovery: {{window: {window}, bytes: 4MiB}}
      rooms: ["room-*"]
      events:
        - {{event: message, do: [{{emit: {{event: message-back, args: [$args]}}}}]}}
        - {{event: message-with-ack, ack: [$args]}}
        - {{event: shout, do: [{{broadcast: {{sender: true}}}}]}}
        - {{event: whoami, do: [{{emit: {{event: auth, args: [$auth]}}}}]}}
        - {{event: kick me, do: [disconnect]}}
        - {{event: join, do: [{{join: $0}}], ack: []}}
        - {{event: say, do: [{{broadcast: {{to: [$0], sender: true, event: said, args: [$1]}}}}], ack: []}}
"""


# For other people's clients; what they are told to do is in socketio_client.mjs and test_socketio_clients.py.
CLIENT_EVENTS = """
      rooms: ["room-*"]
      on_connect: [{emit: {event: auth, args: [$auth]}}]
      events:
        - {event: message, do: [{emit: {event: message-back, args: [$args]}}]}
        - {event: message-with-ack, ack: [$args]}
        - {event: never, do: [drop]}
        - {event: ask me, do: [{ask: {event: question, args: [$args], then: [{emit: {event: answer, args: [$args]}}]}}]}
        - {event: shout, do: [broadcast]}
        - {event: others, do: [{broadcast: {sender: false}}]}
        - {event: join, do: [{join: $0}], ack: []}
        - {event: leave, do: [{leave: $0}], ack: []}
        - {event: say, do: [{broadcast: {to: [$0], event: said, args: [$1]}}], ack: []}
        - {event: once, dedupe: {by: $1, window: 10m}, do: [{broadcast: {args: [$0]}}], ack: []}
        - {event: kick me, do: [disconnect]}
"""
CLIENTS = f"""
socketio:
  namespaces:
    /:{CLIENT_EVENTS}
    /custom:{CLIENT_EVENTS}
    /admin:
      refuse: [{{unless: {{auth.token: present}}, message: Unauthorized, data: {{code: 401}}}}]
"""

CONFIGS = {"steady": STEADY, "quick": QUICK, "dressed": DRESSED, "recovery": recovering("2m"),
           "brief": recovering(milliseconds(WINDOW)), "clients": CLIENTS}
