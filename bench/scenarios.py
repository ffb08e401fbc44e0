# SPDX-License-Identifier: Apache-2.0
"""The regimes: which servers run side by side under which load, and which ratio of theirs is held against which bound.

A regime's columns are run one after another, and that as often as there are repetitions. A goal compares two columns of
one repetition ("" as the other: an absolute bound). The first metric of a regime is the one that other kodamas and the
peers are compared by.
"""
import os
from dataclasses import dataclass, replace

CONNECTIONS_IDLE = 15_000
BYTES = 128
JSON_BYTES = 1024
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
# Kodama's flags where it is to do what peers/socketio/server.mjs does, and where everybody is to get everything.
SOCKETIO = ("--config", os.path.join(PEERS, "kodama-socketio.yaml"))
EVERYBODY = ("--config", os.path.join(PEERS, "kodama-socketio-everybody.yaml"))
# What those peers speak that send messages as they come.
PUSHED = ("mqtt", "nchan", "nats", "socketio", "centrifuge")


@dataclass(frozen=True)
class Metric:
    path: str  # in a run's result
    label: str
    unit: str
    scale: float = 1.0  # of the shown number
    more_is_better: bool = False


CPU = Metric("cpu_ns_per_delivery", "CPU per delivery", "ns")
RATE = Metric("deliveries_per_s", "deliveries/s", "M/s", 1e-6, True)
P50, P99, P999 = (Metric(f"latency_us.{name}", name.replace("p999", "p99.9"), "µs") for name in ("p50", "p99", "p999"))
RSS = Metric("rss_per_connection", "user memory a connection", "B")
SLAB = Metric("slab_per_connection", "kernel memory a connection, both ends", "B")
OPENED = Metric("per_cpu_s", "connections per CPU second", "/s", 1.0, True)
OPENED_RATE = Metric("per_s", "connections/s", "/s", 1.0, True)
IDLE_CPU = Metric("cpu_ns_per_connection_s", "CPU per connection and second", "ns")
REQUESTS = Metric("requests_per_cpu_s", "requests per CPU second", "k/s", 1e-3, True)
REQUEST_RATE = Metric("requests_per_s", "requests/s", "k/s", 1e-3, True)


@dataclass(frozen=True)
class Column:
    name: str
    server: str  # kodama, base, floor, nginx, or a peer's name
    load: tuple  # bench_load's command and flags, without where to connect; ("wrk", seconds) is wrk
    protocol: str = "raw"
    floor: str = ""  # which floor
    tls: bool = False
    shards: int = 1
    flags: tuple = ()  # further ones of kodama or of the floor
    both_cores: bool = False
    ours: bool = False  # what is judged: BASE and the peers are put beside it
    seconds: float = 0.0  # about how long a run takes


@dataclass(frozen=True)
class Goal:
    metric: Metric
    ours: str
    theirs: str = ""
    at_most: float = None
    at_least: float = None


@dataclass(frozen=True)
class Regime:
    name: str
    title: str
    columns: tuple
    goals: tuple
    metrics: tuple  # shown for every column, the most important one first
    peers: tuple = ()  # the peers that take part: what they speak
    repetitions_max: int = 100


@dataclass(frozen=True)
class Settings:
    warmup: float = 2.0
    duration: float = 10.0
    hold: float = 50.0  # of idle connections: two rounds of pings
    ping: float = 25.0
    repetitions: int = 5
    beside: bool = True  # columns that no bound is held against, and regimes without a bound
    again: float = 0.25  # of the planned time, for runs that the rest of the machine disturbed
    idle_repetitions: int = 2  # where 15,000 connections are held: memory does not vary, and CPU is exact
    calibrations: int = 2  # of a floor that can send in two ways
    connections: int = 25_000
    prefill_bytes: int = 3 << 20  # fills a stalled reader's sockets, not kodama's queue of 4 MiB


QUICK = Settings(warmup=0.5, duration=1.7, hold=10.0, ping=10.0, repetitions=2, beside=False, again=0.0,
                 idle_repetitions=1, calibrations=1, connections=10_000)


# Every delivery is a request of its own: what Node can answer before the next message comes.
POLLERS, POLLED_RATE = 500, 10
POLLERS_IDLE = 7_500  # a session and a connection each, of as many as there may be descriptors


def fanout(settings, *flags, spin=True, size=BYTES):
    return ("fanout", "--bytes", str(size), "--warmup", f"{settings.warmup:g}s", "--duration", f"{settings.duration:g}s",
            f"--spin={'true' if spin else 'false'}", *flags)


def idle(settings, hold, *flags, count=CONNECTIONS_IDLE):
    return ("idle", "--subscribers", str(count), "--steps", "3", "--hold", f"{hold:g}s", *flags)


