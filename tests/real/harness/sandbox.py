"""Puts the harness into namespaces of its own, so that the kernel ends every process and drops
every file when it is gone."""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

from . import cgroups

NEW_MOUNTS, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x00020000, 0x10000000, 0x20000000, 0x40000000
PRIVATE, RECURSIVE = 1 << 18, 1 << 14
DEATH_SIGNAL = 1

libc = ctypes.CDLL(None, use_errno=True)


def check(what: str, result: int) -> None:
    """Turns the failure of a C function into an exception that says what was wanted."""
    if result != 0:
        number = ctypes.get_errno()
        raise SystemExit(f"judges: the sandbox cannot be made: {what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    check(
        f"mount {kind or 'flags'} on {target}",
        libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
        ),
    )


def loopback_up() -> None:
    """Brings `lo` up, the only interface of a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(handle, 0x8914, request)


def forward(child: int) -> int:
    """Waits for the harness and passes on the signals that ask it to stop; returns its exit
    code."""

    def pass_on(number: int, _frame: object) -> None:
        os.kill(child, signal.SIGTERM if number == signal.SIGINT else number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    _, status = os.waitpid(child, 0)
    # Nobody is left to pass a signal on to, and what follows, removing control groups, has to come
    # to its end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def enter(temp: Path) -> None:
    """Returns in a child that is process 1 of new mount, process and network namespaces, with an
    empty memory file system on `temp`.

    The parent stays outside, waits and never returns. When process 1 ends, however it ends, the
    kernel kills whatever runs in its namespace; the memory file system goes with the last process.
    So nothing needs a clean-up that could be missed, but control groups: the parent removes them,
    and where it was killed too, the next run does.
    """
    claimed = cgroups.claim()
    user, group = os.geteuid(), os.getegid()
    flags = NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | (NEW_USER if user else 0)
    check("new namespaces (root, or user namespaces, are needed)", libc.unshare(flags))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    parent = os.getpid()
    child = os.fork()
    if child:
        code = forward(child)
        cgroups.release(claimed)
        sys.stdout.flush()
        os._exit(code)
    libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() not in (0, parent):
        os._exit(1)
    # Away from the terminal's group: only the parent hears Ctrl-C, and passes it on once.
    os.setsid()
    mount("none", "/", "", PRIVATE | RECURSIVE)
    mount("proc", "/proc", "proc")
    mount("judges", str(temp), "tmpfs", options="mode=0700")
    # Argo CD keeps certificates and kubeconfigs in the shared memory folder, and leaves them there
    # when it is stopped.
    mount("judges", "/dev/shm", "tmpfs", options="mode=1777")
    loopback_up()
