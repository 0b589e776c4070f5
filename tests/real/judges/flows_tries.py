"""Tries many connections at once, from many network namespaces: open, refused, or silent."""

import errno
import os
import select
import socket
import struct
import time
from dataclasses import dataclass

from harness.netns import Net

OPEN, REFUSED, SILENT = "open", "refused", "silent"
# So many at once: fewer than a process may have files, few enough that none waits long.
AT_ONCE = 600
PATIENCE, SECOND_PATIENCE = 1.5, 6.0
# A socket that is closed so leaves nothing to wait for.
AT_ONCE_GONE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Try:
    """One connection: from inside a namespace, to an address; of one of its own addresses where
    it has more."""

    net: Net
    address: str
    protocol: str
    port: int
    source: str = ""


class Listeners:
    """Everybody who answers in one stage: TCP by the kernel alone, UDP by an echo."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.echoes: dict[int, socket.socket] = {}

    def listen(self, protocol: str, address: str, port: int) -> None:
        """Listens inside the caller's namespace, and answers from the address that was asked."""
        kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
        it = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.sockets.append(it)
        it.bind((address, port))
        if protocol == "TCP":
            # Nobody takes the connections up: the kernel answers for as many as wait in line.
            it.listen(4096)
        else:
            self.echoes[it.fileno()] = it

    def echo(self, handle: int) -> None:
        """Sends back what has come."""
        while True:
            try:
                said, whom = self.echoes[handle].recvfrom(64)
                self.echoes[handle].sendto(said, whom)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ECONNREFUSED, errno.EHOSTUNREACH):
                    raise

    def close(self) -> None:
        """Listens no more."""
        for it in self.sockets:
            it.close()


def begin(it: Try) -> socket.socket | str:
    """Begins one try; the caller is inside its namespace."""
    kind = socket.SOCK_DGRAM if it.protocol == "UDP" else socket.SOCK_STREAM
    handle = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    if it.source:
        handle.bind((it.source, 0))
    if it.protocol == "TCP":
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE_GONE)
    said = handle.connect_ex((it.address, it.port))
    if it.protocol == "UDP" and not said:
        try:
            handle.send(b"is anybody there?")
        except OSError as error:
            said = error.errno or errno.EIO
    if said not in (0, errno.EINPROGRESS):
        handle.close()
        return f"{REFUSED} ({os.strerror(said)})"
    return handle


def result(it: Try, handle: socket.socket) -> str:
    """What became of a try whose socket has something to say."""
    try:
        if it.protocol == "UDP":
            handle.recv(64)
        else:
            error = handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
        return OPEN
    except OSError as error:
        return REFUSED if error.errno == errno.ECONNREFUSED else f"{REFUSED} ({error.strerror})"


def some(tries: list[Try], listeners: Listeners, patience: float) -> list[str]:
    """Tries a few, all at once."""
    answers: list[str] = [SILENT] * len(tries)
    waiting: dict[int, tuple[int, socket.socket]] = {}
    with select.epoll() as poll:
        for handle in listeners.echoes:
            poll.register(handle, select.EPOLLIN)
        number = 0
        while number < len(tries):
            net = tries[number].net
            with net.inside():
                while number < len(tries) and tries[number].net is net:
                    began = begin(tries[number])
                    if isinstance(began, str):
                        answers[number] = began
                    else:
                        waiting[began.fileno()] = (number, began)
                        wish = (
                            select.EPOLLOUT if tries[number].protocol == "TCP" else select.EPOLLIN
                        )
                        poll.register(began.fileno(), wish)
                    number += 1
        deadline = time.monotonic() + patience
        while waiting and (left := deadline - time.monotonic()) > 0:
            for handle, _ in poll.poll(left, 1024):
                if handle in listeners.echoes:
                    listeners.echo(handle)
                    continue
                at, began = waiting.pop(handle)
                answers[at] = result(tries[at], began)
                poll.unregister(handle)
                began.close()
        for _, began in waiting.values():
            began.close()
    return answers


def all_of(tries: list[Try], listeners: Listeners, patience: float = PATIENCE) -> list[str]:
    """Tries all, so many at once; answers in their order."""
    answers: list[str] = []
    for at in range(0, len(tries), AT_ONCE):
        answers += some(tries[at : at + AT_ONCE], listeners, patience)
    return answers
