# SPDX-License-Identifier: Apache-2.0
"""The real binary as a test's own process: started on free ports, known to be ready by its banner, stopped by its id.

KODAMA_BINARY names it (default build/release/kodama), KODAMA_SHARDS its shards (default 2), KODAMA_SLOW=1 gives it the
time that sanitizers take. A sanitizer's report on its stderr fails the test, as does any end but the expected one.
"""
import atexit
import contextlib
import os
import re
import select
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from http_wire import SLOW, TIMEOUT, Lines, Wire
from ws_wire import Native, WebSocket

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("KODAMA_BINARY", os.path.join(ROOT, "build/release/kodama"))
SHARDS = int(os.environ.get("KODAMA_SHARDS", "2"))
# From Linux 6.15 on its connections are slots of its rings' tables of files.
CONNECTIONS_ARE_DESCRIPTORS = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) < (6, 15)
REPORTS = re.compile(r"==\d+==\s*ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|ERROR: LeakSanitizer")

# One for the whole run: it keeps the self-signed certificate, so that it is made once.
STATE = tempfile.mkdtemp(prefix="kodama-e2e-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)


def scaled(count):
    """A volume: a tenth of it under the sanitizers."""
    return max(1, count // 10) if SLOW else count


def scratch(test, name, text, mode=0o600):
    """A file of that text, gone when the test, or the class of tests, is over."""
    directory = tempfile.mkdtemp(prefix="kodama-e2e-file-")
    add_cleanup = test.addClassCleanup if isinstance(test, type) else test.addCleanup
    add_cleanup(shutil.rmtree, directory, ignore_errors=True)
    path = os.path.join(directory, name)
    with open(path, "w" if isinstance(text, str) else "wb") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def make_certificate(test, *names):
    """(certificate, key) of a self-signed ECDSA certificate for the names."""
    key = scratch(test, "key.pem", "")
    certificate = scratch(test, "certificate.pem", "")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-keyout", key, "-out", certificate, "-subj", f"/CN={names[0]}", "-addext",
                    "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)], check=True, capture_output=True)
    return certificate, key


def environment(extra=()):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KODAMA_")}
    return {**kept, "XDG_STATE_HOME": STATE, **dict(extra)}


def run_kodama(*arguments, env=(), **options):
    """Runs it to its end: for what prints and for starts that fail."""
    done = subprocess.run([BINARY, *arguments], env=environment(env), capture_output=True, text=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, **options)
    if REPORTS.search(done.stderr):
        raise AssertionError(done.stderr)
    return done


class Broker:
    """A running broker. `http`, `https` and `admin` are (address, port)."""

    def __init__(self, *flags, dev=True, shards=None, env=(), preexec=None, https=True, pass_fds=(),
                 stderr=None):
        self.shards = shards or SHARDS
        arguments = ["--shards", str(self.shards)]
        arguments += [] if dev is None else ["--dev", "true" if dev else "false"]
        for key in ("http", "https", "admin"):
            if not any(flag.split("=")[0] == f"--listen.{key}" for flag in flags):
                arguments += [f"--listen.{key}=" + ("" if key == "https" and not https else "127.0.0.1:0")]
        self.arguments = ["serve", *arguments, *flags]
        self.banner = ""
        self.told = False  # to end
        self.errors = tempfile.NamedTemporaryFile("w+", prefix="kodama-e2e-log-", delete=False)
        self.process = subprocess.Popen([BINARY, *self.arguments], env=environment(env), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=stderr or self.errors, preexec_fn=preexec,
                                        pass_fds=pass_fds)
        try:
            self._read_banner()
        except BaseException:
            self.kill()
            raise
        self.http = self._address("http")
        self.https = self._address("https")
        self.admin = self._address("admin")

    def _read_banner(self):
        end = time.monotonic() + TIMEOUT
        stdout = self.process.stdout.fileno()
        while not re.search(r"^publish: .*\n", self.banner, re.M):
            left = end - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise AssertionError(f"not ready in time: {self.banner!r}\n{self.log()}")
            piece = os.read(stdout, 65536).decode()
            if not piece:
                code = self.process.wait(TIMEOUT)
                raise AssertionError(f"ended with {code} before it was ready: {self.banner!r}\n{self.log()}")
            self.banner += piece

    def _address(self, name):
        found = re.search(rf"^  {name} +https?://([0-9.]+):(\d+)", self.banner, re.M)
        return (found[1], int(found[2])) if found else None

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        if self.errors.closed:
            return self.last_log
        with open(self.errors.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- its end

    def signal(self, number=signal.SIGTERM):
        self.told = True
        self.process.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        return self.process.wait(timeout)

    def stop(self, expect=0):
        """SIGTERM, unless it has been told; then its end, which must be the expected one, without a report. Once."""
        if self.errors.closed:
            return
        if not self.told and self.process.poll() is None:
            self.signal()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it does not end:\n{self.log()[-4000:]}") from None
        log = self.log()
        self.kill()
        if REPORTS.search(log):
            raise AssertionError(f"a sanitizer reports:\n{log[-12000:]}")
        if code != expect:
            raise AssertionError(f"ended with {code}, not {expect}:\n{log[-12000:]}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.last_log = self.log()
        self.errors.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.errors.name)

    # ---- clients

    def wire(self, **options):
        return Wire(self.http, **options)

    def tls_wire(self, context=None, **options):
        return Wire(self.https, tls=context or trusting(), **options)

    def request(self, method, target, body=b"", headers=(), **options):
        with self.wire() as wire:
            return wire.request(method, target, body, headers, **options)

    def get(self, target, **options):
        return self.request("GET", target, **options)

    def publish(self, topic, body="x", query="", content_type=None, headers=()):
        """POST /topics/{topic}, which must succeed; returns {epoch, offset}."""
        headers = {**({"Content-Type": content_type} if content_type else {}), **dict(headers)}
        answer = self.request("POST", path(topic) + query, body, headers)
        if answer.status != 200:
            raise AssertionError(f"publish: {answer}")
        return answer.json()

    def curl(self, *arguments):
        done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", str(int(TIMEOUT)), *arguments],
                              capture_output=True, text=True, timeout=TIMEOUT + 5)
        if done.returncode != 0:
            raise AssertionError(f"curl {arguments}: {done.returncode}: {done.stderr}")
        return done.stdout

    def url(self, target, scheme="http"):
        host, port = self.http if scheme == "http" else self.https
        return f"{scheme}://{host}:{port}{target}"

    def raw(self, topic, query="", **options):
        return WebSocket(self.http, path(topic) + query, **options)

    def native(self, **options):
        return Native(self.http, **options)

    def lines(self, **options):
        return Lines(self.wire(**options))

    def on_each_shard(self, connect):
        """One connection on every shard: connects until it has them, and closes what is too many."""
        found = {}
        for _ in range(400):
            if len(found) == self.shards:
                return [found[str(shard)] for shard in range(self.shards)]
            made = connect()
            if made.shard in found:
                made.close()
            else:
                found[made.shard] = made
        raise AssertionError(f"only the shards {sorted(found)} of {self.shards} were met in 400 connections")

    @staticmethod
    def on_shard(shard, connect):
        for _ in range(400):
            made = connect()
            if made.shard == str(shard):
                return made
            made.close()
        raise AssertionError(f"the shard {shard} was not met in 400 connections")

    # ---- what it says about itself

    def admin_get(self, target, headers=()):
        with Wire(self.admin) as wire:
            return wire.request("GET", target, headers={"Connection": "close", **dict(headers)})

    def metrics(self, headers=()):
        answer = self.admin_get("/metrics", headers)
        if answer.status != 200:
            raise AssertionError(f"/metrics: {answer}")
        return Metrics(answer.text)

    def settles(self, holds):
        """Waits until the metrics satisfy `holds`, and returns them."""
        end = time.monotonic() + TIMEOUT
        while not holds(last := self.metrics()):
            if time.monotonic() > end:
                raise AssertionError(f"the metrics do not settle:\n{last.text}")
            time.sleep(0.02)
        return last

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024


class Metrics:
    """The text exposition, read."""
    LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")

    def __init__(self, text):
        self.text = text
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.values = {}
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            name, labels, value = self.LINE.match(line).groups()
            labels = frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))
            if (name, labels) in self.values:
                raise AssertionError(f"twice: {line}")
            self.values[name, labels] = float(value)

    def sum(self, name, **labels):
        """The sum over all series of that name that carry these labels; an unknown name is an error."""
        name = name if name.startswith("process_") else f"kodama_{name}"
        wanted = set(labels.items())
        if not any(key == name for key, _ in self.values):
            raise AssertionError(f"there is no {name}")
        return sum(value for (key, each), value in self.values.items() if key == name and wanted <= each)


