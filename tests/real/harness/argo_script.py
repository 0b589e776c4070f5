"""An empty node for `bootstrap/bootstrap.sh`: asks the script what it would run, runs just that,
and looks at what came of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .argo_tree import load, title

if TYPE_CHECKING:
    from .argo_install import Installation
    from .context import Context


# The programs that the script may count on; what else it calls is not found, which is a finding.
PROGRAMS = [
    "awk",
    "base64",
    "bash",
    "cat",
    "chmod",
    "cmp",
    "cp",
    "cut",
    "date",
    "df",
    "dirname",
    "env",
    "getent",
    "git",
    "grep",
    "gzip",
    "head",
    "hostname",
    "id",
    "install",
    "ln",
    "mkdir",
    "mv",
    "openssl",
    "printf",
    "rm",
    "sed",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "timeout",
    "touch",
    "tr",
    "uname",
]
# Programs of the machine that stand in for what is not here. `$NODE` is the machine's root,
# `$STORE` what the judge lays ready.
SHIMS = {
    # Downloads: k3s (which is kubectl too, by its name), Helm, and the checksums that their
    # publishers would lay beside them.
    "curl": r"""
while (($#)); do case $1 in --output) out=$2; shift ;; http*) url=$1 ;; esac; shift; done
cd "$(dirname "$out")"
case $url in
  *sha256sum*) sums=$(sha256sum -- $(ls | grep -v sha256sum)) && printf '%s\n' "$sums" >"$out" ;;
  */k3s | */k3s-arm64)
    version=${url#*/download/} version=${version%%/*}
    {
      printf '#!/bin/bash\ncase ${0##*/} in kubectl) exec %q "$@" ;; esac\n' "$STORE/kubectl"
      printf '[[ $1 != --version ]] || echo "k3s version %s (judge)"\n' "${version/\%2B/+}"
    } >"$out" ;;
  */helm-*.tar.gz)
    folder=${url##*/helm-v*-linux-} folder=linux-${folder%.tar.gz}
    version=${url##*/helm-} version=${version%%-linux*}
    rm -rf "$folder" && mkdir "$folder"
    printf '#!/bin/bash\n[[ $1 != version ]] || { echo %s; exit; }\nexec %q "$@"\n' \
      "$version" "$STORE/helm" >"$folder/helm"
    chmod +x "$folder/helm" && tar --create --gzip --file "$out" "$folder" && rm -r "$folder" ;;
  *) exit 22 ;;
esac
sha256sum <"$out" >>"$STORE/published"
""",
    # A stand-in cannot have the sum that the tree pins of the publisher's file: it passes for that
    # file as long as it is what was published here. Whatever else lies there is held against its
    # sum.
    "sha256sum": r"""
[[ ${1-} == --check ]] || exec sha256sum "$@"
passed=0
while read -r sum name; do
  [[ $sum =~ ^[0-9a-f]{64}$ ]] || exit 1
  [[ -e $name ]] || continue
  own=$(sha256sum <"$name")
  if [[ $own != "$sum  -" ]]; then
    grep --quiet --fixed-strings --line-regexp "$own" "$STORE/published"
  fi
  passed=1
done < <(case ${@: -1} in --*) cat ;; *) cat "${@: -1}" ;; esac)
((passed))
""",
    # Starting k3s is what makes the node's kubeconfig; it does so only with a binary, a
    # configuration and a unit.
    "systemctl": r"""
case "$*" in
  "is-active --quiet k3s") [[ -f $NODE/started ]] ;;
  "restart --no-block k3s")
    [[ -x $NODE/usr/local/bin/k3s && -f $NODE/etc/systemd/system/k3s.service ]] || exit 5
    [[ $(ls "$NODE/etc/rancher/k3s/config.yaml.d") ]] || exit 6
    cp "$STORE/kubeconfig" "$NODE/etc/rancher/k3s/k3s.yaml" && touch "$NODE/started" ;;
esac
""",
    "sysctl": r"""