def wide_load(settings, spin=True):
    return fanout(settings, "--topics", "1", "--subscribers", "1000", "--rate", "100", spin=spin)


def against_floor(settings, load, mode="relay", extra=0.0, **options):
    """The pair that most regimes are: a floor, and kodama under the same load."""
    seconds = settings.warmup + settings.duration + 1 + extra
    floor_flags = options.pop("floor_flags", ())
    return (Column("floor", "floor", load, floor=mode, seconds=seconds, flags=floor_flags),
            Column("kodama", "kodama", load, ours=True, seconds=seconds, **options))


def fanout_regimes(settings):
    dense = {name: fanout(settings, "--topics", "1", "--subscribers", str(count), "--outstanding", str(outstanding), spin=False)
             for name, count, outstanding in (("dense-100", 100, 256), ("dense-1000", 1000, 8))}
    one = fanout(settings, "--topics", "1", "--subscribers", "1", "--rate", "1000")
    closed = (RATE, CPU)  # a closed loop's latency is the length of its queue
    open_loop = (CPU, P50, P99, P999)
    return [
        Regime("wide", "1 topic, 1,000 subscribers, 100 messages/s, open loop", against_floor(settings, wide_load(settings)),
               (Goal(CPU, "kodama", "floor", at_most=1.10), Goal(P50, "kodama", "floor", at_most=1.05),
                Goal(P99, "kodama", "floor", at_most=1.2), Goal(P999, "kodama", "floor", at_most=1.5)), open_loop, peers=PUSHED),
        Regime("dense-100", "1 topic, 100 subscribers, 256 messages outstanding, closed loop",
               against_floor(settings, dense["dense-100"]),
               (Goal(RATE, "kodama", "floor", at_least=0.85), Goal(CPU, "kodama", "floor")), closed, peers=PUSHED),
        Regime("dense-1000", "1 topic, 1,000 subscribers, 8 messages outstanding, closed loop",
               against_floor(settings, dense["dense-1000"]),
               (Goal(RATE, "kodama", "floor", at_least=0.95), Goal(CPU, "kodama", "floor")), closed),
        Regime("one-to-one", "1 publisher, 1 subscriber, 1,000 messages/s", against_floor(settings, one),
               (Goal(P50, "kodama", "floor", at_most=1.10),), (P50, P99, P999, CPU), peers=PUSHED),
    ]


def pair_regimes(settings):
    """Kodama against itself: what topics, shards, TLS and stalled readers cost."""
    seconds = settings.warmup + settings.duration + 1
    backend = ("--publish_protocol", "native")  # one connection for all topics
    many = fanout(settings, "--topics", "1000", "--subscribers", "10", "--rate", "10000", *backend)
    one = fanout(settings, "--topics", "1", "--subscribers", "10000", "--rate", "10", *backend)
    few = fanout(settings, "--topics", "1", "--subscribers", "10", "--rate", "10000", *backend)
    apart = wide_load(settings, spin=False)
    wide = wide_load(settings)
    json = fanout(settings, "--topics", "1", "--subscribers", "1000", "--rate", "100", "--json_text", size=JSON_BYTES)
    stalled = (*wide, "--prefill_bytes", str(settings.prefill_bytes))
    shown = (CPU, P50, P99)
    return [
        Regime("many-topics", "1,000 topics with 10 subscribers each, 10,000 messages/s over all: 100,000 deliveries/s",
               (Column("one topic, 10,000 subscribers", "kodama", one, seconds=seconds + 2),
                Column("kodama", "kodama", many, ours=True, seconds=seconds + 2),
                Column("one topic, 10 subscribers", "kodama", few, seconds=seconds)),
               (Goal(CPU, "kodama", "one topic, 10,000 subscribers", at_most=1.25),
                Goal(CPU, "kodama", "one topic, 10 subscribers")), shown),
        Regime("two-shards", "wide; both servers may use both cores, the generator sleeps on one of them",
               (Column("one shard", "kodama", apart, both_cores=True, seconds=seconds),
                Column("kodama", "kodama", apart, shards=2, both_cores=True, ours=True, seconds=seconds)),
               (Goal(CPU, "kodama", "one shard", at_most=1.10),), shown),
        Regime("wss-wide", "wide over TLS 1.3 with AES-128-GCM",
               (Column("ws", "kodama", wide, seconds=seconds),
                Column("kodama", "kodama", wide, tls=True, ours=True, seconds=seconds + 1),
                Column("floor seal", "floor", wide, floor="seal", tls=True, seconds=seconds + 1)),
               (Goal(CPU, "kodama", "ws", at_most=1.6), Goal(CPU, "kodama", "floor seal")), shown),
        Regime("wide-deflate", "wide with 1 KiB of JSON, compressed for those who offer it",
               (Column("not compressed", "kodama", json, seconds=seconds),
                Column("kodama", "kodama", (*json, "--deflate"), ours=True, seconds=seconds)),
               (Goal(CPU, "kodama", "not compressed", at_most=1.15),), shown),
        Regime("stalled", "wide with 10 further subscribers that never read",
               (Column("none stalled", "kodama", (*stalled, "--stalled", "0"), seconds=seconds + 4),
                Column("kodama", "kodama", (*stalled, "--stalled", "10"), ours=True, seconds=seconds + 4)),
               (Goal(P99, "kodama", "none stalled", at_most=1.05),), (P99, P50, CPU)),
    ]


