"""Judges the policies of every tree by packets: what is declared is open, nothing else."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field

from harness.context import Context
from harness.expansion import expanded
from harness.planting import NoSubject
from harness.processes import Failed, side_by_side
from harness.table import Fault, Row
from harness.trees import Thing, Tree

from . import flows_firewall
from .flows_declared import BEYOND, EVERY, POD, Declared, Place, bears
from .flows_faults import PLANTED, Planted
from .flows_kernel import lacks, require
from .flows_pods import WORKLOADS, beyond, node, own_pods, pods
from .flows_stage import API_SERVER, SERVICE, SERVICE_PORT, Lacking, Stage
from .flows_tries import OPEN, SECOND_PATIENCE, SILENT, Try, all_of

# Tried wherever nobody declares them: what machines offer most, and one that nobody uses.
UNDECLARED = {"TCP": (22, 80, 443, API_SERVER, 9999), "UDP": (53, 9999)}
# The label that says which Application made an object.
INSTANCE = "app.kubernetes.io/instance"
# So many stages at once: while one waits for its controller, another is tried.
SIDE_BY_SIDE = 2
# What may go wrong with one tree's stage, and says nothing about the others.
TROUBLES = (OSError, LookupError, RuntimeError, Failed, Lacking)


@dataclass
class Verdict:
    """What came of one tree."""

    tried: int = 0
    opened: int = 0
    closed: int = 0
    silent: int = 0
    again: int = 0
    findings: list[str] = field(default_factory=list)


def selecting(things: list[Thing], pod: Place) -> str:
    """The policies that select a pod, for people."""
    names = [
        f"{it.namespace}/{it.value['metadata']['name']}"
        for it in things
        if it.value["kind"] == "NetworkPolicy"
        and it.namespace == pod.namespace
        and bears(pod.labels, it.value["spec"].get("podSelector", {}).get("matchLabels") or {})
    ]
    return f"{pod.name} is under {', '.join(names) or 'no policy'}"


def explained(things: list[Thing], source: Place, target: Place, said: str) -> str:
    """A finding, with the policies that may be to blame."""
    blamed = [selecting(things, it) for it in (source, target) if it.kind == POD]
    return f"{said} ({'; '.join(blamed)})" if blamed else said


def attempts(stage: Stage, declared: Declared) -> list[tuple[Place, Place, Try, bool, str]]:
    """Every connection between two places, whether it is declared, and how people call it."""
    ports = [
        (protocol, port)
        for protocol, others in UNDECLARED.items()
        for port in sorted(declared.ports(protocol) | set(others))
    ]
    stage.listen(ports)
    here = node()
    found = []
    for source in (*stage.pods, here, *stage.beyond):
        net = stage.net_of(source)
        own = source.address if source.kind == BEYOND else ""
        for target in (*stage.pods, here, *stage.beyond):
            # Nobody filters what stays in one place.
            if net is stage.net_of(target):
                continue
            opened = declared.opened(source, target)
            for protocol, port in ports:
                wanted = opened is EVERY or (protocol, port) in opened
                name = f"{source.name} → {target.name}:{port}/{protocol}"
                found.append(
                    (source, target, Try(net, target.address, protocol, port, own), wanted, name)
                )
        # The API server by its Service: translated before any policy sees it.
        if source.kind != BEYOND:
            opened = declared.opened(source, here)
            wanted = opened is EVERY or ("TCP", API_SERVER) in opened
            name = f"{source.name} → Service kubernetes:{SERVICE_PORT}/TCP"
            found.append((source, here, Try(net, SERVICE, "TCP", SERVICE_PORT), wanted, name))
    return found


def unborne(things: list[Thing], declared: Declared) -> list[str]:
    """Rows for pods of ours whose labels no pod bears: what was declared for them, nobody has."""
    made = {
        (it.namespace, it.value["metadata"].get("labels", {}).get(INSTANCE))
        for it in things
        if it.value["kind"] in WORKLOADS
    }
    own = list(own_pods(things))
    return [
        f"no pod bears the labels under which the graph knows {name}"
        for name, namespace, labels in declared.ends()
        if (namespace, labels.get(INSTANCE, "")) in made
        and not any(space == namespace and bears(has, labels) for _, space, has in own)
    ]


def tried(stage: Stage, things: list[Thing], declared: Declared) -> Verdict:
    """Tries everything, and compares."""
    every = attempts(stage, declared)
    answers = all_of([it[2] for it in every], stage.listeners)
    # A busy machine is slow: what is closed though it is declared gets a second, patient chance,
    # and so does what was silent, which is no refusal.
    again = [
        at
        for at, it in enumerate(every)
        if (it[3] and answers[at] != OPEN) or answers[at] == SILENT
    ]
    second = all_of([every[at][2] for at in again], stage.listeners, SECOND_PATIENCE)
    for at, answer in zip(again, second, strict=True):
        answers[at] = answer
    verdict = Verdict(tried=len(every), again=len(again), findings=unborne(things, declared))
    for (source, target, _, wanted, name), answer in zip(every, answers, strict=True):
        verdict.opened += answer == OPEN
        verdict.closed += answer != OPEN
        verdict.silent += answer == SILENT
        if wanted and answer != OPEN:
            said = f"{name} is declared, and {answer}"
        elif answer == OPEN and not wanted and not of_one_policy(things, source, target, name):
            said = f"{name} is open, and nobody declared it"
        else:
            continue
        verdict.findings.append(explained(things, source, target, said))
    return verdict


def of_one_policy(things: list[Thing], source: Place, target: Place, name: str) -> bool:
    """Whether k3s' controller opens it because one policy is for both ends and lets its pods out to
    everywhere at this port: it marks a packet once, for the one end as for the other."""
    port, _, protocol = name.rpartition(":")[2].partition("/")
    if (source.kind, target.kind) != (POD, POD) or source.namespace != target.namespace:
        return False
    at = {"port": int(port), "protocol": protocol}
    return any(
        not rule.get("to") and at in (rule.get("ports") or [])
        for one in things
        if one.value["kind"] == "NetworkPolicy" and one.namespace == source.namespace
        if matched(one) and all(bears(it.labels, matched(one)) for it in (source, target))
        for rule in one.value["spec"].get("egress") or []
    )


def matched(policy: Thing) -> dict[str, str]:
    """The labels that a policy asks of its pods."""
    found: dict[str, str] = policy.value["spec"]["podSelector"].get("matchLabels") or {}
    return found


def staged(
    ctx: Context, things: list[Thing], rows: list[dict], is_controlled: bool = True
) -> Verdict:
    """Puts a tree's pods and policies on a stage, and tries."""
    declared = Declared(rows)
    with Stage(ctx, pods(things, declared), beyond(declared)) as stage:
        if not is_controlled:
            return tried(stage, things, declared)
        with stage.controlled(things):
            return tried(stage, things, declared)


