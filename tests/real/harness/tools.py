"""Builds or downloads whatever the judges need and is missing, once, and prints what that cost."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import browser
from .installing import REAL, ROOT, Missing, key_of, once, pip_install, run
from .tools_debian import (
    DATABASE,
    DATABASE_PROGRAMS,
    DEBIAN,
    EVERYWHERE,
    JOURNAL,
    JOURNAL_WRITER,
    MACHINE,
    MACHINE_PROGRAMS,
    MERGED,
    PLUGINS,
    PROGRAMS,
    USERLAND,
    make_database,
    make_debian,
    make_journal,
    make_machine,
    make_userland,
)

KUBERNETES = "v1.36.3"
STAMPS = " ".join(
    f"-X {package}.gitVersion={KUBERNETES} -X {package}.gitMajor=1 -X {package}.gitMinor=36"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
)

# For each wrapper module below tools/ (SHARED names the exceptions): the binaries that it gives,
# each with its package and what the linker stamps into it.
GO = {
    "kube": {
        "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", STAMPS),
        "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", STAMPS),
        "kube-scheduler": ("k8s.io/kubernetes/cmd/kube-scheduler", STAMPS),
        "etcd": ("go.etcd.io/etcd/server/v3", ""),
        "kubelet": ("k8s.io/kubernetes/cmd/kubelet", STAMPS),
        "kube-proxy": ("k8s.io/kubernetes/cmd/kube-proxy", STAMPS),
    },
    # With the plugins that the Corefile of k3s names.
    "coredns": {"coredns": (".", "")},
    # The version that the chart runs: Debian's is older, and does not know every key.
    "alertmanager": {
        "alertmanager": ("github.com/prometheus/alertmanager/cmd/alertmanager", ""),
        "amtool": ("github.com/prometheus/alertmanager/cmd/amtool", ""),
    },
    # What stands in for the programs of images that are not here.
    "standin": {"standin": (".", "")},
    # What `bootstrap.sh` applies everything with.
    "kubectl": {"kubectl": ("k8s.io/kubernetes/cmd/kubectl", STAMPS)},
    "seal": {"kubeseal": ("github.com/bitnami/sealed-secrets/cmd/kubeseal", "")},
    "controller": {
        "sealed-secrets-controller": ("github.com/bitnami/sealed-secrets/cmd/controller", "")
    },
    "readers": {"readers": (".", "")},
    # What reads the configurations of telemetry.
    "blackbox": {"blackbox_exporter": ("github.com/prometheus/blackbox_exporter", "")},
    "json_exporter": {"json_exporter": ("github.com/prometheus-community/json_exporter", "")},
    "otelcol": {"otelcol": (".", "")},
    # Alloy with the components of the trees' own configuration, and a store that it can send to.
    "alloy": {"alloy": (".", "")},
    "victorialogs": {
        "victoria-logs": ("github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs", "")
    },
    # Alloy's own reader and formatter of its configuration.
    "alloyfmt": {"alloyfmt": (".", "")},
    # Grafana's own form of a dashboard, as it publishes it for programs; Grafana itself never runs.
    "dashboards": {"dashboards": (".", "")},
    # The network policy controller that k3s embeds, of upstream.
    "netpol": {"netpol": (".", "")},
    # Of the version that the chart brings, and the operator's own making of its configuration.
    "prometheus": {"prometheus": ("github.com/prometheus/prometheus/cmd/prometheus", "")},
    "operator": {"operator": (".", "")},
    # Sends backups, and stands in for the storage that they are sent to.
    "rclone": {
        "rclone": ("github.com/rclone/rclone", "-X github.com/rclone/rclone/fs.Version=v1.75.1")
    },
    # Argo CD runs it for charts; the version that Argo CD 3.5 bundles.
    "helm": {"helm": ("helm.sh/helm/v4/cmd/helm", "")},
    # Without the "v": the command line client puts one before it.
    "argocd": {
        "argocd": (
            "github.com/argoproj/argo-cd/v3/cmd",
            "-X github.com/argoproj/argo-cd/v3/common.version=3.5.3",
        ),
    },
}

# Binaries that are kept apart from others of the same wrapper module: building one does not build
# the other.
SHARED = {"controller": "seal"}

# Modules with a program that is C in part, each with what its parts are switched on by: Alloy reads
# a journal by systemd's library. With Go's own resolver and users, most of it stays as it is.
MIXED = {"alloy": ("promtail_journal_enabled", "netgo", "osusergo")}

# Files that a wrapper module's programs are made with and that are not as its modules have them, by
# what stands in for each below the wrapper module. Without one it is an empty file: no module has
# it, since its makers build it first.
ABSENT: dict[str, dict[str, str]] = {
    "alertmanager": {"github.com/prometheus/alertmanager/ui/app/dist/index.html": ""},
    # What finds targets for Promtail, by the libraries of a dozen clouds.
    "alloy": {
        "github.com/grafana/alloy/internal/loki/promtail/scrapeconfig/config.go": (
            "absent/scrapeconfig/config.go"
        )
    },
}

# Modules whose unpacked folder the judges read (resource definitions above all), each with the
# wrapper module that pins it.
MODULES = {
    "github.com/argoproj/argo-cd/v3": "argocd",
    "github.com/bitnami/sealed-secrets": "seal",
    "github.com/cert-manager/cert-manager": "crds",
    "github.com/k3s-io/helm-controller": "crds",
    "github.com/prometheus-operator/prometheus-operator": "operator",
    "github.com/traefik/traefik/v3": "traefik",
}


# Commands that a machine has to have before anything else can be had.
NEEDED = ("go", "gcc", "git", "openssl", "apt-get", "dpkg", "cargo", "unshare", "nsenter", "mount")

# Examples of the compiler that judges run: one reads YAML, one opens sealed values.
EXAMPLES = ("yaml_value", "open_sealed", "alert_tests")


def go_environment() -> dict:
    """What the go client is told, whatever the machine's own settings are."""
    return {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}


