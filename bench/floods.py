#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a flood costs others: the round trip of a quiet subscriber's own messages on one shard, alone and beside each
flood of tests/e2e/test_bad_input.py, as a table.

    bench/floods.py [--binary build/release/kodama] [--seconds 3] [--flooders 2] [NAME…]

The quiet client publishes 200 messages a second to itself and measures each from its send to its receipt. Flooders
are processes of their own that write as fast as they are read, and throw away what comes back; they, the client and
the broker share the machine's cores, so the first line (nobody floods) and `spin` (flooders that only take the
processor, and send nothing) are what to compare with. It fails when a message is lost, never by a duration.
"""
import argparse
import contextlib
import multiprocessing
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))


def pump(wire, pieces, counted):
    """Writes pieces(0), pieces(1) … until it is ended."""
    number, left = 0, b""
    with contextlib.suppress(OSError):
        while True:
            if not left:
                left, number = memoryview(pieces(number)), number + 1
            sent = wire.send_no_wait(left)
            left = left[sent:]
            counted.value += sent
            wire.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError, OSError):
                wire.socket.recv(1 << 20)
            if not sent:
                time.sleep(0.0005)  # it is not read from: the broker's business, not this processor's


def floods(broker):
    """name → what a flooder does until it is ended, given the counter of its bytes."""
    from engineio_wire import Polling
    from harness import WebSocket, trusting
    from ws_wire import BINARY, PING, TEXT, frame

    def over(connect, pieces):
        def run(counted):
            while True:
                with connect() as wire:
                    pump(wire, pieces, counted)
        return run

    def publisher():
        return broker.raw("flood", "?publish=only")

    def wss():
        return WebSocket(broker.https, "/topics/flood?publish=only", tls=trusting())

    def spin(_):
        while True:
            pass

    def handshakes(counted):
        context = trusting()
        while True:
            with contextlib.suppress(OSError):
                broker.tls_wire(context).reset()
                counted.value += 1

    def slow_heads(counted):
        wires = []
        while True:
            with contextlib.suppress(OSError):
                wires.append(broker.wire())
                for wire in wires[-400:]:
                    wire.send_no_wait(b"X")
                    counted.value += 1
            for wire in wires[:-400]:
                wire.reset()
            wires = wires[-400:]

    def payloads(counted):
        body = "\x1e".join(['42["x"]'] * 120_000).encode()
        session = Polling(broker.http, "/socket.io/")
        session.say("40")
        while True:
            with session.begin("POST", body) as wire:
                if wire.response().status != 200:
                    raise AssertionError("the flooder's session has ended")
            counted.value += len(body)

    request = b"GET /topics/flood?last=1 HTTP/1.1\r\nHost: a\r\n\r\n" * 500
    lines = b'{"topic":"flood","data":1}\n' * 500
    stream = (b"POST /publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (len(lines), lines)
    pings, tiny, large = frame(PING, b"") * 4000, frame(BINARY, b"x") * 4000, frame(BINARY, b"x" * (1 << 20))
    commands = frame(TEXT, '{"publish":{"topic":"flood","data":1}}') * 1000
    refused = frame(TEXT, "{}") * 1000
    return {
        "nobody": None,
        "spin": spin,
        "pings": over(publisher, lambda _: pings),
        "tiny messages": over(publisher, lambda _: tiny),
        "tiny commands": over(lambda: broker.native(), lambda _: commands),
        "refused commands": over(lambda: broker.native(), lambda _: refused),
        "pipelined requests": over(lambda: broker.wire(), lambda _: request),
        "lines of /publish": over(lambda: broker.wire(), lambda number: (b"" if number else stream) + chunk),
        "1 MiB messages": over(publisher, lambda _: large),
        "tiny TLS records": over(wss, lambda _: frame(PING, b"")),
        "1 MB payloads": payloads,
        "handshakes": handshakes,
        "slow heads": slow_heads,
    }


def probe(broker, seconds):
    """Round trips in milliseconds, sorted."""
    times = []
    with broker.raw("quiet") as client:
        client.sync()
        due = time.perf_counter()
        for number in range(int(seconds * 200)):
            due += 0.005
            time.sleep(max(0.0, due - time.perf_counter()))
            sent = time.perf_counter()
            client.send_text(str(number))
            if client.read_text() != str(number):
                raise AssertionError(f"message {number} is not the next that came")
            times.append((time.perf_counter() - sent) * 1000)
    return sorted(times)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--binary", default=os.path.join(ROOT, "build/release/kodama"))
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--flooders", type=int, default=2)
    arguments.add_argument("names", nargs="*")
    chosen = arguments.parse_args()
    os.environ["KODAMA_BINARY"] = os.path.abspath(chosen.binary)
    from harness import Broker

    print("| flood | p50, ms | p99, ms | worst, ms | flooders sent |\n|---|---|---|---|---|")
    for name in chosen.names or floods(None):
        broker = Broker("--preset=socketio-chat", shards=1)
        flood = floods(broker)[name]
        counted = [multiprocessing.Value("Q", 0, lock=False) for _ in range(chosen.flooders)]
        flooders = [multiprocessing.Process(target=flood, args=(each,), daemon=True) for each in counted if flood]
        for each in flooders:
            each.start()
        try:
            began = time.monotonic()
            time.sleep(0.3)  # they get under way
            times = probe(broker, chosen.seconds)
            rate = sum(each.value for each in counted) / (time.monotonic() - began)
        finally:
            for each in flooders:
                each.kill()
                each.join()
            broker.kill()
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        unit = "handshakes/s" if name == "handshakes" else "bytes/s"
        sent = f"{rate:,.0f} {unit}" if flood and name != "spin" else ""
        print(f"| {name} | {p50:.2f} | {p99:.2f} | {times[-1]:.2f} | {sent} |", flush=True)


if __name__ == "__main__":
    main()
