"""The node is lost: an empty one, the script's `restore`, the same chat again."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

from harness.table import Row

from . import live_checks
from .backup import summed
from .live_backup import backups, crypt, opened
from .live_browser import Person
from .live_objects import CHAT, EMAIL, PASSWORD
from .live_platform import Live


def paper(live: Live) -> None:
    """The Applications that the script pauses: objects that nobody acts on here."""
    live.world.api.install_crds(
        [one for one in live.ctx.crds() if one["metadata"]["name"] == "applications.argoproj.io"]
    )
    applications = {
        thing.value["metadata"]["name"]: thing.value for thing in live.tree.of_kind("Application")
    }
    live.world.apply(
        [applications[name] for name in ("root", "openwebui", "backup") if name in applications]
    )


def restore(live: Live, *words: str) -> subprocess.CompletedProcess:
    """The script's own verb."""
    return live_checks.script(live, "restore", "--yes", *words)


def reads(live: Live, chat: str, name: str) -> list[str]:
    """The person signs in with the same password, finds the chat, and opens the file."""
    found = []
    with Person(live.ctx, CHAT) as person:
        person.sign_in(EMAIL, PASSWORD)
        shown = person.open(chat)
        person.shot(live.shots, name)
        if live_checks.QUESTION not in shown or live_checks.FILE not in shown:
            found.append(f"the chat is not what it was: {shown[:300]!r}")
        listed = person.files()
        mine = [one for one in listed if one.get("filename") == live_checks.FILE]
        if not mine:
            found.append(f"the file is not in the list: {json.dumps(listed)[:200]}")
        else:
            text = person.page.evaluate(
                "async (path) => await (await fetch(path, "
                "{headers: {Authorization: 'Bearer ' + localStorage.token}})).text()",
                f"/api/v1/files/{mine[0]['id']}/content",
            )
            if live_checks.INSIDE not in text:
                found.append(f"the file does not open: {text[:200]!r}")
    return found


def after(live: Live, chat: str, row: Row) -> None:
    """On the empty node: `restore`, then the person."""
    began = time.monotonic()
    paper(live)
    done = restore(live)
    if done.returncode:
        row.findings.append(
            f"restore ended with {done.returncode}: {(done.stdout + done.stderr)[-600:]}"
        )
        return
    live.ready()
    row.findings += reads(live, chat, "restored")
    row.objects, row.note = (
        1,
        f"the chat is read again after {(time.monotonic() - began) / 60:.1f} minutes",
    )


def refused(live: Live, chat: str, row: Row) -> None:
    """A backup that is damaged, and one of another platform: nothing is changed by either."""
    newest = backups(live)[-1]
    for name, spoil in (("2999-01-01T00-00-00Z", damage), ("2999-01-02T00-00-00Z", make_foreign)):
        folder = opened(live, newest)
        # It says what it is called.
        (folder / "name").write_text(f"{name}\n", encoding="utf-8")
        summed(folder)
        spoil(folder)
        crypt(live, "copy", str(folder), f"encrypted:{name}")
        done = restore(live, "--force", "--backup", name)
        shutil.rmtree(newest.with_name(name))
        if not done.returncode or "nothing was changed" not in (done.stdout + done.stderr).lower():
            row.findings.append(
                f"{spoil.__name__}: restore ended with {done.returncode}: "
                f"{(done.stdout + done.stderr)[-300:]}"
            )
    live.ready()
    row.findings += reads(live, chat, "after-refusals")
    row.objects, row.note = 2, "" if row.findings else "both refused, and the chat is still there"


def damage(folder: Path) -> None:
    """One bit of the dump, before it was encrypted: the sums alone can tell."""
    dump = folder / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


def make_foreign(folder: Path) -> None:
    """As another platform of the same kind makes it: whole, with right sums."""
    (folder / "platform").write_text("another-platform\n", encoding="utf-8")
    summed(folder)
