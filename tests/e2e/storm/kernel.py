# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of a process: its memory, its descriptors, its sockets."""
import os
import re
import socket
import struct

MIB = 1 << 20
LISTEN, TIME_WAIT = "0A", "06"


def resident_bytes(pid):
    """To the page. (/proc/PID/status may be some pages a thread behind.)"""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Rss:\s+(\d+) kB", file.read(), re.M)[1]) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def sockets(*addresses):
    """Connections at these (address, port) that the kernel still keeps for whoever listens there, the queues that
    nobody has accepted from included. TIME_WAIT is no connection any more."""
    here = {f"{struct.unpack('=I', socket.inet_aton(host))[0]:08X}:{port:04X}" for host, port in addresses}
    found = set()  # while others come and go, a line may be read twice
    with open("/proc/net/tcp", encoding="ascii") as file:
        next(file)
        for line in file:
            _, local, remote, state, _ = line.split(None, 4)
            if local in here and state not in (LISTEN, TIME_WAIT):
                found.add((local, remote))
    return len(found)


def slab_bytes():
    """Of the whole machine, or container: what others do is in it."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(re.search(r"^Slab:\s+(\d+) kB", file.read(), re.M)[1]) * 1024


def mib(size):
    return f"{size / MIB:.1f} MiB"
