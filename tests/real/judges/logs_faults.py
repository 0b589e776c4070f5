"""Faults for the judge `logs`: configurations, rights and folders with something wrong."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.cluster import Cluster
from harness.context import Context
from harness.planting import NoSubject
from harness.table import Fault, short

from .logs_trial import Subject, Trial, subject

LOGS = "logs"


@dataclass(frozen=True)
class Wrong:
    """A fault in what Alloy reads: what stands there, what takes its place, what is said of it."""

    fault: str
    old: str
    new: str
    says: str


def stage(name: str) -> str:
    """A stage of the configuration, with the blocks in it."""
    return rf"\n  stage\.{name} \{{\n(?:    .*\n|\n)*?  \}}\n"


# Each is of another line, so all are planted at once.
TOGETHER = (
    Wrong(
        "a label of the source that is not dropped",
        r'"filename", ',
        "",
        r"has the labels .*'filename'",
    ),
    Wrong(
        "lines that are put together for another program",
        r'app=\\"postgresql\\"',
        r'app=\\"postgres\\"',
        r"arrives as '.*ERROR",
    ),
    Wrong(
        "no length at which a line is cut", stage("truncate"), "\n", r"arrives as .*409\d\d char"
    ),
    Wrong("lines that are too old are sent", stage("drop"), "\n", r"is older than what is kept"),
    Wrong(
        "another program's entries of the journal",
        r"SYSLOG_IDENTIFIER=k3s",
        "SYSLOG_IDENTIFIER=sshd",
        r"the journal: arrives, and may not",
    ),
    Wrong(
        "an audit log without times of its own",
        stage("timestamp"),
        "\n",
        r"the audit log: its time is",
    ),
    Wrong(
        "a pod that may say anything",
        r'(by_label_name =) "pod"',
        r'\1 "nobody"',
        r"of a noisy pod -?\d+ lines are left out",
    ),
)
# Those that take away what the others are seen by.
ALONE = (
    Wrong(
        "the pod as a label of the stream",
        stage("structured_metadata"),
        "\n",
        r"has 5 labels, and Loki bears 4",
    ),
    Wrong(
        "a journal looked for in another folder",
        r'"/var/log/journal"',
        '"/var/log/journal/remote"',
        r"the journal: does not arrive|refuses its config",
    ),
    Wrong("log files looked for in another folder", r"pods/\*\$1", "pods/$1", r"does not arrive"),
    Wrong(
        "a program's name by another label", r"app_kubernetes_io_name", "app_x", r"has the labels"
    ),
    Wrong("lines for another path of Loki", r"/loki/api/v1/push", "/loki/push", r"does not arrive"),
    Wrong("a stage that Alloy does not know", r"stage\.cri", "stage.crio", r"refuses its config"),
)


def changed(text: str, wrong: tuple[Wrong, ...]) -> str:
    """A configuration with faults in it."""
    for one in wrong:
        text, count = re.subn(one.old, one.new, text)
        if not count:
            raise NoSubject(f"{one.fault}: the configuration has no {one.old}")
    return text


def plant(ctx: Context) -> None:
    """All of them, by one API server."""
    what = next((it for tree in ctx.trees if (it := subject(tree))), None)
    if what is None:
        raise NoSubject("no tree reads logs")
    with Cluster(ctx, "logs-faults") as cluster:

        def said(of: Subject, prepare: Callable[[Trial], object] = lambda _: None) -> list[str]:
            trial = Trial(ctx, cluster, of, patience=25)
            try:
                prepare(trial)
                trial.run()
            finally:
                trial.close()
            return trial.findings

        found = said(spoilt(what, TOGETHER))
        for one in TOGETHER:
            seen(ctx, one.fault, found, one.says)
        for one in ALONE:
            seen(ctx, one.fault, said(spoilt(what, (one,))), one.says)
        seen(
            ctx,
            "an account that may list no pods",
            said(with_alloy(what, lambda it: it["rbac"].update(rules=[], clusterRules=[]))),
            r"does not arrive",
        )
        seen(
            ctx,
            "a folder of the node that is not mounted",
            said(with_alloy(what, lambda it: it["alloy"]["mounts"].update(varlog=False))),
            r"does not arrive",
        )
        found = said(what, forgetful)
        for fault, says in (
            ("how far files are read is lost with the pod", r"arrives 2 times"),
            ("a dashboard that asks by what is no label", r"first panel: no answer"),
            (
                "a dashboard that counts by what is no label",
                r"second panel: lines have no label pod",
            ),
        ):
            seen(ctx, fault, found, says)


def forgetful(trial: Trial) -> None:
    """Another folder for how far files were read, and queries that no tree has."""
    trial.again = "/var/lib/another"
    trial.more += [
        ("first panel", '{pod="x"}', []),
        ("second panel", '{app=~".+"}', ["pod"]),
    ]


def with_alloy(what: Subject, change: Callable[[dict], object]) -> Subject:
    """A subject with other values of Alloy."""
    alloy = copy.deepcopy(what.alloy)
    change(alloy)
    return replace(what, alloy=alloy)


def spoilt(what: Subject, wrong: tuple[Wrong, ...]) -> Subject:
    """A subject with faults in what Alloy reads."""
    text = changed(what.configuration, wrong)
    return with_alloy(what, lambda it: it["alloy"]["configMap"].update(content=text))


def seen(ctx: Context, fault: str, findings: list[str], says: str) -> None:
    """Notes what was said of a fault."""
    found = next((it for it in findings if re.search(says, it)), None)
    ctx.fault(Fault(fault, LOGS, found or short("; ".join(findings), 300), found is not None))
