"""Finds the trees that are judged and reads their files."""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

from .api import LOADER

PARTS = ("bootstrap", "apps", "out")
# Where every file is one object of the Kubernetes API; elsewhere (k3s' configuration, values of charts) files are plain YAML.
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
        """The folder that has the platform's spec: its own, or that of its golden case, which has the spec beside the tree."""
        return self.root if (self.root / "spec/platform.yaml").is_file() else self.root.parent

    def files(self) -> list[Path]:
        """All YAML files of its three folders."""
        found = [path for part in PARTS for path in (self.root / part).rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file()]
        return sorted(found)

    @cached_property
    def things(self) -> list[Thing]:
        """All its objects; what is no object where there has to be one is kept in `troubles`."""
        found = []
        for path in self.files():
            file = path.relative_to(self.root).as_posix()
            if not any(file.startswith(f"{folder}/") for folder in OBJECTS) and not BY_HAND.fullmatch(file):
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
                self.troubles.append(f"{file}: no object: apiVersion, kind and metadata.name are needed")
            else:
                found.append(Thing(file, raw, documents[0]))
        return found

    def of_kind(self, *kinds: str) -> list[Thing]:
        """The objects of some kinds."""
        return [thing for thing in self.things if thing.value["kind"] in kinds]


def is_object(value) -> bool:
    """Whether a value has what every object of the API has."""
    return (
        isinstance(value, dict) and isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str)
        and isinstance(value.get("metadata"), dict) and isinstance(value["metadata"].get("name"), str)
    )


def find_trees(root: Path) -> list[Tree]:
    """The committed tree and every golden one."""
    trees = [Tree("committed", root)] if (root / "apps").is_dir() else []
    for folder in sorted((root / "tests/golden").glob("*/tree")):
        trees.append(Tree(f"golden/{folder.parent.name}", folder))
    return trees
