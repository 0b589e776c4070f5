"""What an operator makes of workspaces, as the compiler makes it."""

from __future__ import annotations

import dataclasses

import yaml

from .context import Context
from .trees import Thing, Tree

PLATFORM = "spec/platform.yaml"


def by_compiler(ctx: Context, texts: dict[str, str]) -> list[Thing]:
    """The objects of all workspaces of a spec whose workspaces an operator makes."""
    root = ctx.fresh("expanded")
    platform = yaml.safe_load(texts[PLATFORM])
    platform["spec"]["workspaces"].pop("expandedBy")
    platform["spec"]["workspaces"].pop("operator", None)
    # The API is for platforms whose operator makes them.
    platform["spec"]["workspaces"].pop("api", None)
    platform["spec"].get("domains", {}).pop("api", None)
    for path, text in (texts | {PLATFORM: yaml.safe_dump(platform)}).items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    done = ctx.run_espalier(root, "render")
    if done.returncode:
        raise RuntimeError(f"the compiler refuses the workspaces: {done.stderr[-800:]}")
    return [it for it in Tree("expanded", root).things if it.file.startswith("out/manifests/ws-")]


def expanded(ctx: Context, tree: Tree) -> Tree:
    """The tree; where an operator makes its workspaces, with their objects too."""
    platform = yaml.safe_load((tree.spec_root / PLATFORM).read_text(encoding="utf-8"))
    if (platform["spec"].get("workspaces") or {}).get("expandedBy") != "operator":
        return tree
    key = f"expanded {tree.name}"
    if key not in ctx.kept:
        files = [it for it in (tree.spec_root / "spec").rglob("*") if it.is_file()]
        texts = {
            it.relative_to(tree.spec_root).as_posix(): it.read_text(encoding="utf-8")
            for it in files
        }
        ctx.kept[key] = by_compiler(ctx, texts)
    whole = dataclasses.replace(tree)
    whole.__dict__["things"] = [*tree.things, *ctx.kept[key]]
    return whole
