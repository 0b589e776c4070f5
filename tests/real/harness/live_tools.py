"""Installs what the judge `live` needs beside the others' tools: images and a model."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from . import browser, live_redis, node_kernel, tools, tools_debian
from .installing import REAL, ROOT, Missing, key_of, once, run
from .live_root import BASE, DROPPED, FOLDERS, SCRIPTS, USERS, make_images
from .tools import go_environment, go_version, module_inputs

# Commands that a machine has to have beside those of the other judges: programs that are C in
# part are built, and `bootstrap.sh` asks the chat.
NEEDED_LIVE = (*tools.NEEDED, "g++", "curl")

# Wrapper modules: program, package, the variable that the linker stamps with the version that
# go.mod pins, and whether it is C in part.
GO = {
    "ollama": (
        "ollama",
        "github.com/ollama/ollama",
        "github.com/ollama/ollama/version.Version",
        True,
    ),
    "traefik": (
        "traefik",
        "github.com/traefik/traefik/v3/cmd/traefik",
        "github.com/traefik/traefik/v3/pkg/version.Version",
        False,
    ),
}


def recipe_of(name: str) -> tuple[str, str, str, bool]:
    """Program, package, what the linker stamps, and whether it is C in part."""
    binary, package, variable, mixed = GO[name]
    pins = (REAL / "tools" / name / "go.mod").read_text(encoding="utf-8")
    found = [
        pin[2]
        for pin in re.finditer(r"(\S+) v(\d+\.\d+\.\d+)", pins)
        if package == pin[1] or package.startswith(f"{pin[1]}/")
    ]
    if len(found) != 1:
        raise Missing(f"tools/{name}/go.mod has {len(found)} versions of {package}")
    return binary, package, f"-X {variable}={found[0]}", mixed


def make_go(name: str) -> Callable[[Path], None]:
    """The builder of one program."""

    def make(folder: Path) -> None:
        binary, package, stamps, mixed = recipe_of(name)
        run(
            binary,
            [
                "nice",
                "-n",
                "5",
                "go",
                "build",
                "-mod=readonly",
                "-trimpath",
                "-buildvcs=false",
                "-p=2",
                "-ldflags",
                f"-s -w {stamps}",
                "-o",
                str(folder / binary),
                package,
            ],
            cwd=REAL / "tools" / name,
            environment={**go_environment(), "CGO_ENABLED": "1" if mixed else "0"},
        )

    return make


def make_authority(folder: Path) -> None:
    """An authority that the images trust, and nobody else: it signs all that is served here."""
    run(
        "an authority",
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=judge live",
            "-keyout",
            str(folder / "ca.key"),
            "-out",
            str(folder / "ca.crt"),
        ],
    )


def install(cache: Path, manifest: dict, names: dict[str, dict]) -> dict:
    """Adds `live` to the manifest of the other tools."""
    costs, made = manifest["costs"], {"rclone": manifest["tools"]["rclone"]}
    files = sorted((REAL / "tools/live").iterdir())
    inputs = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    with (cache / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made["authority"] = str(
            once(cache, "live-authority", key_of([b"1"]), make_authority, costs)
        )
        for name in GO:
            recipe = json.dumps([go_version(), recipe_of(name)]).encode()
            key = key_of([recipe, *module_inputs(name)])
            made[name] = str(once(cache, name, key, make_go(name), costs) / GO[name][0])
        recipe = json.dumps(
            [BASE, DROPPED, USERS, FOLDERS, SCRIPTS, made, names], sort_keys=True
        ).encode()
        place = once(
            cache,
            "live-images",
            key_of([recipe, *inputs]),
            make_images(made, names, manifest["python"]),
            costs,
        )
        redis = once(cache, "live-redis", live_redis.key(), live_redis.make, costs)
    manifest["live"] = {
        "archive": str(place / "images.tar"),
        "redis": str(redis / "redis.tar"),
        "model": str(place / "model.gguf"),
        "authority": made["authority"],
    }
    return manifest


def look_first(cache: Path) -> None:
    """What no installer can bring is asked for before an hour of building."""
    lacks = [one for one in NEEDED_LIVE if not shutil.which(one)]
    if lacks:
        raise Missing(f"not on this machine: {', '.join(lacks)}")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Programs that ask the kernel; the others' installer finds them made.
        recipe = json.dumps(
            [tools_debian.MACHINE, tools_debian.MACHINE_PROGRAMS, tools_debian.EVERYWHERE]
        ).encode()
        machine = once(cache, "machine", key_of([recipe]), tools_debian.make_machine, [])
    lacks = node_kernel.lacking(machine / "bin")
    if lacks:
        raise Missing(f"this machine cannot be a node: {'; '.join(lacks)}")


def main(more: Callable[[Path, dict], None] = lambda cache, manifest: None) -> int:
    """Installs, with what another judge needs beside it, then becomes the module that is named
    first, run with all other words."""
    module, *words = sys.argv[1:]
    name = module.rpartition(".")[2]

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    cache = Path(os.environ.get("JUDGE_CACHE", ROOT / ".cache/judges")).resolve()
    # The names of a tree are known to the judge alone, and reading one needs its Python.
    from .live_images import NAMES

    try:
        look_first(cache)
        manifest = install(cache, tools.install(cache), NAMES)
        more(cache, manifest)
    except Missing as lack:
        print(f"{name}: cannot be installed: {lack}", file=sys.stderr)
        return 2
    path = cache / f"{name}-manifest-{key_of([str(ROOT).encode()])}.json"
    draft = cache / f".{name}-manifest.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    draft.rename(path)
    if words == ["--install"]:
        print(path)
        return 0
    os.environ["PYTHONPATH"] = str(browser.site(Path(manifest["browser"])))
    os.execv(
        manifest["python"],
        [manifest["python"], "-m", module, "--manifest", str(path), *words],
    )


if __name__ == "__main__":
    sys.exit(main())
