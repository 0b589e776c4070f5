"""What the programs of the trees say, in their own forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

# Lines of programs by the name of what runs: `MARK` stands for a word that no other line has.
LOGFMT = 'time="2026-01-01T00:00:00Z" level=info msg="Reconciliation completed" application=MARK'
SLOG = 'time=2026-01-01T00:00:00.000Z level=INFO source=main.go:120 msg="listening" id=MARK'
KLOG = 'I0101 00:00:00.000000       1 controller.go:42] "synced" key="MARK"'
ACCESS = {"ClientHost": "10.42.0.1", "DownstreamStatus": 200, "RequestPath": "/MARK"}
CHAT = {"timestamp": "2026-01-01T00:00:00.000+00:00", "level": "INFO", "msg": "chat MARK"}
GIN = '[GIN] 2026/01/01 - 00:00:00 | 200 |  1.2s |  10.42.0.7 | POST     "/api/chat" MARK'
REDIS = "1:M 01 Jan 2026 00:00:00.000 * Ready to accept connections MARK"
DNS = "[INFO] plugin/reload: Running configuration SHA512 = MARK"
STARTED = "2026-01-01 00:00:00.000 UTC [1] LOG:  database system is ready MARK"
FAILED = (
    '2026-01-01 00:00:00.001 UTC [57] ERROR:  relation "MARK" does not exist at character 15\n'
    "\t\tselect *\n"
    '\t\t  from "chat"\n'
    "\t\t where 1"
)
# A fault in a language whose traces are lines of their own.
PANIC = "panic: runtime error: index out of range [3] with length 3 MARK"

FORMS: dict[str, tuple[str, ...]] = {
    "alertmanager": (SLOG,),
    "alloy": (SLOG,),
    "argocd-application-controller": (LOGFMT, PANIC),
    "argocd-repo-server": (LOGFMT,),
    "argocd-server": (LOGFMT,),
    "coredns": (DNS,),
    "kube-dns": (DNS,),
    "grafana": ("logger=http.server t=2026-01-01T00:00:00Z level=info msg=MARK",),
    "ollama": (GIN, SLOG, PANIC),
    "openwebui": (json.dumps(CHAT),),
    "postgresql": (STARTED, FAILED),
    "redis": (REDIS,),
    "argocd-redis": (REDIS,),
    "traefik": (json.dumps(ACCESS), SLOG),
}
# Those among them with entries of several lines.
SEVERAL = {name for name, forms in FORMS.items() if any("\n" in it for it in forms)}


def lines_of(app: str, mark: Callable[[], str]) -> Iterator[str]:
    """What a program says."""
    for form in FORMS.get(app, (KLOG,)):
        yield form.replace("MARK", mark())
