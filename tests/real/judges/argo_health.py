"""The health of Applications that the tree ships, case by case, by `argocd admin settings
resource-overrides health`."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.argo_install import RAN_OUT, SLOW
from harness.argo_settings import LUA, rendered
from harness.argo_tree import dump
from harness.context import Context
from harness.table import Fault, Row

GIT = {
    "repoURL": "https://git.example.com/tree.git",
    "path": "out/manifests/a",
    "targetRevision": "refs/heads/main",
}
CHART = {
    "repoURL": "https://charts.example.com",
    "chart": "a",
    "targetRevision": "1.0.0",
    "helm": {"valuesObject": {"a": {"b": [1, 2]}, "c": "x"}},
}
OLD = {**GIT, "targetRevision": "refs/tags/tree-0"}
# What the upstream documentation shows: it hands on what the Application says of itself, and no
# more.
DOCUMENTED = """
hs = {}
hs.status = "Progressing"
hs.message = ""
if obj.status ~= nil and obj.status.health ~= nil then
  hs.status = obj.status.health.status
end
return hs
"""


def _status(sync: str, health: str, source: dict = GIT, **more: Any) -> dict:
    return {
        "sync": {"status": sync, "comparedTo": {"source": source}},
        "health": {"status": health},
        **more,
    }


def _values(values: dict | None) -> dict:
    return (
        {**CHART, "helm": {"valuesObject": values}}
        if values is not None
        else {key: it for key, it in CHART.items() if key != "helm"}
    )


# What it is, the source, the status, what the gate has to be told; the first nine are those of the
# facts.
CASES: list[tuple[str, dict, dict | None, str]] = [
    ("no status yet", GIT, None, "Progressing"),
    ("compared with an older source", GIT, _status("Synced", "Healthy", OLD), "Progressing"),
    (
        "its sync failed, and nothing that is there is ill",
        GIT,
        _status("OutOfSync", "Healthy", operationState={"phase": "Failed"}),
        "Degraded",
    ),
    (
        "it tries again",
        GIT,
        _status("OutOfSync", "Healthy", operationState={"phase": "Running"}),
        "Progressing",
    ),
    ("its sync has not begun", GIT, _status("OutOfSync", "Missing"), "Progressing"),
    (
        "it cannot be compared",
        GIT,
        _status("Unknown", "Healthy", conditions=[{"type": "ComparisonError", "message": "no"}]),
        "Degraded",
    ),
    ("synced, on its way", GIT, _status("Synced", "Progressing"), "Progressing"),
    (
        "synced and healthy",
        GIT,
        _status("Synced", "Healthy", operationState={"phase": "Succeeded"}),
        "Healthy",
    ),
    ("synced and ill", GIT, _status("Synced", "Degraded"), "Degraded"),
    (
        "a chart, compared with the same values",
        CHART,
        _status("Synced", "Healthy", CHART),
        "Healthy",
    ),
    (
        "a chart, compared with fewer values",
        CHART,
        _status("Synced", "Healthy", _values({"a": {"b": [1]}, "c": "x"})),
        "Progressing",
    ),
    (
        "a chart, compared with more values",
        CHART,
        _status("Synced", "Healthy", _values({"a": {"b": [1, 2, 3]}, "c": "x"})),
        "Progressing",
    ),
    (
        "a chart, compared without values",
        CHART,
        _status("Synced", "Healthy", _values(None)),
        "Progressing",
    ),
]


def asked(ctx: Context, folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    """What Argo CD says of the health of an object. A script has one second of its time, which a
    loaded machine may not give it: it is asked again then."""
    done = _asked(ctx, folder, file)
    for _ in range(SLOW):
        if RAN_OUT not in done.stdout + done.stderr:
            break
        done = _asked(ctx, folder, file)
    return done


def _asked(ctx: Context, folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            ctx.tool("argocd"),
            "admin",
            "settings",
            "resource-overrides",
            "health",
            str(file),
            "--argocd-cm-path",
            str(folder / "cm.yaml"),
        ],
        env={"HOME": str(folder), "KUBECONFIG": "/dev/null", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def wrong(ctx: Context, settings: dict, only: str = "") -> list[str]:
    """The cases (or those that begin so) in which the health of that argocd-cm is another than it
    has to be."""
    folder = ctx.fresh("health")
    (folder / "cm.yaml").write_bytes(dump(settings))

    def one(number: int) -> str:
        what, source, status, wanted = CASES[number]
        file = folder / f"{number}.yaml"
        file.write_bytes(
            dump(
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "Application",
                    "metadata": {"name": "a", "namespace": "argocd"},
                    "spec": {
                        "project": "p",
                        "source": source,
                        "destination": {
                            "server": "https://kubernetes.default.svc",
                            "namespace": "a",
                        },
                    },
                    **({"status": status} if status else {}),
                }
            )
        )
        done = asked(ctx, folder, file)
        said = next(
            (line.split()[1] for line in done.stdout.splitlines() if line.startswith("STATUS: ")),
            None,
        )
        if said == wanted:
            return ""
        return (
            f"{what}: {said or (done.stderr or done.stdout).strip()[-200:]}, it has to be {wanted}"
        )

    with ThreadPoolExecutor(2) as pool:
        return [
            it
            for it in pool.map(
                one, (it for it, case in enumerate(CASES) if case[0].startswith(only))
            )
            if it
        ]


def settings_of(ctx: Context, values: dict) -> dict:
    """The argocd-cm that comes of values."""
    return next(it for it in rendered(ctx, values) if it["metadata"]["name"] == "argocd-cm")


def judge(ctx: Context, name: str, values: dict, more: list[str], note: str) -> Row:
    """All cases with the tree's own Lua."""
    began = time.monotonic()
    findings = more + wrong(ctx, settings_of(ctx, values))
    return Row(
        f"argocd {name}: health of Applications",
        len(CASES),
        findings,
        time.monotonic() - began,
        note,
    )


def plant(ctx: Context, values: dict) -> None:
    """The script of the upstream documentation in its place."""
    settings = settings_of(ctx, values)
    said = wrong(
        ctx, {**settings, "data": {**settings["data"], LUA: DOCUMENTED}}, only="its sync failed"
    )
    ctx.fault(
        Fault(
            "the health Lua of the upstream documentation",
            "argocd health of Applications",
            (said or ["nothing"])[0],
            bool(said),
        )
    )
