# SPDX-License-Identifier: Apache-2.0
"""Starts that fail name the cause and the fix, with exit code 1; and starts that must not."""
import collections
import contextlib
import errno
import os
import re
import resource
import select
import shutil
import signal
import socket
import tempfile
import unittest

from harness import (CONNECTIONS_ARE_DESCRIPTORS, SHARDS, SLOW, TIMEOUT, OwnBrokerCase, make_certificate, run_kodama,
                     scratch)
from http_wire import Ended, deadline
from seccomp import deny_io_uring
from ws_wire import CLOSE

FREE = ("--dev", "true", "--shards", str(SHARDS), "--listen.http", "127.0.0.1:0", "--listen.https", "127.0.0.1:0",
        "--listen.admin", "127.0.0.1:0")


def cpu_seconds(pid):
    """Of all its threads, in the system and outside of it."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Start(OwnBrokerCase):
    def fails(self, *flags, preexec=None, env=(), code=1):
        arguments = dict(zip(FREE[::2], FREE[1::2]))
        arguments.update(zip(flags[::2], flags[1::2]))
        done = run_kodama("serve", *(each for pair in arguments.items() for each in pair), preexec_fn=preexec, env=env)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        self.assertTrue(done.stderr.startswith("kodama: ") or code == 2, done.stderr)
        return done.stderr

    def test_a_port_that_is_taken(self):
        for key in ("http", "https", "admin"):
            with socket.create_server(("127.0.0.1", 0)) as other:
                port = other.getsockname()[1]
                told = self.fails(f"--listen.{key}", f"127.0.0.1:{port}")
                self.assertIn(f"127.0.0.1:{port}", told)
                self.assertRegex(told, "taken|in use", key)

    def test_a_port_that_another_kodama_shares_out_is_taken(self):
        broker = self.start()
        for key, (_, port) in (("http", broker.http), ("https", broker.https), ("admin", broker.admin)):
            self.assertRegex(self.fails(f"--listen.{key}", f"127.0.0.1:{port}"), "taken|in use")
        self.assertEqual(broker.publish("t")["offset"], 1)

    def test_a_restart_on_the_same_ports(self):
        broker = self.start()
        flags = [f"--listen.{key}=127.0.0.1:{getattr(broker, key)[1]}" for key in ("http", "https", "admin")]
        with broker.raw("t") as subscriber:  # the broker closes it, so that its side is left in TIME_WAIT
            subscriber.sync()
            broker.signal()
            self.assertEqual(subscriber.read_frame().opcode, CLOSE)
            subscriber.send_frame(CLOSE)
            subscriber.read_to_end()
        broker.stop()
        again = self.start(*flags)
        self.assertEqual((again.http, again.https, again.admin), (broker.http, broker.https, broker.admin))
        self.assertEqual(again.publish("t")["offset"], 1)

    def test_an_address_that_is_not_ours(self):
        self.assertIn("192.0.2.1", self.fails("--listen.http", "192.0.2.1:8000", "--listen.allow_remote_dev", "true"))

    def test_certificates_that_cannot_be_used(self):
        nonsense = scratch(self, "nonsense.pem", "not a certificate")
        for certificate, code in (("/nowhere/c.pem", 2), (nonsense, 1)):
            told = self.fails("--tls.certificate", certificate, "--tls.key", certificate, code=code)
            self.assertIn(certificate, told)

    @unittest.skipIf(os.geteuid() != 0, "takes root to become nobody")
    def test_a_key_that_may_not_be_read(self):
        secret = scratch(self, "key.pem", "secret", mode=0o600)
        os.chmod(os.path.dirname(secret), 0o755)
        nobody = lambda: (os.setgroups([]), os.setgid(65534), os.setuid(65534))  # noqa: E731
        told = self.fails("--tls.certificate", secret, "--tls.key", secret, preexec=nobody, code=2)
        self.assertIn(secret, told)
        self.assertIn("ermission denied", told)

    def test_a_certificate_and_a_key_that_do_not_belong_together(self):
        one, _ = make_certificate(self, "one.example")
        _, other = make_certificate(self, "other.example")
        told = self.fails("--tls.certificate", one, "--tls.key", other)
        self.assertTrue(one in told or other in told, told)

    def test_no_place_for_the_self_signed_certificate(self):
        told = self.fails(env={"XDG_STATE_HOME": "/proc/nowhere"})
        self.assertIn("/proc/nowhere", told)

    def test_too_few_descriptors(self):
        told = self.fails(preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
        self.assertIn("40", told)
        self.assertIn("ulimit -n", told)

    def test_the_soft_limit_of_descriptors_is_raised(self):
        hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 4096)
        broker = self.start(preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
        self.assertEqual(broker.metrics().sum("process_max_fds"), hard)

    def test_what_the_descriptors_allow_is_counted_over_all_shards(self):
        room = 30
        limit = 64 + (8 + 16) * SHARDS + room  # what it needs, as config/limits.h says it
        broker = self.start("--limits.address_connections", "1000", https=False,
                            preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        for _ in range(2):
            with contextlib.ExitStack() as stack:
                within, refused = [], []
                for _ in range(room + 6):
                    wire = stack.enter_context(broker.wire())
                    answer = wire.request("GET", "/topics/t")
                    (within if answer.status == 200 else refused).append(answer.status)
                self.assertEqual((len(within), refused), (room, [503] * 6))
                self.assertEqual(broker.admin_get("/healthz").status, 200)
            broker.settles(lambda m: m.sum("connections") == 0)

    @unittest.skipIf(SLOW, "UBSan looks at an object's type through a pipe, for which there is no descriptor then")
    def test_without_a_descriptor_accepting_stops_does_not_spin_and_comes_back(self):
        limit = 64 + (8 + 16 + 50) * SHARDS  # a shard may have all that come
        with contextlib.ExitStack() as stack:  # descriptors that it inherits and knows nothing of
            taken = [stack.enter_context(open(os.devnull, "rb")).fileno() for _ in range(limit - 8 * SHARDS - 24)]
            broker = self.start("--limits.address_connections", "1000", https=False, pass_fds=taken,
                                preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        with broker.raw("kept") as reader:
            reader.sync()
            waiting = [broker.wire() for _ in range(40)]  # some of them in the listeners' queues
            for wire in waiting:
                wire.send("GET /topics/kept?last=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in deadline():
                if "cannot accept" in broker.log():
                    break
            before = cpu_seconds(broker.pid)
            self.assertTrue(reader.is_silent(1.0))
            self.assertLess(cpu_seconds(broker.pid) - before, 0.2, "it spins")
            reader.send_text("still served")
            self.assertEqual(reader.read_text(), "still served")
            while waiting:  # each makes room for another, on its shard, in whatever order they came in
                ready = select.select([wire.socket for wire in waiting], [], [], TIMEOUT)[0]
                self.assertTrue(ready, f"{len(waiting)} are not served")
                for wire in [each for each in waiting if each.socket in ready]:
                    self.assertEqual(wire.response().status, 200)
                    wire.close()
                    waiting.remove(wire)
            broker.settles(lambda m: m.sum("connections_rejected_total", reason="no_descriptors") > 0)

    @unittest.skipIf(CONNECTIONS_ARE_DESCRIPTORS, "this kernel is older than 6.15")
    def test_without_a_slot_accepting_stops_and_comes_back(self):
        limit = 64 + (8 + 16 + 20)  # a table of as many; admission lets in 16 fewer
        broker = self.start(https=False, shards=1,
                            preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        with broker.raw("kept") as reader:
            reader.sync()
            broker.process.send_signal(signal.SIGSTOP)  # so that all are there at once
            crowd = [broker.wire() for _ in range(2 * limit)]
            for wire in crowd:
                wire.send("GET /topics/kept?last=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            broker.process.send_signal(signal.SIGCONT)
            answers = collections.Counter()
            for wire in crowd:
                with contextlib.suppress(Ended):  # who finds the table full is told nothing
                    answers[wire.response().status] += 1
            self.assertEqual(answers[200], limit - 16 - 1)
            self.assertGreaterEqual(answers[503], 16)
            self.assertIn("cannot accept", broker.log())
            broker.settles(lambda m: m.sum("connections_rejected_total", reason="no_descriptors") > 0)
            for wire in crowd:
                wire.close()
            reader.send_text("still served")
            self.assertEqual(reader.read_text(), "still served")
            for _ in deadline():
                with broker.wire() as wire:
                    if wire.request("GET", "/topics/kept").status == 200:
                        break

    def test_io_uring_that_is_denied(self):
        for error, pieces in ((errno.EPERM, ("io_uring", "seccomp")), (errno.ENOSYS, ("io_uring", "kernel"))):
            told = self.fails(preexec=deny_io_uring(error))
            for piece in pieces:
                self.assertIn(piece, told)
            self.assertIn("io_uring_setup", told, "the fix is named")

    def test_a_lack_of_memory_for_rings(self):
        told = self.fails(preexec=deny_io_uring(errno.ENOMEM))
        self.assertRegex(told, "memlock|MEMLOCK")

    def test_dev_keeps_to_this_machine(self):
        for key in ("http", "https", "admin"):
            self.assertIn("allow_remote_dev", self.fails(f"--listen.{key}", "0.0.0.0:0", code=2))

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        broker = self.start("--listen.http", "[::1]:0", "--listen.admin", "[::1]:0")
        port = re.search(r"^  http +http://\[::1\]:(\d+)/", broker.banner, re.M)[1]
        answer = broker.curl("-g", "-d", "x", f"http://[::1]:{port}/topics/t")
        self.assertIn('"offset":1', answer)
        admin = re.search(r"^  admin +(http://\[::1\]:\d+)/metrics", broker.banner, re.M)[1]
        self.assertIn("kodama_build_info", broker.curl("-g", f"{admin}/metrics"))

    def test_the_certificate_is_made_where_there_is_none_and_is_private(self):
        state = tempfile.mkdtemp(prefix="kodama-e2e-state-")
        self.addCleanup(shutil.rmtree, state)
        broker = self.start(env={"XDG_STATE_HOME": state})
        self.assertIn("made", broker.banner)
        for directory, _, files in os.walk(state):
            for name in files:
                if "key" in name:
                    self.assertEqual(os.stat(os.path.join(directory, name)).st_mode & 0o077, 0, name)
        again = self.start(env={"XDG_STATE_HOME": state})
        self.assertIn("kept", again.banner)

    def test_more_shards_than_cores(self):
        broker = self.start(shards=2 * len(os.sched_getaffinity(0)) + 1)
        self.assertIn("not pinned", broker.banner)
        with broker.raw("many") as reader:
            reader.sync()
            for i in range(20):
                broker.publish("many", str(i))
            self.assertEqual([reader.read_text() for _ in range(20)], [str(i) for i in range(20)])

    def test_one_shard(self):
        broker = self.start(shards=1)
        with broker.raw("one") as reader:
            reader.send_text("x")
            self.assertEqual(reader.read_text(), "x")


if __name__ == "__main__":
    unittest.main()
