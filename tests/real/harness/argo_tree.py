"""A rendered tree as Argo CD sees it: files, Applications, waves, hosts, and variants of them (one
commit each)."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from .context import Context


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDERS = ("bootstrap", "apps", "out")
WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"


def load(data: bytes) -> list[dict]:
    """All objects of one file; an empty document is none."""
    return [it for it in yaml.load_all(data, Loader=LOADER) if it]


def dump(*objects: dict) -> bytes:
    """A file of a variant, as JSON (which is YAML, and no reader of YAML 1.1 can misread a key of
    it)."""
    return "\n---\n".join(json.dumps(it, indent=1, default=str) for it in objects).encode() + b"\n"


def group(obj: dict) -> str:
    """API group of an object; the core group is empty."""
    version = obj.get("apiVersion", "")
    return version.split("/")[0] if "/" in version else ""


def identity(obj: dict) -> tuple[str, str, str, str]:
    """Group, kind, namespace and name: what makes two manifests the same object."""
    meta = obj["metadata"]
    return group(obj), obj["kind"], meta.get("namespace", ""), meta["name"]


def title(obj: dict) -> str:
    """How a finding names an object."""
    meta = obj["metadata"]
    place = meta.get("namespace")
    return f"{obj['kind']} {place + '/' if place else ''}{meta['name']}"


@dataclasses.dataclass(frozen=True)
class Application:
    """One Argo CD Application of the tree, with the file it comes from."""

    file: str
    document: dict

    @property
    def name(self) -> str:
        """Name of the resource."""
        return self.document["metadata"]["name"]

    @property
    def namespace(self) -> str:
        """Where Argo CD itself lives."""
        return self.document["metadata"].get("namespace", "argocd")

    @property
    def wave(self) -> int:
        """Its sync wave; none is 0, as in Argo CD."""
        return int((self.document["metadata"].get("annotations") or {}).get(WAVE, "0"))

    @property
    def sources(self) -> list[dict]:
        """Its one source or several."""
        spec = self.document["spec"]
        return spec.get("sources") or ([spec["source"]] if "source" in spec else [])

    @property
    def chart(self) -> dict:
        """The source that is a Helm chart; empty where there is none."""
        return next((it for it in self.sources if it.get("chart")), {})


class Rendered:
    """The files of a tree, path to bytes, and what can be read off them."""

    def __init__(self, name: str, files: dict[str, bytes]):
        self.name = name
        self.files = files
        self._applications: dict[str, Application] | None = None

    @classmethod
    def read(cls, name: str, root: Path) -> Rendered:
        """Reads the three generated folders below `root`, byte for byte."""
        files = {}
        for folder in FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    files[path.relative_to(root).as_posix()] = path.read_bytes()
        return cls(name, files)

    def changed(self, changes: Mapping[str, bytes | None]) -> Rendered:
        """A variant: files replaced, added, or (None) left out."""
        files = {**self.files, **changes}
        return Rendered(self.name, {path: data for path, data in files.items() if data is not None})

    def bootstrap(self) -> list[dict]:
        """The objects of bootstrap/argocd/: what a person applies by hand, projects before the root
        Application."""
        found = [
            it
            for path in sorted(self.files)
            if path.startswith("bootstrap/argocd/") and path.endswith(".yaml")
            for it in load(self.files[path])
        ]
        return sorted(found, key=lambda it: it["kind"] == "Application")

    def root(self) -> Application:
        """The root Application, whose source is the folder apps/."""
        for path in sorted(self.files):
            if path.startswith("bootstrap/argocd/") and path.endswith(".yaml"):
                for it in load(self.files[path]):
                    if it["kind"] == "Application":
                        return Application(path, it)
        raise LookupError(f"{self.name}: no Application in bootstrap/argocd/")

    def projects(self) -> dict[str, tuple[str, dict]]:
        """AppProjects by name, with their files."""
        return {
            it["metadata"]["name"]: (path, it)
            for path in sorted(self.files)
            if path.startswith("bootstrap/argocd/") and path.endswith(".yaml")
            for it in load(self.files[path])
            if it["kind"] == "AppProject"
        }

    def applications(self) -> dict[str, Application]:
        """The Applications of apps/ by name, in the order of their waves."""
        if self._applications is None:
            found = [
                Application(path, it)
                for path in sorted(self.files)
                if path.startswith("apps/") and path.endswith(".yaml")
                for it in load(self.files[path])
            ]
            self._applications = {
                it.name: it for it in sorted(found, key=lambda it: (it.wave, it.name))
            }
        return self._applications

    def objects(self, application: str) -> list[tuple[str, dict]]:
        """The manifests of one Application with their paths."""
        start = f"out/manifests/{application}/"
        return [
            (path, it)
            for path in sorted(self.files)
            if path.startswith(start) and path.endswith(".yaml")
            for it in load(self.files[path])
        ]

    def place(self) -> tuple[str, str, str]:
        """Git URL, branch and the folder within the repository where the tree lies ("" is its
        root)."""
        source = self.root().sources[0]
        prefix = re.sub(r"(^|/)apps/?$", "", source["path"])
        return (
            source["repoURL"],
            source.get("targetRevision", "main").removeprefix("refs/heads/"),
            prefix,
        )

    def hosts(self) -> list[str]:
        """Names of all hosts that the Applications take something from."""
        found = set()
        for it in [self.root(), *self.applications().values()]:
            for source in it.sources:
                parts = urlsplit(source["repoURL"])
                if parts.scheme != "https" or not parts.hostname:
                    raise ValueError(
                        f"{it.file}: source {source['repoURL']} is no https URL: the judge cannot "
                        "stand in for it"
                    )
                found.add(parts.hostname)
        return sorted(found)


@dataclasses.dataclass(frozen=True)
class Promise:
    """What the compiler promises about one Application: its wave, and whom it waits for."""

    application: str
    wave: int
    after: tuple[str, ...]


def spec_of(root: Path) -> Path | None:
    """The folder with spec/platform.yaml that belongs to a tree: its own, or the one above it
    (golden cases)."""
    return next((it for it in (root, root.parent) if (it / "spec/platform.yaml").is_file()), None)


def promised(ctx: Context, spec: Path) -> list[Promise]:
    """`show waves`: each Application's wave, and whom it comes after."""
    done = ctx.run_espalier(spec, "show", "waves", "--format", "json")
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        raise LookupError(
            f"`show waves --format json` said no JSON ({done.returncode}): "
            f"{(done.stderr or done.stdout).strip()[:300]}"
        ) from None
    return [
        Promise(it["application"], int(it["wave"]), tuple(it.get("after") or ())) for it in rows
    ]


def annotated(tree: Rendered) -> list[Promise]:
    """The same from the tree alone, where there is no spec to ask the compiler about."""
    return [Promise(it.name, it.wave, ()) for it in tree.applications().values()]


def chart_pods(ctx: Context, spec: Path) -> list[dict]:
    """`show budget`: the pods that charts will make, their Jobs as well, as the compiler declares
    them."""
    return [
        it
        for it in ctx.budget(spec)["pods"]
        if it.get("source") == "chart" or it["workload"].startswith("Job/")
    ]
