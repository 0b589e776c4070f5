"""The node is lost: a backup, an empty node, the script's `restore`, the same chat again."""

import json
import shutil
import time
from pathlib import Path

from . import live_checks
from .backup import summed
from .live_browser import Person
from .live_objects import BUCKET, CHAT, EMAIL, PASSWORD
from .live_platform import Live
from .processes import Failed
from .table import Row

JOBS = "/apis/batch/v1/namespaces/ai/jobs"


def backup(live: Live, row: Row) -> None:
    """The tree's CronJob, run once now."""
    cron = next(
        thing.value
        for thing in live.tree.of_kind("CronJob")
        if thing.value["metadata"]["name"] == "backup"
    )
    live.world.api.post(
        JOBS,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "backup-now", "namespace": "ai"},
            "spec": cron["spec"]["jobTemplate"]["spec"],
        },
    )
    took = live.wait("the backup has ended", lambda: ended(live, "backup-now"), 300)
    if not live.world.api.get(f"{JOBS}/backup-now")["status"].get("succeeded"):
        raise Failed(f"the backup failed: {said(live, 'backup-now')}")
    names = backups(live)
    row.objects, row.note = (
        len(names),
        f"{took:.0f} s, {sum(one.stat().st_size for one in files(names[-1])) >> 10} KiB",
    )


def ended(live: Live, job: str) -> bool:
    """Whether a Job has come to an end."""
    status = live.world.api.get(f"{JOBS}/{job}").get("status", {})
    return any(
        one["type"] in ("Complete", "Failed") and one["status"] == "True"
        for one in status.get("conditions", [])
    )


def said(live: Live, job: str) -> str:
    """The last words of a Job's containers."""
    words = []
    for pod in live.world.pods("ai"):
        if pod["metadata"].get("labels", {}).get("job-name") == job:
            words += [
                f"{one['name']}: {live.world.log(pod, one['name'])[-300:]}"
                for one in pod["status"].get("initContainerStatuses", [])
                + pod["status"].get("containerStatuses", [])
            ]
    return "; ".join(words)


def backups(live: Live) -> list[Path]:
    """The folders of the whole backups in the storage, the oldest first."""
    return sorted(
        (one.parent for one in (live.storage / BUCKET).rglob("SHA256SUMS")),
        key=lambda one: one.name,
    )


def files(folder: Path) -> list[Path]:
    """The files of a backup."""
    return sorted(one for one in folder.iterdir() if one.is_file())


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


def restore(live: Live, *words: str):
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
        folder = newest.with_name(name)
        shutil.copytree(newest, folder)
        spoil(folder)
        done = restore(live, "--force", "--backup", name)
        shutil.rmtree(folder)
        if not done.returncode or "nothing was changed" not in (done.stdout + done.stderr).lower():
            row.findings.append(
                f"{spoil.__name__}: restore ended with {done.returncode}: "
                f"{(done.stdout + done.stderr)[-300:]}"
            )
    live.ready()
    row.findings += reads(live, chat, "after-refusals")
    row.objects = 2


def damage(folder: Path) -> None:
    """One bit of the dump."""
    dump = folder / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


def make_foreign(folder: Path) -> None:
    """As another platform of the same kind makes it: whole, with right sums."""
    (folder / "platform").write_text("another-platform\n", encoding="utf-8")
    summed(folder)
