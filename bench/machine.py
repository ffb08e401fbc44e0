# SPDX-License-Identifier: Apache-2.0
"""What the numbers were measured on: the network namespace, the kernel's and the processor's facts, whether the two cores
are one, and what else ran meanwhile."""
import fcntl
import glob
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import time

NAMESPACE = "KODAMA_BENCH_NAMESPACE"  # in the environment of the re-executed program: "own", or why there is none
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
SPIN_SECONDS, SPIN_ROUNDS = 0.5, 3  # the best round counts: something else may disturb one
SPIN = ("import time\nend = time.monotonic() + %f\nn = 0\nwhile time.monotonic() < end:\n"
        "    for _ in range(1000): pass\n    n += 1\nprint(n)")
SETTLE_SECONDS, SETTLED_SOCKETS = 5.0, 10
WORKERS_SECONDS = 0.1  # from accepting to having started all workers
# Of the namespace, alike for every server. BBR, where it is the default, paces by timers on loopback too.
SYSCTLS = {
    "net/ipv4/tcp_congestion_control": ("cubic", "reno"),  # the first that the kernel lets a namespace choose
    "net/ipv4/ip_local_port_range": ("10000 65535",),
    "net/ipv4/ip_local_reserved_ports": ("21000-21099",),  # where bench/peers listens
    "net/ipv4/tcp_max_syn_backlog": ("65535",),
    "net/core/somaxconn": ("65535",),
}


def enter_namespace(script, arguments):
    """Re-executes the program in a network namespace of its own. Returns "own", or why there is none."""
    if NAMESPACE in os.environ:
        return os.environ[NAMESPACE]
    attempts = (["unshare", "-n"], ["unshare", "-rn"]) if os.geteuid() == 0 else (["unshare", "-rn"],)
    why = "unshare is not installed (util-linux)"
    for attempt in attempts if shutil.which("unshare") else ():
        tried = subprocess.run([*attempt, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            os.environ[NAMESPACE] = "own"
            os.execvp(attempt[0], [*attempt, sys.executable, script, *arguments])
        why = tried.stderr.strip() or f"{' '.join(attempt)} ended with {tried.returncode}"
    os.environ[NAMESPACE] = why
    return why


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def prepare_namespace():
    """Only in a namespace of our own. Returns what could not be set."""
    raise_loopback()
    failed = []
    for name, choices in SYSCTLS.items():
        if not any(write(f"/proc/sys/{name}", choice) for choice in choices):
            failed.append(f"{name.replace('/', '.')} could not be set to {choices[0]}; it is {read(f'/proc/sys/{name}')}")
    return failed


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def write(path, text):
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return True
    except OSError:
        return False


def facts():
    """What a reader of the report needs to know about the machine."""
    cpu = dict(line.split(":", 1) for line in read("/proc/cpuinfo").split("\n\n", maxsplit=1)[0].splitlines() if ":" in line)
    cpu = {key.strip(): text.strip() for key, text in cpu.items()}
    memory = [line.split()[1] for line in read("/proc/meminfo").splitlines() if line.startswith("MemTotal:")]
    return {
        "cpu": cpu.get("model name") or cpu.get("Processor") or platform.machine(),
        "cpu_model": f"family {cpu.get('cpu family', '?')}, model {cpu.get('model', '?')}, stepping {cpu.get('stepping', '?')}",
        "cpus": os.cpu_count(),
        "cpus_allowed": sorted(os.sched_getaffinity(0)),
        "hypervisor": "hypervisor" in cpu.get("flags", "").split(),
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "not shown"),
        "memory_bytes": int(memory[0]) * 1024 if memory else None,
        "kernel": platform.release(),
        "distribution": read("/etc/os-release").partition('PRETTY_NAME="')[2].partition('"')[0],
        "mitigations": {os.path.basename(path): read(path)
                        for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))},
        "congestion_control": read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "local_ports": read("/proc/sys/net/ipv4/ip_local_port_range").replace("\t", " "),
        "load_average": os.getloadavg()[0],
    }


def spin(cpus):
    """Turns of a pinned loop, one a cpu, all at once."""
    loops = [subprocess.Popen([sys.executable, "-S", "-c", SPIN % SPIN_SECONDS], stdout=subprocess.PIPE, text=True,
                              preexec_fn=lambda cpu=cpu: os.sched_setaffinity(0, {cpu})) for cpu in cpus]
    return [int(loop.communicate()[0] or 0) for loop in loops]


def sibling_check(first, second):
    """How much two cores do together, in units of what one does alone: near 2 they are cores, below 1.7 threads of one."""
    alone = max(spin([first])[0] for _ in range(SPIN_ROUNDS))
    if first == second or alone == 0:
        return None
    return max(sum(spin([first, second])) for _ in range(SPIN_ROUNDS)) / alone


def processor_time():
    """(busy, stolen) seconds since boot, over all processors."""
    ticks = [int(word) for word in read("/proc/stat").split("\n", maxsplit=1)[0].split()[1:]] + [0] * 10
    user, nice, system, _, _, irq, softirq, steal = ticks[:8]
    hertz = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / hertz, steal / hertz


def cpu_seconds(pid):
    """The exact CPU time of a process, all its threads (clock_getcpuclockid(3): ~pid << 3 | CPUCLOCK_SCHED); 0 if it is
    gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def settle():
    """Waits until the sockets of the run before are gone: a ring is taken apart after its process has ended."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        words = next((line.split() for line in read("/proc/net/sockstat").splitlines() if line.startswith("TCP:")), [])
        counts = dict(zip(words[1::2], map(int, words[2::2])))
        if counts.get("inuse", 0) + counts.get("orphan", 0) <= SETTLED_SOCKETS:
            return
        time.sleep(0.02)


def children_of(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in map(int, read(path).split()):
            found += [child, *children_of(child)]
    return found


def softirq_threads(cpus):
    """The kernel's threads that go on with what a core received. A server that sends much at once leaves the delivery on
    loopback to them: without them its CPU time would be told too low."""
    names = {f"ksoftirqd/{cpu}" for cpu in cpus}
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().strip() in names:
                    found.append(int(pid))
        except OSError:  # it ended meanwhile
            pass
    return found


def with_children(running):
    """A server may accept before it has started the processes that will serve: they are asked for once more."""
    time.sleep(WORKERS_SECONDS)
    running.pids = list(dict.fromkeys([*running.pids, *(child for pid in running.pids for child in children_of(pid))]))
