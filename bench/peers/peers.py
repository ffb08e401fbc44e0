# SPDX-License-Identifier: Apache-2.0
"""The servers that kodama is compared with: whether one can run here, how it is built, started and ended.

PEERS has one Peer a name; NGINX_RETURN_200 is the one of the HTTP comparison. A peer is started as a process of its own
in a folder of its own, pinned to one core, on a fixed port of 127.0.0.1 (in the caller's network namespace), and ended
by its process id. What is built goes to build/bench/ and stays there: the second build() has nothing to do.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent.parent / "build" / "bench"
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
START_SECONDS = 20.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None, use_errno=True)


class PeerError(Exception):
    """A peer that could not be built or started; the text says why, with the end of what it wrote."""


def find(*names: str) -> str:
    """The first of the programs that there is, or ''. Servers are looked for where Debian keeps them, too."""
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin"
    return next((found for name in names if (found := shutil.which(name, path=path))), "")


def output_of(command: Sequence[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip()


def run_quietly(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise PeerError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}")


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, all the way down."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(word) for word in task.read_text().split()]
        except OSError:  # ended meanwhile
            continue
        for child in direct:
            children += [child, *children_of(child)]
    return children


@dataclass
class Running:
    """A started peer."""

    process: subprocess.Popen[bytes]
    connect: str
    publish_connect: str
    version: str
    log: Path
    pids: list[int] = field(default_factory=list)

    def stop(self) -> None:
        """Ends it and waits until it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in [*children_of(self.process.pid), self.process.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(STOP_SECONDS)


@dataclass(frozen=True)
class Peer:
    """One server: what bench_load calls its protocol, and how to get it running."""

    name: str
    protocol: str
    port: int
    command: Callable[[int], list[str]]
    read_version: Callable[[], str]
    missing: Callable[[], str]
    make: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    # What buys speed with memory, and is therefore left out where the memory of idle connections is measured.
    speed_environment: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1  # how many there are once it serves

    def available(self) -> str:
        """'' when it can run here, or why it cannot."""
        return self.missing()

    def build(self) -> None:
        """Fetches and compiles what it needs; quiet, and quick when it is there already. Raises PeerError."""
        BUILT.mkdir(parents=True, exist_ok=True)
        self.make()

    def start(self, workdir: str | Path, cpu: int | Iterable[int], *, idle: bool = False) -> Running:
        """Starts it in `workdir` on core `cpu`, or on several; returns when it accepts connections. Raises PeerError.
        `idle` says that memory is measured, not speed."""
        folder = Path(workdir).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        address = ("127.0.0.1", self.port)
        if accepts(address):
            raise PeerError(f"{self.name}: port {self.port} is in use")
        environment = {**os.environ, **self.environment, **({} if idle else self.speed_environment)}
        cpus = {cpu} if isinstance(cpu, int) else set(cpu)
        log = folder / f"{self.name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                self.command(self.port), cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                env=environment, preexec_fn=lambda: prepare(cpus),
                start_new_session=True)  # a ^C is the benchmark's, which then stops it
        connect = f"127.0.0.1:{self.port}"
        running = Running(process, connect, connect, "", log)
        try:
            self.wait_until_it_serves(running, address)
            running.version = self.read_version()
        except BaseException:  # a ^C as well: nobody else knows of the process yet
            running.stop()
            raise
        return running

    def wait_until_it_serves(self, running: Running, address: tuple[str, int]) -> None:
        end = time.monotonic() + START_SECONDS
        while not (accepts(address) and len(running.pids) >= self.processes):
            if running.process.poll() is not None or time.monotonic() > end:
                said = running.log.read_text(errors="replace")[-4000:]
                raise PeerError(f"{self.name} does not accept connections:\n{said}")
            time.sleep(0.02)
            running.pids = [running.process.pid, *children_of(running.process.pid)]


