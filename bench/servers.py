# SPDX-License-Identifier: Apache-2.0
"""Starts what is measured, each on the cores it is given and ready when start() returns: kodama and the floors.

Like the peers (and nginx) in peers/peers.py each has available() -> "" or why not, and start(workdir, cpu) -> Running; `cpu` is one
number, or several for a server that may use more. A server dies with this program, whatever ends it.
"""
import ctypes
import hashlib
import os
import re
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
START_SECONDS = 20  # until it accepts
STOP_SECONDS = 5  # from SIGTERM to SIGKILL
HTTP, HTTPS, ADMIN = "127.0.0.1:8000", "127.0.0.1:8443", "127.0.0.1:9000"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """It did not start, or it ended when it should not; the text says what it said."""


def binary(name):
    """The environment's KODAMA_BINARY, BENCH_LOAD, BENCH_FLOOR, or what `make build` and the bench's targets leave."""
    variable = {"kodama": "KODAMA_BINARY", "bench_load": "BENCH_LOAD", "bench_floor": "BENCH_FLOOR"}[name]
    return os.environ.get(variable) or os.path.join(ROOT, "build/release", name)


def missing(path):
    return "" if os.access(path, os.X_OK) and os.path.isfile(path) else f"there is no program at {path}"


def on_cpus(cpus):
    """For preexec_fn: pins the child, and ends it when its parent ends."""
    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, set(cpus))
    return prepare


def cpu_set(cpu):
    return {cpu} if isinstance(cpu, int) else set(cpu)


class Process:
    """A child in a session of its own, with what it says in <workdir>/<name>.out and .err."""

    def __init__(self, name, command, workdir, cpus, environment=None):
        self.name, self.paths = name, [os.path.join(workdir, f"{name}.{end}") for end in ("out", "err")]
        with open(self.paths[0], "wb") as out, open(self.paths[1], "wb") as err:
            try:
                self.child = subprocess.Popen(command, cwd=workdir, env={**os.environ, **(environment or {})},
                                              stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                                              preexec_fn=on_cpus(cpus))
            except OSError as error:
                raise Failure(f"{name}: {error}") from error

    def said(self, stream=0):
        with open(self.paths[stream], encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_until(self, ready):
        """Returns when ready() is true; the process is stopped, and Failure raised, if that takes too long."""
        end = time.monotonic() + START_SECONDS
        try:
            while not ready():
                ended = self.child.poll()
                if ended is not None or time.monotonic() > end:
                    how = f"ended with {ended}" if ended is not None else f"was not ready after {START_SECONDS} s"
                    raise Failure(f"{self.name} {how}: {self.words()}")
                time.sleep(0.01)
        except BaseException:  # Ctrl-C as well: nobody else knows of the process yet
            self.stop()
            raise

    def words(self):
        return (self.said(1).strip() or self.said(0).strip())[-500:]

    def stop(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self.child.poll() is None:
                try:
                    os.killpg(self.child.pid, how)  # its own session, made above
                    self.child.wait(STOP_SECONDS)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass


class Running:
    def __init__(self, process, connect, version, publish_connect=""):
        self.process, self.connect, self.version = process, connect, version
        self.publish_connect = publish_connect or connect
        self.pids = [process.child.pid]

    def stop(self):
        self.process.stop()


class Kodama:
    protocol = "raw"

    def __init__(self, path, state, shards=1, tls=False, flags=()):
        self.path, self.state, self.shards, self.tls, self.flags = path, state, shards, tls, flags

    def available(self):
        return missing(self.path)

    def start(self, workdir, cpu):
        command = [self.path, "serve", "--dev", "true", "--shards", str(self.shards), "--drain.duration", "0s",
                   "--listen.http", HTTP, "--listen.https", HTTPS, "--listen.admin", ADMIN, *self.flags]
        process = Process("kodama", command, workdir, cpu_set(cpu), {"XDG_STATE_HOME": self.state})
        process.wait_until(lambda: "\npublish: " in process.said())
        return Running(process, HTTPS if self.tls else HTTP, version_of(self.path))


class Floor:
    protocol = "raw"

    def __init__(self, mode, method="", flags=()):
        self.mode, self.method, self.flags = mode, method, flags

    def available(self):
        return missing(binary("bench_floor"))

    def start(self, workdir, cpu):
        command = [binary("bench_floor"), self.mode, "--listen", HTTP, *self.flags]
        command += ["--method", self.method] if self.method else []
        process = Process("floor", command, workdir, cpu_set(cpu))
        process.wait_until(lambda: "ready" in process.said())
        return Running(process, HTTP, f"floor {self.mode} {self.method}".strip())


def version_of(path, flag="--version"):
    try:
        ran = subprocess.run([path, flag], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"unknown ({error})"
    return (ran.stdout + ran.stderr).strip().splitlines()[0] if ran.stdout + ran.stderr else "unknown"


def identity(path, says_version=True):
    """What a report says of a binary: its version, the commit if it says one, and its digest."""
    said = version_of(path) if says_version else ""
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    commit = re.search(r"\b[0-9a-f]{7,40}\b", said)
    return {"version": said, "sha256": digest, "commit": commit[0] if commit else None}