def connection_regimes(settings):
    memory = idle(settings, 1.0)
    opened = ("connect", "--connections", str(settings.connections), "--in_flight", "64")
    held = idle(settings, settings.hold)
    ping = f"{settings.ping:g}s"
    idle_memory = (RSS, SLAB)
    return [
        Regime("idle-ws", f"{CONNECTIONS_IDLE:,} idle ws connections with one subscription each: memory",
               against_floor(settings, memory, "idle"), (Goal(RSS, "kodama", at_most=512),), idle_memory, peers=PUSHED,
               repetitions_max=settings.idle_repetitions),
        Regime("idle-wss", f"{CONNECTIONS_IDLE:,} idle wss connections with one subscription each: memory",
               (Column("kodama", "kodama", memory, tls=True, ours=True, seconds=12),),
               (Goal(RSS, "kodama", at_most=10 * 1024),), idle_memory, repetitions_max=settings.idle_repetitions),
        Regime("connect", f"{settings.connections:,} ws connections opened, 64 at a time",
               against_floor(settings, opened, "accept"), (Goal(OPENED, "kodama", "floor", at_least=0.85),),
               (OPENED, OPENED_RATE)),
        Regime("idle-cpu", f"{CONNECTIONS_IDLE:,} idle ws connections, a ping every {ping}: CPU",
               tuple(replace(each, seconds=settings.hold + 4) for each in
                     against_floor(settings, held, "ping", floor_flags=("--ping_interval", ping),
                                   flags=("--websocket.ping_interval", ping))),
               (Goal(IDLE_CPU, "kodama", "floor", at_most=1.5),), (IDLE_CPU,), repetitions_max=settings.idle_repetitions),
        Regime("http", "POST /topics/x with 128 bytes, keep-alive, 64 connections (wrk)",
               (Column("nginx", "nginx", ("wrk", settings.duration), seconds=settings.duration + 2),
                Column("kodama", "kodama", ("wrk", settings.duration), ours=True, seconds=settings.duration + 2)),
               (Goal(REQUESTS, "kodama", "nginx", at_least=0.7), Goal(REQUEST_RATE, "kodama", "nginx")),
               (REQUESTS, REQUEST_RATE, P50, P99)),
    ]


def socketio_regimes(settings):
    """Kodama's own Socket.IO: beside its native dialect, over polling, and idle."""
    seconds = settings.warmup + settings.duration + 1
    wide = wide_load(settings)
    polled = fanout(settings, "--topics", "1", "--subscribers", str(POLLERS), "--rate", str(POLLED_RATE))
    over_websocket = Column("WebSocket", "kodama", polled, "socketio", seconds=seconds, flags=SOCKETIO)

    def held(name, how, protocol, count, bound, took, **options):
        memory = idle(settings, 1.0, count=count)
        in_a_room = Column("in a room", "kodama", memory, protocol, seconds=took, flags=SOCKETIO)
        return Regime(name, f"{count:,} idle clients of Socket.IO {how}, connected to a namespace: memory",
                      (in_a_room, replace(in_a_room, name="kodama", load=(*memory, "--rooms=false"), ours=True)),
                      (Goal(RSS, "kodama", at_most=bound),), (RSS, SLAB), repetitions_max=settings.idle_repetitions,
                      **options)

    return [
        Regime("socketio-wide", "wide through Socket.IO's endpoint over WebSocket, beside the native dialect",
               (Column("native", "kodama", wide, "native", seconds=seconds, flags=SOCKETIO),
                Column("kodama", "kodama", wide, "socketio", ours=True, seconds=seconds, flags=SOCKETIO),
                Column("to everybody", "kodama", wide, "socketio", seconds=seconds, flags=EVERYBODY)),
               (Goal(CPU, "kodama", "native", at_most=1.05), Goal(CPU, "to everybody", "native")), (CPU, P50, P99, P999)),
        Regime("socketio-polling", f"1 topic, {POLLERS} clients of Socket.IO that poll, {POLLED_RATE} messages/s, open loop",
               (over_websocket, replace(over_websocket, name="kodama", protocol="socketio-polling", ours=True)),
               (Goal(CPU, "kodama", "WebSocket"),), (CPU, P50, P99), peers=("socketio-polling",)),
        held("idle-socketio", "over WebSocket", "socketio", CONNECTIONS_IDLE, 1024, 6),
        held("idle-polling", "that poll", "socketio-polling", POLLERS_IDLE, 2048, 6, peers=("socketio-polling",)),
    ]


