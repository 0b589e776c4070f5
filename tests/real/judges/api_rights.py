"""Who may what by the API: the tree's own roles, accounts and issuer, for the judge's cluster."""

from __future__ import annotations

from typing import Any

import yaml

from harness.context import Context
from harness.planting import NoSubject
from harness.trees import Thing, Tree

API = "aichat-workspace-api"
NAMESPACE = "aichat-workspace-operator-system"
CASE, PREFIX = "golden/workspace-api", "oidc:"
# What the API server of k3s calls itself, which the API takes for the audience of its own tokens.
OF_SERVER = "https://kubernetes.default.svc.cluster.local"
# Whoever calls, by the role that they have; a stranger has none.
ROLES = {"viewer": "workspace-viewer", "editor": "workspace-editor", "admin": "workspace-admin"}
PEOPLE = (*ROLES, "stranger")
# Where the accounts of people are: anywhere but beside the resources.
HOUSE = "people"
AUTHENTICATION = "bootstrap/k3s/authentication.yaml"
RBAC = "rbac.authorization.k8s.io/v1"
KINDS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def subject(ctx: Context) -> Tree:
    """The tree with the API."""
    for tree in ctx.trees:
        if tree.name == CASE:
            return tree
    raise NoSubject(f"{CASE} is not among the trees")


def serving(tree: Tree) -> list[str]:
    """The arguments with which the tree runs the API."""
    for thing in tree.of_kind("Deployment"):
        if thing.value["metadata"]["name"] == API:
            arguments: list[str] = thing.value["spec"]["template"]["spec"]["containers"][0]["args"]
            return list(arguments)
    raise NoSubject(f"{tree.name} has no Deployment {API}")


def role(kind: str, name: str, resources: dict[tuple[str, str], Any]) -> dict:
    """A role."""
    meta = {"name": name} | ({} if kind.startswith("Cluster") else {"namespace": NAMESPACE})
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
        for (group, resource), verbs in resources.items()
    ]
    return {"apiVersion": RBAC, "kind": kind, "metadata": meta, "rules": rules}


def binding(role_of: str, who: list[dict], kind: str = "RoleBinding", name: str = "") -> dict:
    """A binding of a role."""
    meta = {"name": name or role_of}
    meta |= {} if kind.startswith("Cluster") else {"namespace": NAMESPACE}
    reference = {
        "apiGroup": RBAC.partition("/")[0],
        "kind": kind.removesuffix("Binding"),
        "name": role_of,
    }
    return {
        "apiVersion": RBAC,
        "kind": kind,
        "metadata": meta,
        "roleRef": reference,
        "subjects": who,
    }


def account(name: str, namespace: str) -> dict:
    """A service account, as a binding names it."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def of_the_api(tree: Tree) -> list[dict]:
    """The account of the API with its rights, and the roles of people, as the tree has them."""
    return [it.value for it in tree.of_kind(*KINDS) if is_of_api(it)]


def is_of_api(thing: Thing) -> bool:
    """Whether an object is in the API's own folder."""
    return thing.file.startswith("out/manifests/workspace-api/")


def of_people() -> list[dict]:
    """Accounts for people, and bindings: of an account, and of a group of the issuer."""
    made: list[dict] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOUSE}}]
    for who in PEOPLE:
        meta = {"name": who, "namespace": HOUSE}
        made.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    for who, name in ROLES.items():
        group = {
            "apiGroup": RBAC.partition("/")[0],
            "kind": "Group",
            "name": f"{PREFIX}{who}s",
        }
        made.append(binding(name, [account(who, HOUSE), group], name=f"people-{who}"))
    return made


def claims(who: str) -> dict[str, Any]:
    """What the issuer says of somebody."""
    about = {"email": f"{who}@example.org", "email_verified": True, "sub": f"id-{who}"}
    return about | ({"groups": [f"{who}s"]} if who in ROLES else {})


def authentication(tree: Tree, issuer: str, ca: str) -> dict:
    """Whose tokens the API server takes: as the tree has it, of this issuer."""
    text = (tree.root / AUTHENTICATION).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    found["jwt"][0]["issuer"] |= {"url": issuer, "certificateAuthority": ca}
    return found
