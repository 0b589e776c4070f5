"""Builds or downloads whatever the judges need and is missing, once, and prints what that cost."""

import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

REAL = Path(__file__).resolve().parent.parent
ROOT = REAL.parent.parent
KUBERNETES = "v1.36.3"
STAMPS = " ".join(
    f"-X {package}.gitVersion={KUBERNETES} -X {package}.gitMajor=1 -X {package}.gitMinor=36"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
)

# For each wrapper module below tools/ (SHARED names the exceptions): the binaries that it gives, each with its package and what the linker stamps into it.
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
    # What stands in for the programs of images that are not here.
    "standin": {"standin": (".", "")},
    # What `bootstrap.sh` applies everything with.
    "kubectl": {"kubectl": ("k8s.io/kubernetes/cmd/kubectl", STAMPS)},
    "seal": {"kubeseal": ("github.com/bitnami/sealed-secrets/cmd/kubeseal", "")},
    "controller": {"sealed-secrets-controller": ("github.com/bitnami/sealed-secrets/cmd/controller", "")},
    "readers": {"readers": (".", "")},
    # The network policy controller that k3s embeds, of upstream.
    "netpol": {"netpol": (".", "")},
    # Sends backups, and stands in for the storage that they are sent to.
    "rclone": {"rclone": ("github.com/rclone/rclone", "-X github.com/rclone/rclone/fs.Version=v1.75.1")},
    # Argo CD runs it for charts; the version that Argo CD 3.5 bundles.
    "helm": {"helm": ("helm.sh/helm/v4/cmd/helm", "")},
    # Without the "v": the command line client puts one before it.
    "argocd": {
        "argocd": ("github.com/argoproj/argo-cd/v3/cmd", "-X github.com/argoproj/argo-cd/v3/common.version=3.5.3"),
    },
}

# Binaries that are kept apart from others of the same wrapper module: building one does not build the other.
SHARED = {"controller": "seal"}

# Modules whose unpacked folder the judges read (resource definitions above all), each with the wrapper module that pins it.
MODULES = {
    "github.com/argoproj/argo-cd/v3": "argocd",
    "github.com/bitnami/sealed-secrets": "seal",
    "github.com/cert-manager/cert-manager": "crds",
    "github.com/k3s-io/helm-controller": "crds",
    "github.com/prometheus-operator/prometheus-operator": "crds",
}

# Debian packages that are unpacked into the cache (no service is installed or started), and the programs that they give.
DEBIAN = ("prometheus", "prometheus-alertmanager", "redis-tools", "libjemalloc2", "liblzf1", "shellcheck")
PROGRAMS = {"promtool": "promtool", "amtool": "amtool", "redis-server": "redis-check-rdb", "shellcheck": "shellcheck"}

# PostgreSQL of whatever version Debian has, with the libraries that it needs, and the shell of small images.
DATABASE = ("postgresql", "busybox-static")
DATABASE_PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_isready", "pg_restore", "postgres", "psql")
# Libraries that every Debian has, and one that PostgreSQL does without.
EVERYWHERE = ("libc6", "libgcc", "libstdc++", "libcrypt1", "libllvm")

# What makes a machine a node: containers, their network, and the filters and sets of addresses that policies become in the kernel.
MACHINE = ("containerd", "runc", "containernetworking-plugins", "iptables", "ipset", "conntrack", "nftables", "iproute2", "kmod", "socat")
# The programs among them, each with the file that it is in; iptables is the one that writes nftables.
MACHINE_PROGRAMS = {
    **{name: name for name in ("containerd", "containerd-shim-runc-v2", "ctr", "runc", "ipset", "conntrack", "nft", "ip", "bridge", "socat")},
    **{f"{name}{end}": "xtables-nft-multi" for name in ("iptables", "ip6tables") for end in ("", "-save", "-restore")},
    **{name: "kmod" for name in ("modprobe", "lsmod")},
}
# The plugins of the container network, which containerd finds by their folder.
PLUGINS = "root/usr/lib/cni"

# What scripts in images call: the shell and the tools of a small Debian, with the C library.
USERLAND = ("bash", "coreutils", "findutils", "sed", "grep", "mawk", "tar", "util-linux", "libc6")
# Folders that are links to those of the same name in /usr, as every release of the last years has them; its packages may not know.
MERGED = ("bin", "sbin", "lib", "lib64")

# Commands that a machine has to have before anything else can be had.
NEEDED = ("go", "git", "openssl", "apt-get", "dpkg", "cargo", "unshare", "nsenter", "mount")

