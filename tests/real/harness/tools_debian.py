"""Programs of Debian's packages, unpacked into the cache: nothing of the machine is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from .installing import Missing, run

# Debian packages that are unpacked into the cache (no service is installed or started), and the
# programs that they give.
DEBIAN = (
    "prometheus",
    "redis-tools",
    "libjemalloc2",
    "liblzf1",
    "shellcheck",
)

PROGRAMS = {
    "promtool": "promtool",
    "redis-server": "redis-check-rdb",
    "shellcheck": "shellcheck",
}

# PostgreSQL of whatever version Debian has, with the libraries that it needs, and the shell of
# small images.
DATABASE = ("postgresql", "busybox-static")

DATABASE_PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_isready", "pg_restore", "postgres", "psql")

# Libraries that every Debian has, and one that PostgreSQL does without.
EVERYWHERE = ("libc6", "libgcc", "libstdc++", "libcrypt1", "libllvm")

# What makes a machine a node: containers, their network, and the filters and sets of addresses that
# policies become in the kernel.
MACHINE = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "ipset",
    "conntrack",
    "nftables",
    "iproute2",
    "kmod",
    "socat",
)

# The programs among them, each with the file that it is in; iptables is the one that writes
# nftables.
MACHINE_PROGRAMS = {
    **{
        name: name
        for name in (
            "containerd",
            "containerd-shim-runc-v2",
            "ctr",
            "runc",
            "ipset",
            "conntrack",
            "nft",
            "ip",
            "bridge",
            "socat",
        )
    },
    **{
        f"{name}{end}": "xtables-nft-multi"
        for name in ("iptables", "ip6tables")
        for end in ("", "-save", "-restore")
    },
    **dict.fromkeys(("modprobe", "lsmod"), "kmod"),
}

# The plugins of the container network, which containerd finds by their folder.
PLUGINS = "root/usr/lib/cni"

# What scripts in images call: the shell and the tools of a small Debian, with the C library.
USERLAND = ("bash", "coreutils", "findutils", "sed", "grep", "mawk", "tar", "util-linux", "libc6")

# What writes a journal as systemd does, and what reads one: for the program, and to build it with.
JOURNAL = ("systemd-journal-remote", "libsystemd0", "libsystemd-dev")
JOURNAL_WRITER = "systemd-journal-remote"
JOURNAL_READER = "libsystemd.so.0"

# Folders that are links to those of the same name in /usr, as every release of the last years has
# them; its packages may not know.
MERGED = ("bin", "sbin", "lib", "lib64")


def make_debian(folder: Path) -> None:
    """Downloads and unpacks the Debian packages; a wrapper script a program finds the libraries
    beside it."""
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
        said = run(
            "dependencies of Debian packages",
            ["apt-cache", "depends", "--no-recommends", "--no-suggests", *open_ends],
        )
        open_ends = []
        needed = [
            line.split()[1]
            for line in said.splitlines()
            if line.strip().startswith(("Depends:", "PreDepends:"))
        ]
        for name in needed:
            if name.startswith("lib") and not name.startswith(EVERYWHERE) and name not in found:
                found.append(name)
                open_ends.append(name)
    return found


def make_database(folder: Path) -> None:
    """PostgreSQL, unpacked: programs find what is theirs by where they are, and their libraries by
    a wrapper script."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    packages.chmod(0o777)
    if not run("Debian package lists", ["apt-cache", "search", "--names-only", "^postgresql$"]):
        run("Debian package lists", ["apt-get", "update"])
    said = run("PostgreSQL's version", ["apt-cache", "depends", DATABASE[0]])
    server = next(
        line.split()[1]
        for line in said.splitlines()
        if line.strip().startswith("Depends: postgresql-")
    )
    wanted = libraries_of(
        [server, server.replace("postgresql-", "postgresql-client-"), *DATABASE[1:]]
    )
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
            'export LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu* '
            '| tr " " :)\n'
            f'exec "$root/usr/lib/postgresql/{version}/bin/{program}" "$@"\n'
        )
        script.chmod(0o755)
    busybox = next(
        (root / at for at in ("usr/bin/busybox", "bin/busybox") if (root / at).is_file()), None
    )
    if busybox is None:
        raise Missing(f"{' '.join(wanted)} hold no busybox")
    shutil.copy2(busybox, folder / "bin/busybox")


def make_journal(folder: Path) -> None:
    """systemd's journal, unpacked: its library, with those that it needs, in `lib`, and the program
    behind a wrapper script that finds them there."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    root.mkdir()
    packages.chmod(0o777)
    try:
        wanted = libraries_of(list(JOURNAL))
        run("systemd's journal", ["apt-get", "download", *wanted], cwd=packages)
    except Missing:
        run("Debian package lists", ["apt-get", "update"])
        wanted = libraries_of(list(JOURNAL))
        run("systemd's journal", ["apt-get", "download", *wanted], cwd=packages)
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)
    merge_usr(root)
    (folder / "bin").mkdir()
    (folder / "lib").mkdir()
    # Those of systemd's own programs lie in a folder of their own.
    for pattern in ("usr/lib/*-linux-gnu*/*.so*", "usr/lib/*-linux-gnu*/systemd/*.so*"):
        for path in root.glob(pattern):
            (folder / "lib" / path.name).symlink_to(f"../{path.relative_to(folder)}")
    if not (root / "usr/lib/systemd" / JOURNAL_WRITER).is_file():
        raise Missing(f"{' '.join(JOURNAL)} hold no {JOURNAL_WRITER}")
    if not (folder / "lib" / JOURNAL_READER).exists():
        raise Missing(f"{' '.join(JOURNAL)} hold no {JOURNAL_READER}")
    script = folder / "bin" / JOURNAL_WRITER
    script.write_text(
        '#!/bin/bash\nhere=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)\n'
        "export LD_LIBRARY_PATH=$here/lib\n"
        f'exec "$here/root/usr/lib/systemd/{JOURNAL_WRITER}" "$@"\n'
    )
    script.chmod(0o755)


def make_machine(folder: Path) -> None:
    """The programs of a node, unpacked, each behind a wrapper script that says where its libraries
    and extensions are."""
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
        found = [
            f"{at}/{binary}"
            for at in ("usr/sbin", "usr/bin", "sbin", "bin")
            if (root / at / binary).is_file()
        ]
        if not found:
            raise Missing(f"{program}: {' '.join(MACHINE)} hold no such program")
        script = folder / "bin" / program
        script.write_text(
            '#!/bin/bash\nroot=$(cd "$(dirname "${BASH_SOURCE[0]}")/../root" && pwd)\n'
            'export LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu* '
            '| tr " " :)\n'
            'export XTABLES_LIBDIR=$(echo "$root"/usr/lib/*-linux-gnu*/xtables)\n'
            f'exec -a {program} "$root/{found[0]}" "$@"\n'
        )
        script.chmod(0o755)
    if not (folder / PLUGINS / "bridge").is_file():
        raise Missing(f"containernetworking-plugins holds no {PLUGINS}/bridge")


def merge_usr(root: Path) -> None:
    """One place for programs and libraries, whichever of the two the packages of a release have:
    `/bin` is a link to `/usr/bin`, and so on."""
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
