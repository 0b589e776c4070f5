"""Holds each AppProject against Argo CD itself: what is outside of it is refused, what is inside
goes through."""

from __future__ import annotations

import dataclasses
import fnmatch

from harness.argo_host import GROUP, applied, summary
from harness.argo_install import PATIENCE, Installation
from harness.argo_tree import Rendered, dump, title

SERVER = "https://kubernetes.default.svc"
# Objects that do nothing, one of a kind; the first of them that a project does not permit is what
# it has to refuse.
NAMESPACED = [
    ("v1", "ConfigMap", {"data": {"planted": "here"}}),
    ("v1", "ServiceAccount", {"automountServiceAccountToken": False}),
    (
        "v1",
        "Service",
        {"spec": {"clusterIP": "None", "selector": {"planted": "nobody"}, "ports": [{"port": 80}]}},
    ),
    ("rbac.authorization.k8s.io/v1", "Role", {"rules": []}),
    ("v1", "LimitRange", {"spec": {"limits": []}}),
    ("argoproj.io/v1alpha1", "AppProject", {"spec": {"description": "planted"}}),
]
CLUSTER = [
    ("rbac.authorization.k8s.io/v1", "ClusterRole", {"rules": []}),
    ("scheduling.k8s.io/v1", "PriorityClass", {"value": 1}),
    ("v1", "Namespace", {}),
]
NAMESPACES = ("kube-system", "default", "argocd", "kube-public")
FREE = "planted"
ELSEWHERE = "https://elsewhere.invalid/tree.git"


@dataclasses.dataclass
class Plant:
    """An Application in a project, with one object of its own in Git (or, without one, a source
    that is elsewhere)."""

    project: str
    what: str
    thing: dict | None
    permitted: bool = False

    @property
    def name(self) -> str:
        """Of the Application, its folder and its object."""
        return f"planted-{self.project}-{self.what.replace(' ', '-')}"


def named(kinds: list[tuple], kind: str, name: str, namespace: str | None) -> dict:
    """One of the objects that do nothing."""
    version, _, body = next(it for it in kinds if it[1] == kind)
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        **body,
    }


def lets(rows: list[dict] | None, version: str, kind: str, name: str = "") -> bool:
    """Whether a list of groups and kinds has one, under that name where a row says which."""
    wanted = (version.rpartition("/")[0], kind, name)
    patterns = [(it["group"], it["kind"], it.get("name") or "*") for it in rows or []]
    return any(all(map(fnmatch.fnmatchcase, wanted, it)) for it in patterns)


def into(spec: dict, namespace: str) -> bool:
    """Whether a project's destinations hold a namespace: one matches, and none that begins with `!`
    does."""
    rows = [it.get("namespace", "") for it in spec.get("destinations") or []]
    return any(
        fnmatch.fnmatchcase(namespace, it) for it in rows if not it.startswith("!")
    ) and not any(fnmatch.fnmatchcase(namespace, it[1:]) for it in rows if it.startswith("!"))


def plants(name: str, spec: dict, places: list[str]) -> tuple[list[Plant], list[str]]:
    """What has to be refused by a project, and one thing that has to go through; and what cannot be
    tried, because the project permits it all."""
    kinds = [it for it in NAMESPACED if lets(spec.get("namespaceResourceWhitelist"), *it[:2])]
    home = next((it for it in places if into(spec, it)), None)
    out, findings = [], []

    def outside(what: str, kind: tuple | None, source: list[tuple], namespace: str | None) -> None:
        if kind is None:
            findings.append(f"project {name} permits every {what} that the judge could plant")
        else:
            one = Plant(name, what, None)
            out.append(dataclasses.replace(one, thing=named(source, kind[1], one.name, namespace)))

    foreign = next((it for it in NAMESPACES if not into(spec, it)), None)
    outside(
        "kind",
        next((it for it in NAMESPACED if it not in kinds), None),
        NAMESPACED,
        home or "default",
    )
    outside("namespace", (kinds or NAMESPACED)[0] if foreign else None, NAMESPACED, foreign)
    planted, permitted = (
        Plant(name, "cluster kind", None).name,
        spec.get("clusterResourceWhitelist"),
    )
    outside(
        "cluster kind",
        next((it for it in CLUSTER if not lets(permitted, *it[:2], planted)), None),
        CLUSTER,
        None,
    )
    if "*" not in spec.get("sourceRepos", []):
        out.append(Plant(name, "source", None))
    elif name != "default":
        findings.append(f"project {name} permits every repository")
    if kinds and home:
        one = Plant(name, "none", None, permitted=True)
        out.append(dataclasses.replace(one, thing=named(NAMESPACED, kinds[-1][1], one.name, home)))
    elif name != "default":
        findings.append(f"project {name} permits nothing that the judge could plant")
    return out, findings


