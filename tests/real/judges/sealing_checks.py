"""Opens sealed values by kubeseal and by the compiler's own reader, and compares what comes out
with what was sealed."""

import base64
import json
import subprocess
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from harness.context import Context

from .configs import unseal
from .sealing_platforms import SCOPES

SCOPE_OF = {f"sealedsecrets.bitnami.com/{scope}": scope for scope in reversed(SCOPES[1:])}


def scope_of(value: dict) -> str:
    """The scope that the annotations of a SealedSecret say; cluster-wide wins."""
    there = value["metadata"].get("annotations") or {}
    return next((scope for name, scope in SCOPE_OF.items() if there.get(name) == "true"), "strict")


def opened(ctx: Context, raw: bytes, key: Path) -> tuple[dict[str, bytes] | None, str]:
    """What kubeseal finds in a SealedSecret, composed keys too, or None and its words."""
    accepted, said = unseal(ctx, raw.decode(), key)
    if not accepted:
        return None, said
    return {
        name: base64.b64decode(text) for name, text in (json.loads(said).get("data") or {}).items()
    }, ""


def reading_opens(ctx: Context, key: Path, value: dict, name: str) -> tuple[bytes | None, str]:
    """What the compiler's own reader (the example open_sealed) finds in one key of a
    SealedSecret."""
    meta, scope = value["metadata"], scope_of(value)
    place = {
        "strict": [meta["namespace"], meta["name"]],
        "namespace-wide": [meta["namespace"]],
        "cluster-wide": [],
    }[scope]
    done = subprocess.run(
        [ctx.tool("open_sealed"), str(key), scope, *place],
        input=value["spec"]["encryptedData"][name].encode(),
        capture_output=True,
        check=False,
    )
    return (None, done.stderr.decode(errors="replace")) if done.returncode else (done.stdout, "")


def composed_findings(value: dict, data: dict[str, bytes]) -> list[str]:
    """What is wrong with keys that the template composes: each is a URL, and a client that takes it
    apart has to get the password; or a text that is no secret, as it stands there."""
    found = []
    for name, template in (value["spec"]["template"].get("data") or {}).items():
        if "{{" not in template:
            if data.get(name) != template.encode():
                found.append(f"{name}: it is not the text of the template")
            continue
        before, _, rest = template.partition("{{")
        after = rest.rpartition("}}")[2]
        if not rest or "://" not in before:
            found.append(f"{name}: composed, but no URL: the judge knows no other")
            continue
        wanted, got = urlsplit(f"{before}x{after}"), urlsplit(data.get(name, b"").decode())
        is_password = wanted.password is not None
        key = template[len(before) :].removeprefix("{{").strip(" .").split()[0]
        path = unquote_to_bytes(wanted.path if is_password else urlsplit(before).path)
        if not is_password:
            path += data.get(key, b"?") + unquote_to_bytes(after.partition("?")[0])
        if (got.scheme, got.username, got.hostname, unquote_to_bytes(got.path), got.query) != (
            wanted.scheme,
            wanted.username,
            wanted.hostname,
            path,
            wanted.query,
        ):
            found.append(
                f"{name}: a client reads {got.scheme}, {got.username}, {got.hostname}, {got.path} "
                "in it"
            )
        elif is_password and unquote_to_bytes(got.password or "") != data.get("password"):
            found.append(f"{name}: a client reads another password in it")
    return found


def content_findings(value: dict, data: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    """How a Secret differs from what was sealed, byte for byte."""
    name, composed = value["metadata"]["name"], set(value["spec"]["template"].get("data") or {})
    found = [
        f"{name}: {key}: {len(data[key])} bytes, other than the {len(wanted[key])} that were sealed"
        for key in sorted(wanted.keys() & data.keys())
        if data[key] != wanted[key]
    ]
    if data.keys() != wanted.keys() | composed:
        found.append(f"{name}: keys {sorted(data)}, not {sorted(wanted.keys() | composed)}")
    return found + [f"{name}: {one}" for one in composed_findings(value, data)]
