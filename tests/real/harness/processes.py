"""Starts, watches and ends the servers that the judges need."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class Failed(Exception):
    """A server did not start or went away; the message has the end of its log."""


# The ports that were given out: who has one may not listen on it yet.
_GIVEN: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on and that nobody was given before, below the range from which
    the kernel gives out ports by itself."""
    taken = set(_GIVEN)
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).exists():
            lines = Path(table).read_text().splitlines()[1:]
            taken |= {int(line.split()[1].rsplit(":", 1)[1], 16) for line in lines}
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        if port not in taken:
            _GIVEN.add(port)
            return port


def with_flags(arguments: Sequence[str], values: dict[str, str]) -> list[str]:
    """A container's arguments with other values of some flags, each of which it has to have."""
    words = [part for word in arguments for part in word.split("=", 1)]
    for flag, value in values.items():
        if flag not in words:
            raise Failed(f"there is no {flag} among {' '.join(arguments)}")
        words[words.index(flag) + 1] = value
    return words


class Process:
    """A server that runs, with its log."""

    def __init__(
        self,
        name: str,
        argv: Sequence[object],
        log: Path,
        environment: dict | None,
        cwd: Path | None,
    ):
        self.name, self.argv, self.log = name, argv, log
        with log.open("ab") as out:
            self.handle = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.handle.poll() is None

    def peak(self) -> int:
        """The most memory that it has had so far, in bytes."""
        status = Path(f"/proc/{self.handle.pid}/status").read_text(encoding="utf-8")
        line = next(it for it in status.splitlines() if it.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def tail(self, lines: int = 5) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


class Processes:
    """All servers of a run; the last one started is the first one ended."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: list[Process] = []
        self.guard = threading.Lock()

    def start(
        self,
        name: str,
        argv: Sequence[object],
        env: dict | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
    ) -> Process:
        """Starts a server in a session of its own."""
        log = log or self.folder / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        process = Process(name, argv, log, env, cwd)
        with self.guard:
            self.running.append(process)
        return process

    def stop(self, process: Process, patience: float = 3.0) -> None:
        """Asks a server to end, then makes it; its handle is held until then, so its number cannot
        belong to another process."""
        with self.guard:
            if process in self.running:
                self.running.remove(process)
        if process.alive():
            process.handle.send_signal(signal.SIGTERM)
            try:
                process.handle.wait(patience)
            except subprocess.TimeoutExpired:
                process.handle.kill()
        process.handle.wait()

    def stop_all(self) -> None:
        """Ends what still runs."""
        while self.running:
            self.stop(self.running[-1], patience=1.0)


def wait_until(
    what: str,
    ready: Callable[[], object],
    seconds: float,
    process: Process | None = None,
    pause: float = 0.05,
) -> None:
    """Asks `ready()` again and again; fails with the server's log when it takes too long or the
    server ends."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process and not process.alive():
            raise Failed(
                f"{what}: {process.name} ended with {process.handle.returncode}:\n{process.tail()}"
            )
        if time.monotonic() > deadline:
            raise Failed(
                f"{what}: not within {seconds:.0f} s" + (f":\n{process.tail()}" if process else "")
            )
        time.sleep(pause)


def side_by_side(work: Callable[..., Any], items: list, at_once: int) -> list:
    """Does some work for each item, on a few threads that nobody waits for when the run is
    interrupted; answers in their order."""
    answers: list = [None] * len(items)
    troubles: list[BaseException] = []
    numbers = iter(range(len(items)))
    guard = threading.Lock()

    def some() -> None:
        while not troubles:
            with guard:
                number = next(numbers, None)
            if number is None:
                return
            try:
                answers[number] = work(items[number])
            except BaseException as trouble:
                troubles.append(trouble)

    threads = [threading.Thread(target=some, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    return answers