@functools.cache
def go_version() -> str:
    """The version of Go that builds, part of every key."""
    return run("go", ["go", "env", "GOVERSION"], environment=go_environment()).strip()


def module_inputs(name: str) -> list[bytes]:
    """All files of a wrapper module, and of the modules below it that stand in for others."""
    folder = REAL / "tools" / SHARED.get(name, name)
    files = sorted(
        path for path in folder.rglob("*") if path.suffix in (".mod", ".sum", ".go", ".txt")
    )
    return [
        part
        for path in files
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes())
    ]


def sources(name: str, folder: Path) -> tuple[Path, str]:
    """Where a wrapper module is built, and how: with what is absent, in a copy that has all modules
    beside it."""
    place = REAL / "tools" / SHARED.get(name, name)
    if name not in ABSENT:
        return place, "-mod=readonly"
    copy = folder / "module"
    shutil.copytree(place, copy)
    run(name, ["go", "mod", "vendor", "-e"], cwd=copy, environment=go_environment())
    for path, stands_in in ABSENT[name].items():
        absent = copy / "vendor" / path
        absent.parent.mkdir(parents=True, exist_ok=True)
        absent.write_bytes((place / stands_in).read_bytes() if stands_in else b"")
    return copy, "-mod=vendor"


def make_go(
    name: str, programs: dict[str, tuple[str, str]], headers: Path | None
) -> Callable[[Path], None]:
    """The builder of one wrapper module's binaries, all in one go command so that they share what
    they compile; those that are C in part find the headers of others' libraries in a folder."""

    def make(folder: Path) -> None:
        (folder / "bin").mkdir()
        environment, tags = go_environment(), MIXED.get(name, ())
        if tags:
            environment |= {"CGO_ENABLED": "1", "CGO_CFLAGS": f"-O2 -I{headers}"}
        place, modules = sources(name, folder)
        for binary, (package, stamps) in programs.items():
            run(
                binary,
                [
                    *(["nice", "-n", "5"] if shutil.which("nice") else []),
                    "go",
                    "build",
                    modules,
                    f"-tags={','.join(tags)}",
                    "-trimpath",
                    "-buildvcs=false",
                    "-p=2",
                    "-ldflags",
                    f"-s -w {stamps}".strip(),
                    "-o",
                    str(folder / "bin" / binary),
                    package,
                ],
                cwd=place,
                environment=environment,
            )
        if name in ABSENT:
            shutil.rmtree(place)

    return make


def go_programs(
    cache: Path,
    name: str,
    programs: dict[str, tuple[str, str]],
    costs: list,
    headers: Path | None = None,
) -> dict[str, str]:
    """The programs of one wrapper module, built where they are missing: the path of each."""
    mixed = MIXED.get(name)
    made_by = [go_version(), programs, "trimpath", *([mixed] if mixed else [])]
    key = key_of([json.dumps(made_by).encode(), *module_inputs(name)])
    place = once(cache, name, key, make_go(name, programs, headers), costs)
    return {program: str(place / "bin" / program) for program in programs}


def make_python(folder: Path) -> None:
    """A virtual environment with exactly the packages of tools/python/requirements.txt."""
    pip_install(folder / "venv", REAL / "tools/python/requirements.txt")


def make_schemathesis(folder: Path) -> None:
    """The same, with the packages of tools/schemathesis/requirements.txt."""
    pip_install(folder / "venv", REAL / "tools/schemathesis/requirements.txt")


def modules() -> dict[str, str]:
    """The unpacked folders of the pinned Go modules; downloads them when they are not there."""
    found = {}
    for path, wrapper in MODULES.items():
        answer = run(
            path,
            ["go", "mod", "download", "-json", path],
            cwd=REAL / "tools" / wrapper,
            environment={**go_environment(), "GOFLAGS": "-mod=readonly"},
        )
        found[path] = json.loads(answer)["Dir"]
    return found


