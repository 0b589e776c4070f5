"""One tree on one fresh control plane: pushed, bootstrapped by hand, followed until it stands,
changed by further commits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from . import argo_settings
from .argo_git import Hosts, Repository
from .argo_host import GROUP, Argo, applied, summary
from .argo_script import Node
from .argo_tree import Rendered, title
from .argo_watch import Recorder, expected, good, lagging, settled
from .cluster import Cluster
from .placement import STORAGE_CLASS
from .stand_ins import node
from .status import Patcher

if TYPE_CHECKING:
    from .context import Context


# How long something may take that is done in seconds on an idle machine: only what fails waits that
# long.
PATIENCE = 400.0
# What Argo CD says of a health script to which a loaded machine did not give its one second, and
# how often it is asked anew for that.
RAN_OUT, SLOW = "context deadline exceeded", 3
# The API groups that the node itself brings (k3s with its Traefik), there before the tree is.
NODE = ("helm.cattle.io", "traefik.io")

# No pod of a real chart answers here, and what a webhook must be asked about is refused when it
# does not answer: nobody asks. The configurations themselves stay as the chart has them, for Argo
# CD to compare.
UNASKED = ("--disable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook",)


class StageFailed(Exception):
    """The ground that a tree would stand on did not come up, so nothing was said of the tree."""


class Installation:
    """A tree under Argo CD. Use it as a context manager: leaving it ends every process that it
    started."""

    def __init__(
        self,
        ctx: Context,
        hosts: Hosts,
        tree: Rendered,
        name: str,
        values: dict | None = None,
        webhooks: bool = True,
    ):
        self.ctx, self.hosts, self.tree = ctx, hosts, tree
        # Values of Argo CD's chart, for a tree without a script that would apply the chart.
        self.values = values
        self.cluster = Cluster(
            ctx,
            name=name,
            with_=("kcm", "scheduler", "fakelet"),
            apiserver_flags=() if webhooks else UNASKED,
        )
        self.refs: dict[str, str] = {}
        self.node: Node | None = None
        self._open: list = []

    def __enter__(self) -> Self:
        try:
            self._open.append(self.cluster.stop)
            self.cluster.start()
            self.api = self.cluster.api
            # A node that holds anything: whether the tree fits the declared node is another judge's
            # question.
            for it in (node("roomy", 64_000, 256 << 30, pods=2000), STORAGE_CLASS):
                applied(self.api, it)
            self.argo = Argo(self.ctx, self.cluster, self.hosts.tls)
            self._open.append(self.argo.stop)
            if self.values is None:
                self.argo.variables = argo_settings.variables(argo_settings.values_of(self.tree))
            self.api.install_crds([it for it in self.ctx.crds() if it["spec"]["group"] in NODE])
            patcher = Patcher(self.api, self.ctx)
            self._open.append(patcher.stop)
            patcher.start()
            if self.values is not None:
                self.argo.prepare(self.tree, self.values)
                self.argo.start()
            self.repository = Repository(self.hosts.repositories, *self.tree.place())
            self._open.append(self.repository.remove)
            self.push(self.tree)
            self.recorder = Recorder(self.api)
            self._open.append(self.recorder.stop)
            self.recorder.start()
        except Exception as trouble:
            self.__exit__()
            raise StageFailed(f"{type(trouble).__name__}: {trouble}") from trouble
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.pop()()

    def push(self, tree: Rendered) -> str:
        """The next commit: its content is `tree`, and that is what is expected from now on."""
        self.tree = tree
        commit = self.repository.commit(tree.files, f"tree {self.repository.count + 1}")
        self.pushed()
        return commit

    def pushed(self) -> None:
        """Takes note of what the repository holds now."""
        self.refs = self.repository.refs()
        self.hosts.advertised = {}

    def bootstrap(self, between: Callable[..., Any] = list) -> list[str]:
        """What a person does once: runs the script of the tree (what its dry run prints, that is);
        Argo CD starts when its chart is there.

        `between()` comes after that, and before the projects and the root Application. Without a
        script these are applied, no more.
        """
        if self.values is not None:
            for it in self.tree.bootstrap():
                applied(self.api, it, manager="kubectl")
            return []

        def started() -> list[str]:
            self.argo.start()
            return between()

        self.node = Node(self.ctx, self)
        return self.node.up(started)

    def on_node(self) -> Node:
        """The node that the script was run on."""
        if self.node is None:
            raise LookupError(f"{self.tree.name} has no script, so no node")
        return self.node

    def converge(
        self, seconds: float = PATIENCE, seen: Callable[..., Any] = lambda _: None
    ) -> list[str]:
        """Waits until every Application is where the last commit wants it; what is not by then is a
        finding. `seen` is shown the way there."""
        self.recorder.wait(
            lambda now: seen(now) or not lagging(self.tree, now, self.refs),
            seconds,
            self.argo.check_alive,
        )
        late = lagging(self.tree, self.recorder.snapshot(), self.refs)
        return [
            f"Application {name} did not become Synced and Healthy in {seconds:.0f} s: {why}"
            for name, why in late.items()
        ]

    def installed(self) -> list[str]:
        """Waits for the end of a first install. An Application that gives up on a slow machine is
        set going by the script, as on a node."""
        self.recorder.wait(
            lambda now: (
                not lagging(self.tree, now, self.refs) or any(gave_up(it) for it in now.values())
            ),
            PATIENCE,
            self.argo.check_alive,
        )
        stuck = [name for name, it in self.recorder.snapshot().items() if gave_up(it)]
        if not stuck:
            return self.converge()
        self.ctx.say(f"{self.tree.name}: {', '.join(stuck)} gave up, and the script is run again")
        return self.on_node().waits() + self.converge()

    def refresh(self, how: str = "normal", seconds: float = PATIENCE) -> list[str]:
        """Asks every Application for a comparison and waits until each has made it."""
        asked = {name: self.argo.refresh(name, how) for name in expected(self.tree)}

        def done(now: dict[str, dict]) -> bool:
            return all(
                name in now
                and int(now[name]["metadata"]["resourceVersion"]) > version
                and settled(now[name])
                for name, version in asked.items()
            )

        if self.recorder.wait(done, seconds, self.argo.check_alive):
            return []
        now = self.recorder.snapshot()
        return [
            (
                f"Application {name} did not answer a {how} refresh in {seconds:.0f} s: "
                f"{summary(now.get(name, {}))}"
            )
            for name in asked
            if name not in now or not settled(now[name])
        ]

    def quiet(
        self, rounds: tuple[str, ...] = ("normal", "normal", "hard"), settle: float = PATIENCE
    ) -> list[str]:
        """Every Application compared again and again: nothing differs, no condition stands, no sync
        starts. Where a health script's second ran out, which says that the machine is slow and
        nothing of the tree, all is asked anew."""
        findings = self._compared(rounds, settle)
        for _ in range(SLOW):
            if not any(RAN_OUT in it for it in findings):
                break
            self.ctx.say(f"{self.tree.name}: asked anew, since a script's second ran out")
            findings = self._compared(rounds, settle)
        return findings

    def _compared(self, rounds: tuple[str, ...], settle: float) -> list[str]:
        before = {name: _started(it) for name, it in self.recorder.snapshot().items()}
        findings: list[str] = []
        for number, how in enumerate(rounds, 1):
            findings += self.refresh(how, settle)
            late = lagging(self.tree, self.recorder.snapshot(), self.refs)
            findings += [
                f"Application {name} after {how} refresh {number}: {why}"
                for name, why in late.items()
            ]
        findings += [
            f"Application {name}: a sync started although nothing had changed: {_synced(it)}"
            for name, it in self.recorder.snapshot().items()
            # A comparison may see only the second time what a commit changes: its one sync comes
            # late then, and is no loop.
            if name in before
            and _started(it)[0] != before[name][0]
            and _started(it)[1] == before[name][1]
        ]
        return list(dict.fromkeys([*findings, *self.reconciled()]))

    def reconciled(self) -> list[str]:
        """The same question to the command line tool, which has no cache of an older comparison to
        fall back on."""
        findings, seen = [], set()
        try:
            results = self.argo.reconcile_results()
        except RuntimeError as error:
            # It gives up at the first Application whose manifests cannot be made, and says which.
            return [str(error)]
        for it in results:
            seen.add(it["name"])
            sync = (it.get("sync") or {}).get("status")
            health = (
                it["health"].get("status")
                if isinstance(it.get("health"), dict)
                else it.get("health")
            )
            words = [f"{c['type']}: {c.get('message', '')}" for c in it.get("conditions") or []]
            if sync != "Synced" or health != "Healthy" or words:
                findings.append(
                    (
                        f"get-reconcile-results: {it['name']} is {sync}/{health} {'; '.join(words)}"
                    ).strip()[:500]
                )
        findings += [
            f"get-reconcile-results does not know {name}"
            for name in expected(self.tree)
            if name not in seen
        ]
        return findings

    def live(self, obj: dict) -> dict | None:
        """The object as the cluster has it, or None."""
        answer = self.api.request("GET", self.api.path_of(obj))
        return answer.body if answer.status == 200 else None

    def until(self, reached: Callable[[], object], seconds: float, pause: float = 0.3) -> bool:
        """Polls until `reached()`; for what no watch of ours sees."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                return False
            self.argo.check_alive()
            time.sleep(pause)
        return True

    def unwell(self) -> list[str]:
        """Applications that are not good at this moment."""
        return [
            f"Application {name}: {summary(it)}"
            for name, it in self.recorder.snapshot().items()
            if not good(it)
        ]

    def gone(self, name: str, seconds: float) -> bool:
        """Waits for an Application to leave."""
        return self.recorder.wait(lambda now: name not in now, seconds, self.argo.check_alive)

    def missing(self, objects: list[dict]) -> list[str]:
        """Which of these the cluster does not have."""
        return [title(it) for it in objects if self.live(it) is None]

    def path(self, name: str) -> str:
        """API path of an Application."""
        return f"{GROUP}/applications/{name}"


def gave_up(application: dict) -> bool:
    """Whether its tries are at their end, after which Argo CD starts no other of the same
    commit."""
    status = application.get("status") or {}
    return (status.get("operationState") or {}).get("phase") in ("Failed", "Error") and (
        status.get("sync") or {}
    ).get("status") != "Synced"


def _synced(application: dict) -> str:
    """What the last sync was about, and when it was asked for."""
    state = (application.get("status") or {}).get("operationState") or {}
    result = state.get("syncResult") or {}
    things = ", ".join(f"{it['kind']} {it['name']}" for it in (result.get("resources") or [])[:6])
    return f"{state.get('startedAt')} at {str(result.get('revision'))[:12]}: {things}"


def _started(application: dict) -> tuple[str | None, str | None]:
    """When the last sync began, and of which commit it was."""
    state = (application.get("status") or {}).get("operationState") or {}
    return state.get("startedAt"), (state.get("syncResult") or {}).get("revision")
