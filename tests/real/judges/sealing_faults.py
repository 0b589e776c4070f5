"""Spoils what was sealed, in each of its parts, and what it is bound to; kubeseal, the controller
and the comparison have to see it."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.table import Fault

from .sealing_checks import content_findings, opened
from .sealing_controller import controlled
from .sealing_platforms import SCOPES, Pair, Platform, mixed_platform, openssl_pair

KEY = "password"


def flipped(value: dict, bit: int) -> dict:
    """A SealedSecret with one bit of its password's ciphertext flipped; negative counts from the
    end."""
    other = copy.deepcopy(value)
    raw = bytearray(base64.b64decode(other["spec"]["encryptedData"][KEY]))
    raw[bit // 8] ^= 1 << bit % 8
    other["spec"]["encryptedData"][KEY] = base64.b64encode(raw).decode()
    return other


def changed(value: dict, **meta: Any) -> dict:
    """A SealedSecret with another name, namespace or annotations."""
    other = copy.deepcopy(value)
    other["metadata"].update(meta)
    return other


def spoiled(strict: dict, namespaced: dict) -> list[tuple[str, dict]]:
    """What kubeseal has to refuse, made of a value sealed with RSA 2048 in the scope strict and one
    in namespace-wide."""
    size = len(base64.b64decode(strict["spec"]["encryptedData"][KEY]))
    regions = {
        "length": (0, 2),
        "session key": (2, 2 + 256),
        "value": (2 + 256, size - 16),
        "tag": (size - 16, size),
    }
    found = [
        (f"one bit of the {region} flipped ({where})", flipped(strict, bit))
        for region, (first, end) in regions.items()
        for where, bit in (("its first", first * 8 + 7), ("its last", end * 8 - 8))
    ]
    wide = {f"sealedsecrets.bitnami.com/{scope}": "true" for scope in SCOPES[1:]}
    (namespace_wide, _), (cluster_wide, _) = wide.items()
    return [
        *found,
        ("strict, under another name", changed(strict, name="other")),
        ("strict, in another namespace", changed(strict, namespace="other")),
        ("namespace-wide, in another namespace", changed(namespaced, namespace="other")),
        (
            "strict, annotated as namespace-wide",
            changed(strict, annotations={namespace_wide: "true"}),
        ),
        ("strict, annotated as cluster-wide", changed(strict, annotations={cluster_wide: "true"})),
        ("namespace-wide, without its annotation", changed(namespaced, annotations={})),
    ]


def plant(ctx: Context) -> None:
    """Proves that the right ones open, then spoils them."""
    pair, other = openssl_pair(ctx, 2048), openssl_pair(ctx, 2048)
    platform = Platform(ctx)
    platform.take(pair)
    for credential, key, scope in (
        ("postgresql", KEY, "strict"),
        ("openwebui-secret-key", "key", "namespace-wide"),
    ):
        platform.seal(credential, {key: (b"correct horse", b"correct horse", "stdin")}, scope)
    things = {
        thing.value["metadata"]["name"].rpartition("-")[0]: thing.value
        for thing in platform.sealed()
    }
    # The same key in both, so that every fault can be planted in either.
    strict, namespaced = things["postgresql"], renamed(things["openwebui-secret-key"])
    right = [opened(ctx, json.dumps(value).encode(), pair.key) for value in (strict, namespaced)]
    ctx.fault(
        Fault(
            "none: what is right opens",
            "kubeseal",
            " ".join(said for _, said in right).strip() or "opened",
            all(data for data, _ in right),
        )
    )
    for what, value in spoiled(strict, namespaced):
        data, said = opened(ctx, json.dumps(value).encode(), pair.key)
        ctx.fault(Fault(what, "kubeseal", said or "nothing", data is None))
    data, said = opened(ctx, json.dumps(strict).encode(), other.key)
    ctx.fault(Fault("with another private key", "kubeseal", said or "nothing", data is None))
    plant_comparison(ctx, pair)
    plant_form(ctx, platform)
    plant_controlled(ctx, pair, strict, platform.expected[strict["metadata"]["name"]])


def renamed(value: dict) -> dict:
    """The same SealedSecret with its only key called as the faults expect it: ciphertext is not
    bound to its key."""
    other = copy.deepcopy(value)
    (text,) = other["spec"]["encryptedData"].values()
    other["spec"]["encryptedData"] = {KEY: text}
    return other


def plant_comparison(ctx: Context, pair: Pair) -> None:
    """kubeseal opens these without a word: only who knows the values sees what is wrong."""
    platform = mixed_platform(ctx, pair)
    by_name = {thing.value["metadata"]["name"]: thing.value for thing in platform.sealed()}
    name, value = next(
        (name, value) for name, value in by_name.items() if name.startswith("openwebui-admin-")
    )
    other = copy.deepcopy(value)
    sealed = other["spec"]["encryptedData"]
    sealed["email"], sealed[KEY] = sealed[KEY], sealed["email"]
    compare(ctx, "the ciphertext of two keys swapped", other, pair.key, platform.expected[name])
    name, value = next(
        (name, value)
        for name, value in by_name.items()
        if name.startswith("postgresql-") and b"/" in platform.expected[name][KEY]
    )
    for what, text in (
        ("without `urlquery`", "{{ .password }}"),
        ("with a `+` for a space", "{{ .password | urlquery }}"),
    ):
        other = copy.deepcopy(value)
        before, _, rest = value["spec"]["template"]["data"]["url"].partition("{{")
        other["spec"]["template"]["data"]["url"] = before + text + rest.rpartition("}}")[2]
        compare(ctx, f"the template of a URL {what}", other, pair.key, platform.expected[name])


def compare(ctx: Context, what: str, value: dict, key: Path, wanted: dict[str, bytes]) -> None:
    """A fault that only the comparison of what was opened can see."""
    data, said = opened(ctx, json.dumps(value).encode(), key)
    found = [said] if data is None else content_findings(value, data, wanted)
    ctx.fault(
        Fault(
            what,
            "what is opened, compared",
            "; ".join(found) or "nothing",
            data is not None and bool(found),
        )
    )


def plant_form(ctx: Context, platform: Platform) -> None:
    """The compiler itself sees what has no form of ciphertext."""
    file = platform.root / "spec/secrets/postgresql.yaml"
    whole = file.read_text(encoding="utf-8")
    line = next(line for line in whole.splitlines() if line.startswith(f"      {KEY}: "))
    # So short that no value is left: the length, and a part of the session key.
    file.write_text(whole.replace(line, line[:100]), encoding="utf-8")
    said = platform.run("check", "--format", "short")
    words = (said.stdout + said.stderr).decode()
    ctx.fault(
        Fault(
            "ciphertext cut short",
            "espalier check",
            next((one for one in words.splitlines() if "ciphertext-invalid" in one), words),
            said.returncode == 1 and "ciphertext-invalid" in words,
        )
    )
    file.write_text(whole, encoding="utf-8")


def plant_controlled(ctx: Context, pair: Pair, strict: dict, wanted: dict[str, bytes]) -> None:
    """The controller: a flipped bit and another name; and a value that the judge does not
    expect."""
    with controlled(ctx, [pair]) as control:
        control.namespace(strict["metadata"]["namespace"])
        spoilt = {
            "one bit of the tag flipped": changed(flipped(strict, -8), name="flipped"),
            "strict, under another name": changed(strict, name="other"),
        }
        for what, value in spoilt.items():
            control.apply(value)
            found = control.findings(value, wanted)
            ctx.fault(
                Fault(
                    what,
                    "the controller",
                    "; ".join(found) or "nothing",
                    bool(found) and "Synced=False" in found[0],
                )
            )
        control.apply(strict)
        found = control.findings(strict, wanted)
        ctx.fault(
            Fault(
                "none: what is right is unsealed",
                "the controller",
                "; ".join(found) or "Synced=True, the right bytes",
                not found,
            )
        )
        found = control.findings(strict, {KEY: b"another value"})
        ctx.fault(
            Fault(
                "a value other than the judge expects",
                "the controller",
                "; ".join(found) or "nothing",
                bool(found),
            )
        )
