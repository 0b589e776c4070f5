"""Platforms whose credentials `espalier seal` seals for the judge: key pairs, values of every kind,
and what came of them in the tree."""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.processes import Failed
from harness.table import short
from harness.trees import Thing, Tree

SCOPES = ("strict", "namespace-wide", "cluster-wide")
BITS = (2048, 3072, 4096)
MOST = 64 << 10
# The key that takes an e-mail address and nothing else.
EMAIL = "email"
# What the starter platform has to seal, and the namespace that spends it.
KEYS = {
    "openwebui-admin": (EMAIL, "password"),
    "openwebui-secret-key": ("key",),
    "postgresql": ("password",),
}
NAMESPACE = "ai"
WAYS = ("stdin", "file", "env")
# A password in which everything stands that a URL, a shell, YAML, Go's templates and `+` for a
# space make something else of.
SPECIAL = "p@ss/w:rd?#[]&=+ %25%zz;,~!*'()\"\\$HOME{{ .password }}<>|^`ü✓".encode()


@dataclass(frozen=True)
class Pair:
    """A key pair: the certificate, the private key, and who made it."""

    maker: str
    bits: int
    certificate: Path
    key: Path

    def __str__(self) -> str:
        return f"RSA {self.bits} by {self.maker}"


def openssl_pair(ctx: Context, bits: int) -> Pair:
    """A key pair as the documentation of sealed-secrets has it."""
    folder = ctx.fresh("pair")
    pair = Pair("openssl", bits, folder / "certificate.pem", folder / "key.pem")
    done = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            f"rsa:{bits}",
            "-sha256",
            "-days",
            "365",
            "-subj",
            "/CN=sealed-secret/O=sealed-secret",
            "-keyout",
            str(pair.key),
            "-out",
            str(pair.certificate),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"openssl: {done.stderr.strip()[-300:]}")
    return pair


def own_pair(ctx: Context, bits: int) -> Pair:
    """A key pair that `seal init` makes."""
    platform = Platform(ctx)
    # The compiler refuses a place inside of a repository, which the run's own folder may be; this
    # one is the sandbox's, and goes with it.
    key = Path(tempfile.mkdtemp(dir="/dev/shm")) / "key.pem"
    platform.must("seal", "init", "--bits", str(bits), "--key", str(key))
    return Pair("seal init", bits, platform.root / "spec/sealing.pem", key)


def kinds(seed: int) -> list[tuple[bytes, bytes]]:
    """Values of every kind, as they are given and as they have to be in the Secret."""
    chance = random.Random(seed)
    # All but control characters, which are refused.
    letters = [*range(32, 127), *range(160, 0x3000), 0x1F511, 0x10FFFF]
    same = [
        b"x",
        b"""a"b'c`d\\e\\n""",
        "pässwörd ✓ 日本語 🔑 e\u0301 \ufeff".encode(),
        b"$HOME ${X} $(id) %s {{ .password }} {{/* */}}",
        SPECIAL,
        b"   a   ",
        b"0o17",
        bytes(range(32, 127)),
        ("".join(map(chr, chance.choices(letters, k=700))) + ".").encode(),
        bytes(chance.choices(range(33, 127), k=MOST - 1)),
    ]
    return [(value, value) for value in same] + [
        (b"one line\n", b"one line"),
        (b"one line of Windows\r\n", b"one line of Windows"),
    ]


def addresses() -> list[tuple[bytes, bytes]]:
    """Values for a key that takes an e-mail address and nothing else, as they are given and as they
    have to be in the Secret."""
    same = [
        b"ops@example.org",
        b"o'neil+a=b/c{d}%20$HOME@mail.example.org",
        b"x" * 64 + b"@" + b"y" * 63 + b".example.org",
    ]
    return [(value, value) for value in same] + [
        (b"ops@example.org\n", b"ops@example.org"),
        (b"ops@example.org\r\n", b"ops@example.org"),
    ]