def made_of(ctx: Context, tree: Tree) -> str:
    """All that makes a tree's stage; or the tree's name, where that cannot be told."""
    found: dict[str, list] = {"Namespace": [], "NetworkPolicy": []}
    for thing in tree.things:
        meta = thing.value["metadata"]
        said = thing.value.get("spec") or meta.get("labels")
        found.get(thing.value["kind"], []).append([thing.namespace, meta["name"], said])
    try:
        made = [list(own_pods(tree.things)), found, ctx.flows(tree.spec_root)]
    except TROUBLES:
        return tree.name
    return json.dumps(made, sort_keys=True)


def on_one_stage(ctx: Context) -> list[list[Tree]]:
    """The trees; those together that make the same of a stage."""
    found: dict[str, list[Tree]] = {}
    for tree in ctx.trees:
        found.setdefault(made_of(ctx, tree), []).append(tree)
    return list(found.values())


def judge(ctx: Context) -> list[Row]:
    """Each tree on a stage of its own; of several that make the same of it, the first."""
    began = time.monotonic()
    require(ctx)
    together = on_one_stage(ctx)

    def of(tree: Tree) -> Verdict:
        try:
            things = expanded(ctx, tree).things
            verdict = staged(ctx, things, ctx.flows(tree.spec_root))
        except TROUBLES as trouble:
            return Verdict(findings=[f"{tree.name}: {type(trouble).__name__}: {trouble}"])
        ctx.say(
            f"flows: {tree.name}: {verdict.tried} connections, {verdict.opened} open,"
            f" {verdict.silent} silent, {verdict.again} tried twice"
        )
        verdict.findings = [f"{tree.name}: {it}" for it in verdict.findings]
        return verdict

    verdicts = side_by_side(of, [trees[0] for trees in together], SIDE_BY_SIDE)
    row = Row("flows: what is declared is open, and nothing else", sum(it.tried for it in verdicts))
    row.findings = list(itertools.chain.from_iterable(it.findings for it in verdicts))
    row.note = (
        f"{sum(it.opened for it in verdicts)} open, {sum(it.closed for it in verdicts)} closed "
        f"({sum(it.silent for it in verdicts)} without a word); "
        f"{sum(it.again for it in verdicts)} tried twice; "
        f"{len(ctx.trees)} trees make {len(together)} stages"
    )
    row.seconds = time.monotonic() - began
    return [row, flows_firewall.judge(ctx)]


def faults(ctx: Context) -> None:
    """One thing wrong at a time, in the policies, in the pods or in the graph of a tree."""
    require(ctx)

    def of(planted: Planted) -> Fault:
        try:
            tree = next((it for it in ctx.trees if it.name == planted.tree), None)
            if tree is None:
                raise NoSubject(f"there is no tree {planted.tree}")
            things, graph, is_controlled = planted.plant(tree.things, ctx.flows(tree.spec_root))
            findings = staged(ctx, things, graph, is_controlled).findings
        except (NoSubject, *TROUBLES) as trouble:
            return Fault(planted.name, "flows", f"{type(trouble).__name__}: {trouble}", False)
        expected = [it for it in findings if planted.says in it]
        return Fault(
            planted.name, "flows", (expected or findings or ["nothing"])[0], bool(expected)
        )

    for fault in side_by_side(of, list(PLANTED), SIDE_BY_SIDE):
        ctx.fault(fault)
    lacking = (lacks(ctx, (("xt_nowhere", ("-m", "nowhere")),)) or ["nothing"])[0]
    ctx.fault(
        Fault(
            "a kernel without a module that filters need", "flows", lacking, "xt_nowhere" in lacking
        )
    )
    flows_firewall.faults(ctx)
