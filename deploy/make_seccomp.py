# SPDX-License-Identifier: Apache-2.0
"""Makes seccomp.json of a container runtime's default profile: make_seccomp.py DEFAULT.json >seccomp.json

The default is a template: its rules apply by capability, architecture and kernel. Docker fills it in at each start, the
kubelet's runtimes do not: they take a `Localhost` profile as it stands and skip what they do not know, so that a rule
meant for CAP_SYS_ADMIN alone would be everybody's. This fills it in once, for what the broker is: no capabilities, amd64
or arm64, Linux 6.1 or newer. Then come io_uring's three calls, in a rule of their own. All runtimes read what comes out.
"""
import json
import sys

IO_URING = ["io_uring_enter", "io_uring_register", "io_uring_setup"]
MACHINES = {"amd64", "arm64"}  # as the rules call them
ARCHITECTURES = {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}  # as the table of architectures does
ALLOW = "SCMP_ACT_ALLOW"


def applies(rule):
    """To a process without capabilities. `minKernel` asks for 4.8 at most, and io_uring for 6.1."""
    wanted, barred = rule.get("includes", {}), rule.get("excludes", {})
    if "caps" in wanted or MACHINES & set(barred.get("arches", [])):
        return False
    return "arches" not in wanted or bool(MACHINES & set(wanted["arches"]))


def filled_in(default):
    """The template as a profile: {defaultAction, defaultErrnoRet, architectures, syscalls}."""
    architectures = []
    for each in default["archMap"]:
        if each["architecture"] in ARCHITECTURES:
            architectures += [each["architecture"], *(each.get("subArchitectures") or [])]
    allowed, special = set(), []
    for rule in filter(applies, default["syscalls"]):
        plain = {key: rule[key] for key in ("names", "action", "errnoRet", "args") if rule.get(key)}
        if set(plain) == {"names", "action"} and plain["action"] == ALLOW:
            allowed |= set(plain["names"])
        else:
            special.append(plain)
    return {"defaultAction": default["defaultAction"], "defaultErrnoRet": default["defaultErrnoRet"],
            "architectures": architectures,
            "syscalls": [{"names": sorted(allowed), "action": ALLOW}, *special]}


def with_io_uring(profile):
    rule = {"names": IO_URING, "action": ALLOW, "comment": "what kodama needs beyond the default"}
    return {**profile, "syscalls": [*profile["syscalls"], rule]}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        json.dump(with_io_uring(filled_in(json.load(file))), sys.stdout, indent=2)
    print()