def accepts(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def prepare(cpus: set[int]) -> None:
    """In the child: ends with this program, on its cores, with as many descriptors as there may be."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setaffinity(0, cpus)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def not_installed(program: str, package: str) -> str:
    return "" if find(program) else f"{program} is not installed (apt-get install {package})"


# --- Go: today's NATS server, and the server on the Centrifuge library ---


def go_missing(folder: str) -> str:
    """Whether the Go that is here may build the module: its `go` line names the oldest that can."""
    go = find("go")
    if not go:
        return "go is not installed"
    wanted = re.search(r"^go (\d+)\.(\d+)", (HERE / folder / "go.mod").read_text(), re.MULTILINE)
    has = re.search(r"go(\d+)\.(\d+)", output_of([go, "version"]))
    if wanted and has and tuple(map(int, has.groups())) < tuple(map(int, wanted.groups())):
        return f"go {wanted[1]}.{wanted[2]} or newer is needed, this is {has[1]}.{has[2]}"
    return ""


def go_build(folder: str, package: str, program: str) -> None:
    command = [find("go"), "build", "-trimpath", "-buildvcs=false", "-o", str(BUILT / program), package]
    run_quietly(command, HERE / folder)


def go_version(folder: str, module: str) -> str:
    found = re.search(rf"{re.escape(module)} (v\S+)", (HERE / folder / "go.mod").read_text())
    return found[1] if found else "?"


# --- Node: Socket.IO ---

SOCKETIO = BUILT / "socketio"


def node_missing() -> str:
    if not find("node") or not find("npm"):
        return "node and npm are not installed"
    version = output_of([find("node"), "--version"])
    found = re.match(r"v(\d+)\.(\d+)", version)
    new_enough = found and tuple(map(int, found.groups())) >= (18, 14)
    return "" if new_enough else f"node 18.14 or newer is needed, this is {version}"


def socketio_make() -> None:
    """Installs exactly the lock file's packages. bufferutil brings its binary along: no package's script is run."""
    SOCKETIO.mkdir(parents=True, exist_ok=True)
    installed = SOCKETIO / "node_modules" / "socket.io" / "package.json"
    lock = SOCKETIO / "package-lock.json"
    wanted = (HERE / "socketio/package-lock.json").read_bytes()
    same = installed.exists() and lock.exists() and lock.read_bytes() == wanted
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copyfile(HERE / "socketio" / name, SOCKETIO / name)
    if not same:
        run_quietly([find("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], SOCKETIO)


def socketio_command(port: int) -> list[str]:
    return [find("node"), str(SOCKETIO / "server.mjs"), str(port)]


def socketio_version() -> str:
    found = re.search(r'"socket.io": "([^"]+)"', (HERE / "socketio/package.json").read_text())
    return f"{found[1] if found else '?'} on Node {output_of([find('node'), '--version'])}"


# --- nginx ---


def nginx_command(configuration: str) -> list[str]:
    """`-p .`: what it writes, it writes where it is started."""
    return [find("nginx"), "-p", ".", "-c", str(HERE / configuration), "-e", "stderr"]


def nginx_version() -> str:
    return output_of([find("nginx"), "-v"]).rpartition("/")[2]


def nchan_missing() -> str:
    if NCHAN_MODULE.exists():
        return not_installed("nginx", "nginx")
    return "nginx's module nchan is not installed (apt-get install libnginx-mod-nchan)"


def nchan_version() -> str:
    package = output_of(["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"])
    return f"{re.sub(r'^[0-9]+:|[+-].*$', '', package)} on nginx {nginx_version()}"


def mosquitto_version() -> str:
    return output_of([find("mosquitto"), "-h"]).partition("\n")[0].rpartition(" ")[2]


def nats_command(program: str, port: int) -> list[str]:
    return [program, "-c", str(HERE / "nats.conf"), "-p", str(port)]


# One core, so that one thread runs Go code; and a heap that may grow to five times what is live before it is collected.
GO_ENVIRONMENT = {"GOMAXPROCS": "1"}
GO_SPEED = {"GOGC": "400"}
NODE_ENVIRONMENT = {"NODE_ENV": "production"}
# The young generation is collected eight times less often than by default.
NODE_SPEED = {"NODE_OPTIONS": "--max-semi-space-size=64"}

_ALL = (
    Peer("mosquitto", "mqtt", 21010, lambda port: [find("mosquitto"), "-c", str(HERE / "mosquitto.conf")],
         mosquitto_version, lambda: not_installed("mosquitto", "mosquitto")),
    Peer("nchan", "nchan", 21020, lambda port: nginx_command("nchan.conf"), nchan_version, nchan_missing, processes=2),
    Peer("nats-debian", "nats", 21030, lambda port: nats_command(find("nats-server"), port),
         lambda: output_of([find("nats-server"), "-v"]).rpartition(" ")[2],
         lambda: not_installed("nats-server", "nats-server"), environment=GO_ENVIRONMENT, speed_environment=GO_SPEED),
    Peer("socketio", "socketio", 21040, socketio_command, socketio_version, node_missing, socketio_make,
         NODE_ENVIRONMENT, NODE_SPEED),
    # Those who poll beside one who publishes over WebSocket.
    Peer("socketio-polling", "socketio-polling", 21041, lambda port: [*socketio_command(port), "polling", "websocket"],
         socketio_version, node_missing, socketio_make, NODE_ENVIRONMENT, NODE_SPEED),
    Peer("nats", "nats", 21031, lambda port: nats_command(str(BUILT / "nats-server"), port),
         lambda: go_version("nats", "github.com/nats-io/nats-server/v2"), lambda: go_missing("nats"),
         lambda: go_build("nats", "github.com/nats-io/nats-server/v2", "nats-server"), GO_ENVIRONMENT, GO_SPEED),
    Peer("centrifuge", "centrifuge", 21050, lambda port: [str(BUILT / "centrifuge"), "-listen", f"127.0.0.1:{port}"],
         lambda: go_version("centrifuge", "github.com/centrifugal/centrifuge"), lambda: go_missing("centrifuge"),
         lambda: go_build("centrifuge", ".", "centrifuge"), GO_ENVIRONMENT, GO_SPEED),
)

PEERS: dict[str, Peer] = {peer.name: peer for peer in _ALL}

# No peer of the fan-out: what an HTTP request costs at least in a tuned server.
NGINX_RETURN_200 = Peer("nginx-return-200", "http", 21060, lambda port: nginx_command("nginx.conf"), nginx_version,
                        lambda: not_installed("nginx", "nginx"), processes=2)