def files(some: list[Plant]) -> dict[str, bytes]:
    """Their objects, in folders that no other Application reads."""
    return {f"planted/{it.name}/object.yaml": dump(it.thing) for it in some if it.thing}


def application(it: Plant, tree: Rendered, home: str) -> dict:
    """The Application, with a sync that begins at once and does not try again."""
    url, branch, prefix = tree.place()
    path = "/".join(part for part in (prefix, "planted", it.name) if part)
    source = {
        "repoURL": url if it.thing else ELSEWHERE,
        "targetRevision": f"refs/heads/{branch}",
        "path": path,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": it.name, "namespace": "argocd"},
        "spec": {
            "project": it.project,
            "source": source,
            "destination": {"server": SERVER, "namespace": home},
            "syncPolicy": {"syncOptions": ["ServerSideApply=true"]},
        },
        "operation": {"sync": {}, "initiatedBy": {"username": "judge"}, "retry": {"limit": 0}},
    }


def verdict(now: dict | None) -> str:
    """Permitted, refused, or nothing yet."""
    status = (now or {}).get("status") or {}
    operation = status.get("operationState") or {}
    if operation.get("phase") == "Succeeded":
        return "permitted"
    said = [
        it.get("message", "")
        for it in [
            *(status.get("conditions") or []),
            operation,
            *((operation.get("syncResult") or {}).get("resources") or []),
        ]
    ]
    return (
        "refused"
        if any(
            "not permitted in project" in it or "do not match any of the allowed destinations" in it
            for it in said
        )
        else ""
    )


def tried(
    at: Installation, some: list[Plant], homes: dict[str, str], seconds: float = PATIENCE / 2
) -> list[str]:
    """Plants all of them at once; what is refused although it must not, or is not refused and must,
    is a finding. All are gone afterwards."""
    whole = at.tree
    at.push(whole.changed(files(some)))
    for it in some:
        applied(at.api, application(it, whole, homes[it.project]))
    at.recorder.wait(
        lambda now: all(verdict(now.get(it.name)) for it in some), seconds, at.argo.check_alive
    )
    now = at.recorder.snapshot()
    findings: list[str] = []
    for it in some:
        said = verdict(now.get(it.name))
        thing = title(it.thing) if it.thing else ELSEWHERE
        if said != ("permitted" if it.permitted else "refused"):
            findings.append(
                f"project {it.project} and {thing} ({it.what}): "
                f"{said or f'nothing in {seconds:.0f} s'}, it has to be "
                f"{'permitted' if it.permitted else 'refused'}: {summary(now.get(it.name, {}))}"
            )
        elif it.thing and (at.live(it.thing) is not None) != it.permitted:
            findings.append(
                f"project {it.project}: {thing} was {said} and is "
                f"{'not ' if it.permitted else ''}in the cluster"
            )
        at.api.delete(f"{GROUP}/applications/{it.name}")
    for it in some:
        if it.thing and at.live(it.thing) is not None:
            at.api.delete(at.api.path_of(it.thing))
    findings += [
        f"Application {it.name} does not go" for it in some if not at.gone(it.name, seconds)
    ]
    at.recorder.forget({it.name for it in some})
    at.push(whole)
    return findings


def deny(at: Installation) -> tuple[int, list[str]]:
    """Every project of the tree."""
    own = {
        it["metadata"]["name"]
        for name in at.tree.applications()
        for _, it in at.tree.objects(name)
        if it["kind"] == "Namespace"
    }
    # Tenants are permitted whatever namespace is nobody else's: one for them.
    applied(at.api, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FREE}})
    places = [*sorted(own), FREE, *NAMESPACES]
    some: list[Plant] = []
    findings: list[str] = []
    homes: dict[str, str] = {}
    for name, (_, project) in at.tree.projects().items():
        # As it is in the cluster: argocd-server's own fields of `default` stay beside those of the
        # tree.
        spec = (at.live(project) or project)["spec"]
        more, odd = plants(
            name, {**project["spec"], "sourceRepos": spec.get("sourceRepos") or []}, places
        )
        some, findings = some + more, findings + odd
        homes[name] = next((it for it in places if into(project["spec"], it)), "default")
    return len(some), findings + tried(at, some, homes)


def open_default(at: Installation) -> list[str]:
    """Before the tree's projects are there: `default`, as argocd-server makes it, lets a
    ClusterRole through."""
    at.argo.serve()
    there = at.until(
        lambda: not at.api.request("GET", f"{GROUP}/appprojects/default").refused, PATIENCE / 4
    )
    if not there:
        return ["argocd-server has not made the project default"]
    one = Plant("default", "open", None, permitted=True)
    one.thing = named(CLUSTER, "ClusterRole", one.name, None)
    return [
        f"before the tree's own default: {it}" for it in tried(at, [one], {"default": "default"})
    ]
