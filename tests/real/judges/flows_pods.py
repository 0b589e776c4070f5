"""Who is on the stage of a tree: its pods, those of charts, strangers, impostors; and addresses."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from harness.node_platform import template_of
from harness.trees import Thing

from .flows_declared import BEYOND, NODE, POD, Declared, Place, bears

# Two of a kind show what pods of one workload may do among themselves; a third shows nothing more.
REPLICAS = 2
# Where k3s has its pods, and the node in the network around it.
PODS, GATEWAY = IPv4Network("10.42.0.0/24"), "10.42.0.1"
NODE_ADDRESS, NEIGHBOUR = "10.99.0.2", "10.99.0.1"
# Where the world is, and what clouds tell about a machine to whoever asks from it.
PUBLIC, METADATA = "203.0.113.10", "169.254.169.254"
# A namespace that no platform makes.
ELSEWHERE = "default"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")


def own_pods(things: list[Thing]) -> Iterator[tuple[str, str, dict]]:
    """The pods of the tree's own workloads, also by hand: name, namespace, labels.

    One that is suspended has a pod too: the one that it has when it goes on.
    """
    for thing in things:
        if thing.value["kind"] in WORKLOADS:
            labels = template_of(thing.value)["metadata"].get("labels", {})
            replicas = max(1, thing.value["spec"].get("replicas", 1))
            for number in range(min(REPLICAS, replicas)):
                name = f"{thing.namespace}/{thing.value['metadata']['name']}-{number}"
                yield name, thing.namespace, labels


def pods(things: list[Thing], declared: Declared) -> list[Place]:
    """Everybody in the cluster."""
    found: list[tuple[str, str, dict]] = list(own_pods(things))
    for name, namespace, labels in declared.ends():
        # Of a chart, of k3s, or made at run time: nobody else is there under these labels.
        if not any(space == namespace and bears(has, labels) for _, space, has in found):
            found.append((name, namespace, {**labels, "pod-template-hash": "stand-in"}))
    # In another namespace, what is called the same is somebody else.
    for number, labels in enumerate({str(it[2]): it[2] for it in declared.ends()}.values()):
        found.append((f"{ELSEWHERE}/impostor-{number}", ELSEWHERE, labels))
    namespaces = {space for _, space, _ in found} | declared.fenced()
    found += [(f"{space}/stranger", space, {"app": "stranger"}) for space in sorted(namespaces)]
    addresses = list(PODS.hosts())[9:]
    if len(found) > len(addresses):
        raise LookupError(f"{len(found)} pods are more than {PODS} has addresses for")
    around = {
        thing.value["metadata"]["name"]: thing.value["metadata"].get("labels", {})
        for thing in things
        if thing.value["kind"] == "Namespace"
    }
    return [
        Place(name, POD, str(address), namespace, labels, around.get(namespace, {}))
        for (name, namespace, labels), address in zip(found, addresses, strict=False)
    ]


def beyond(declared: Declared) -> list[Place]:
    """Addresses beyond the node: public, private, the cloud's, those of ranges that rows name."""
    found = {PUBLIC: "outside", METADATA: "metadata", NEIGHBOUR: "another machine"}
    for block in declared.blocks():
        for excepted in map(IPv4Network, block["except"]):
            found.setdefault(str(excepted.broadcast_address - 2), f"an address of {excepted}")
        network = IPv4Network(block["cidr"])
        if network.prefixlen:
            inside = network.network_address + (network.num_addresses > 2)
            found.setdefault(str(inside), f"an address of {network}")
            beside = IPv4Address(int(network.broadcast_address) + 2)
            found.setdefault(str(beside), f"an address beside {network}")
    taken = (PODS, IPv4Network("10.43.0.0/16"), IPv4Network(f"{NODE_ADDRESS}/32"))
    for address, name in found.items():
        if any(IPv4Address(address) in it for it in taken):
            raise LookupError(f"{name} ({address}) is where the stage has its own")
    return [Place(name, BEYOND, address) for address, name in found.items()]


def node() -> Place:
    """The node itself."""
    return Place("the node", NODE, NODE_ADDRESS)