# Examples of the compiler that judges run: one reads YAML, one opens sealed values.
EXAMPLES = ("yaml_value", "open_sealed")


class Missing(Exception):
    """Something cannot be installed; the message says what, and what the installer said."""


def run(what: str, argv: list[str], cwd: Path | None = None, environment: dict | None = None) -> str:
    """Runs an installer, quietly; raises Missing with its last lines when it fails."""
    with subprocess.Popen(
        argv, cwd=cwd, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
    ) as process:
        try:
            out, talk = process.communicate()
        except BaseException:
            # Interrupted: the whole group goes, a compiler that the go client started as well.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        tail = "\n".join((talk or out).strip().splitlines()[-15:])
        raise Missing(f"{what}: `{' '.join(argv[:6])} …` ended with {process.returncode}:\n{tail}")
    return out


def go_environment() -> dict:
    """What the go client is told, whatever the machine's own settings are."""
    return {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}


def go_version() -> str:
    """The version of Go that builds, part of every key."""
    return run("go", ["go", "env", "GOVERSION"], environment=go_environment()).strip()


def key_of(parts: list[bytes]) -> str:
    """The name of a state of inputs."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def module_inputs(name: str) -> list[bytes]:
    """All files of a wrapper module."""
    folder = REAL / "tools" / SHARED.get(name, name)
    files = sorted(path for path in folder.iterdir() if path.suffix in (".mod", ".sum", ".go", ".txt"))
    return [part for path in files for part in (path.name.encode(), path.read_bytes())]


def once(cache: Path, name: str, key: str, make, costs: list) -> Path:
    """The folder `<name>-<key>`; made by `make(folder)` beside its place and then renamed, so it is whole or not there."""
    place = cache / f"{name}-{key}"
    if place.is_dir():
        return place
    print(f"judges: {name} is missing, making it", file=sys.stderr, flush=True)
    work = cache / f".{name}-{key}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        make(work)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    work.rename(place)
    costs.append({"what": name, "wall": time.monotonic() - started, "cpu": cpu})
    print(f"judges: {name} made: {costs[-1]['wall']:.0f} s wall, {cpu:.0f} s CPU", file=sys.stderr, flush=True)
    return place


def make_go(name: str):
    """The builder of one wrapper module's binaries, all in one go command so that they share what they compile."""

    def make(folder: Path) -> None:
        (folder / "bin").mkdir()
        for binary, (package, stamps) in GO[name].items():
            run(binary, [
                *(["nice", "-n", "5"] if shutil.which("nice") else []),
                "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-p=2", "-ldflags", f"-s -w {stamps}".strip(),
                "-o", str(folder / "bin" / binary), package,
            ], cwd=REAL / "tools" / SHARED.get(name, name), environment=go_environment())

    return make


