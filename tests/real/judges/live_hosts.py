"""Which program asks for which names outside, beside those that the tree declares for it."""

import re
import threading
from urllib.parse import urlsplit

from .api import ApiError
from .live_objects import BLOBS, REGISTRY
from .node_platform import containers_of, template_of
from .node_pods import ready
from .processes import Failed, wait_until

SYSTEM, CONFIG = "kube-system", "/api/v1/namespaces/kube-system/configmaps/coredns"
# A question as CoreDNS writes it down: who asks for which name.
ASKED = re.compile(r'\[INFO\] ([0-9.]+):\d+ - \d+ "\S+ IN (\S+?)\.? ')
# CoreDNS asks for two numbers at its start, to see whether it asks itself in a circle.
LOOP = re.compile(r"\d+\.\d+")
# Names of the cluster, which nobody outside is asked for.
INSIDE = (".cluster.local", ".arpa")


def write_questions_down(world) -> None:
    """CoreDNS writes down who asks for what, and asks outside for what is no name of the cluster;
    its pod is replaced, since one that runs reads its settings a minute later."""
    corefile = world.api.get(CONFIG)["data"]["Corefile"]
    changed = corefile.replace("    errors\n", "    errors\n    log\n", 1)
    if changed == corefile:
        raise Failed("the settings of CoreDNS have no line `errors`")
    world.api.patch(CONFIG, {"data": {"NodeHosts": "", "Corefile": changed}})
    old = {one["metadata"]["uid"] for one in dns_pods(world)}
    for one in dns_pods(world):
        world.api.delete(f"/api/v1/namespaces/{SYSTEM}/pods/{one['metadata']['name']}")
    wait_until(
        "CoreDNS is Ready",
        lambda: any(ready(one) and one["metadata"]["uid"] not in old for one in dns_pods(world)),
        120,
        pause=0.3,
    )


def dns_pods(world) -> list[dict]:
    """The pods of CoreDNS."""
    return [
        one
        for one in world.pods(SYSTEM)
        if one["metadata"].get("labels", {}).get("k8s-app") == "kube-dns"
    ]


class Addresses(threading.Thread):
    """Keeps which pod had which address, also of pods that are gone."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.ended = world, threading.Event()
        self.pods: dict[str, dict] = {}

    def run(self) -> None:
        while not self.ended.wait(0.5):
            try:
                self.look()
            except (ApiError, OSError, ValueError):
                # The server is not there yet, or no longer: the checks themselves say so.
                continue

    def look(self) -> None:
        """Notes the addresses of all pods that are there now."""
        for one in self.world.pods():
            if address := one["status"].get("podIP"):
                self.pods[address] = one["metadata"]

    def stop(self) -> None:
        """Ends it, and waits until it has."""
        self.ended.set()
        if self.is_alive():
            self.join(10)


def program_of(about: dict, flows: list[dict]) -> str:
    """The name by which `show flows` knows a pod; its own where no flow begins at it."""
    for flow in flows:
        source = flow["source"].get("pods") or {}
        labels = source.get("labels") or {}
        if (
            labels
            and source["namespace"] == about["namespace"]
            and labels.items() <= about.get("labels", {}).items()
        ):
            return flow["from"]
    return f"{about['namespace']}/{about['name']}"


def declared(tree, flows: list[dict]) -> dict[str, set[str]]:
    """The hosts outside that each program of the tree may ask for: those that its containers name,
    and the registry of whoever pulls models; none where no flow leads outside."""
    away = {flow["from"] for flow in flows if flow["to"] == "outside"}
    found: dict[str, set[str]] = {}
    for thing in tree.things:
        value = thing.value
        if value["kind"] not in ("StatefulSet", "Deployment", "DaemonSet", "CronJob"):
            continue
        template = template_of(value)
        about = {
            **template.get("metadata", {}),
            "namespace": value["metadata"]["namespace"],
            "name": value["metadata"]["name"],
        }
        name, named = program_of(about, flows), set()
        for one in containers_of(template):
            for variable in one.get("env", []):
                host = urlsplit(variable.get("value") or "").hostname or ""
                if "." in host and not host.endswith(INSIDE):
                    named.add(host)
                if variable["name"] == "MODELS":
                    named |= {REGISTRY, BLOBS}
        found[name] = found.get(name, set()) | (named if name in away else set())
    return found


def questions(world) -> set[tuple[str, str]]:
    """All questions that CoreDNS has written down: an address and a name."""
    files = sorted((world.state / "var/log/pods").glob(f"{SYSTEM}_coredns-*/coredns/*"))
    packed = [one.name for one in files if one.suffix == ".gz"]
    if packed or not files:
        raise Failed(f"what CoreDNS has written down cannot be read: {packed or 'no file'}")
    return {
        (asked[1], asked[2].lower())
        for file in files
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if (asked := ASKED.search(line))
    }


def outside(name: str) -> bool:
    """Whether a name is one that may be outside."""
    return "." in name and not name.endswith(INSIDE) and not LOOP.fullmatch(name)


def compared(live, row) -> None:
    """Each program asks for exactly the hosts that the tree declares for it."""
    live.addresses.look()
    flows = live.ctx.flows(live.tree.root)
    may = declared(live.tree, flows)
    asked: dict[str, set[str]] = {}
    ran = {program_of(about, flows) for about in live.addresses.pods.values()}
    for address, name in sorted(questions(live.world)):
        if not outside(name):
            continue
        about = live.addresses.pods.get(address)
        who = program_of(about, flows) if about else f"nobody who is known, at {address},"
        asked.setdefault(who, set()).add(name)
    for who in sorted({*asked, *may}):
        have, right = asked.get(who, set()), may.get(who, set())
        row.findings += [
            f"{who} asked for {one}, which is not declared for it" for one in sorted(have - right)
        ]
        if who in ran:
            row.findings += [f"{who} never asked for {one}" for one in sorted(right - have)]
    everybody = set().union(*asked.values())
    row.findings += [
        f"{one} was asked for outside, by nobody of the cluster"
        for one in sorted(live.asked_outside() - everybody)
        if outside(one)
    ]
    row.objects = sum(map(len, asked.values()))
    row.note = "; ".join(f"{who}: {', '.join(sorted(asked[who]))}" for who in sorted(asked))
    if not everybody:
        raise Failed("nobody asked for any name outside")
