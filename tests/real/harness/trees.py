"""Finds the trees that are judged and reads their files."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from .api import LOADER

PARTS = ("bootstrap", "apps", "out")
# Where every file is one object of the Kubernetes API; elsewhere (k3s' configuration, values of
# charts) files are plain YAML.
OBJECTS = ("bootstrap/argocd", "apps", "out/manifests")
# Jobs that people run: objects too, which no Application brings.
BY_HAND = re.compile(r"bootstrap/job-[^/]+\.yaml")


@dataclass(frozen=True)
class Thing:
    """One object of a tree: its bytes as they are on the disk, and what PyYAML reads in them."""

    file: str
    raw: bytes
    value: dict

    @property
    def name(self) -> str:
        """Kind and name."""
        return f"{self.value['kind']}/{self.value['metadata']['name']}"

    @property
    def by_hand(self) -> bool:
        """Whether people apply it when they need it, so that it is not there in rest."""
        return bool(BY_HAND.fullmatch(self.file))

    @property
    def namespace(self) -> str:
        """The namespace, or nothing."""
        return self.value["metadata"].get("namespace", "")

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the API knows it by."""
        group = str(self.value["apiVersion"]).rpartition("/")[0]
        return group, self.value["kind"], self.namespace, self.value["metadata"]["name"]

    @cached_property
    def digest(self) -> bytes:
        """A name for its bytes."""
        return hashlib.sha256(self.raw).digest()


@dataclass
class Tree:
    """A tree as Argo CD would find it."""

    name: str
    root: Path
    troubles: list[str] = field(default_factory=list)

    @property
    def spec_root(self) -> Path:
        """The folder that has the platform's spec: its own, or that of its golden case, which has
        the spec beside the tree."""
        return self.root if (self.root / "spec/platform.yaml").is_file() else self.root.parent

    def files(self) -> list[Path]:
        """All YAML files of its three folders."""
        found = [
            path
            for part in PARTS
            for path in (self.root / part).rglob("*")
            if path.suffix in (".yaml", ".yml") and path.is_file()
        ]
        return sorted(found)

    @cached_property
    def things(self) -> list[Thing]:
        """All its objects; what is no object where there has to be one is kept in `troubles`."""
        found = []
        for path in self.files():
            file = path.relative_to(self.root).as_posix()
            if not any(
                file.startswith(f"{folder}/") for folder in OBJECTS
            ) and not BY_HAND.fullmatch(file):
                continue
            raw = path.read_bytes()
            try:
                documents = [one for one in yaml.load_all(raw, LOADER) if one is not None]
            except (yaml.YAMLError, ValueError) as error:
                self.troubles.append(f"{file}: {' '.join(str(error).split())}")
                continue
            if len(documents) != 1:
                self.troubles.append(f"{file}: {len(documents)} documents, it has to be one")
            elif not is_object(documents[0]):
                self.troubles.append(
                    f"{file}: no object: apiVersion, kind and metadata.name are needed"
                )
            else:
                found.append(Thing(file, raw, documents[0]))
        return found

    def of_kind(self, *kinds: str) -> list[Thing]:
        """The objects of some kinds."""
        return [thing for thing in self.things if thing.value["kind"] in kinds]


def is_object(value: Any) -> bool:
    """Whether a value has what every object of the API has."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("kind"), str)
        and isinstance(value.get("metadata"), dict)
        and isinstance(value["metadata"].get("name"), str)
    )


def tree_names(root: Path) -> list[str]:
    """The committed tree and every golden one (CONTRIBUTING.md, "Golden trees")."""
    cases = sorted(path.parent.name for path in (root / "tests/golden").glob("*/base"))
    committed = ["committed"] if (root / "apps").is_dir() else []
    return [*committed, *(f"golden/{case}" for case in cases)]


def find_trees(root: Path, scratch: Path) -> list[Tree]:
    """All of them. The golden ones are put together in a folder, beside their specs and keys."""
    return [
        Tree(name, root if name == "committed" else put_together(root, name, scratch))
        for name in tree_names(root)
    ]


def put_together(root: Path, name: str, scratch: Path) -> Path:
    """Where the whole tree of a golden case lies."""
    case, folder = root / "tests" / name, scratch / name
    shutil.copytree(case, folder, ignore=shutil.ignore_patterns("tree", "edits"))
    for file, raw in whole(root, case.name).items():
        path = folder / "tree" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder / "tree"


def whole(root: Path, case: str) -> dict[str, bytes]:
    """All files of a golden case: those of its base, and what it keeps because it differs.

    A base that is no case of its own is the committed tree.
    """
    kept = root / "tests/golden" / case
    if not kept.is_dir():
        return _below(root)
    files = whole(root, (kept / "base").read_text(encoding="utf-8").strip())
    if (removed := kept / "removed").is_file():
        for file in removed.read_text(encoding="utf-8").splitlines():
            del files[file]
    for name, edits in _below(kept / "edits").items():
        file = name.removesuffix(".diff")
        files[file] = edited(files[file], edits)
    return files | _below(kept / "tree")


def edited(old: bytes, edits: bytes) -> bytes:
    """What a case's edits make of its base's file; `tests/it/golden/case.rs` writes them."""
    lines, new = _lines(old), list[bytes]()
    for edit in _lines(edits):
        sign, line = edit[:1], edit[1:]
        if sign == b"@":
            count = int(edit.split()[1])
            new += lines[:count]
            del lines[:count]
        elif sign == b"+":
            new.append(line)
        elif not lines or lines.pop(0) != line:
            raise ValueError(f"a golden case's base has no line {line!r} here: run `cargo test`")
        elif sign == b" ":
            new.append(line)
    return b"".join(new + lines)


def _lines(text: bytes) -> list[bytes]:
    return [line + b"\n" for line in text.split(b"\n")[:-1]]


def _below(folder: Path) -> dict[str, bytes]:
    found = [path for part in PARTS for path in (folder / part).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
