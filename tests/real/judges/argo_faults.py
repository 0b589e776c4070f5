"""Faults planted in the small tree: each one that a commit, a person or a setting can bring has to
be noticed by the judge of that."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

from harness import argo_charts, argo_settings
from harness.argo_git import Hosts
from harness.argo_host import MODULE, applied
from harness.argo_install import PATIENCE, Installation
from harness.argo_script import Node
from harness.argo_tree import Rendered, dump, load
from harness.argo_watch import order
from harness.context import Context
from harness.table import Fault, Row

from . import argo_checks, argo_health, argo_projects, argo_sample, argo_workspaces


def edited(tree: Rendered, path: str, edit: Callable[[dict], object]) -> Rendered:
    """A variant in which one file's object was edited."""
    new = copy.deepcopy(load(tree.files[path])[0])
    edit(new)
    return tree.changed({path: dump(new)})


def having(findings: list[str], *words: str) -> str:
    """The first finding that has all these words, or nothing."""
    return next((it for it in findings if all(word in it for word in words)), "")


class Planting:
    """Keeps the book: which fault, which judge, what it said."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        # Argo CD is set up as the first tree says, for the small tree too.
        first = ctx.trees[0]
        self.values = argo_settings.values_of(Rendered.read(first.name, first.root))

    def seen(self, fault: str, judge: str, findings: list[str], *words: str) -> None:
        """A fault is seen when one finding has all these words."""
        message = having(findings, *words)
        said = message or (
            f"nothing with {' and '.join(words)} in {len(findings)} findings: "
            f"{' | '.join(findings)[:400]}"
        )
        self.ctx.fault(Fault(fault, f"argocd {judge}", said, bool(message)))

    def install(self, tree: Rendered, values: dict) -> tuple[Hosts, Installation]:
        """The sample's hosts and a fresh installation, not yet entered."""
        hosts = Hosts(self.ctx.fresh("hosts"), tree.hosts())
        argo_charts.publish(hosts, tree, argo_sample.PODS, self.ctx.crds(), None)
        return hosts, Installation(self.ctx, hosts, tree, "argo-faults", values)


def run(ctx: Context) -> list[Row]:
    """All of them; a row with findings where the small tree itself, with nothing planted, is not
    clean."""
    planting, rows = Planting(ctx), []
    argo_health.plant(ctx, planting.values)
    argo_workspaces.plant(ctx)
    findings = argo_settings.unread(
        ctx.module(MODULE), {"configs": {"params": {"controller.diff.serverside": "true"}}}
    )
    planting.seen(
        "a parameter of Argo CD with a wrong name",
        "health of Applications",
        findings,
        "reads controller.diff.serverside",
    )
    for what in (by_commits, by_settings, by_waves):
        began = time.monotonic()
        findings = what(planting)
        if findings:
            rows.append(
                Row(f"argocd sample: {what.__name__}", 1, findings, time.monotonic() - began)
            )
    return rows


def by_commits(planting: Planting) -> list[str]:
    """One good installation, spoilt by commits."""
    spare = "out/manifests/namespaces/_cluster/namespace-spare.yaml"
    clean = edited(
        argo_sample.tree(),
        spare,
        lambda it: it["metadata"]["annotations"].pop("argocd.argoproj.io/compare-options"),
    )
    hosts, installation = planting.install(clean, planting.values)
    with hosts, installation as at:
        at.bootstrap()
        wrong = (
            at.converge() + argo_checks.in_order(at, argo_sample.promises()) + at.quiet(("normal",))
        )
        if wrong:
            return wrong
        _permitted(planting, at)
        _again(planting, at, clean)
        _refused(planting, at, clean)
        at.push(clean)
        wrong = at.converge()
        return wrong or _neglected(planting, at, clean, spare)


