"""The judge `accept`: what a person types to get workspaces from the operator, and answers of a
real model from them, on a node where the operator runs of its image's files."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

from harness.context import Context
from harness.installing import ROOT
from harness.processes import Failed
from harness.running import checked, entered, guarded, reported
from harness.table import Row

from . import accept_typed, node_checks
from .accept_asked import ANSWER, ASKED, PERSON, every_one, lacking, part_of, strangers, text_of
from .accept_platform import Accepted, formers, host_of, make_tree, ours, served
from .accept_typed import BUILDERS, Desk, only
from .live_browser import sensible
from .live_checks import COLOURS, QUESTION
from .operator_samples import SAMPLES
from .operator_stage import PLURAL

# The file of the samples of the AIChat Workspace Operator, in the folder in which people type.
FILE = "former.yaml"
# Seconds until all workspaces are Ready, whose programs all start at once.
PATIENCE = 900
Check = Callable[[Accepted, Desk, Row], None]


def runs(live: Accepted, desk: Desk, row: Row) -> None:
    """The operator's pods are Ready, with the rights that its Deployment declares, and of the very
    files of its image."""
    row.note = f"all Ready after {live.ready():.0f} s"
    desk.type(f"kubectl -n {live.space} get pods")
    spec = live.operator["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    pods = live.operators()
    if len(pods) != live.operator["spec"]["replicas"]:
        row.findings.append(f"{len(pods)} pods of the operator")
    for pod in pods:
        process = node_checks.process_of(live.world, pod, container["name"])
        found = node_checks.rights(
            node_checks.status_of(process), spec["securityContext"], container["securityContext"]
        )
        found += node_checks.room(live.world, pod, container, process)
        found += node_checks.surroundings(spec, container, process)
        if "ro" not in node_checks.mounts_of(process)["/"]:
            found.append("its root can be written")
        image = Path(live.ctx.manifest["operator-image"]) / "espalier-operator"
        if digest(process / "exe") != digest(image):
            found.append("it runs another program than its image has")
        row.findings += [f"{pod['metadata']['name']}: {one}" for one in found]
    row.objects = len(pods)


def digest(file: Path) -> str:
    """The sum of a file's bytes."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def asks_for_ours(live: Accepted, desk: Desk, row: Row) -> None:
    """The samples of this repository, built and applied as their first line says."""
    builder = BUILDERS[0] if desk.has("kustomize") else BUILDERS[1]
    said = desk.type(f"{builder} config/samples/ | kubectl -n {live.space} apply -f -")
    row.findings += created(said, ours(live.ctx.root))
    row.objects, row.note = len(said.splitlines()), f"by `{builder}`"


def asks_for_formers(live: Accepted, desk: Desk, row: Row) -> None:
    """Those of the AIChat Workspace Operator, as they are."""
    desk.type(f"cat {FILE}")
    said = desk.type(f"kubectl -n {live.space} apply -f {FILE}")
    row.findings += created(said, formers())
    row.objects = len(said.splitlines())


def created(said: str, samples: list[dict]) -> list[str]:
    """What kubectl did not say of samples, or said beside."""
    wanted = {f"aichatworkspace.{one_group(one)}/{one['metadata']['name']}" for one in samples}
    lines = {f"{one} created" for one in wanted}
    return [
        *(f"kubectl did not say: {one}" for one in sorted(lines - set(said.splitlines()))),
        *(f"kubectl said: {one}" for one in sorted(set(said.splitlines()) - lines)),
    ]


def one_group(sample: dict) -> str:
    """The API group of a resource."""
    return str(sample["apiVersion"]).partition("/")[0]


def become_ready(live: Accepted, desk: Desk, row: Row) -> None:
    """All workspaces are Ready, and each status says so with its address and its models."""
    began = time.monotonic()
    command = f"kubectl -n {live.space} wait --for=condition=Ready --timeout=15m {PLURAL} --all"
    try:
        desk.type(command, seconds=PATIENCE + 60)
    except Failed as late:
        raise Failed(f"{late}; {live.why()}") from None
    row.note = f"all Ready after {time.monotonic() - began:.0f} s"
    desk.type(f"kubectl -n {live.space} get {PLURAL}")
    for sample in live.samples:
        name, status = sample["metadata"]["name"], live.state_of(sample).get("status", {})
        if status.get("urls") != [f"http://{host_of(sample['spec'])}"]:
            row.findings.append(f"{name}: its addresses are {status.get('urls')}")
        listed = sorted(it["name"] for it in status.get("models") or [])
        wanted = served({**sample["spec"], "patterns": [], "prompts": []})
        if listed != wanted:
            row.findings.append(f"{name}: its models are {listed}, not {wanted}")
    row.objects = len(live.samples)


def sample_of(live: Accepted) -> dict:
    """The spec of the workspace that the transcript asks."""
    found: dict = next(it["spec"] for it in live.samples if it["metadata"]["name"] == ASKED)
    return found


