# SPDX-License-Identifier: Apache-2.0
"""Crowds of clients, each crowd a process of its own: a process may hold 20,000 descriptors and no more, and kill -9 of
one is how hundreds of clients die at once.

Sources are spread over 127.0.0.0/8: an address has 28,000 ports, and those of ended connections rest for a minute.
"""
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import struct
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kernel  # noqa: E402
from harness import CONNECTIONS_ARE_DESCRIPTORS, trusting  # noqa: E402
from http_wire import SLOW, TIMEOUT  # noqa: E402
from ws_wire import CLOSE, close_payload, frame  # noqa: E402

FORK = multiprocessing.get_context("fork")
PATIENCE = TIMEOUT * (6 if SLOW else 3)  # for one connection among thousands, on a busy machine
IP_BIND_ADDRESS_NO_PORT = 24  # the port is chosen by connect(), which knows the whole address
# These clients rest, pongs included, and on a busy machine thousands of handshakes wait for each other.
PATIENT = ("--websocket.ping_interval", "1h", "--timeouts.handshake", "60s", "--timeouts.head", "60s")
SOURCES = 64
BATCH = 500  # connections that a crowd opens at once
RAW = "GET /topics/storm%2F{0} HTTP/1.1\r\n"
NATIVE = "GET /ws HTTP/1.1\r\nSec-WebSocket-Protocol: kodama.v1.json\r\n"
UPGRADE = ("Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def request(number):
    """Every fourth speaks kodama.v1.json, the others listen to one of 256 topics."""
    return ((NATIVE if number % 4 == 0 else RAW.format(number % 256)) + UPGRADE).encode()


def connect(address, source):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(PATIENCE)
    made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((source, 0))
    made.connect(address)
    return made


def upgrade(made, tls, number):
    """The handshakes' end is read: what is returned is a WebSocket, or TLS with one in it."""
    if tls:
        made = tls.wrap_socket(made)
    return ask(made, number)


def ask(made, number):
    made.sendall(request(number))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = made.recv(4096)
        if not piece:
            raise AssertionError(f"connection {number} ended within the answer {head!r}")
        head += piece
    if not head.startswith(b"HTTP/1.1 101 "):
        raise AssertionError(f"connection {number}: {head!r}")
    return made


def reset(made):
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def leave(made, number):
    """As clients do: in order, by the socket's end alone, or with a reset."""
    if number % 3 == 0:
        made.sendall(frame(CLOSE, close_payload(1000)))
        made.close()
    elif number % 3 == 1:
        made.close()
    else:
        reset(made)


def network(number):
    """Of the n-th crowd that comes: its own 64 addresses."""
    return f"127.{1 + number // 250 % 250}.{1 + number % 250}"


class Crowd:
    """work(pipe, ...) in a process of its own. What it raises is raised here, where its answer is awaited."""

    def __init__(self, work, *arguments):
        self.pipe, other = FORK.Pipe()
        self.process = FORK.Process(target=_run, args=(work, self.pipe, other, arguments), daemon=True)
        self.process.start()
        other.close()

    def tell(self, what):
        self.pipe.send(what)

    def answered(self):
        return self.pipe.poll(0)

    def answer(self, timeout=PATIENCE * 4):
        if not self.pipe.poll(timeout):
            raise AssertionError(f"{self.process.name} does not answer within {timeout} s")
        said = self.pipe.recv()
        if isinstance(said, Failed):
            raise AssertionError(f"{self.process.name}: {said.why}")
        return said

    def kill(self):
        """kill -9: the kernel ends its connections, all at once."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join(TIMEOUT)
        self.pipe.close()


class Failed:
    def __init__(self, why):
        self.why = why


def _run(work, parents, pipe, arguments):
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        work(pipe, *arguments)
    except BaseException:
        pipe.send(Failed(traceback.format_exc()))
    os._exit(0)  # what was inherited is the parent's to clean up


def greet(made, tls):
    """Sends a ClientHello and waits for nothing."""
    made = tls.wrap_socket(made, do_handshake_on_connect=False)
    made.setblocking(False)
    try:
        made.do_handshake()
    except ssl.SSLWantReadError:
        pass
    made.settimeout(PATIENCE)
    return made


def stampede(address, tls, net, count):
    """Batches that do everything at once: first all connect and greet, then all go on."""
    held = []
    while len(held) < count:
        batch = [connect(address, f"{net}.{1 + number % SOURCES}") for number in range(min(BATCH, count - len(held)))]
        if tls:
            batch = [greet(each, tls) for each in batch]
            for each in batch:
                each.do_handshake()
        held += [ask(each, number) for number, each in enumerate(batch)]
    return held


def hold(pipe, address, secure, count):
    """Told a network: opens so many, says so, and holds them; told None: closes them, and says so."""
    tls = trusting() if secure else None
    while True:
        held = stampede(address, tls, pipe.recv(), count)
        pipe.send(len(held))
        pipe.recv()
        for number, each in enumerate(held):
            leave(each, number)
        held.clear()
        pipe.send(0)


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        trusting().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def rush(pipe, http, https, count, net):
    """Connects so many times as fast as it goes. Every second is given up within a handshake: TCP's, TLS's, HTTP's.
    The others, one in ten of them over TLS, are kept until the end, which is kill -9."""
    tls, hello, kept = trusting(), client_hello(), []
    for number in range(count):
        source = f"{net}.{1 + number % SOURCES}"
        stage = number // 2 % 10
        if number % 2 == 0:
            kept.append(upgrade(connect(https if stage == 0 else http, source), tls if stage == 0 else None, number))
            continue
        given_up = connect(https if stage < 5 else http, source)
        if stage < 3:
            given_up.sendall(hello)  # the answer finds nobody
        elif stage == 3:
            given_up.sendall(hello[:100])
        elif stage == 5:
            given_up.sendall(request(number))  # a whole one: the end comes behind it
        elif stage > 5:
            given_up.sendall(request(number)[:20 * (stage - 5)])
        if number % 4 == 1:
            reset(given_up)
        else:
            given_up.close()
    pipe.send(len(kept))
    while True:
        time.sleep(0.05)  # held, until it is killed


def nobody_but(broker, clients, descriptors, meanwhile=lambda: None):
    """Waits until the broker holds that many clients and no trace of any other; returns its metrics. Seen from inside:
    the gauges, and what came less what went; and from the kernel: the process's descriptors, which were so many without
    a client, and connections that nobody has closed or accepted."""
    descriptors += clients if CONNECTIONS_ARE_DESCRIPTORS else 0
    end = time.monotonic() + PATIENCE
    while True:
        meanwhile()
        metrics = broker.metrics()
        seen = {"connections": metrics.sum("connections"),
                "accepted less closed": metrics.sum("connections_accepted_total") - metrics.sum("connections_closed_total"),
                "the kernel's connections": kernel.sockets(broker.http, broker.https),
                "descriptors": kernel.descriptors(broker.pid)}
        if list(seen.values()) == [clients, clients, clients, descriptors]:
            return metrics
        if time.monotonic() > end:
            raise AssertionError(f"{clients} clients and {descriptors} descriptors should be left: {seen}")
        time.sleep(0.05)


class Rushes:
    """One crowd after another that rushes in and is killed at its age, whatever it is about. turn() it."""
    LIFE = 1.5
    EVERY = 0.3  # seconds; so five of them live
    networks = iter(range(10_000, 10_000_000))

    def __init__(self, http, https, connects_a_second):
        self.arguments = (http, https, int(connects_a_second * self.EVERY))
        self.crowds, self.born, self.killed, self.due = [], 0, 0, time.monotonic()

    def turn(self, now):
        while now >= self.due:
            self.due += self.EVERY
            self.crowds.append((now + self.LIFE, Crowd(rush, *self.arguments, network(next(self.networks)))))
            self.born += 1
        while self.crowds and now >= self.crowds[0][0]:
            crowd = self.crowds.pop(0)[1]
            if crowd.answered():
                crowd.answer()  # raises what went wrong in it
            crowd.kill()
            self.killed += 1

    def end(self):
        for _, crowd in self.crowds:
            crowd.kill()
        self.crowds.clear()
