"""What the API finds in a workspace is what `espalier check` finds in its file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from harness.api import LOADER

from .api_client import YAML
from .api_stage import Stage
from .operator_stage import KIND

LARGEST = 64 * 1024
SECRETS = "tests/golden/sealed/spec/secrets"


def texts(root: Path) -> dict[str, bytes]:
    """The files of workspaces of all cases of `tests/ui`, by case and file."""
    files = sorted((root / "tests/ui").glob("*/spec/workspaces/*.y*ml"))
    return {str(it.relative_to(root / "tests/ui")): it.read_bytes() for it in files}


def name_of(raw: bytes) -> str:
    """The name that a workspace gives itself; nothing where it has none."""
    try:
        value = yaml.load(raw, LOADER)
    except (yaml.YAMLError, ValueError):
        return ""
    meta = value.get("metadata") if isinstance(value, dict) else None
    name = meta.get("name") if isinstance(meta, dict) else None
    is_name = isinstance(name, str) and name.replace("-", "").replace(".", "").isalnum()
    return str(name) if is_name and name == str(name).lower() else ""


def by_compiler(stage: Stage, raw: bytes, file: str) -> list[dict]:
    """What `check` finds in a file that stands beside the platform's spec."""
    root = stage.ctx.fresh("checked")
    shutil.copytree(stage.platform, root, dirs_exist_ok=True)
    # What the platform itself needs, so that only the workspace is wrong.
    secrets = stage.ctx.root / SECRETS
    shutil.copytree(secrets, root / "spec/secrets", dirs_exist_ok=True)
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_bytes(raw)
    done = subprocess.run(
        [stage.ctx.espalier, "check", "--format", "json", "--root", str(root)],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        # Files are named from the repository that the folder happens to be in.
        text = re.sub(rf'"file": "[^"]*{re.escape(root.name)}/', '"file": "', done.stdout)
        found: list[dict] = json.loads(text)
    except ValueError:
        raise LookupError(f"`check` said no JSON: {done.stderr[-300:]}") from None
    finally:
        shutil.rmtree(root)
    if not found:
        raise LookupError(f"`check` finds nothing: {done.stderr[-600:]}")
    return [it for it in found if it.get("file") == file]


def same(stage: Stage) -> list[str]:
    """Each file of a workspace that a test of the compiler's messages has, by both."""
    found, client, codes = [], stage.by("admin"), set()
    stage.emptied()
    all_texts = texts(stage.ctx.root)
    for case, raw in all_texts.items():
        name = name_of(raw)
        file = f"spec/workspaces/{name or 'workspace'}.yaml"
        reply = client.ask("POST", "/v1/validate", raw, YAML)
        if reply.status != 200:
            if not (reply.status == 413 and len(raw) > LARGEST):
                found.append(f"{case}: {reply}")
            continue
        own = [it for it in reply.body["findings"] if it.get("file") == file]
        theirs = by_compiler(stage, raw, file)
        codes |= {it["code"] for it in theirs}
        if own != theirs:
            found.append(f"{case}: {differs(own, theirs)}")
    stage.notes.append(f"{len(all_texts)} files, {len(codes)} codes")
    if len(all_texts) < 40 or not any(KIND.encode() in it for it in all_texts.values()):
        found.append(f"only {len(all_texts)} files of workspaces in tests/ui")
    return found


def differs(own: list[dict], theirs: list[dict]) -> str:
    """How two lists of findings differ, in short."""
    for at, (a, b) in enumerate(zip(own, theirs, strict=False)):
        if a != b:
            keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
            return (
                f"finding {at}, {keys}: {[a.get(k) for k in keys]} and {[b.get(k) for k in keys]}"
            )
    codes = [[it["code"] for it in some] for some in (own, theirs)]
    return f"it finds {codes[0]}, and `check` {codes[1]}"