def through_a_port_forward(live: Accepted, desk: Desk, row: Row) -> None:
    """A prompt to Ollama itself, through the API server and the kubelet."""
    spec = sample_of(live)
    name, model = spec["workspaceName"], spec["models"][0]
    body = json.dumps({"model": model, "prompt": QUESTION, "stream": False})
    with desk.forwarding(f"kubectl -n {name} port-forward service/{name}-ollama 11434", True):
        said = desk.type(
            f"curl --silent http://localhost:11434/api/generate --data \\\n  '{body}'",
            only("model", "response", "done"),
            ANSWER,
        )
    judged(row, part_of(json.loads(said), "response"))


def through_the_ingress(live: Accepted, desk: Desk, row: Row) -> None:
    """The first person signs up, and asks Open WebUI, through Traefik."""
    spec = sample_of(live)
    url, model = f"http://{host_of(spec)}", spec["models"][0]
    desk.type(
        f"TOKEN=$(curl --silent {url}/api/v1/auths/signup \\\n  --json '{json.dumps(PERSON)}' |\n"
        '  grep -o \'"token":"[^"]*"\' | cut -d \'"\' -f 4)'
    )
    bearer = '--header "Authorization: Bearer $TOKEN"'
    said = desk.type(f"curl --silent {url}/api/models {bearer}", only("data", "id"))
    row.findings += lacking(json.loads(said), spec)
    question = [{"role": "user", "content": QUESTION}]
    body = json.dumps({"model": model, "messages": question, "stream": False})
    said = desk.type(
        f"curl --silent {url}/api/chat/completions {bearer} --json \\\n  '{body}'",
        only("model", "choices", "message", "role", "content"),
        ANSWER,
    )
    judged(row, text_of(json.loads(said)))


def judged(row: Row, text: str) -> None:
    """An answer has to be words, some of them colours."""
    row.findings += sensible(text, COLOURS)
    row.objects, row.note = row.objects + 1, f"{text[:60]!r}"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("the operator runs from its image's files", runs),
    ("samples of this repository", asks_for_ours),
    ("samples of the AIChat Workspace Operator", asks_for_formers),
    ("all workspaces are Ready", become_ready),
    ("Ollama through a port-forward", through_a_port_forward),
    ("Open WebUI through the Ingress", through_the_ingress),
    ("a stranger with a forged host", strangers),
    ("every model, every chat", every_one),
)


def desk_of(live: Accepted) -> Desk:
    """Where people type: the operator's folder of the repository, as far as they need it, and the
    samples of the AIChat Workspace Operator in a file."""
    folder = live.ctx.fresh("desk")
    shutil.copytree(live.ctx.root / SAMPLES, folder / "config/samples")
    text = yaml.safe_dump_all(formers(), sort_keys=False)
    (folder / FILE).write_text(text, encoding="utf-8")
    kubectl = Path(live.ctx.tool("kubectl"))
    return Desk(folder, kubectl, live.world.cluster.kubeconfig, live.ctx.processes)


def judge(ctx: Context, rows: list[Row], kept: list[Desk]) -> None:
    """All checks on one node; the first that finds something is the last, since the others need
    what it needs."""
    samples = [*ours(ctx.root), *formers()]
    with Accepted(ctx, make_tree(ctx), samples) as live:
        kept.append(desk_of(live))
        for name, work in CHECKS:
            row = checked(ctx, f"accept: {name}", partial(work, live, kept[0]))
            rows.append(row)
            if row.findings:
                return


def shown(ctx: Context, desk: Desk, write: bool) -> Row:
    """README.md has the transcript of a run, of these very commands."""
    page = ctx.root / "README.md"
    text, row = page.read_text(encoding="utf-8"), Row("accept: README.md", len(desk.typed))
    try:
        if write:
            page.write_text(accept_typed.written(text, desk.lines), encoding="utf-8")
            row.note = "written"
        else:
            row.findings = accept_typed.differences(text, desk.typed)
    except ValueError as trouble:
        row.findings.append(str(trouble))
    return row


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tests/real/accept",
        description="Types what a person types to get workspaces from the operator, and answers.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="judge another repository than this one"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="put the transcript into README.md, in place of comparing the commands with it",
    )
    return parser.parse_args()


def main() -> int:
    """Enters the sandbox and judges."""
    options = arguments()
    ctx, began = entered(options.root, options.manifest), time.monotonic()
    rows: list[Row] = []
    kept: list[Desk] = []
    try:
        guarded(ctx, "accept: the platform", rows, lambda: judge(ctx, rows, kept))
        if kept and not any(row.findings for row in rows):
            rows.append(shown(ctx, kept[0], options.write))
    finally:
        ctx.processes.stop_all()
    for desk in kept:
        print("\n".join(desk.lines), end="\n\n")
    found = reported(rows)
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