@dataclass
class Platform:
    """A platform as `espalier init` writes it, in a folder in memory, and the values that were
    sealed for it."""

    ctx: Context
    root: Path = field(init=False)
    # Secret → key → the value that has to be in it.
    expected: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.ctx.fresh("platform")
        self.must("init")

    def run(
        self, *arguments: str, given: bytes | None = None, env: dict[str, bytes] | None = None
    ) -> subprocess.CompletedProcess:
        """Runs the compiler; bytes in, bytes out."""
        # Raw bytes for the environment: a value is no text of this process' encoding.
        environment = {
            **os.environb,
            **{name.encode(): value for name, value in (env or {}).items()},
        }
        return subprocess.run(
            [self.ctx.espalier, *arguments, "--root", str(self.root)],
            cwd=self.root,
            env=environment,
            check=False,
            capture_output=True,
            **({"stdin": subprocess.DEVNULL} if given is None else {"input": given}),
        )

    def must(
        self, *arguments: str, given: bytes | None = None, env: dict[str, bytes] | None = None
    ) -> str:
        """A run that has to succeed; all that it said."""
        done = self.run(*arguments, given=given, env=env)
        said = (done.stdout + done.stderr).decode()
        if done.returncode:
            # Warnings come before what made it fail.
            why = said[said.find("error") :]
            raise Failed(
                f"espalier {' '.join(arguments[:6])} ended with {done.returncode}: "
                f"{short(why, 300)}"
            )
        return said

    def take(self, pair: Pair) -> None:
        """Takes a certificate to seal with."""
        self.must("seal", "init", "--certificate", str(pair.certificate))

    def flags(self, values: dict[str, tuple[bytes, str]]) -> tuple[list[str], dict]:
        """The flags that give key → (value, way), and what the run needs with them; one value at
        most goes through stdin."""
        arguments: list[str] = []
        how: dict[str, Any] = {"env": {}}
        for key, (value, way) in values.items():
            if way == "stdin":
                arguments.append(f"--from-stdin={key}")
                how["given"] = value
            elif way == "env":
                variable = f"VALUE_OF_{key.upper()}"
                arguments += ["--from-env", f"{key}={variable}"]
                how["env"][variable] = value
            else:
                path = self.ctx.fresh("value") / "value"
                path.write_bytes(value)
                arguments += ["--from-file", f"{key}={path}"]
        return arguments, how

    def seal(
        self, credential: str, values: dict[str, tuple[bytes, bytes, str]], scope: str, *more: str
    ) -> str:
        """Seals key → (value, what has to be in the Secret, way); the name of the Secret."""
        flags, how = self.flags({key: (value, way) for key, (value, _, way) in values.items()})
        said = self.must("seal", credential, "--scope", scope, *more, *flags, **how)
        named = re.search(r"\(Secret `([^`]+)`\)", said)
        if not named:
            raise Failed(f"`espalier seal {credential}` names no Secret: {short(said, 200)}")
        self.expected[named[1]] = {key: wanted for key, (_, wanted, _) in values.items()}
        return named[1]

    def sealed(self) -> list[Thing]:
        """Renders; all SealedSecrets of the tree."""
        self.must("render")
        return Tree("platform", self.root).of_kind("SealedSecret")


def mixed_platform(ctx: Context, pair: Pair) -> Platform:
    """A platform with a credential in each scope, rotated once, whose database password has every
    special character."""
    platform = Platform(ctx)
    platform.take(pair)
    for more, password in (((), b"a+b c/d%2B"), (("--rotate",), SPECIAL)):
        for (credential, keys), scope in zip(KEYS.items(), SCOPES, strict=True):
            texts = {
                key: b"ops+1%2B@example.org" if key == EMAIL else password + key.encode()
                for key in keys
            }
            platform.seal(
                credential,
                {key: (text, text, WAYS[at]) for at, (key, text) in enumerate(texts.items())},
                scope,
                *more,
            )
    return platform
