"""One Alloy with one configuration: what is written, what arrives, and what the dashboards find of
it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.argo_tree import Rendered
from harness.cluster import Cluster
from harness.context import Context
from harness.table import short
from harness.trees import Tree

from .logs_journal import ANOTHER, K3S, entry
from .logs_lines import SEVERAL, lines_of
from .logs_stage import Clock, Line, Node, Speaker, until, written
from .prometheus_boards import panels

# What a stream is found by. Loki's limits bear these, and the two that it adds itself.
LABELS = {"namespace", "app", "container", "node"}
OF_LOKI = 2
# What stands beside each line of a pod.
BESIDE = "pod"
# How long everything may take to arrive.
PATIENCE = 60
# A line that is longer than what is kept of one.
LONG = 40 << 10
# Lines of the noisy pod beyond what it may say at once.
TOO_MANY = 3000
# What a line that ends in its middle ends with.
CUT = " (cut)"
MARK = re.compile(r"mark-\d+")


@dataclass
class Expected:
    """A line that was written, and how it has to arrive."""

    place: str
    text: str
    moment: datetime
    labels: dict[str, str]
    # The pod's name, where it is of one.
    beside: str
    # None: it has to be left out.
    kept: bool = True
    # Alloy goes on at the entry of the journal at which it ended, and reads that one again: of two
    # with the same labels, time and text Loki keeps one.
    again: bool = False


@dataclass(frozen=True)
class Subject:
    """What a tree has for Alloy and for Loki."""

    tree: Tree
    alloy: dict
    loki: dict

    @property
    def configuration(self) -> str:
        """What Alloy reads."""
        return self.alloy["alloy"]["configMap"]["content"]

    @property
    def storage(self) -> str:
        """Where Alloy keeps how far it has read."""
        return self.alloy["alloy"]["storagePath"]

    @property
    def rules(self) -> list[dict]:
        """What it may ask the API server."""
        rbac = self.alloy["rbac"]
        return [*rbac.get("rules", []), *rbac.get("clusterRules", [])]

    @property
    def limits(self) -> dict:
        """What Loki takes."""
        return self.loki["loki"]["limits_config"]


def subject(tree: Tree) -> Subject | None:
    """What a tree has; None where nobody reads logs."""
    found: dict[str, dict] = {}
    for it in Rendered.read(tree.name, tree.root).applications().values():
        found[str(it.chart.get("chart"))] = (it.chart.get("helm") or {}).get("valuesObject") or {}
    if "alloy" not in found or "loki" not in found:
        return None
    return Subject(tree, found["alloy"], found["loki"])


class Trial:
    """One Alloy with one configuration: what is written, and what arrives."""

    def __init__(
        self, ctx: Context, cluster: Cluster, what: Subject, patience: float = PATIENCE
    ) -> None:
        self.what, self.patience = what, patience
        self.node = Node(ctx, cluster, what.tree, what.alloy)
        self.clock = Clock()
        self.expected: dict[str, Expected] = {}
        self.findings: list[str] = []
        self.number = 0
        self.lost = 0
        # What the folder for what is read is called after Alloy was started again.
        self.again = what.storage
        # Queries beside those of the dashboards.
        self.more: list[tuple[str, str, list[str]]] = []

    def run(self) -> None:
        """All of it."""
        node, what = self.node, self.what
        node.open()
        node.register()
        token = node.account(what.rules)
        self.write_all()
        node.start(what.configuration, token, what.storage)
        self.arrived()
        if node.refusal():
            self.findings.append(f"Alloy refuses its configuration: {short(node.refusal(), 300)}")
            return
        # A file that is turned over, and a pod of Alloy that is replaced.
        self.turn_over()
        self.arrived()
        node.stop_alloy()
        self.write_after()
        node.start(what.configuration, token, self.again)
        self.arrived()
        # What would arrive a second time does so now.
        time.sleep(3)
        self.findings += self.compared()
        self.findings += self.asked_by_dashboards()

    def close(self) -> None:
        """Ends everything."""
        self.node.close()

    def mark(self) -> str:
        """A word that no other line has."""
        self.number += 1
        return f"mark-{self.number}"

    def write(self, one: Speaker, container: str, text: str, kept: bool = True) -> None:
        """A line of a container, which has to arrive as it is."""
        self.write_at(one, container, self.clock.tick(), text, text, kept)

    def write_at(
        self,
        one: Speaker,
        container: str,
        moment: datetime,
        text: str,
        arrives: str,
        kept: bool = True,
    ) -> None:
        """A line of a container with its time, which has to arrive as another text; of a text of
        several lines each is one of the container's."""
        for line in text.split("\n"):
            self.node.say(one, container, moment, line)
        labels = {
            "namespace": one.namespace,
            "app": one.app(container),
            "container": container,
            "node": "node-1",
        }
        place = f"{one.namespace}/{one.pod} {container}"
        found = MARK.search(text)
        assert found is not None
        self.expected[found[0]] = Expected(place, arrives, moment, labels, one.pod, kept)

    def write_all(self) -> None:
        """What was written before Alloy began to read."""
        for one in self.node.speakers:
            for container in dict.fromkeys(one.containers):
                for text in lines_of(one.app(container), self.mark):
                    self.write(one, container, text)
        speaker = self.node.speakers[0]
        container = speaker.containers[0]
        mark = self.mark()
        long = f"{mark} " + "x" * LONG
        size = longest(self.what.configuration)
        cut = long[: size - len(CUT)] + CUT
        self.write_at(speaker, container, self.clock.tick(), long, cut)
        hours = hours_of(self.what.limits["retention_period"])
        old = datetime.now(UTC) - timedelta(hours=hours + 10)
        text = f"{self.mark()} is older than what is kept"
        self.write_at(speaker, container, old, text, text, kept=False)
        self.write_noise()
        self.write_audit()
        self.write_journal(K3S, 'level=info msg="Started tracking events"')
        self.write_journal(K3S, "panic: nil\n\n\tat main.go:3")
        self.write_journal(ANOTHER, "is of another program", kept=False)
        unread = set(several(self.what.configuration)) - set(SEVERAL)
        self.findings += [
            f"{it}: entries of several lines, of which the judge knows none"
            for it in sorted(unread)
        ]

    def noisy(self) -> Speaker:
        """The pod that says too much: the last one, whose other lines are few."""
        return self.node.speakers[-1]

    def write_noise(self) -> None:
        """More of a pod than it may say."""
        one = self.noisy()
        container = one.containers[0]
        moment = self.clock.tick()
        burst = limit(self.what.configuration, "burst")
        with self.node.file(one, container).open("a", encoding="utf-8") as file:
            file.writelines(
                f"{written(moment)} stderr F noise-{number}\n" for number in range(burst + TOO_MANY)
            )

    def write_audit(self) -> None:
        """An event of the API server, whose time is its own."""
        found = re.search(r'"__path__" = "([^"]+)"', self.what.configuration)
        if found is None:
            self.findings.append("the API server's audit log is read by nobody")
            return
        folder, _, name = found[1].rpartition("/")
        if folder not in self.node.mounts:
            self.findings.append(f"{folder}: no folder of the node is mounted there")
            return
        moment = self.clock.tick() - timedelta(seconds=30)
        mark = self.mark()
        event = {"kind": "Event", "auditID": mark, "stageTimestamp": stamp(moment)}
        text = json.dumps(event, separators=(",", ":"))
        (self.node.mounts[folder] / name).write_text(text + "\n", encoding="utf-8")
        labels = {"namespace": "kube-system", "app": "k3s", "container": "audit", "node": "node-1"}
        self.expected[mark] = Expected("the audit log", text, moment, labels, "")

    def write_journal(
        self, program: str, text: str, kept: bool = True, again: bool = False
    ) -> None:
        """An entry of the node's journal, of k3s or of another program."""
        moment, text = self.clock.tick(), f"{self.mark()} {text}"
        self.node.journal.write(entry(moment, program, text))
        found = MARK.search(text)
        assert found is not None
        labels = {"namespace": "kube-system", "app": K3S, "container": "journal", "node": "node-1"}
        self.expected[found[0]] = Expected("the journal", text, moment, labels, "", kept, again)

    def turn_over(self) -> None:
        """The kubelet begins a new file, and so does systemd."""
        one = self.node.speakers[0]
        file = self.node.file(one, one.containers[0])
        file.rename(file.with_name("0.log.20260101-000000"))
        self.write(one, one.containers[0], f"{self.mark()} is the first of a new file")
        self.node.journal.turn_over()
        self.write_journal(K3S, "is the first of a new file", again=True)

    def write_after(self) -> None:
        """What is written while no Alloy reads."""
        for one in self.node.speakers[:3]:
            self.write(one, one.containers[0], f"{self.mark()} was said while nobody read")
        self.write_journal(K3S, "was said while nobody read")

    def arrived(self) -> None:
        """Waits until all is there that has to be, or for long enough."""
        wanted = {key for key, it in self.expected.items() if it.kept}

        def there() -> bool:
            if self.node.refusal():
                return True
            found = {it[0] for line in self.node.ask("*") if (it := MARK.search(line.text))}
            return wanted <= found

        until(there, self.patience)

    def compared(self) -> Iterator[str]:
        """What is written against what is found."""
        found: dict[str, list[Line]] = {}
        noise: set[str] = set()
        for line in self.node.ask("*"):
            mark = MARK.search(line.text)
            if mark:
                found.setdefault(mark[0], []).append(line)
            elif line.text.startswith("noise-"):
                noise.add(line.text)
            else:
                yield f"a line that nobody wrote so: {short(line.text, 80)}"
        most = self.what.limits["max_label_names_per_series"] - OF_LOKI
        for name, wanted in self.expected.items():
            yield from (
                f"{wanted.place}: {it}" for it in compare(wanted, found.get(name, []), most)
            )
        yield from self.bounded(len(noise))

    def bounded(self, noise: int) -> Iterator[str]:
        """The noisy pod: its lines are fewer, and some are there."""
        burst = limit(self.what.configuration, "burst")
        self.lost = burst + TOO_MANY - noise
        place = f"{self.noisy().namespace}/{self.noisy().pod}"
        if not noise:
            yield f"{place}: none of the lines of a noisy pod arrives"
        # What is said before and while it is read comes on top, by its rate.
        if self.lost < TOO_MANY / 2:
            yield f"{place}: of a noisy pod {self.lost} lines are left out, and not {TOO_MANY}"

    def asked_by_dashboards(self) -> Iterator[str]:
        """Each selector of the dashboards finds lines, in each namespace that it may be asked
        for."""
        spaces = sorted({it.namespace for it in self.node.speakers})
        for place, query, counted in [*asked(self.what.tree), *self.more]:
            for value in (".+", *([] if "|~" in query else spaces)):
                found = self.node.ask(filled(query, value))
                if not found:
                    yield f"{place}: no answer to {query} for {value}"
                bare = {it for it in counted if any(it not in line.labels for line in found)}
                yield from (f"{place}: lines have no label {it}" for it in sorted(bare))


