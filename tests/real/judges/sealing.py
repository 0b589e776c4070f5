"""Holds `espalier seal` against kubeseal and the controller of sealed-secrets: each opens what the
other seals, byte for byte."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.table import Row, short
from harness.trees import Thing

from . import sealing_controller, sealing_faults
from .sealing_checks import content_findings, opened, reading_opens, scope_of
from .sealing_platforms import (
    BITS,
    EMAIL,
    KEYS,
    MOST,
    NAMESPACE,
    SCOPES,
    WAYS,
    Pair,
    Platform,
    addresses,
    kinds,
    mixed_platform,
    openssl_pair,
    own_pair,
)


def tree_findings(
    ctx: Context, platform: Platform, things: list[Thing], key: Path, scope: str | None
) -> tuple[int, list[str]]:
    """Opens every SealedSecret of a platform's tree with kubeseal; how many values were right, and
    what was not."""
    found, right = [], 0
    names = {thing.value["metadata"]["name"] for thing in things}
    if names != platform.expected.keys():
        found.append(f"the tree has {sorted(names)}, sealed were {sorted(platform.expected)}")
    for thing in things:
        name = thing.value["metadata"]["name"]
        data, said = opened(ctx, thing.raw, key)
        if scope and scope_of(thing.value) != scope:
            found.append(f"{name}: its scope is {scope_of(thing.value)}, it was sealed {scope}")
        wrong = (
            [f"{name}: {short(said, 200)}"]
            if data is None
            else content_findings(thing.value, data, platform.expected.get(name, {}))
        )
        found += wrong
        right += 0 if wrong else len(thing.value["spec"]["encryptedData"])
    return right, found


def sealed_platform(ctx: Context, pair: Pair, scope: str, first: int) -> tuple[int, int, list[str]]:
    """Seals every credential, rotates it, renders, opens all: values sealed, values right,
    findings. `first` is the first kind of value."""
    platform, values = Platform(ctx), kinds(ctx.seed)
    platform.take(pair)
    number = itertools.count(first)
    for more in ((), ("--rotate",)):
        for credential, keys in KEYS.items():
            given = {}
            for key in keys:
                at = next(number)
                # The way changes with each value, the kind with every third: all pairs of the two
                # come up in every scope.
                some = addresses() if key == EMAIL else values
                value, wanted = some[at // len(WAYS) % len(some)]
                given[key] = (value, wanted, WAYS[at % len(WAYS)])
            platform.seal(credential, given, scope, *more)
    sealed = sum(map(len, platform.expected.values()))
    right, found = tree_findings(ctx, platform, platform.sealed(), pair.key, scope)
    return sealed, right, [f"{pair}, {scope}: {one}" for one in found]


def refusals(ctx: Context, pair: Pair) -> tuple[int, list[str]]:
    """Values that no pod could read: the compiler refuses them, however they come, and writes
    nothing."""
    platform, found, count = Platform(ctx), [], 0
    platform.take(pair)
    for credential, key, value, ways, words in (
        ("postgresql", "password", b"", WAYS, "is empty"),
        ("postgresql", "password", b"\n", WAYS, "is empty"),
        ("postgresql", "password", b"\n \t\n", WAYS, "only white space"),
        ("postgresql", "password", b"a\0b", WAYS[:2], "NUL"),
        ("postgresql", "password", b"\xff\xfe", WAYS, "not UTF-8"),
        ("postgresql", "password", b"x" * (MOST + 1), WAYS[:2], "larger than 64 KiB"),
        *(
            ("postgresql", "password", value, WAYS, "a line break")
            for value in (b"-----BEGIN A-----\nc2Vj\r\ncmV0\n-----END A-----\n", b"\n\nx\n\n")
        ),
        ("postgresql", "password", b"a\tb", WAYS, "a tab"),
        ("postgresql", "password", b"a\x1bb", WAYS, "U+001B"),
        ("openwebui-admin", EMAIL, b"ops@example.org\nx", WAYS, "a line break"),
        *(
            ("openwebui-admin", EMAIL, value, WAYS, "not an e-mail address")
            for value in (b"ops", b"ops@", b"a b@example.org")
        ),
    ):
        for way in ways:
            count += 1
            others = {
                other: (b"correct horse", "file") for other in KEYS[credential] if other != key
            }
            flags, how = platform.flags({key: (value, way), **others})
            done = platform.run("seal", credential, *flags, **how)
            said = done.stderr.decode(errors="replace")
            # Warnings come before what made it fail.
            said = said[max(said.find("error"), 0) :]
            if (
                done.returncode != 2
                or words not in said
                or (platform.root / "spec/secrets").exists()
            ):
                found.append(
                    f"a value of {len(value)} bytes through {way} ({words}): ended with "
                    f"{done.returncode}: {short(said, 200)}"
                )
    return count, found


def raw_platform(ctx: Context, pair: Pair, scope: str, first: int) -> tuple[int, list[str]]:
    """Values that `kubeseal --raw` seals, in files as `espalier explain credential-not-sealed` has
    them: how many, and what is wrong."""
    platform, values, suffix = Platform(ctx), kinds(ctx.seed), "x7k2m"
    platform.take(pair)
    (platform.root / "spec/secrets").mkdir()
    where, found, number = "*" if scope == "cluster-wide" else NAMESPACE, [], itertools.count(first)
    for credential, keys in KEYS.items():
        name, texts = f"{credential}-{suffix}", {}
        platform.expected[name] = {}
        for key in keys:
            _, value = values[next(number) % len(values)]
            done = subprocess.run(
                [
                    ctx.tool("kubeseal"),
                    "--raw",
                    "--cert",
                    str(pair.certificate),
                    "--scope",
                    scope,
                    "--namespace",
                    NAMESPACE,
                    "--name",
                    name,
                    "--from-file=/dev/stdin",
                ],
                input=value,
                capture_output=True,
                check=True,
            )
            texts[key], platform.expected[name][key] = done.stdout.decode().strip(), value
        (platform.root / f"spec/secrets/{credential}.yaml").write_text(
            "apiVersion: espalier.dev/v1alpha1\nkind: SealedCredential\n"
            f"metadata:\n  name: {credential}\nspec:\n  suffix: {suffix}\n"
            + (f"  scope: {scope}\n" if scope != "strict" else "")
            + f"  sealed:\n    {json.dumps(where)}:\n"
            + "".join(f"      {key}: {text}\n" for key, text in texts.items())
        )
    things = platform.sealed()
    said = platform.run("check")
    words = (said.stdout + said.stderr).decode()
    if said.returncode or "ciphertext-invalid" in words or "credential-not-sealed" in words:
        found.append(f"`espalier check` ended with {said.returncode}: {short(words, 300)}")
    _, wrong = tree_findings(ctx, platform, things, pair.key, scope)
    found += wrong
    for thing in things:
        for key, value in platform.expected.get(thing.value["metadata"]["name"], {}).items():
            got, trouble = reading_opens(ctx, pair.key, thing.value, key)
            if got != value:
                found.append(
                    f"{thing.name}: {key}: open_sealed: {short(trouble, 200) or 'other bytes'}"
                )
    return sum(map(len, platform.expected.values())), [f"{pair}, {scope}: {one}" for one in found]


def timed(name: str, work: Callable[..., Any]) -> Row:
    """A row with its time."""
    row, began = Row(name, 0), time.monotonic()
    work(row)
    row.seconds = time.monotonic() - began
    return row


def judge(ctx: Context) -> list[Row]:
    """What we seal, what kubeseal seals, what the controller makes of both."""
    with ThreadPoolExecutor(4) as pool:
        # A large key of the compiler's own takes longest: it is made while everything else is
        # judged.
        own = [pool.submit(own_pair, ctx, bits) for bits in sorted(BITS, reverse=True)]
        foreign = [pool.submit(openssl_pair, ctx, bits) for bits in BITS]

        def ours(row: Row) -> None:
            tasks: list[Future] = []
            for at, pair in enumerate([*foreign, *reversed(own)]):
                step = sum(map(len, KEYS.values())) * 2
                tasks += [
                    pool.submit(sealed_platform, ctx, pair.result(), scope, at * step)
                    for scope in SCOPES
                ]
            done = [task.result() for task in tasks]
            refused, found = refusals(ctx, foreign[0].result())
            row.objects = sum(sealed for sealed, _, _ in done)
            row.findings = [*(one for _, _, some in done for one in some), *found]
            row.note = (
                f"{sum(right for _, right, _ in done)} of {row.objects} values right, in "
                f"{len(done)} platforms, half of them from before "
                f"a rotation; {refused} bad values refused"
            )

        def theirs(row: Row) -> None:
            if "open_sealed" not in ctx.manifest["tools"]:
                row.findings.append("open_sealed opens nothing: the example is not built")
                return
            pairs = [pair.result() for pair in foreign]
            tasks = [
                pool.submit(raw_platform, ctx, pair, scope, 4 * at)
                for at, (pair, scope) in enumerate(
                    (pair, scope) for pair in pairs for scope in SCOPES
                )
            ]
            for task in tasks:
                count, found = task.result()
                row.objects += count
                row.findings += found
            row.note = (
                f"{len(tasks)} platforms: the compiler takes them, kubeseal and "
                "open_sealed open them"
            )

        rows = [
            timed("sealing: what kubeseal seals, we read", theirs),
            timed("sealing: what we seal, kubeseal opens", ours),
        ]
        small = next(pair.result() for pair in own if pair.result().bits == BITS[0])
        return rows[::-1] + sealing_controller.judge(ctx, mixed_platform(ctx, small), small)


def faults(ctx: Context) -> None:
    """See sealing_faults.py."""
    sealing_faults.plant(ctx)
