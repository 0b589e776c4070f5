"""What is done to an installed tree and what has to come of it: hand edits, further commits,
removals, a broken first install."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from harness import argo_settings
from harness.api import ApiError
from harness.argo_host import summary
from harness.argo_install import PATIENCE, Installation
from harness.argo_tree import OPTIONS, Promise, Rendered, dump, group, identity, title
from harness.argo_watch import order
from harness.pods import quantity

# An object of these kinds is not deleted by hand: somebody's data hang on it, or the whole of Argo
# CD.
SPARED = {
    "Namespace",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "AppProject",
    "Application",
}
# Data hang on these: they stay when they leave Git, whatever the tree says.
KEPT = {"Namespace", "PersistentVolumeClaim"}
# Which object of an Application is deleted by hand, if it has one: the first of these kinds, else
# any.
FAVOURED = (
    "NetworkPolicy",
    "Service",
    "ConfigMap",
    "Deployment",
    "StatefulSet",
    "Ingress",
    "SealedSecret",
)


def options(obj: dict) -> set[str]:
    """The sync options that an object carries itself."""
    text = (obj["metadata"].get("annotations") or {}).get(OPTIONS, "")
    return {it.strip() for it in text.split(",") if it.strip()}


@dataclasses.dataclass
class Edit:
    """Something that a person does to the cluster behind Argo CD's back, and how to see that it was
    undone."""

    what: str
    act: Callable[[], object]
    healed: Callable[[], bool]


def edits(at: Installation, charts: list[dict]) -> list[Edit]:
    """One deletion in every Application that has something to delete, and one change of every kind
    that the tree allows."""
    out: list[Edit] = []
    applications = at.tree.applications()
    everything = [(name, it) for name in applications for _, it in at.tree.objects(name)]
    taken: set[tuple] = set()
    for name in applications:
        mine = [it for owner, it in everything if owner == name and it["kind"] not in SPARED]
        mine.sort(
            key=lambda it: FAVOURED.index(it["kind"]) if it["kind"] in FAVOURED else len(FAVOURED)
        )
        if mine:
            taken.add(identity(mine[0]))
            out.append(_deleted(at, name, mine[0]))
    out += [
        _deleted(at, it["metadata"].get("labels", {}).get("owner", "chart"), it) for it in charts
    ]

    def first(kind: str, usable: Callable[[dict], object]) -> tuple[str, dict] | None:
        return next(
            (
                (name, it)
                for name, it in everything
                if it["kind"] == kind and identity(it) not in taken and usable(it)
            ),
            None,
        )

    def change(kind: str, *path: str | int, to: Callable[[Any], Any] = lambda _: None) -> None:
        found = first(kind, lambda it: _get(it, path) is not None)
        if found:
            out.append(_changed(at, found[0], found[1], path, to(_get(found[1], path))))

    change("Deployment", "spec", "replicas", to=lambda it: it + 1)
    change("StatefulSet", "spec", "replicas", to=lambda it: it + 1)
    change(
        "Namespace",
        "metadata",
        "labels",
        "pod-security.kubernetes.io/enforce",
        to=lambda it: "privileged" if it != "privileged" else "baseline",
    )
    for kind, field in (("ConfigMap", ("data",)), ("Service", ("spec", "selector"))):
        found = first(kind, partial(_get, path=field))
        if found:
            key = sorted(_get(found[1], field))[0]
            out.append(_changed(at, found[0], found[1], (*field, key), "changed-by-hand"))
    for it in at.tree.bootstrap():
        repositories = it["spec"].get("sourceRepos")
        if it["kind"] == "AppProject" and repositories:
            out.append(
                _changed(
                    at,
                    "bootstrap",
                    it,
                    ("spec", "sourceRepos"),
                    [*repositories, "https://elsewhere.invalid/tree.git"],
                )
            )
            break
    last = list(applications.values())[-1].document
    if _get(last, ("spec", "syncPolicy", "automated", "prune")) is True:
        out.append(
            _changed(
                at, at.tree.root().name, last, ("spec", "syncPolicy", "automated", "prune"), False
            )
        )
    return out


def _get(obj: Any, path: tuple) -> Any:
    for key in path:
        if not isinstance(obj, dict) or key not in obj:
            return None
        obj = obj[key]
    return obj


def _deleted(at: Installation, owner: str, obj: dict) -> Edit:
    path = at.api.path_of(obj)
    before = at.live(obj)
    uid = before["metadata"]["uid"] if before else None

    def healed() -> bool:
        now = at.live(obj)
        return (
            now is not None
            and now["metadata"]["uid"] != uid
            and "deletionTimestamp" not in now["metadata"]
        )

    return Edit(f"{title(obj)} of {owner} deleted", lambda: at.api.delete(path), healed)


def _changed(at: Installation, owner: str, obj: dict, path: tuple, to: object) -> Edit:
    body: Any = to
    for key in reversed(path):
        body = {key: body}
    want = _get(obj, path)
    return Edit(
        f"{title(obj)} of {owner}: {'.'.join(map(str, path))} changed to {to!r}",
        lambda: at.api.patch(at.api.path_of(obj), body),
        lambda: _get(at.live(obj) or {}, path) == want,
    )


def heals(
    at: Installation, charts: list[dict], seconds: float = PATIENCE / 2
) -> tuple[int, list[str]]:
    """All hand edits at once; each is undone, and the tree stands as before. Returns how many, and
    the findings."""
    done = edits(at, charts)
    findings = []
    for it in done:
        try:
            it.act()
        except ApiError as error:
            findings.append(f"hand edit: {it.what}: {error}")
    open_ = list(done)

    def all_healed() -> bool:
        open_[:] = [it for it in open_ if not it.healed()]
        return not open_

    at.until(all_healed, seconds)
    findings += [f"hand edit not undone in {seconds:.0f} s: {it.what}" for it in open_]
    return len(done), findings + at.converge(seconds)


def second_commit(at: Installation, seconds: float = PATIENCE / 2) -> tuple[str, list[str]]:
    """Another value of an environment variable goes through: every Application reaches the commit,
    the workload has the value."""
    for name in reversed(list(at.tree.applications())):
        for path, it in at.tree.objects(name):
            new = copy.deepcopy(it)
            env = [
                entry
                for container in _get(new, ("spec", "template", "spec", "containers")) or []
                for entry in container.get("env") or []
                if entry.get("value")
            ]
            if not env:
                continue
            env[0]["value"] += "-changed"
            at.push(at.tree.changed({path: dump(new)}))
            findings = at.converge(seconds)
            live = _get(at.live(new) or {}, ("spec", "template", "spec", "containers")) or []
            if not any(
                entry.get("value") == env[0]["value"]
                for container in live
                for entry in container.get("env") or []
            ):
                findings.append(
                    f"{title(new)} of {name} does not have {env[0]['name']}={env[0]['value']} "
                    "after the commit"
                )
            return f"{title(new)}: {env[0]['name']}", findings
    return "", ["no workload has an environment variable: nothing to change by a commit"]


def owned(tree: Rendered) -> dict[tuple, tuple[str, dict]]:
    """Every object of the tree with the Application that has it."""
    return {
        identity(it): (name, it) for name in tree.applications() for _, it in tree.objects(name)
    }


def removal(
    at: Installation, after: Rendered, seconds: float = PATIENCE / 2
) -> tuple[int, list[str]]:
    """A commit with less in it. Returns how many objects left Git, and the findings."""
    before = at.tree
    at.push(after)
    return removed(at, before, seconds)


def removed(at: Installation, before: Rendered, seconds: float) -> tuple[int, list[str]]:
    """What has left Git leaves the cluster, what data hang on or what is protected stays, every
    other Application is well."""
    later = owned(at.tree)
    applications = [name for name in before.applications() if name not in at.tree.applications()]
    dropped = {key: it for key, it in owned(before).items() if key not in later}

    def stays(owner: str, it: dict) -> bool:
        return it["kind"] in KEPT or (
            "Delete=false" if owner in applications else "Prune=false"
        ) in options(it)

    kept = [it for owner, it in dropped.values() if stays(owner, it)]
    pruned = [it for owner, it in dropped.values() if not stays(owner, it)]
    findings = [
        (
            f"Application {name} is still there {seconds:.0f} s after it left apps/: "
            f"{summary(at.recorder.snapshot().get(name, {}))}"
        )
        for name in applications
        if not at.gone(name, seconds)
    ]
    # Once its Application is gone nobody takes an object away any more: a moment for what is under
    # way, then it is an orphan.
    orphans = [it for owner, it in dropped.values() if owner in applications and it in pruned]
    at.until(lambda: not any(at.live(it) for it in orphans), min(seconds, 15.0))
    findings += [
        f"{title(it)} is an orphan: its Application left Git and the cluster, and it did not"
        for it in orphans
        if at.live(it)
    ]
    others = [it for it in pruned if it not in orphans]
    at.until(lambda: not any(at.live(it) for it in others), seconds)
    findings += [
        f"{title(it)} left Git and is still in the cluster after {seconds:.0f} s"
        for it in others
        if at.live(it)
    ]
    findings += at.converge(seconds)
    findings += at.quiet(("normal", "normal")) if not findings else []
    findings += [
        (
            f"{title(it)} left Git and went from the cluster: it has to stay (its sync options: "
            f"{', '.join(sorted(options(it))) or 'none'})"
        )
        for it in kept
        if leaving(at.live(it))
    ]
    return len(dropped), findings


def leaving(live: dict | None) -> bool:
    """Gone, or told to go (a claim that a pod still mounts takes its time)."""
    return live is None or "deletionTimestamp" in live["metadata"]


def less_protected(tree: Rendered) -> Rendered | None:
    """A variant in which a Namespace and a claim leave Git while their Applications stay."""
    changes: dict[str, bytes | None] = {}
    for kind in ("Namespace", "PersistentVolumeClaim"):
        for name in tree.applications():
            mine = tree.objects(name)
            found = [
                path
                for path, it in mine
                if it["kind"] == kind
                and it["metadata"]["name"] not in ("argocd", "kube-system", "default")
            ]
            if found and len(mine) > 1:
                changes[found[-1]] = None
                break
    return tree.changed(changes) if changes else None


def without_application(tree: Rendered) -> Rendered:
    """A variant without its last Application that has objects: apps/<application>.yaml and its
    manifests go."""
    name = next(it for it in reversed(list(tree.applications())) if tree.objects(it))
    gone = [tree.applications()[name].file, *(path for path, _ in tree.objects(name))]
    return tree.changed(dict.fromkeys(gone))


def broken_child(
    tree: Rendered, usable: Callable[[dict], bool] = lambda _: True
) -> tuple[Rendered, str, str] | None:
    """A variant with an object that its schema refuses, in a wave that others wait for: the
    variant, the Application, the object.

    A custom resource is taken where there is one: the API server learns its schema only when an
    earlier wave has brought it.
    """
    applications = list(tree.applications().values())
    best: tuple[int, str, str, dict] | None = None
    for it in applications:
        if not any(later.wave > it.wave for later in applications):
            continue
        for path, obj in tree.objects(it.name):
            custom = (
                "." in group(obj)
                and not group(obj).endswith(".k8s.io")
                and group(obj) != "argoproj.io"
            )
            rank = (
                3
                if group(obj) == "cert-manager.io"
                else 2
                if custom
                else 1
                if obj["kind"] in ("Service", "Deployment", "StatefulSet", "NetworkPolicy")
                else 0
            )
            if rank and "spec" in obj and usable(obj) and (best is None or rank > best[0]):
                best = (rank, it.name, path, obj)
    if best is None:
        return None
    _, name, path, obj = best
    bad = copy.deepcopy(obj)
    bad["spec"]["espalierJudge"] = "no schema has this field"
    return tree.changed({path: dump(bad)}), name, title(obj)


def holds(
    at: Installation, name: str, what: str, seconds: float = PATIENCE, pause: float = 10.0
) -> list[str]:
    """On a first install: the broken child fails, and nobody of a later wave is made, then or a
    while later."""

    def failed(now: dict[str, dict]) -> bool:
        state = ((now.get(name) or {}).get("status") or {}).get("operationState") or {}
        return bool(state.get("retryCount") or state.get("phase") in ("Failed", "Error"))

    if not at.recorder.wait(failed, seconds, at.argo.check_alive):
        return [
            (
                f"{what} is broken, and its Application {name} did not fail in {seconds:.0f} s: "
                f"{summary(at.recorder.snapshot().get(name, {}))}"
            )
        ]
    wave = at.tree.applications()[name].wave
    later = [it for it in at.tree.applications().values() if it.wave > wave]
    at.recorder.wait(lambda now: any(it.name in now for it in later), pause, at.argo.check_alive)
    made = at.recorder.snapshot()
    return [
        f"Application {it.name} (wave {it.wave}) was created although {name} (wave {wave}) failed"
        for it in later
        if it.name in made
    ]


def fixed(at: Installation, tree: Rendered, seconds: float = 120.0) -> list[str]:
    """The next commit has the right object: everything goes through in the time that is
    promised."""
    at.push(tree)
    return at.converge(seconds)


def in_order(at: Installation, promises: list[Promise]) -> list[str]:
    """The recorded story against the promise."""
    findings = [
        f"{it.file}: wave {it.wave}, and `show waves` says {promise.wave}"
        for promise in promises
        if (it := at.tree.applications().get(promise.application)) and it.wave != promise.wave
    ]
    return findings + order(at.recorder.events, promises, at.tree.root().name)


def memory(peaks: dict[str, int], values: dict) -> tuple[int, list[str], str]:
    """What each program took at most, against the limit that the values give to its container."""
    limits = argo_settings.limits(values)
    said = {name: f"{peak >> 20}Mi of {limits[name]}" for name, peak in peaks.items()}
    findings = [
        f"{name} took more than its container may: {said[name]}"
        for name, peak in peaks.items()
        if peak > quantity(limits[name])
    ]
    return len(peaks), findings, ", ".join(f"{name} {text}" for name, text in said.items())
