"""Rehearses the lost node: the very scripts of the tree make a backup of a real database and put it back into an empty one."""

import hashlib
import time
from pathlib import Path

from .backup_stage import SECRETS, Stage, Trouble
from .table import Fault, Row


def make_and_restore(stage: Stage) -> list[str]:
    """What was there is there again, in an empty database and an empty folder, schema and all."""
    stage.fill()
    said = stage.backup()
    before = stage.state()
    found = [f"a secret is in what the backup says: {value}" for value in SECRETS.values() if value in said]
    stage.empty()
    stage.restore()
    return found + stage.differences(before)


def into_a_fresh_platform(stage: Stage) -> list[str]:
    """As Open WebUI leaves a database after its first start: tables, one administrator, no chat; and a newer table that must go."""
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
    found = stage.must_fail("a restore of a backup that is not there", lambda: stage.restore(backup="2001-01-01T00-00-00Z", force="yes"), name)
    found += stage.differences(newer)
    stage.restore(backup=name, force="yes")
    return found + stage.differences(old)


def damaged(stage: Stage) -> list[str]:
    """One bit is another: nothing is changed. A dump that ends early, with right sums: nothing is changed either."""
    stage.fill()
    stage.backup()
    before, name = stage.state(), stage.stored()[-1]
    dump = next(path for path in (stage.storage / name).iterdir() if path.name in ("database.dump", "webui.db"))
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:])
    found = stage.must_fail("a restore of a damaged backup", lambda: stage.restore(force="yes"), "damaged: nothing was changed")
    found += stage.differences(before)
    dump.write_bytes(whole[: len(whole) * 9 // 10])
    summed(dump.parent)
    found += stage.must_fail("a restore of half a dump", lambda: stage.restore(force="yes"), "")
    return found + stage.differences(before)


def foreign(stage: Stage) -> list[str]:
    """A whole backup of another platform: nothing is changed, unless somebody takes it over."""
    stage.fill()
    stage.backup()
    before, folder = stage.state(), stage.storage / stage.stored()[-1]
    (folder / "platform").write_text("another-platform\n")
    summed(folder)
    said = "a backup of the platform another-platform"
    found = stage.must_fail("a restore of another platform's backup", lambda: stage.restore(force="yes"), said)
    found += stage.differences(before)
    stage.restore(force="yes", adopt="yes")
    return found + stage.differences(before)


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
        stage.stub("pg_restore", 'case "$*" in *--list*) exec "$real" "$@" ;; esac\n"$real" "$@" | sed "/^COPY/,\\$d"\nexit 137\n')
    else:
        stage.stub("tar", "exit 137\n")
    return stage.must_fail("a restore whose reader died", lambda: stage.restore(force="yes"), "") + stage.differences(before)


def retention(stage: Stage) -> list[str]:
    """The oldest goes and no other; what was never finished goes too."""
    stage.fill()
    names = [f"2020-01-0{day}T03-17-00Z" for day in (1, 2, 3)]
    for name in names:
        stage.older(name)
    if stage.server:
        stage.older("2020-01-02T04-00-00Z", whole=False)
    (stage.storage / "not-a-backup").mkdir()
    stage.backup(KEEP="3")
    left = sorted(path.name for path in stage.storage.iterdir() if path.name != ".lock")
    right = [*names[1:], *(name for name in left if name > "2021" and name != "not-a-backup"), "not-a-backup"]
    # An S3 server shows no folder without a file, and removes none.
    return [] if left == right and len(left) == 4 else [f"of {', '.join(names)} and a new one, 3 were to be kept; there are: {', '.join(left)}"]


def failing(stage: Stage) -> list[str]:
    """A backup that cannot be stored fails the job, and leaves alone what is there."""
    stage.fill()
    for day in (1, 2, 3):
        stage.older(f"2020-01-0{day}T03-17-00Z")
    before = stage.stored()
    with stage.refusing():
        found = stage.must_fail("a backup that cannot be stored", lambda: stage.backup(KEEP="1"), "")
    if stage.stored() != before:
        found.append(f"a backup failed, and of {', '.join(before)} there are left: {', '.join(stage.stored())}")
    return found


def patience(stage: Stage) -> list[str]:
    """Whatever is not reachable yet is waited for, and not for ever."""
    stage.fill()
    found = []
    for name in list(stage.running):
        with stage.unreachable(name) as comes_back:
            began = time.monotonic()
            found += stage.must_fail(f"a backup without the {name}", lambda: stage.backup(PATIENCE="3"), "does not answer")
            if time.monotonic() - began > 60:
                found.append(f"it waited for the {name} for {time.monotonic() - began:.0f} s in place of 3")
            comes_back(after=4)
            stage.backup(PATIENCE="60")
        time.sleep(1.1)
    return found


def memory(stage: Stage) -> list[str]:
    """A file larger than the memory limit goes through, there and back; no process grows to the limit."""
    stage.fill()
    stage.large(256 << 20)
    stage.backup()
    stage.empty()
    stage.restore()
    limit, most = stage.limit, max(stage.peaks.values())
    return [] if most < limit else [f"a process took {most >> 20}Mi, and the limit is {limit >> 20}Mi: {stage.peaks}"]


CHECKS = (make_and_restore, into_a_fresh_platform, over_what_is_there, the_named_one, damaged, foreign, dying, retention, failing, patience, memory)

# What is planted (in which script, what is written there, what in its place), and the check that must see it.
FAULTS = (
    ("a commit whatever has become of the dump", "database.dump\" && echo 'COMMIT;'", "database.dump\" || true; echo 'COMMIT;'", dying),
    ("statements that are no transaction", "BEGIN;\nSET LOCAL lock_timeout = '60s';\n", "", damaged),
    ("sums that nobody compares", "sha256sum --check --strict --quiet SHA256SUMS", "true", damaged),
    ("a restore that takes anybody's backup", '[ "$whose" != "$PLATFORM" ]', "false", foreign),
    ("a restore that asks nobody", '[ "${RESTORE_FORCE:-}" = yes ]', "true", over_what_is_there),
    ("a schema that stays", "EXECUTE format('DROP SCHEMA %I CASCADE', it);", "NULL;", into_a_fresh_platform),
    ("the newest removed in place of the oldest", "sort -r", "sort", retention),
    ("what is too old removed before the new one is sent", 'rclone copy --exclude', 'rclone purge "$AT"; rclone copy --exclude', failing),
    ("no patience", "((SECONDS < deadline)) ||", "false ||", patience),
    ("files that are left out", "--exclude './cache'", "--exclude './cache' --exclude './uploads'", make_and_restore),
)


def trees_of(ctx) -> list:
    """The trees that make backups."""
    return [tree for tree in ctx.trees if any(thing.name == "CronJob/backup" for thing in tree.things)]


def attempt(ctx, tree, check, replace: tuple[str, str] | None = None) -> list[str]:
    """One check on a stage of its own."""
    with Stage(ctx, tree, replace) as stage:
        try:
            return [f"{check.__name__.replace('_', ' ')}: {one}" for one in check(stage)]
        except Trouble as trouble:
            return [f"{check.__name__.replace('_', ' ')}: {trouble}"]


def judge(ctx) -> list[Row]:
    """One row a tree."""
    rows = []
    for tree in trees_of(ctx):
        row, began = Row(f"backup rehearsed: {tree.name}", len(CHECKS)), time.monotonic()
        peaks: dict[str, int] = {}
        for check in CHECKS:
            ctx.say(f"backup: {tree.name}: {check.__name__}")
            row.findings += attempt(ctx, tree, check)
            peaks = {name: max(peaks.get(name, 0), size) for name, size in {**peaks, **Stage.last_peaks}.items()}
        row.note = "peak memory " + ", ".join(f"{name} {size >> 20}Mi" for name, size in sorted(peaks.items()))
        row.seconds = time.monotonic() - began
        rows.append(row)
    return rows or [Row("backup rehearsed", 0, [], 0.0, "no tree makes backups")]


def faults(ctx) -> None:
    """Each is planted in the scripts of the first tree that has the place."""
    for name, before, after, check in FAULTS:
        tree = next((tree for tree in trees_of(ctx) if before in Stage.scripts(tree)), None)
        if tree is None:
            ctx.fault(Fault(name, "backup", f"no script has `{before}`", False))
            continue
        found = attempt(ctx, tree, check, (before, after))
        ctx.fault(Fault(name, f"backup: {check.__name__.replace('_', ' ')}", found[0] if found else "", bool(found)))
