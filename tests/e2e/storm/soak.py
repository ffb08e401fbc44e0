# SPDX-License-Identifier: Apache-2.0
"""The soak: everything at once for as long as one likes, and nothing may grow: `make soak SECONDS=600`.

/usr/bin/python3 tests/e2e/storm/soak.py [SECONDS]. Ends with a table, and with 1 when something was not flat or a client
missed a message.
"""
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kernel  # noqa: E402
from harness import STATE, Broker  # noqa: E402
from herd import Crowd, Rushes  # noqa: E402
from soak_clients import choir, laggards, quiet  # noqa: E402

ROW_SECONDS = 60
ROWS_MIN = 9  # shorter runs have shorter rows
CHURN = 200  # connects a second
RELOAD_EVERY = 5.0
SAMPLE_EVERY = 1.0
# What is flat: the median of the last third's rows is at most so many times the first third's, and a little more, which
# is what a row of an unchanged server differs by.
FLAT = {"resident MiB": (1.10, 2), "descriptors": (1.10, 10), "sockets": (1.10, 10), "p99 ms": (1.50, 2)}
COLUMNS = ("s", "connections", "connects/s", "messages/s", "deliveries/s", "resident MiB", "descriptors", "sockets",
           "p50 ms", "p99 ms", "reloads", "thrown out")
# Reloads change a limit back and forth that somebody is always at: the laggards' queue.
CONFIGURATION = "limits: {{message_bytes: 64KiB, queue_bytes: {}KiB}}\nlog: {{messages: 20}}\nlogging: {{level: warn}}\n"


class Soak:
    def __init__(self, seconds):
        self.seconds = seconds
        self.row_seconds = min(ROW_SECONDS, seconds / ROWS_MIN)
        self.file = os.path.join(STATE, "soak.yaml")
        self.reloads = 0
        self.configure()
        self.broker = Broker("--config", self.file)
        http, https = self.broker.http, self.broker.https
        self.clients = [Crowd(quiet, http), Crowd(choir, http, https), Crowd(laggards, http)]
        self.rushes = Rushes(http, https, CHURN)
        self.reload_due = time.monotonic()

    def end(self):
        self.rushes.end()
        for each in self.clients:
            each.kill()
        self.broker.stop()

    def configure(self):
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format((256, 512)[self.reloads % 2]))
        os.replace(self.file + ".new", self.file)

    def go_on(self, seconds):
        """Returns (connections, descriptors, sockets, resident bytes), sampled."""
        samples, end = [], time.monotonic() + seconds
        sample_due = time.monotonic()
        while (now := time.monotonic()) < end:
            self.rushes.turn(now)
            if now >= self.reload_due:
                self.reload_due = now + RELOAD_EVERY
                self.reloads += 1
                self.configure()
                self.broker.process.send_signal(signal.SIGHUP)
            if now >= sample_due:
                sample_due = now + SAMPLE_EVERY
                pid = self.broker.pid
                samples.append((self.broker.metrics().sum("connections"), kernel.descriptors(pid),
                                kernel.sockets(self.broker.http, self.broker.https), kernel.resident_bytes(pid)))
            time.sleep(0.01)
        return [statistics.median(column) for column in zip(*samples)]

    def ask(self):
        for each in self.clients:
            each.tell("how was it?")
        numbers = {}
        for each in self.clients:
            numbers |= each.answer()
        return numbers

    def rows(self):
        print(f"{self.seconds:.0f} s, a row each {self.row_seconds:.0f} s, behind {self.row_seconds:.0f} s to warm up", flush=True)
        print(line(COLUMNS), line("-" * max(4, len(name)) for name in COLUMNS), sep="\n", flush=True)
        self.go_on(self.row_seconds)
        self.ask()
        rows, began = [], time.monotonic()
        before, at = self.broker.metrics(), began
        while at < began + self.seconds - self.row_seconds / 2:
            connections, descriptors, sockets, resident = self.go_on(self.row_seconds)
            numbers, after, now = self.ask(), self.broker.metrics(), time.monotonic()
            more = lambda name, **labels: after.sum(name, **labels) - before.sum(name, **labels)  # noqa: E731
            took = now - at
            rows.append(dict(zip(COLUMNS, (
                round(now - began), round(connections), round(more("connections_accepted_total") / took),
                round(more("messages_published_total") / took), round(more("deliveries_total") / took),
                round(resident / kernel.MIB, 1), round(descriptors), round(sockets),
                round(numbers["p50"] * 1000, 2), round(numbers["p99"] * 1000, 2),
                round(more("config_reloads_total", result="ok")),
                round(more("connections_closed_total", reason="slow_consumer"))))))
            print(line(rows[-1].values()), flush=True)
            before, at = after, now
        self.check(rows, before)
        return rows

    def check(self, rows, metrics):
        """That it was what it says it is."""
        if metrics.sum("config_reloads_total", result="failed"):
            raise AssertionError("a reload failed")
        for column in ("connects/s", "messages/s", "reloads", "thrown out"):
            if not sum(row[column] for row in rows):
                raise AssertionError(f"no {column}")


def line(cells):
    return "| " + " | ".join(f"{cell:>{max(4, len(name))}}" for name, cell in zip(COLUMNS, cells)) + " |"


def verdict(rows):
    """Whether it was flat; tells by a table."""
    third = max(1, len(rows) // 3)
    print(f"\n| {'':>12} | first third | last third | at most |   |\n| {'-' * 12} | ----------- | ---------- | ------- | - |")
    flat = True
    for column, (ratio, slack) in FLAT.items():
        first = statistics.median(row[column] for row in rows[:third])
        last = statistics.median(row[column] for row in rows[-third:])
        most = first * ratio + slack
        flat &= last <= most
        print(f"| {column:>12} | {first:11.2f} | {last:10.2f} | {most:7.2f} | {'flat' if last <= most else 'GROWN'} |")
    return flat


def main(seconds):
    soak = Soak(seconds)
    try:
        flat = verdict(soak.rows())
    finally:
        soak.end()
    print("nothing grew, and nobody who reads missed a message" if flat else "it is not flat", flush=True)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600))