class BrokerCase(unittest.TestCase):
    """Tests that share one broker, started with the class's `flags`. A failure shows its log."""
    flags = ()
    options = {}
    broker = None

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(*cls.flags, **cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def run(self, result=None):
        before = bad(result)
        super().run(result)
        if bad(result) > before and self.broker is not None:
            alive = self.broker.process.poll()
            print(f"\n--- {self.id()}: the broker {'runs' if alive is None else f'ended with {alive}'}; its log:\n"
                  f"{self.broker.log()[-3000:] if alive is None else self.broker.log()[-12000:]}---", flush=True)
        return result

    def start(self, *flags, **options):
        """A broker of this test's own, stopped well at its end."""
        broker = Broker(*flags, **options)
        self.addCleanup(broker.stop)
        return broker

    def assert_resident_below(self, most_bytes):
        if not SLOW:  # a sanitizer's shadow and its quarantine would be what is measured
            self.assertLess(self.broker.resident_bytes(), most_bytes)

    def assert_error(self, answer, status):
        """The status, and the JSON body that every error has."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.header("content-type"), "application/json", answer)
        error = answer.json()["error"]
        self.assertEqual(error["code"], status)
        self.assertIsInstance(error["message"], str)
        self.assertTrue(error["message"])
        return error["message"]


class OwnBrokerCase(BrokerCase):
    """Tests that each start what they need."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass


def bad(result):
    return len(result.failures) + len(result.errors) if result is not None else 0


def path(topic):
    return "/topics/" + urllib.parse.quote(topic)


def trusting(minimum=None, maximum=None, protocols=()):
    """A TLS context that takes the self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    if protocols:
        context.set_alpn_protocols(protocols)
    return context