def _permitted(planting: Planting, at: Installation) -> None:
    """Projects that permit too much: one in Git, and `default` as argocd-server makes it."""
    everything = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    _, findings = argo_projects.plants(
        "web",
        {**everything, "namespaceResourceWhitelist": [{"group": "*", "kind": "*"}]},
        ["sample"],
    )
    planting.seen(
        "an AppProject that permits every kind",
        "projects refuse what is outside of them",
        findings,
        "project web permits every kind",
    )
    applied(
        at.api,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": "argocd"},
            "spec": everything,
        },
    )
    one = argo_projects.Plant("default", "cluster kind", None)
    one.thing = argo_projects.named(argo_projects.CLUSTER, "ClusterRole", one.name, None)
    findings = argo_projects.tried(at, [one], {"default": "default"})
    planting.seen(
        "the project `default` as argocd-server makes it",
        "projects refuse what is outside of them",
        findings,
        "ClusterRole",
        "it has to be refused",
    )


# A dry run that prints the same whatever there is, with a line that is another each time it runs.
FORGETFUL = """top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
echo "export KUBECONFIG=$STORE/kubeconfig"
echo 'export PATH=$STORE:$PATH'
project=$top/bootstrap/argocd/appproject-web.yaml
echo "kubectl apply --server-side --force-conflicts --filename $project"
label='ran=$RANDOM-$RANDOM'
echo "kubectl --namespace argocd label --overwrite appprojects.argoproj.io web \\"$label\\""
"""


def _again(planting: Planting, at: Installation, clean: Rendered) -> None:
    """Scripts that fail, or that do not leave alone what is done."""
    at.push(clean.changed({"bootstrap/bootstrap.sh": FORGETFUL.encode()}))
    node = Node(planting.ctx, at)
    node.up(list)
    _, findings = node.again()
    judge = "the script again"
    planting.seen(
        "a script that does something else each time it runs",
        judge,
        findings,
        "AppProject argocd/web is another",
    )
    planting.seen(
        "a script that does not see what is done",
        judge,
        findings,
        "on a node that is up would run",
        "kubectl apply",
    )
    at.push(
        clean.changed(
            {
                "bootstrap/bootstrap.sh": FORGETFUL.replace(
                    "appproject-web", "appproject-gone"
                ).encode()
            }
        )
    )
    findings = Node(planting.ctx, at).up(list)
    planting.seen(
        "a script with a line that fails",
        "from nothing, in order",
        findings,
        "a line of bootstrap.sh's dry run ended with 1",
        "appproject-gone",
    )
    at.push(clean)


def _refused(planting: Planting, at: Installation, clean: Rendered) -> None:
    """Applications spoilt by commits; what Argo CD says of each is read after refreshes, again and
    again until all is said."""

    def spoil(bad: Rendered, wanted: dict[str, tuple[str, ...]]) -> None:
        at.push(bad)
        deadline = time.monotonic() + PATIENCE / 2
        findings: list[str] = []
        while time.monotonic() < deadline and not all(
            having(findings, *words) for words in wanted.values()
        ):
            findings = at.quiet(("normal", "normal"), settle=8)
        for fault, words in wanted.items():
            planting.seen(fault, "at rest", findings, *words)

    bad = edited(
        clean,
        "bootstrap/argocd/appproject-web.yaml",
        lambda it: it["spec"]["namespaceResourceWhitelist"].pop(0),
    )
    bad = edited(
        bad,
        "out/manifests/database/sample/statefulset-database.yaml",
        lambda it: it["spec"].update(serviceName="other"),
    )
    spoil(
        bad,
        {
            "an AppProject lacks a kind that its Application has": ("web", "not permitted"),
            "a commit changes a field that cannot change": (
                "get-reconcile-results",
                "database",
                "Forbidden",
            ),
        },
    )
    # By itself: at an Application whose manifests cannot be made the command line tool gives up,
    # and says nothing of the others.
    spoil(
        edited(
            clean,
            "apps/cert-manager.yaml",
            lambda it: it["spec"]["source"].update(targetRevision="v9.9.9"),
        ),
        {
            "a chart version that its repository does not have": ("cert-manager", "v9.9.9"),
        },
    )


