"""What a person types, what is said to it, and where README.md shows both."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.processes import Failed, Processes, wait_until

BEGIN = "<!-- transcript: made by tests/real/accept --write -->"
END = "<!-- end of transcript -->"
FENCE = "```"
PROMPT = "$ "
# The same builder as a program of its own, and as kubectl has it: what a machine has is typed.
BUILDERS = ("kustomize build", "kubectl kustomize")
# A line that ends so goes on in the next one.
GOES_ON = ("\\", "|")
# The most of a text that is shown of an answer.
SHOWN = 240
FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def whole(text: str) -> str:
    """A text as it is."""
    return text


class Desk:
    """A folder in which commands are typed one after the other; variables last, and all of it is
    written down."""

    def __init__(self, folder: Path, kubectl: Path, kubeconfig: Path, processes: Processes):
        self.folder, self.processes = folder, processes
        self.lines: list[str] = []
        self.typed: list[str] = []
        # Beside the folder: nothing in it is what nobody put there.
        self.own = folder.with_name(f"{folder.name}-own")
        self.own.mkdir()
        self.numbers = itertools.count()
        self.environment = {
            "PATH": f"{kubectl.parent}:{FOLDERS}",
            "HOME": str(self.own),
            "KUBECONFIG": str(kubeconfig),
            "LANG": "C.UTF-8",
        }

    def has(self, program: str) -> bool:
        """Whether a program can be typed."""
        places = self.environment["PATH"].split(":")
        return any(os.access(Path(place, program), os.X_OK) for place in places)

    def type(self, command: str, show: Callable[[str], str] = whole, seconds: float = 120) -> str:
        """Types a command, which has to succeed; what was said to it."""
        kept = shlex.quote(str(self.own / "variables"))
        script = (
            f"set -a -o pipefail; if [ -s {kept} ]; then . {kept}; fi\n"
            f"{command}\n"
            f"code=$?; export -p >{kept}; exit $code\n"
        )
        self.write_down(command)
        try:
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"`{command}` did not end within {seconds:.0f} s") from None
        if done.returncode:
            raise Failed(f"`{command}` ended with {done.returncode}: {done.stdout.strip()[-600:]}")
        self.lines += show(done.stdout).splitlines()
        return done.stdout

    def write_down(self, command: str) -> None:
        """Keeps a command as it was typed."""
        self.typed.append(command)
        self.lines += f"{PROMPT}{command}".splitlines()

    @contextlib.contextmanager
    def forwarding(self, command: str, typed: bool = False) -> Iterator[None]:
        """A port-forward that runs meanwhile."""
        name = f"forward-{next(self.numbers)}"
        process = self.processes.start(
            name,
            ["bash", "-c", f"exec {command}"],
            env=self.environment,
            cwd=self.folder,
            log=self.own / f"{name}.log",
        )
        try:
            wait_until(
                f"`{command}` forwards",
                lambda: "Forwarding from" in process.log.read_text(encoding="utf-8"),
                60,
                process,
                0.1,
            )
            if typed:
                self.write_down(f"{command} &")
                self.lines += process.log.read_text(encoding="utf-8").splitlines()[:1]
            yield
        finally:
            self.processes.stop(process)


def shortened(value: object, keep: tuple[str, ...]) -> str:
    """An answer in JSON with some of its keys; `…` stands for the others, and for the rest of a
    long text."""
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key)}:{shortened(one, keep)}" for key, one in value.items() if key in keep
        ]
        return "{" + ",".join([*parts, *(["…"] if len(parts) < len(value) else [])]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(shortened(one, keep) for one in value) + "]"
    if isinstance(value, str) and len(value) > SHOWN:
        value = f"{value[:SHOWN]}…"
    return json.dumps(value, ensure_ascii=False)


def only(*keep: str) -> Callable[[str], str]:
    """Shows an answer in JSON with some of its keys."""

    def show(text: str) -> str:
        try:
            return shortened(json.loads(text), keep)
        except ValueError:
            raise Failed(f"no answer in JSON: {text.strip()[:400]!r}") from None

    return show


def commands_of(lines: list[str]) -> list[str]:
    """The commands of a transcript."""
    found: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on:
            found[-1] += f"\n{line}"
        elif line.startswith(PROMPT):
            found.append(line.removeprefix(PROMPT))
        else:
            continue
        goes_on = line.endswith(GOES_ON)
    return found


def parts_of(page: str) -> tuple[str, list[str], str]:
    """What a page has before the transcript, the lines between its marks, and what comes after."""
    before, begin, rest = page.partition(f"{BEGIN}\n")
    inside, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"README.md has no lines `{BEGIN}` and `{END}`, or has them twice")
    return f"{before}{begin}", inside.splitlines(), f"{end}{after}"


def written(page: str, lines: list[str]) -> str:
    """The page with another transcript, in a block that no test types: a cluster is needed."""
    if any(FENCE in line for line in lines):
        raise ValueError("the transcript has a line that would end its block")
    before, _, after = parts_of(page)
    # Lines end without spaces: those that fill up a table mean nothing.
    block = [f"{FENCE}text", *(line.rstrip() for line in lines), FENCE]
    return before + "\n" + "\n".join(block) + "\n\n" + after


def differences(page: str, typed: list[str]) -> list[str]:
    """Where a page shows other commands than were typed: what is said to them differs at each
    run."""
    shown = [one.replace(*BUILDERS) for one in commands_of(parts_of(page)[1])]
    typed = [one.replace(*BUILDERS) for one in typed]
    if shown == typed:
        return []
    hint = "`tests/real/accept --write` writes them"
    found = [f"README.md does not show: {one}" for one in typed if one not in shown]
    found += [f"README.md shows what is not typed: {one}" for one in shown if one not in typed]
    return [f"{one}; {hint}" for one in found or ["README.md has another order of commands"]]
