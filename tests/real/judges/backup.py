"""Rehearses the lost node: the very scripts of the tree make a backup of a real database and put it
back into an empty one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.table import Fault, Row
from harness.trees import Tree

from .backup_sql import SECRETS, Trouble
from .backup_stage import Stage
from .backup_stored import KEY


def make_and_restore(stage: Stage) -> list[str]:
    """What was there is there again, in an empty database and an empty folder, schema and all."""
    stage.fill()
    said = stage.backup()
    before = stage.state()
    found = [
        f"a secret is in what the backup says: {value}"
        for value in SECRETS.values()
        if value in said
    ]
    stage.empty()
    stage.restore()
    return found + stage.differences(before)


def into_a_fresh_platform(stage: Stage) -> list[str]:
    """As Open WebUI leaves a database after its first start: tables, one administrator, no chat;
    and a newer table that must go."""
    stage.fill()
    stage.backup()
    before = stage.state()
    stage.empty()
    stage.first_start()
    stage.restore()
    return stage.differences(before)


def over_what_is_there(stage: Stage) -> list[str]:
    """What somebody has written is replaced only by whoever says so."""
    stage.fill()
    stage.backup()
    old = stage.state()
    stage.write_more()
    newer = stage.state()
    found = stage.must_fail("a restore over data", stage.restore, "--force")
    found += [f"refused, and yet: {one}" for one in stage.differences(newer)]
    stage.restore(force="yes")
    return found + stage.differences(old)


def the_named_one(stage: Stage) -> list[str]:
    """Not the newest, but the one that is named; one that is not there is refused."""
    stage.fill()
    stage.backup()
    old, name = stage.state(), stage.stored()[-1]
    stage.write_more()
    time.sleep(1.1)
    stage.backup()
    newer = stage.state()
    found = stage.must_fail(
        "a restore of a backup that is not there",
        lambda: stage.restore(backup="2001-01-01T00-00-00Z", force="yes"),
        name,
    )
    found += stage.differences(newer)
    stage.restore(backup=name, force="yes")
    return found + stage.differences(old)


def damaged(stage: Stage) -> list[str]:
    """One bit is another, or the end is missing: nothing is changed. A dump that ends early, with
    right sums: nothing is changed either."""
    stage.fill()
    stage.large(1 << 20)
    stage.backup()
    before, name = stage.state(), stage.stored()[-1]
    found = []
    for file in (dump_of(stage), "files.tar", "SHA256SUMS"):
        path = stage.storage / name / f"{file}.bin"
        whole = path.read_bytes()
        path.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
        found += stage.must_fail(
            f"a restore of a damaged {file}", lambda: stage.restore(force="yes"), "cannot be opened"
        )
        # Whole pieces only, each of them right.
        path.write_bytes(whole[: HEAD + PIECE * ((len(whole) - HEAD - 1) // PIECE)])
        found += stage.must_fail(
            f"a restore of a {file} without its end",
            lambda: stage.restore(force="yes"),
            "nothing was changed",
        )
        path.write_bytes(whole)
        found += stage.differences(before)
    with stage.rewritten(name) as folder:
        dump = folder / dump_of(stage)
        dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 9 // 10])
        summed(folder)
    found += stage.must_fail("a restore of half a dump", lambda: stage.restore(force="yes"), "")
    return found + stage.differences(before)


# How an encrypted file is divided.
HEAD, PIECE = 32, 16 + (64 << 10)


def dump_of(stage: Stage) -> str:
    """The file of the database."""
    return "database.dump" if stage.has_database else "webui.db"


def foreign(stage: Stage) -> list[str]:
    """A whole backup of another platform: nothing is changed, unless somebody takes it over. One
    that another key has encrypted, and an older one under a newer name: by nobody."""
    stage.fill()
    stage.backup()
    before, name = stage.state(), stage.stored()[-1]
    with stage.rewritten(name) as folder:
        (folder / "platform").write_text("another-platform\n")
        summed(folder)
    said = "a backup of the platform another-platform"
    found = stage.must_fail(
        "a restore of another platform's backup", lambda: stage.restore(force="yes"), said
    )
    found += stage.differences(before)
    stage.restore(force="yes", adopt="yes")
    found += stage.differences(before)
    later = "2999-01-01T00-00-00Z"
    for what, key, said in (
        ("of another key", "another key", "cannot be opened"),
        ("under another name", KEY, f"is the backup {name} under another name"),
    ):
        with stage.rewritten(name, later, key):
            pass
        for wishes in ({}, {"backup": later}):
            found += stage.must_fail(
                f"a restore of a backup {what}",
                lambda wishes=wishes: stage.restore(force="yes", adopt="yes", **wishes),
                said,
            )
        found += stage.differences(before)
    return found


def unencrypted(stage: Stage) -> list[str]:
    """One of an earlier version, which anybody may have written: taken by whoever names it and says
    so, and never because it is the newest."""
    stage.fill()
    stage.backup()
    old, name, later = stage.state(), stage.stored()[-1], "2999-01-01T00-00-00Z"
    found = [
        f"the backup shows `{text}` to whoever reads the storage"
        for file in (stage.storage / name).iterdir()
        for text in (stage.values["PLATFORM"], "Gespr", "PGDMP")
        if text.encode() in file.read_bytes()
    ]
    if found:
        # What lies there is no encrypted backup that could be opened.
        return found
    with stage.rewritten(name) as folder:
        plain = stage.storage / later
        plain.mkdir()
        for path in folder.iterdir():
            if path.name != "name":
                (plain / path.name).write_bytes(path.read_bytes())
        summed(plain)
    stage.settle()
    stage.write_more()
    newer = stage.state()
    stage.restore(force="yes")
    found += stage.differences(old)
    stage.empty()
    stage.fill()
    stage.write_more()
    said = "not encrypted: nothing proves who wrote it"
    found += stage.must_fail(
        "a restore of what is not encrypted",
        lambda: stage.restore(force="yes", backup=later),
        said,
    )
    found += stage.differences(newer)
    stage.restore(force="yes", backup=later, adopt="yes")
    return found + stage.differences(old)


def summed(folder: Path) -> None:
    """Writes the sums of what lies in a backup."""
    files = [path for path in sorted(folder.iterdir()) if path.name != "SHA256SUMS"]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))


def dying(stage: Stage) -> list[str]:
    """What reads the dump is killed between two statements: nothing is changed."""
    stage.fill()
    stage.backup()
    before = stage.state()
    if stage.has_database:
        stage.stub(
            "pg_restore",
            (
                'case "$*" in *--list*) exec "$real" "$@" ;; esac\n"$real" "$@" | sed '
                '"/^COPY/,\\$d"\nexit 137\n'
            ),
        )
    else:
        stage.stub("tar", "exit 137\n")
    return stage.must_fail(
        "a restore whose reader died", lambda: stage.restore(force="yes"), ""
    ) + stage.differences(before)


def retention(stage: Stage) -> list[str]:
    """The oldest goes and no other; what was never finished goes too."""
    stage.fill()
    names = [f"2020-01-0{day}T03-17-00Z" for day in (1, 2, 3)]
    for name, suffix in zip(names, (".bin", "", ".bin"), strict=True):
        stage.older(name, suffix=suffix)
    stage.older("2020-01-02T04-00-00Z", whole=False)
    (stage.storage / "not-a-backup").mkdir()
    stage.backup(KEEP="3")
    left = sorted(path.name for path in stage.storage.iterdir())
    right = [
        *names[1:],
        *(name for name in left if name > "2021" and name != "not-a-backup"),
        "not-a-backup",
    ]
    # An S3 server shows no folder without a file, and removes none.
    return (
        []
        if left == right and len(left) == 4
        else [
            f"of {', '.join(names)} and a new one, 3 were to be kept; there are: {', '.join(left)}"
        ]
    )


def failing(stage: Stage) -> list[str]:
    """A backup that cannot be stored fails the job, and leaves alone what is there."""
    stage.fill()
    for day in (1, 2, 3):
        stage.older(f"2020-01-0{day}T03-17-00Z")
    before = stage.stored()
    with stage.refusing():
        found = stage.must_fail(
            "a backup that cannot be stored", lambda: stage.backup(KEEP="1"), ""
        )
    if stage.stored() != before:
        found.append(
            f"a backup failed, and of {', '.join(before)} there are left: "
            f"{', '.join(stage.stored())}"
        )
    return found


def patience(stage: Stage) -> list[str]:
    """Whatever is not reachable yet is waited for, and not for ever."""
    stage.fill()
    found = []
    for name in list(stage.running):
        with stage.unreachable(name) as comes_back:
            began = time.monotonic()
            found += stage.must_fail(
                f"a backup without the {name}",
                lambda: stage.backup(PATIENCE="3"),
                "does not answer",
            )
            if time.monotonic() - began > 60:
                found.append(
                    f"it waited for the {name} for {time.monotonic() - began:.0f} s in place of 3"
                )
            comes_back(4)
            stage.backup(PATIENCE="60")
        time.sleep(1.1)
    return found


def memory(stage: Stage) -> list[str]:
    """A file larger than the memory limit goes through, there and back; no process grows to the
    limit."""
    stage.fill()
    stage.large(256 << 20)
    stage.backup()
    stage.empty()
    stage.restore()
    limit, most = stage.limit, max(stage.peaks.values())
    return (
        []
        if most < limit
        else [f"a process took {most >> 20}Mi, and the limit is {limit >> 20}Mi: {stage.peaks}"]
    )


CHECKS = (
    make_and_restore,
    into_a_fresh_platform,
    over_what_is_there,
    the_named_one,
    damaged,
    foreign,
    unencrypted,
    dying,
    retention,
    failing,
    patience,
    memory,
)

# What is planted (in which script, what is written there, what in its place), and the check that
# must see it.
FAULTS = (
    (
        "a commit whatever has become of the dump",
        "database.dump\" && echo 'COMMIT;'",
        "database.dump\" || true; echo 'COMMIT;'",
        dying,
    ),
    (
        "statements that are no transaction",
        "BEGIN;\nSET LOCAL lock_timeout = '60s';\n",
        "",
        damaged,
    ),
    ("sums that nobody compares", "sha256sum --check --strict --quiet SHA256SUMS", "true", damaged),
    ("a restore that takes anybody's backup", '[ "$whose" != "$PLATFORM" ]', "false", foreign),
    (
        "an older backup under a newer one's name",
        '[ "$(cat "$from/name")" != "$name" ]',
        "false",
        foreign,
    ),
    ("a key that everybody knows", "printf '%s' \"$ENCRYPTION_KEY\"", "printf known", foreign),
    ("backups as they are read", '"encrypted:$name', '"$AT/$name', unencrypted),
    (
        "a restore that takes what anybody may have written",
        '[ "${RESTORE_ADOPT:-}" = yes ] || fail "$name is of',
        'true || fail "$name is of',
        unencrypted,
    ),
    ("a restore that asks nobody", '[ "${RESTORE_FORCE:-}" = yes ]', "true", over_what_is_there),
    (
        "a schema that stays",
        "EXECUTE format('DROP SCHEMA %I CASCADE', it);",
        "NULL;",
        into_a_fresh_platform,
    ),
    ("the newest removed in place of the oldest", "sort -r", "sort", retention),
    (
        "what is too old removed before the new one is sent",
        "rclone copy --exclude",
        'rclone purge "$AT"; rclone copy --exclude',
        failing,
    ),
    ("no patience", "((SECONDS < deadline)) ||", "false ||", patience),
    (
        "files that are left out",
        "--exclude './cache'",
        "--exclude './cache' --exclude './uploads'",
        make_and_restore,
    ),
)


def trees_of(ctx: Context) -> list:
    """The trees that make backups."""
    return [
        tree for tree in ctx.trees if any(thing.name == "CronJob/backup" for thing in tree.things)
    ]


def attempt(
    ctx: Context, tree: Tree, check: Callable[..., Any], replace: tuple[str, str] | None = None
) -> list[str]:
    """One check on a stage of its own."""
    with Stage(ctx, tree, replace) as stage:
        try:
            return [f"{check.__name__.replace('_', ' ')}: {one}" for one in check(stage)]
        except Trouble as trouble:
            return [f"{check.__name__.replace('_', ' ')}: {trouble}"]


def judge(ctx: Context) -> list[Row]:
    """One row a tree."""
    rows = []
    for tree in trees_of(ctx):
        row, began = Row(f"backup rehearsed: {tree.name}", len(CHECKS)), time.monotonic()
        peaks: dict[str, int] = {}
        for check in CHECKS:
            ctx.say(f"backup: {tree.name}: {check.__name__}")
            row.findings += attempt(ctx, tree, check)
            peaks = {
                name: max(peaks.get(name, 0), size)
                for name, size in {**peaks, **Stage.last_peaks}.items()
            }
        row.note = "peak memory " + ", ".join(
            f"{name} {size >> 20}Mi" for name, size in sorted(peaks.items())
        )
        row.seconds = time.monotonic() - began
        rows.append(row)
    return rows or [Row("backup rehearsed", 0, [], 0.0, "no tree makes backups")]


def faults(ctx: Context) -> None:
    """Each is planted in the scripts of the first tree that has the place."""
    for name, before, after, check in FAULTS:
        tree = next((tree for tree in trees_of(ctx) if before in Stage.scripts(tree)), None)
        if tree is None:
            ctx.fault(Fault(name, "backup", f"no script has `{before}`", False))
            continue
        found = attempt(ctx, tree, check, (before, after))
        ctx.fault(
            Fault(
                name,
                f"backup: {check.__name__.replace('_', ' ')}",
                found[0] if found else "",
                bool(found),
            )
        )