def make_debian(folder: Path) -> None:
    """Downloads and unpacks the Debian packages; a wrapper script a program finds the libraries beside it."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    # A package client that may drop its rights must be able to write here.
    packages.chmod(0o777)
    try:
        run("Debian packages", ["apt-get", "download", *DEBIAN], cwd=packages)
    except Missing:
        run("Debian package lists", ["apt-get", "update"])
        run("Debian packages", ["apt-get", "download", *DEBIAN], cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)
    (folder / "bin").mkdir()
    for program, binary in PROGRAMS.items():
        if not (root / "usr/bin" / binary).is_file():
            raise Missing(f"{program}: the packages {' '.join(DEBIAN)} hold no usr/bin/{binary}")
        script = folder / "bin" / program
        script.write_text(
            '#!/bin/bash\nroot=$(cd "$(dirname "$0")/../root" && pwd)\n'
            'export LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu*)\n'
            f'exec -a {program} "$root/usr/bin/{binary}" "$@"\n'
        )
        script.chmod(0o755)


def libraries_of(packages: list[str]) -> list[str]:
    """The packages and all the libraries that they need, by what the package lists say."""
    found, open_ends = list(packages), list(packages)
    while open_ends:
        said = run("dependencies of Debian packages", ["apt-cache", "depends", "--no-recommends", "--no-suggests", *open_ends])
        open_ends = []
        needed = [line.split()[1] for line in said.splitlines() if line.strip().startswith(("Depends:", "PreDepends:"))]
        for name in needed:
            if name.startswith("lib") and not name.startswith(EVERYWHERE) and name not in found:
                found.append(name)
                open_ends.append(name)
    return found


def make_database(folder: Path) -> None:
    """PostgreSQL, unpacked: programs find what is theirs by where they are, and their libraries by a wrapper script."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    packages.chmod(0o777)
    if not run("Debian package lists", ["apt-cache", "search", "--names-only", "^postgresql$"]):
        run("Debian package lists", ["apt-get", "update"])
    said = run("PostgreSQL's version", ["apt-cache", "depends", DATABASE[0]])
    server = next(line.split()[1] for line in said.splitlines() if line.strip().startswith("Depends: postgresql-"))
    wanted = libraries_of([server, server.replace("postgresql-", "postgresql-client-"), *DATABASE[1:]])
    try:
        run("PostgreSQL", ["apt-get", "download", *wanted], cwd=packages)
    except Missing:
        run("Debian package lists", ["apt-get", "update"])
        run("PostgreSQL", ["apt-get", "download", *wanted], cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)
    (folder / "bin").mkdir()
    version = server.removeprefix("postgresql-")
    for program in DATABASE_PROGRAMS:
        if not (root / f"usr/lib/postgresql/{version}/bin" / program).is_file():
            raise Missing(f"{program}: {' '.join(wanted)} hold no such program")
        script = folder / "bin" / program
        script.write_text(
            '#!/bin/bash\nroot=$(cd "$(dirname "$0")/../root" && pwd)\n'
            'export LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu* | tr " " :)\n'
            f'exec "$root/usr/lib/postgresql/{version}/bin/{program}" "$@"\n'
        )
        script.chmod(0o755)
    busybox = next((root / at for at in ("usr/bin/busybox", "bin/busybox") if (root / at).is_file()), None)
    if busybox is None:
        raise Missing(f"{' '.join(wanted)} hold no busybox")
    shutil.copy2(busybox, folder / "bin/busybox")


def make_machine(folder: Path) -> None:
    """The programs of a node, unpacked, each behind a wrapper script that says where its libraries and extensions are."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    packages.chmod(0o777)
    try:
        wanted = libraries_of(list(MACHINE))
        run("a node's packages", ["apt-get", "download", *wanted], cwd=packages)
    except Missing:
        run("Debian package lists", ["apt-get", "update"])
        wanted = libraries_of(list(MACHINE))
        run("a node's packages", ["apt-get", "download", *wanted], cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)
    (folder / "bin").mkdir()
    for program, binary in MACHINE_PROGRAMS.items():
        found = [f"{at}/{binary}" for at in ("usr/sbin", "usr/bin", "sbin", "bin") if (root / at / binary).is_file()]
        if not found:
            raise Missing(f"{program}: {' '.join(MACHINE)} hold no such program")
        script = folder / "bin" / program
        script.write_text(
            '#!/bin/bash\nroot=$(cd "$(dirname "${BASH_SOURCE[0]}")/../root" && pwd)\n'
            'export LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu* | tr " " :)\n'
            'export XTABLES_LIBDIR=$(echo "$root"/usr/lib/*-linux-gnu*/xtables)\n'
            f'exec -a {program} "$root/{found[0]}" "$@"\n'
        )
        script.chmod(0o755)
    if not (folder / PLUGINS / "bridge").is_file():
        raise Missing(f"containernetworking-plugins holds no {PLUGINS}/bridge")


def merge_usr(root: Path) -> None:
    """One place for programs and libraries, whichever of the two the packages of a release have: `/bin` is a link to `/usr/bin`, and so on."""
    for name in MERGED:
        old, new = root / name, root / "usr" / name
        new.mkdir(parents=True, exist_ok=True)
        if old.is_symlink():
            continue
        if old.is_dir():
            shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(old)
        old.symlink_to(f"usr/{name}")


def make_userland(folder: Path) -> None:
    """The files of a small image, as packages have them; nothing in it runs here."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    packages.chmod(0o777)
    try:
        wanted = libraries_of(list(USERLAND))
        run("an image's packages", ["apt-get", "download", *wanted], cwd=packages)
    except Missing:
        run("Debian package lists", ["apt-get", "update"])
        wanted = libraries_of(list(USERLAND))
        run("an image's packages", ["apt-get", "download", *wanted], cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)
    for name in ("share/doc", "share/man", "share/locale", "share/info", "lib/locale"):
        shutil.rmtree(root / "usr" / name, ignore_errors=True)
    merge_usr(root)
    loaders = [path for at in ("lib", "lib64") for path in (root / at).glob("ld-linux*")]
    if not (root / "bin/bash").is_file() or not loaders:
        raise Missing(f"{' '.join(USERLAND)} hold no bin/bash, or no loader for it")
    for link, target in (("bin/sh", "bash"), ("usr/bin/awk", "mawk")):
        if not (root / link).exists():
            (root / link).symlink_to(target)


