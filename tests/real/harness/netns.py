"""Network namespaces without names: each is there as long as this process holds it."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

from .sandbox import NEW_NETWORK, libc

OWN = "/proc/thread-self/ns/net"
SET_ADDRESS, SET_MASK, SET_FLAGS, ADD_ROUTE, SET_ARP = 0x8916, 0x891C, 0x8914, 0x890B, 0x8955
UP, RUNNING, GATEWAY = 0x1, 0x40, 0x2
ETHERNET, COMPLETE, PERMANENT = 1, 0x2, 0x4


def done(what: str, result: int) -> None:
    """Turns the failure of a C function into an exception that says what was wanted."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def socket_address(address: str) -> bytes:
    """An IPv4 address as the kernel's `sockaddr`."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


class Net:
    """A network namespace: sockets and processes that a thread makes `inside` belong to it."""

    def __init__(self) -> None:
        before = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            done("a network namespace", libc.unshare(NEW_NETWORK))
            self.handle = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
            self.up("lo")
        finally:
            done("the way back from a network namespace", libc.setns(before, NEW_NETWORK))
            os.close(before)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread is in the namespace meanwhile."""
        before = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            done("a network namespace", libc.setns(self.handle, NEW_NETWORK))
            yield
        finally:
            done("the way back from a network namespace", libc.setns(before, NEW_NETWORK))
            os.close(before)

    def path(self) -> str:
        """Where other processes find it."""
        return f"/proc/{os.getpid()}/fd/{self.handle}"

    def close(self) -> None:
        """Lets go of it; without sockets and processes it is gone."""
        os.close(self.handle)

    def up(self, device: str, address: str = "", mask: str = "") -> None:
        """Brings a device up, with an address; for whoever is inside."""
        name = device.encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
            for call, value in ((SET_ADDRESS, address), (SET_MASK, mask)):
                if value:
                    fcntl.ioctl(handle, call, struct.pack("16s", name) + socket_address(value))
            fcntl.ioctl(handle, SET_FLAGS, struct.pack("16sh14x", name, UP | RUNNING))

    def route(self, gateway: str, network: str = "0.0.0.0", mask: str = "0.0.0.0") -> None:
        """Adds a route; for whoever is inside."""
        entry = struct.pack(
            "@L16s16s16sHhLPhPLLH",
            0,
            socket_address(network),
            socket_address(gateway),
            socket_address(mask),
            UP | GATEWAY,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
            fcntl.ioctl(handle, ADD_ROUTE, entry)

    def neighbours(self, device: str, known: list[tuple[str, bytes]]) -> None:
        """Tells it the addresses on a wire for good; for whoever is inside.

        What it had to ask for would count against a bound of the whole machine.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
            for address, hardware in known:
                fcntl.ioctl(
                    handle,
                    SET_ARP,
                    struct.pack(
                        "=16sH14si16s16s",
                        socket_address(address),
                        ETHERNET,
                        hardware,
                        COMPLETE | PERMANENT,
                        b"",
                        device.encode(),
                    ),
                )