def product(costs: list) -> dict[str, str]:
    """The compiler itself and its examples that judge, built by cargo; ESPALIER names a compiler
    that is there already."""
    if "ESPALIER" in os.environ:
        given = Path(os.environ["ESPALIER"]).resolve()
        beside = {name: given.parent / "examples" / name for name in EXAMPLES}
        beside["espalier-operator"] = given.parent / "espalier-operator"
        return {
            "espalier": str(given),
            **{name: str(path) for name, path in beside.items() if path.is_file()},
        }
    if not (ROOT / "Cargo.toml").is_file():
        raise Missing("the compiler: the repository has no Cargo.toml")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    run("the compiler", ["cargo", "build", "--quiet", "--locked"], cwd=ROOT)
    found = {"espalier": str(target / "espalier")}
    if (ROOT / "operator/Cargo.toml").is_file():
        package = ["--package", "espalier-operator"]
        run("the operator", ["cargo", "build", "--quiet", "--locked", *package], cwd=ROOT)
        found["espalier-operator"] = str(target / "espalier-operator")
    for name in EXAMPLES:
        if (ROOT / f"examples/{name}.rs").is_file():
            run(
                f"the example {name}",
                ["cargo", "build", "--quiet", "--locked", "--example", name],
                cwd=ROOT,
            )
            found[name] = str(target / "examples" / name)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if time.monotonic() - started > 2:
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        costs.append({"what": "compiler", "wall": time.monotonic() - started, "cpu": cpu})
    return found


def install(cache: Path) -> dict:
    """Installs everything and returns the manifest that the harness reads."""
    lacking = [command for command in NEEDED if not shutil.which(command)]
    if lacking:
        raise Missing(f"not on this machine: {', '.join(lacking)}")
    cache.mkdir(parents=True, exist_ok=True)
    costs: list[dict] = []
    # Cargo has a lock of its own; another repository's judges need not wait for this compiler.
    manifest: dict[str, Any] = {"tools": product(costs), "costs": costs}
    with (cache / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # What is quickly had comes first, so that what is missing shows early.
        place = once(
            cache, "debian", key_of([json.dumps([DEBIAN, PROGRAMS]).encode()]), make_debian, costs
        )
        manifest["tools"].update({program: str(place / "bin" / program) for program in PROGRAMS})
        recipe = json.dumps([DATABASE, DATABASE_PROGRAMS, EVERYWHERE]).encode()
        place = once(cache, "database", key_of([recipe]), make_database, costs)
        manifest["tools"].update(
            {program: str(place / "bin" / program) for program in (*DATABASE_PROGRAMS, "busybox")}
        )
        recipe = json.dumps([MACHINE, MACHINE_PROGRAMS, EVERYWHERE]).encode()
        place = once(cache, "machine", key_of([recipe]), make_machine, costs)
        manifest["tools"].update(
            {program: str(place / "bin" / program) for program in MACHINE_PROGRAMS}
        )
        manifest["plugins"] = str(place / PLUGINS)
        recipe = json.dumps([JOURNAL, EVERYWHERE, MERGED]).encode()
        journal = once(cache, "journal", key_of([recipe]), make_journal, costs)
        manifest["tools"][JOURNAL_WRITER] = str(journal / "bin" / JOURNAL_WRITER)
        manifest["journal"] = str(journal / "lib")
        place = once(
            cache,
            "userland",
            key_of([json.dumps([USERLAND, MERGED]).encode()]),
            make_userland,
            costs,
        )
        manifest["userland"] = str(place / "root")
        place = once(
            cache,
            "python",
            key_of([sys.version.encode(), *module_inputs("python")]),
            make_python,
            costs,
        )
        manifest["python"] = str(place / "venv/bin/python")
        # What sends whatever a description of an API allows, and forbids: apart from the judges'
        # own packages, since it brings many.
        fuzzer = key_of([sys.version.encode(), *module_inputs("schemathesis")])
        place = once(cache, "schemathesis", fuzzer, make_schemathesis, costs)
        manifest["tools"]["schemathesis"] = str(place / "venv/bin/python")
        manifest["browser"] = str(browser.installed(cache, manifest["python"], costs))
        manifest["modules"] = modules()
        headers = journal / "root/usr/include"
        for name, programs in GO.items():
            manifest["tools"].update(go_programs(cache, name, programs, costs, headers))
        return manifest


def become(who: str, prefix: str, prepared: Callable[[Path], dict]) -> int:
    """Installs by `prepared`, then becomes the module that is named first, run by the virtual
    environment's python with all other words."""
    module, *words = sys.argv[1:]

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    cache = Path(os.environ.get("JUDGE_CACHE", ROOT / ".cache/judges")).resolve()
    try:
        manifest = prepared(cache)
    except Missing as lack:
        print(f"{who}: cannot be installed: {lack}", file=sys.stderr)
        return 2
    # Several repositories may share the tools, and each has its own compiler.
    path = cache / f"{prefix}-{key_of([str(ROOT).encode()])}.json"
    draft = cache / f".{prefix}.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    draft.rename(path)
    if words == ["--install"]:
        print(path)
        return 0
    os.environ["PYTHONPATH"] = str(browser.site(Path(manifest["browser"])))
    os.execv(
        manifest["python"], [manifest["python"], "-m", module, "--manifest", str(path), *words]
    )


if __name__ == "__main__":
    sys.exit(become("judges", "manifest", install))