def _neglected(planting: Planting, at: Installation, clean: Rendered, spare: str) -> list[str]:
    """Applications that no longer heal, prune or protect."""

    def lax(it: dict) -> None:
        it["spec"]["syncPolicy"]["automated"] = {"prune": False, "selfHeal": False}

    claim = "out/manifests/database/sample/persistentvolumeclaim-backup.yaml"
    bad = edited(clean, "apps/web.yaml", lax)
    # Without self-heal Argo CD still syncs once for each commit, and it may be that the first edits
    # are what it syncs: then edit again.
    bad = edited(
        bad,
        "out/manifests/web/sample/configmap-web.yaml",
        lambda it: it["data"].update(greeting="good day"),
    )
    bad = edited(bad, claim, lambda it: it["metadata"].pop("annotations"))
    at.push(bad)
    wrong = at.converge()
    if wrong:
        return wrong
    for _ in range(2):
        _, findings = argo_checks.heals(at, [], seconds=15)
        if any("of web" in it for it in findings):
            break
    planting.seen(
        "an Application without self-heal", "hand edits", findings, "not undone", "of web"
    )
    less = bad.changed(
        {claim: None, spare: None, "out/manifests/web/sample/configmap-spare.yaml": None}
    )
    backup = load(bad.files[claim])[0]
    commit = at.push(less)
    at.until(lambda: argo_checks.leaving(at.live(backup)), PATIENCE / 4)
    at.recorder.wait(
        lambda now: now["web"]["status"]["sync"].get("revision") == commit, PATIENCE / 4
    )
    _, findings = argo_checks.removed(at, bad, seconds=5)
    planting.seen(
        "an Application without pruning",
        "a component leaves",
        findings,
        "ConfigMap sample/spare",
        "still in the cluster",
    )
    planting.seen(
        "a `Prune=false` object without `IgnoreExtraneous` leaves Git",
        "a namespace and a claim leave Git",
        findings,
        " namespaces ",
        "OutOfSync",
    )
    planting.seen(
        "a claim that nothing protects",
        "a namespace and a claim leave Git",
        findings,
        "PersistentVolumeClaim sample/backup",
        "has to stay",
    )
    return []


def by_settings(planting: Planting) -> list[str]:
    """argocd-cm without the health of Applications: waves between Applications mean nothing."""
    found = argo_checks.broken_child(argo_sample.tree())
    if found is None:
        raise LookupError("the sample has no child that could be broken")
    broken, name, what = found
    hosts, installation = planting.install(broken, argo_settings.without_lua(planting.values))
    with hosts, installation as at:
        at.bootstrap()
        findings = argo_checks.holds(at, name, what, pause=60)
        planting.seen(
            "argocd-cm without the health Lua",
            "a broken child holds later waves",
            findings,
            "was created",
            "although issuers",
        )
        findings = order(at.recorder.events, argo_sample.promises(), "root")
        planting.seen(
            "argocd-cm without the health Lua",
            "from nothing, in order",
            findings,
            " issuers ",
            "before",
            "cert-manager",
        )
    return []


def by_waves(planting: Planting) -> list[str]:
    """The waves of a chart and of its custom resources changed places."""
    wave = "argocd.argoproj.io/sync-wave"
    tree = argo_sample.tree()
    bad = edited(
        tree,
        "apps/cert-manager.yaml",
        lambda it: it["metadata"]["annotations"].update({wave: "30"}),
    )
    bad = edited(
        bad, "apps/issuers.yaml", lambda it: it["metadata"]["annotations"].update({wave: "20"})
    )
    hosts, installation = planting.install(bad, planting.values)
    with hosts, installation as at:
        at.bootstrap()
        at.recorder.wait(
            lambda now: (
                "issuers" in now
                and bool((now["issuers"].get("status") or {}).get("operationState"))
            ),
            PATIENCE,
        )
        findings = argo_checks.in_order(at, argo_sample.promises())
        planting.seen(
            "waves of an Application and of what it waits for swapped",
            "from nothing, in order",
            findings,
            " issuers ",
            "created",
            "before",
            "cert-manager",
        )
    return []