while read -r key _ value; do
  [[ $key == *.* ]] || continue
  mkdir -p "$(dirname "$NODE/proc/sys/${key//./\/}")"
  printf '%s\n' "$value" >"$NODE/proc/sys/${key//./\/}"
done <"${@: -1}"
""",
    "ss": "",
    "nproc": "echo 64",
    "timedatectl": "echo yes",
}
# Seconds in which the printed lines have to end, and so the script's own waiting: a loop that waits
# for what never comes is a finding, not the end of the judge.
PATIENCE = 600
# Seconds that Argo CD may take to undo what the lines did to a platform that is up.
HEALING = 60
# What a second look may still print: it asks k3s' node to be ready, and finds its tools.
HARMLESS = re.compile(r"(#|export |(for _ in [^;]*; do ! )?kubectl wait |$)")


class Node:
    """The machine, and the clone of the repository on it."""

    def __init__(self, ctx: Context, at: Installation) -> None:
        self.ctx, self.at = ctx, at
        self.folder = ctx.fresh("node")
        self.root, self.store, self.programs = (
            self.folder / "root",
            self.folder / "store",
            self.folder / "bin",
        )
        for name in (
            "etc/sysctl.d",
            "etc/systemd/system",
            "etc/rancher/k3s",
            "proc/sys/fs/inotify",
            "usr/local/bin",
            "var/lib",
        ):
            (self.root / name).mkdir(parents=True)
        for name, text in {
            "etc/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n',
            "proc/meminfo": "MemTotal:       268435456 kB\n",
            "proc/swaps": "Filename Type Size Used Priority\n",
            "proc/sys/fs/inotify/max_user_instances": "128\n",
            "proc/sys/fs/inotify/max_user_watches": "8192\n",
        }.items():
            (self.root / name).write_text(text)
        self.store.mkdir()
        self.programs.mkdir()
        for name in ("kubectl", "helm"):
            (self.store / name).symlink_to(ctx.tool(name))
        shutil.copyfile(at.cluster.kubeconfig, self.store / "kubeconfig")
        for name in PROGRAMS:
            (self.programs / name).symlink_to(shutil.which(name) or f"/no/{name}")
        for name, text in SHIMS.items():
            (self.programs / name).write_text(
                f"#!/bin/bash\nset -euo pipefail\nPATH=/usr/bin:/bin\n{text}\n"
            )
            (self.programs / name).chmod(0o755)
        authority = str(at.hosts.folder / "pki/ca.crt")
        self.environment = {
            "PATH": str(self.programs),
            "HOME": str(self.folder / "home"),
            "ESPALIER_ROOT": str(self.root),
            "NODE": str(self.root),
            "STORE": str(self.store),
            "GIT_SSL_CAINFO": authority,
            "SSL_CERT_FILE": authority,
        }
        self.top = self._clone()
        self.lines: list[str] = []

    def _clone(self) -> Path:
        """The repository as a person clones it, with a sealing key of the judge's own: the
        platform's is nobody's here."""
        url, branch, prefix = self.at.tree.place()
        (self.folder / "home").mkdir()
        self._done(["git", "clone", "--quiet", "--branch", branch, url, str(self.folder / "clone")])
        top = self.folder / "clone" / prefix
        (top / "spec").mkdir(exist_ok=True)
        self.key = self.folder / "home/sealing-key.pem"
        self._done(
            [
                "openssl",
                "req",
                "-x509",
                "-nodes",
                "-newkey",
                "rsa:2048",
                "-days",
                "2",
                "-subj",
                "/CN=sealed-secret/O=sealed-secret",
                "-keyout",
                str(self.key),
                "-out",
                str(top / "spec/sealing.pem"),
            ]
        )
        return top

    def _done(self, argv: list[str]) -> str:
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"{argv[0]} {argv[1]} ended with {done.returncode}: "
                f"{(done.stderr or done.stdout).strip()[-400:]}"
            )
        return done.stdout

    def asked(self) -> tuple[list[str], list[str]]:
        """What `up --dry-run` prints, and where it would stop."""
        printed = self._done(
            [
                "bash",
                str(self.top / "bootstrap/bootstrap.sh"),
                "up",
                "--dry-run",
                "--sealing-key",
                str(self.key),
            ]
        )
        lines = printed.splitlines()
        return lines, [
            f"bootstrap.sh: {it.removeprefix('# ')}"
            for it in lines
            if it.startswith("# would stop here")
        ]

    def up(self, between: Callable[..., Any]) -> list[str]:
        """On the empty node: the lines that come before Argo CD's own objects, then `between()`,
        then these."""
        self.lines, findings = self.asked()
        first = next(
            (
                number
                for number, it in enumerate(self.lines)
                if f"{self.top}/bootstrap/argocd/" in it
            ),
            None,
        )
        if first is None:
            return [*findings, "bootstrap.sh: its dry run applies nothing of bootstrap/argocd/"]
        findings = findings or self.run(self.lines[:first])
        return findings or [*between(), *self.run(self.lines[first:])]

    def run(self, lines: list[str]) -> list[str]:
        """Runs what was printed, as it was printed, with the variables that were set before."""
        exports = [it for it in self.lines if it.startswith("export ")]
        script = self.folder / "printed.sh"
        script.write_text(
            "\n".join(
                [
                    "set -Eeuo pipefail",
                    'trap \'printf "%s: %s\\n" "$?" "$BASH_COMMAND" >&2\' ERR',
                    *(it for it in exports if it not in lines),
                    *lines,
                ]
            )
            + "\n"
        )
        try:
            done = subprocess.run(
                ["bash", str(script)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [
                (
                    f"the lines of bootstrap.sh's dry run did not end in {PATIENCE} s: see "
                    f"{script.name}"
                )
            ]
        if done.returncode == 0:
            return []
        said = " ".join(done.stderr.strip().split())
        return [f"a line of bootstrap.sh's dry run ended with {done.returncode}: {said[-600:]}"]

    def verb(self, *words: str) -> tuple[int, str]:
        """The script itself, and not what it prints: how it ended, and what it said."""
        argv = ["bash", str(self.top / "bootstrap/bootstrap.sh"), *words]
        try:
            done = subprocess.run(
                argv,
                cwd=self.folder,
                env={**self.environment, "ESPALIER_TIMEOUT": str(PATIENCE)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=2 * PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return 124, (late.stdout or b"").decode()[-600:]
        return done.returncode, done.stdout + done.stderr

    def waits(self) -> list[str]:
        """`up` to its end: it waits for the Applications, and sets going what had given up; then
        `status`, which has to agree."""
        findings = []
        for words in (("up", "--sealing-key", str(self.key)), ("status",)):
            code, said = self.verb(*words)
            if code:
                findings.append(
                    f"`bootstrap.sh {words[0]}` ended with {code}: {' '.join(said.split())[-600:]}"
                )
        return findings

    def objects(self) -> list[dict]:
        """Every object that the lines apply from a file."""
        folders = [
            self.root / "var/lib/espalier/rendered",
            self.top / "out/manifests/namespaces",
            self.top / "bootstrap/argocd",
        ]
        return [
            it
            for folder in folders
            for path in sorted(folder.rglob("*.yaml"))
            for it in load(path.read_bytes())
        ]

    def again(self) -> tuple[int, list[str]]:
        """On a node that is up: the same lines once more change nothing, a new dry run has nothing
        left to do, and the script itself ends well."""
        things = self.objects()
        before = [self._live(it) for it in things]
        findings = self.run(self.lines)
        for it, old in zip(things, before, strict=True):
            new = self._live(it)
            if passing(it) and None in (old, new):
                continue
            if new != old:
                findings.append(
                    f"{title(it)} is another after the script's lines ran again: "
                    f"{_differing(old, new)}"
                )
            answer = self.at.api.apply(it, dry_run=True, manager="kubectl")
            if answer.refused:
                findings.append(f"{title(it)}: server-side dry run: {answer.message}")
            elif _plain(answer.body) != new and not (passing(it) and self._live(it) is None):
                findings.append(
                    f"{title(it)}: the script would change it again: "
                    f"{_differing(new, _plain(answer.body))}"
                )
        # The lines took Argo CD's tracking annotation away, which it puts back: until then its
        # Applications are out of sync, as after any edit.
        begun = time.monotonic()
        while True:
            lines, stops = self.asked()
            left = stops + [
                f"bootstrap.sh up on a node that is up would run: {it[:200]}"
                for it in lines
                if not HARMLESS.match(it)
            ]
            if not left:
                return len(things), findings + self.waits()
            if time.monotonic() - begun > HEALING:
                return len(things), findings + left
            time.sleep(2)

    def _live(self, it: dict) -> dict | None:
        live = self.at.live(it)
        return _plain(live) if live else None


def passing(it: dict) -> bool:
    """Whether the cluster takes it away by itself: a Job with a time to live, when that is over."""
    return it["kind"] == "Job" and it["spec"].get("ttlSecondsAfterFinished") is not None


def _plain(it: dict) -> dict:
    """An object without what the server and the controllers keep in it."""
    # Argo CD's own requests come and go; a Job is made anew, so it and its selector have another
    # identity.
    meta = {
        key: value
        for key, value in it["metadata"].items()
        if key not in ("managedFields", "resourceVersion", "generation")
    }
    rest = {
        key: value for key, value in it.items() if key not in ("metadata", "status", "operation")
    }
    if it["kind"] == "Job":
        meta, rest = (
            {"name": meta["name"], "annotations": meta.get("annotations")},
            {"containers": it["spec"]["template"]["spec"]["containers"]},
        )
    meta["annotations"] = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if key not in ("argocd.argoproj.io/refresh", "argocd.argoproj.io/tracking-id")
    }
    return {**rest, "metadata": meta}


def _differing(old: dict | None, new: dict | None) -> str:
    if old is None or new is None:
        return "it was not there" if old is None else "it is gone"
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return "; ".join(
        f"{key}: {str(old.get(key))[:120]} → {str(new.get(key))[:120]}" for key in keys
    )
