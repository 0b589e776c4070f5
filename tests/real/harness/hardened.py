"""How the tree has k3s start its API server: its own files, at places of this machine."""

from __future__ import annotations

from pathlib import Path

from .node_settings import told

LOG = "audit.log"


def api_server_flags(root: Path, folder: Path) -> list[str]:
    """What the configuration of a tree tells the API server; its log goes into a folder."""
    flags = []
    for argument in told(root)["kube-apiserver-arg+"]:
        name, _, value = argument.partition("=")
        if name == "audit-log-path":
            value = folder / LOG
        elif name.endswith(("-config", "-file")):
            value = root / "bootstrap/k3s" / Path(value).name.removeprefix("espalier-")
        flags.append(f"--{name}={value}")
    return flags
