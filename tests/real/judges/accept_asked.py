"""Questions to the workspaces of the judge `accept` that nobody types, and how answers are read."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from harness.node_inside import NODE
from harness.processes import Failed, free_port
from harness.table import Row

from .accept_platform import Accepted, host_of, served
from .accept_typed import Desk
from .live_browser import sensible
from .live_checks import QUESTION
from .live_objects import REGISTRY_ADDRESS

# The workspace that the transcript asks: the smallest sample.
ASKED = "sample"
# Seconds of one answer, and the tokens of an answer that nobody reads.
ANSWER, FEW = 300, 32
# What asks from the network outside of the node, by an address of its own.
FROM_OUTSIDE = ("ip", "netns", "exec", "world")
# Who signs up first, at each workspace.
PERSON = {"name": "Admin", "email": "admin@example.com", "password": "a long password of mine"}


def every_one(live: Accepted, desk: Desk, row: Row) -> None:
    """Each model of each workspace answers through a port-forward, those of prompts too; and each
    chat that the transcript does not ask, through the Ingress."""
    for sample in live.samples:
        spec = sample["spec"]
        name, port = spec["workspaceName"], free_port()
        with desk.forwarding(f"kubectl -n {name} port-forward service/{name}-ollama {port}:11434"):
            own = f"http://127.0.0.1:{port}"
            there = sorted(it["name"] for it in part_of(asked(f"{own}/api/tags"), "models"))
            if there != served(spec):
                row.findings.append(f"{name}: Ollama has {there}, not {served(spec)}")
            for model in there:
                body = {"model": model, "prompt": QUESTION, "stream": False}
                answer = asked(f"{own}/api/generate", {**body, "options": {"num_predict": FEW}})
                found = sensible(answer.get("response", ""), ())
                row.findings += [f"{name}: {model}: {one}" for one in found]
                row.objects += 1
        if sample["metadata"]["name"] != ASKED:
            row.findings += [f"{name}: {one}" for one in chats(spec)]
            row.objects += 1
    row.note = f"{row.objects} answers"


def strangers(live: Accepted, _desk: Desk, row: Row) -> None:
    """A workspace for a developer, which nobody has to sign in to first, answers nobody from a
    public address, whatever host the request names; on the node itself the same request is
    answered."""
    for sample in live.samples:
        host = host_of(sample["spec"])
        for way, wanted in ((FROM_OUTSIDE, "403"), ((), "200")):
            said = status(live, host, way)
            if said != wanted:
                where = "from outside" if way else "on the node"
                row.findings.append(f"{host} {where}: {said}, not {wanted}")
            row.objects += 1
    row.note = f"{row.objects} requests"


def status(live: Accepted, host: str, way: tuple[str, ...]) -> str:
    """How a request to the node is answered that names a host."""
    curl = ("curl", "--silent", "--max-time", "20", "--output", "/dev/null")
    source = ("--interface", REGISTRY_ADDRESS) if way else ()
    words = ("--write-out", "%{http_code}", "--header", f"Host: {host}", f"http://{NODE}/")
    return live.world.run(*way, *curl, *source, *words).stdout.strip()


def chats(spec: dict) -> list[str]:
    """What is wrong with the answer of a workspace's chat to its first person."""
    url = f"http://{host_of(spec)}"
    token = part_of(asked(f"{url}/api/v1/auths/signup", PERSON), "token")
    found = lacking(asked(f"{url}/api/models", token=token), spec)
    body = {
        "model": served(spec)[0],
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": False,
        "max_tokens": FEW,
    }
    return found + sensible(text_of(asked(f"{url}/api/chat/completions", body, token)), ())


def lacking(offers: dict, spec: dict) -> list[str]:
    """Models of a workspace that its chat does not offer."""
    there = [it["id"] for it in part_of(offers, "data")]
    return [f"the chat offers {there}, not {one}" for one in served(spec) if one not in there]


def asked(url: str, body: dict | None = None, token: str = "") -> dict:
    """The answer to a question in JSON, whatever proxy the machine is told of."""
    place = urlsplit(url)
    web = http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=ANSWER)
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        web.request(
            "POST" if body else "GET",
            place.path,
            json.dumps(body) if body else None,
            {"Content-Type": "application/json", **bearer},
        )
        answer = web.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        web.close()
    if answer.status != http.client.OK:
        raise Failed(f"{url}: {answer.status}: {text[:300]}")
    found: dict = json.loads(text)
    return found


def part_of(answer: dict, key: str) -> Any:
    """What an answer has under a key; all of it is said where it has nothing there."""
    if key not in answer:
        raise Failed(f"no `{key}` in {json.dumps(answer)[:400]}")
    return answer[key]


def text_of(answer: dict) -> str:
    """What a chat answered; all of it where that is no answer."""
    choices = answer.get("choices") or [{}]
    return (choices[0].get("message") or {}).get("content") or json.dumps(answer)