def door_regimes(settings):
    """Other ways to the same topics beside the native dialect, all published to by a backend that speaks that one."""
    seconds = settings.warmup + settings.duration + 1
    wide = fanout(settings, "--topics", "1", "--subscribers", "1000", "--rate", "100", "--publish_protocol", "native")

    def beside_native(name, what, protocol, bound):
        return Regime(name, f"wide through {what}, beside the native dialect",
                      (Column("native", "kodama", wide, "native", seconds=seconds),
                       Column("kodama", "kodama", wide, protocol, ours=True, seconds=seconds)),
                      (Goal(CPU, "kodama", "native", at_most=bound),), (CPU, P50, P99, P999))

    return [
        beside_native("sse-wide", "Server-Sent Events", "sse", 1.10),
        beside_native("wamp-wide", "WAMP v2", "wamp", 1.05),
        Regime("idle-sse", f"{CONNECTIONS_IDLE:,} idle clients of Server-Sent Events: memory",
               (Column("kodama", "kodama", idle(settings, 1.0), "sse", ours=True, seconds=6),),
               (Goal(RSS, "kodama", at_most=1024),), (RSS, SLAB), repetitions_max=settings.idle_repetitions),
    ]


def regimes(settings):
    order = ("wide", "dense-100", "dense-1000", "one-to-one", "many-topics", "two-shards", "wss-wide", "wide-deflate",
             "socketio-wide", "socketio-polling", "sse-wide", "wamp-wide", "idle-ws", "idle-wss", "idle-socketio",
             "idle-polling", "idle-sse", "connect", "idle-cpu", "http", "stalled")
    known = {each.name: each for each in [*fanout_regimes(settings), *pair_regimes(settings),
                                          *socketio_regimes(settings), *door_regimes(settings),
                                          *connection_regimes(settings)]}
    found = [known[name] for name in order]
    return found if settings.beside else [bounded(each) for each in found if has_bound(each)]


def has_bound(regime):
    return any(goal.at_most is not None or goal.at_least is not None for goal in regime.goals)


def bounded(regime):
    """The regime without the columns that no bound is held against."""
    goals = [goal for goal in regime.goals if goal.at_most is not None or goal.at_least is not None]
    needed = {name for goal in goals for name in (goal.ours, goal.theirs)}
    columns = tuple(each for each in regime.columns if each.name in needed)
    names = {"", *(each.name for each in columns)}
    return replace(regime, columns=columns, goals=tuple(goal for goal in regime.goals
                                                              if goal.ours in names and goal.theirs in names))


def with_base(regime):
    """The regime with a second kodama behind the first."""
    columns = []
    for each in regime.columns:
        columns += [each, replace(each, name="base", server="base", ours=False)] if each.ours else [each]
    return replace(regime, columns=tuple(columns), goals=regime.goals + tuple(Goal(each, "kodama", "base")
                                                                              for each in regime.metrics))


def with_peers(regime, peers):
    """The regime with the peers (name → protocol) that take part in it, and kodama in its other dialects."""
    taking = {name: protocol for name, protocol in peers.items() if protocol in regime.peers}
    if not taking:
        return regime
    ours = next(each for each in regime.columns if each.ours)
    beside = []
    if ours.protocol == "raw":
        beside.append(replace(ours, name="kodama (native)", protocol="native", ours=False))
    if ours.protocol == "raw" and "socketio" in taking.values():
        beside.append(replace(ours, name="kodama (Socket.IO)", protocol="socketio", ours=False,
                              flags=(*ours.flags, *SOCKETIO)))
    beside += [replace(ours, name=name, server=name, protocol=protocol, ours=False, flags=())
               for name, protocol in taking.items()]
    regime = replace(regime, columns=regime.columns + tuple(beside))
    return replace(regime, goals=regime.goals + tuple(socketio_goals(regime)))


def socketio_goals(regime):
    """Kodama's Socket.IO is to cost less than Node's, over either transport, wherever both are measured."""
    cost = CPU if CPU in regime.metrics else regime.metrics[0]
    kodamas = {each.protocol: each.name for each in sorted(regime.columns, key=lambda each: each.ours)
               if each.server == "kodama"}
    if "kodama (Socket.IO)" in kodamas.values() and cost == CPU:
        yield Goal(CPU, "kodama (Socket.IO)", "kodama (native)")
    for each in regime.columns:
        if each.server.startswith("socketio") and each.protocol in kodamas:
            yield Goal(cost, kodamas[each.protocol], each.name, at_most=1.0)