def make_python(folder: Path) -> None:
    """A virtual environment with exactly the packages of tools/python/requirements.txt."""
    # Made under its last name: the scripts of a virtual environment know their path (only its python is used, which does not mind).
    run("python venv", [sys.executable, "-m", "venv", str(folder / "venv")])
    run("python packages", [
        str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "-r", str(REAL / "tools/python/requirements.txt"),
    ])


def modules() -> dict[str, str]:
    """The unpacked folders of the pinned Go modules; downloads them when they are not there."""
    found = {}
    for path, wrapper in MODULES.items():
        answer = run(path, ["go", "mod", "download", "-json", path], cwd=REAL / "tools" / wrapper,
                     environment={**go_environment(), "GOFLAGS": "-mod=readonly"})
        found[path] = json.loads(answer)["Dir"]
    return found


def product(costs: list) -> dict[str, str]:
    """The compiler itself and its examples that judge, built by cargo; ESPALIER names a compiler that is there already."""
    if "ESPALIER" in os.environ:
        given = Path(os.environ["ESPALIER"]).resolve()
        beside = {name: given.parent / "examples" / name for name in EXAMPLES}
        return {"espalier": str(given), **{name: str(path) for name, path in beside.items() if path.is_file()}}
    if not (ROOT / "Cargo.toml").is_file():
        raise Missing("the compiler: the repository has no Cargo.toml")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    run("the compiler", ["cargo", "build", "--quiet", "--locked"], cwd=ROOT)
    found = {"espalier": str(target / "espalier")}
    for name in EXAMPLES:
        if (ROOT / f"examples/{name}.rs").is_file():
            run(f"the example {name}", ["cargo", "build", "--quiet", "--locked", "--example", name], cwd=ROOT)
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
    with open(cache / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        costs: list[dict] = []
        manifest = {"tools": {}, "costs": costs}
        manifest["tools"].update(product(costs))
        # What is quickly had comes first, so that what is missing shows early.
        place = once(cache, "debian", key_of([json.dumps([DEBIAN, PROGRAMS]).encode()]), make_debian, costs)
        manifest["tools"].update({program: str(place / "bin" / program) for program in PROGRAMS})
        recipe = json.dumps([DATABASE, DATABASE_PROGRAMS, EVERYWHERE]).encode()
        place = once(cache, "database", key_of([recipe]), make_database, costs)
        manifest["tools"].update({program: str(place / "bin" / program) for program in (*DATABASE_PROGRAMS, "busybox")})
        recipe = json.dumps([MACHINE, MACHINE_PROGRAMS, EVERYWHERE]).encode()
        place = once(cache, "machine", key_of([recipe]), make_machine, costs)
        manifest["tools"].update({program: str(place / "bin" / program) for program in MACHINE_PROGRAMS})
        manifest["plugins"] = str(place / PLUGINS)
        place = once(cache, "userland", key_of([json.dumps([USERLAND, MERGED]).encode()]), make_userland, costs)
        manifest["userland"] = str(place / "root")
        place = once(cache, "python", key_of([sys.version.encode(), *module_inputs("python")]), make_python, costs)
        manifest["python"] = str(place / "venv/bin/python")
        manifest["modules"] = modules()
        version = go_version()
        for name, binaries in GO.items():
            recipe = json.dumps([version, binaries, "trimpath"]).encode()
            place = once(cache, name, key_of([recipe, *module_inputs(name)]), make_go(name), costs)
            manifest["tools"].update({binary: str(place / "bin" / binary) for binary in binaries})
        return manifest


def main() -> int:
    """Installs, then becomes the harness itself, run by the virtual environment's python."""
    def stop(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    cache = Path(os.environ.get("JUDGE_CACHE", ROOT / ".cache/judges")).resolve()
    try:
        manifest = install(cache)
    except Missing as lack:
        print(f"judges: cannot be installed: {lack}", file=sys.stderr)
        return 2
    path = cache / "manifest.json"
    draft = cache / f".manifest.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=1))
    draft.rename(path)
    if sys.argv[1:] == ["--install"]:
        print(path)
        return 0
    os.execv(manifest["python"], [manifest["python"], "-m", "judges.main", "--manifest", str(path), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
