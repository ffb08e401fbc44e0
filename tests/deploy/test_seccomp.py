# SPDX-License-Identifier: Apache-2.0
"""The seccomp profile: the runtimes' default and io_uring's three calls. libseccomp puts it on the real broker."""
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import seccomp  # Debian's python3-seccomp
import tree

sys.path.insert(0, os.path.join(tree.ROOT, "deploy"))
import make_seccomp  # noqa: E402

# Of the default in its filled-in form, as compact JSON with sorted keys. deploy/README.md says which default it is.
DEFAULT_SHA256 = "73481be441b6ac2a85009204e6c037eb6bde86847ea8555e3c8dd509484254e2"
IO_URING = ["io_uring_enter", "io_uring_register", "io_uring_setup"]
UNKNOWN = -1
COMPARISONS = {"SCMP_CMP_LT": seccomp.LT, "SCMP_CMP_EQ": seccomp.EQ, "SCMP_CMP_GT": seccomp.GT,
               "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ}


def profile():
    return json.loads(tree.text("deploy/seccomp.json"))


def without_io_uring(whole):
    return {**whole, "syscalls": whole["syscalls"][:-1]}


def argument(wanted):
    compare = COMPARISONS[wanted["op"]]
    if compare == seccomp.MASKED_EQ:
        return seccomp.Arg(wanted["index"], compare, wanted["value"], wanted.get("valueTwo", 0))
    return seccomp.Arg(wanted["index"], compare, wanted["value"])


def action(rule, default_errno):
    return seccomp.ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else seccomp.ERRNO(rule.get("errnoRet", default_errno))


def loaded_by(whole):
    """A function for Popen's preexec_fn. Calls that this libseccomp does not know are left out, as runtimes do."""
    refused = whole["defaultErrnoRet"]
    rules = seccomp.SyscallFilter(seccomp.ERRNO(refused))
    for rule in whole["syscalls"]:
        for name in rule["names"]:
            if seccomp.resolve_syscall(seccomp.Arch(), name) != UNKNOWN:
                rules.add_rule(action(rule, refused), name, *map(argument, rule.get("args", [])))
    return rules.load


class Profile(unittest.TestCase):
    def test_it_is_the_default_and_three_calls(self):
        whole = profile()
        default = without_io_uring(whole)
        text = json.dumps(default, sort_keys=True, separators=(",", ":"))
        self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), DEFAULT_SHA256)
        self.assertEqual(make_seccomp.with_io_uring(default), whole)
        self.assertEqual((whole["syscalls"][-1]["names"], whole["syscalls"][-1]["action"]), (IO_URING, "SCMP_ACT_ALLOW"))
        named = [name for rule in default["syscalls"] for name in rule["names"]]
        self.assertEqual([name for name in named if "io_uring" in name], [])

    def test_nothing_in_it_has_a_condition_that_a_runtime_may_skip(self):
        known = {"names", "action", "args", "errnoRet", "comment"}
        self.assertEqual([rule for rule in profile()["syscalls"] if set(rule) - known], [])

    def test_the_template_is_filled_in_for_a_process_without_capabilities(self):
        template = {
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
            "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                        {"architecture": "SCMP_ARCH_S390X", "subArchitectures": ["SCMP_ARCH_S390"]},
                        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": None}],
            "syscalls": [
                {"names": ["read", "accept"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
                {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
                {"names": ["s390_runtime_instr"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
                {"names": ["mount", "clone"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
                {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}],
                 "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390"]}},
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            ]}
        self.assertEqual(make_seccomp.filled_in(template), {
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"],
            "syscalls": [
                {"names": ["accept", "arch_prctl", "ptrace", "read"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}]},
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
            ]})


class OnTheBroker(unittest.TestCase):
    def start(self, whole):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        flags = [f"--listen.{each}=127.0.0.1:0" for each in ("http", "https", "admin")]
        broker = subprocess.Popen([os.environ["KODAMA_BINARY"], "serve", "--dev", "true", "--shards", "2", *flags],
                                  env={**os.environ, "XDG_STATE_HOME": scratch.name}, preexec_fn=loaded_by(whole),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(broker.stdout.close)
        self.addCleanup(broker.stderr.close)
        self.addCleanup(broker.kill)
        return broker

    def test_the_broker_starts_and_ends_under_it(self):
        broker = self.start(profile())
        banner = []
        for line in broker.stdout:
            banner.append(line)
            if line.startswith("publish: "):
                broker.send_signal(signal.SIGTERM)
        said = broker.stderr.read()
        self.assertEqual(broker.wait(30), 0, said)
        self.assertRegex("".join(banner), r"(?m)^publish: curl ")

    def test_under_the_default_alone_the_broker_says_what_is_missing(self):
        broker = self.start(without_io_uring(profile()))
        said, banner = broker.stderr.read(), broker.stdout.read()
        self.assertEqual((broker.wait(30), banner), (1, ""))
        for piece in ("seccomp", *IO_URING):
            self.assertIn(piece, said)


if __name__ == "__main__":
    unittest.main()