def compare(wanted: Expected, found: list[Line], most: int) -> Iterator[str]:
    """What is wrong with how one line arrives."""
    text = short(wanted.text, 60)
    if not wanted.kept:
        if found:
            yield f"arrives, and may not: {text}"
        return
    if not found:
        yield f"does not arrive: {text}"
        return
    if len(found) > 1 and not (wanted.again and found == [found[0]] * 2):
        yield f"arrives {len(found)} times: {text}"
    line = found[0]
    if line.text != wanted.text:
        yield f"arrives as {short(line.text[-80:], 80)!r} ({len(line.text)} characters): {text}"
    if moment_of(line.time) != wanted.moment:
        yield f"its time is {line.time}, and it was said at {stamp(wanted.moment)}: {text}"
    if line.labels != wanted.labels:
        yield f"has the labels {line.labels}, and not {wanted.labels}"
    if len(line.labels) > most:
        yield f"has {len(line.labels)} labels, and Loki bears {most}"
    if wanted.beside and line.beside.get(BESIDE) != wanted.beside:
        yield f"beside it stands no {BESIDE}: {line.beside}"


def stamp(moment: datetime) -> str:
    """A time in RFC 3339."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """A time of the store, to the microsecond."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    micro = (rest + "000000")[:6]
    return datetime.strptime(f"{seconds}.{micro}", "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)


def hours_of(text: str) -> int:
    """A duration of Loki's in hours."""
    if not text.endswith("h"):
        raise LookupError(f"{text} is no number of hours")
    return int(text[:-1])


def limit(configuration: str, what: str) -> int:
    """What a pod may say, as the configuration has it."""
    found = re.search(rf"stage\.limit \{{[^}}]*\b{what} += (\d+)[^}}]*by_label_name", configuration)
    if found is None:
        raise LookupError(f"the configuration bounds no pod by a {what}")
    return int(found[1])


def longest(configuration: str) -> int:
    """How long a line may be, in bytes."""
    found = re.search(r'limit += "(\d+)KiB"', configuration)
    return (int(found[1]) if found else 16) << 10


def several(configuration: str) -> list[str]:
    """Whose entries have several lines."""
    return re.findall(
        r'stage\.match \{\s*selector = "\{app=\\"([^"\\]+)\\"\}"\s*stage\.multiline', configuration
    )


def asked(tree: Tree) -> Iterator[tuple[str, str, list[str]]]:
    """The queries of logs in a tree's dashboards, each with its place and the labels that are
    counted by."""
    for thing in tree.of_kind("ConfigMap"):
        for name, text in (thing.value.get("data") or {}).items():
            if not name.endswith(".json"):
                continue
            for panel in panels(json.loads(text)):
                for target in panel.get("targets") or []:
                    if kind(target, panel) == "loki":
                        counted = re.search(r"by \(([^)]*)\)", target["expr"])
                        words = counted[1].split(",") if counted else []
                        place = f"{name}: {panel.get('title', '')}"
                        yield place, selector(target["expr"]), [it.strip() for it in words]


def kind(target: dict[str, Any], panel: dict[str, Any]) -> str:
    """Whom a query is for."""
    source = target.get("datasource") or panel.get("datasource") or {}
    return str(source.get("type", ""))


def selector(query: str) -> str:
    """The part of a query that finds lines."""
    found = re.search(r'\{[^}]*\}(\s*\|~\s*"(?:[^"\\]|\\.)*")*', query)
    if found is None:
        raise LookupError(f"{query} asks for no lines")
    return found[0]


def filled(query: str, value: str) -> str:
    """A selector with a value for its variables, as the store's own language has it."""
    text = re.sub(r'(=~|=)"\$\w+"', f'=~"{value}"', query)
    return re.sub(r"\|~\s*", " _msg:~", text)
