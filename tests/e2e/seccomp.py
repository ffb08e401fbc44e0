# SPDX-License-Identifier: Apache-2.0
"""A seccomp filter for a child process, by prctl: io_uring_setup fails with a chosen errno, as container runtimes have
it."""
import ctypes
import struct

IO_URING_SETUP = 425  # the same number on every architecture
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
BPF_LD_W_ABS, BPF_JMP_JEQ_K, BPF_RET_K = 0x20, 0x15, 0x06
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000

LIBC = ctypes.CDLL(None, use_errno=True)  # before the fork: the child only calls it


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def deny_io_uring(error):
    """A function for Popen's preexec_fn."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in (
        (BPF_LD_W_ABS, 0, 0, 0),  # seccomp_data.nr
        (BPF_JMP_JEQ_K, 0, 1, IO_URING_SETUP),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | error),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(4, ctypes.cast(buffer, ctypes.c_void_p))

    def install():
        if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
        if LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")

    install.keeps = buffer
    return install
