"""Small random platforms, so that budget and scheduler can be compared on many more than the ones
in the repository."""

import json
import random
import shutil
from pathlib import Path

MODELS = ("llama3.2:1b", "llama3.2:1b-instruct-q4_K_M", "qwen2.5:0.5b", "gemma3:1b", "llama3.2:3b")
# Big enough for every platform below: the tree is rendered for this one, the small one only gives
# the budget.
LARGE = {"cpu": 64, "memory": "256Gi"}


def mebibytes(number: int) -> str:
    """A quantity as people write it."""
    return f"{number // 1024}Gi" if number % 1024 == 0 else f"{number}Mi"


def resources(dice: random.Random, low: int, high: int, limit: int) -> dict:
    """A memory request, a limit that is neither below it nor below what the program needs, now and
    then a CPU request."""
    request = dice.randint(low, high)
    found = {
        "memory": {
            "request": mebibytes(request),
            "limit": mebibytes(max(limit, request + dice.choice((0, 1, 128, 511)))),
        }
    }
    if dice.random() < 0.5:
        found["cpu"] = {"request": f"{dice.randint(5, 1200)}m"}
    return found


def components(dice: random.Random) -> dict:
    """The components' settings of one platform."""
    found = {
        "ollama": {
            "replicas": dice.randint(1, 3),
            "models": dice.sample(MODELS, dice.choice((1, 1, 2))),
        }
    }
    if dice.random() < 0.4:
        found["ollama"]["context"] = dice.choice((2048, 4096, 8192))
    if dice.random() < 0.3:
        found["ollama"]["parallel"] = 2
    if dice.random() < 0.6:
        found["openWebui"] = {"resources": resources(dice, 300, 900, 768)}
    if dice.random() < 0.6:
        found["postgresql"] = {"resources": resources(dice, 130, 700, 640)}
    if dice.random() < 0.4:
        found["sealedSecrets"] = {"resources": resources(dice, 16, 96, 64)}
    if dice.random() < 0.4:
        found["certManager"] = {
            "resources": {
                dice.choice(("controller", "webhook", "cainjector")): resources(dice, 24, 200, 160)
            }
        }
    return found


def small_node(dice: random.Random) -> dict:
    """A node that some of the platforms fit on and others do not; limits are another question, so
    they may be as high as they like."""
    memory = dice.choice((6, 8, 10, 12, 16)) * 1024 + dice.choice((0, 0, 1, 513))
    return {"cpu": dice.choice((2, 4, 8)), "memory": mebibytes(memory), "overcommit": 100}


def spec(node: dict, parts: dict, name: str = "random") -> dict:
    """A whole spec; it is written as JSON, which is YAML too."""
    return {
        "apiVersion": "espalier.dev/v1alpha1",
        "kind": "Platform",
        "metadata": {"name": name},
        "spec": {
            "repository": {"url": "https://git.example.org/platform.git", "branch": "main"},
            "node": node,
            "domains": {"chat": "chat.example.org", "monitoring": "monitoring.example.org"},
            "certificates": {"email": "operations@example.org", "issuer": "staging"},
            "components": parts,
        },
    }


def write(folder: Path, value: dict, secrets: Path | None = None) -> Path:
    """Writes a spec (and the sealed values of another platform, which say nothing about memory)
    into a folder of its own."""
    (folder / "spec").mkdir(parents=True)
    (folder / "spec/platform.yaml").write_text(json.dumps(value, indent=1))
    if secrets and secrets.is_dir():
        shutil.copytree(secrets, folder / "spec/secrets")
    return folder
