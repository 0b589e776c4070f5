"""Holds the API against its description: whatever it allows and forbids, by schemathesis."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from .api_stage import Stage

# How many examples of each operation: a short form for CI. API_EXAMPLES is how many there are to be
# of all of them, and makes the long form.
SHORT, OPERATIONS, QUICK = 10, 15, "examples,fuzzing,stateful"
LONG = "API_EXAMPLES"
# What is made or deleted with `dryRun=true` is not there, and still there: these two take every 201
# and 202 at its word, and are those of api_calls.py here.
NOT = "ensure_resource_availability,use_after_free"
# What a request that its description allows may be answered with, beside those that schemathesis
# itself takes: what no schema can say is refused with these.
ALSO = ["409", "410", "412", "413", "422", "428", "503"]
# What a validation finds wrong it tells with 200; a list has words that the API server alone reads.
CONFIG = """[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "429", {also}]

[checks.negative_data_rejection]
expected-statuses = ["4xx", "304"]

[[operations]]
include-name = "POST /v1/validate"
[operations.checks.negative_data_rejection]
expected-statuses = ["200", "4xx"]

[[operations]]
include-name = "GET /v1/workspaces"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "401", "403", "404", "410", "429"]
"""


def examples() -> int:
    """How many examples of each operation are sent."""
    wanted = int(os.environ.get(LONG) or 0)
    return -(-wanted // OPERATIONS) if wanted else SHORT


def configured(folder: Path) -> Path:
    """Its configuration."""
    file = folder / "schemathesis.toml"
    file.write_text(CONFIG.format(also=", ".join(f'"{it}"' for it in ALSO)), encoding="utf-8")
    return file


def described(stage: Stage, few: bool = False) -> list[str]:
    """Every check of schemathesis on the description that is served: no error of the server, no
    status and no form that is not described."""
    folder = stage.ctx.fresh("schemathesis")
    committed = (stage.ctx.root / "operator/openapi.json").read_bytes()
    served = stage.by("viewer").ask("GET", "/openapi.json").raw
    found = ["what is served is not operator/openapi.json"] * (committed != served)
    (folder / "openapi.json").write_bytes(served)
    python = stage.ctx.tool("schemathesis")
    command = [python, "-m", "schemathesis.cli", "--config-file", str(configured(folder)), "run"]
    command += ["openapi.json", "--url", stage.url, "--checks", "all", "--no-color"]
    command += ["--exclude-checks", NOT]
    phases = "examples,coverage,fuzzing,stateful" if LONG in os.environ else QUICK
    phases, number = ("examples,fuzzing", 2) if few else (phases, examples())
    command += ["--phases", phases, "--continue-on-failure"]
    command += [
        "--max-examples",
        str(number),
        "--seed",
        # Short, it says of each change the same; long, it looks for what nobody has thought of.
        str(stage.ctx.seed % 2**32 if LONG in os.environ else 1),
    ]
    command += ["--suppress-health-check", "all", "--output-sanitize", "false", "--no-shrink"]
    command += ["--warnings", "off"]
    command += ["--header", f"Authorization: Bearer {stage.token('admin')}"]
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "", "HOME": str(folder), "COLUMNS": "200"},
        check=False,
    )
    said = failures(done.stdout)
    if done.returncode and not said:
        said = [(done.stdout + done.stderr)[-1500:]]
    stage.notes.append(counted(done.stdout))
    stage.emptied()
    return found + said


def failures(text: str) -> list[str]:
    """The failures that it tells, each once: the operation, what is wrong, an example."""
    if "= FAILURES =" not in text and "= ERRORS =" not in text:
        return []
    found, operation = list[str](), ""
    for line in re.sub(r"Bearer [-.\w]+", "Bearer …", text).splitlines():
        if head := re.fullmatch(r"_+ (.+?) _+", line):
            operation = head[1]
        elif line.startswith(("===", "Reports")) and "FAILURES" not in line:
            operation = ""
        elif operation and (wrong := re.fullmatch(r"- (.+)", line.strip())):
            found.append(f"{operation}: {wrong[1]}")
        elif (line.strip().startswith(("curl ", "[")) or '"detail"' in line) and found:
            found[-1] += f": {ends(line.strip())}"
    return found


def ends(line: str, most: int = 400) -> str:
    """A line without its middle, where it is long: a request's address is its last word."""
    return line if len(line) <= most else f"{line[: most // 2]} … {line[-most // 2 :]}"


def counted(text: str) -> str:
    """How much it sent, in its own words."""
    lines = [it.strip() for it in text.splitlines()]
    told = [it for it in lines if re.search(r"\d+ (generated|passed|test cases)|in \d+\.\d+s", it)]
    return "; ".join(it.strip("= ") for it in told[-2:])
