"""What has to hold of the platform while real programs run, from a chat to its memory."""

import subprocess
import time
from pathlib import Path

from harness.node_pods import ready
from harness.processes import Failed
from harness.table import Row

from .live_browser import Person, letters_of, sensible
from .live_objects import CHAT, EMAIL, OF_TENANT, PASSWORD, REVIEWER, TENANT, TENANTS
from .live_platform import Live

QUESTION = "Name three colours."
COLOURS = (
    "red",
    "green",
    "blue",
    "yellow",
    "orange",
    "purple",
    "black",
    "white",
    "pink",
    "brown",
    "violet",
    "teal",
    "indigo",
)
# The most that a model may read for a question of four words.
PROMPT = 200
# Tokens a second of a small CPU, and the seconds that a first answer may take at that speed.
SPEED, FIRST = 30, 15
# Seconds from a replaced pod of Ollama to a good answer.
REPLACED = 30
SECOND = ("second@example.com", "An0ther Passw0rd")
FILE, INSIDE = (
    "opening-hours.txt",
    "The library in Green Street opens at nine and is closed on Mondays.",
)
# The letters of an answer that the page has to show, from its first one.
SHOWN = 30
# Open WebUI's very first connection is refused until the policies know its pod, and it ends.
STARTS = 1


def judged(answer: dict, wanted: tuple[str, ...], first: bool = False) -> list[str]:
    """What is wrong with an answer, its text and what the model read for it."""
    usage, found = answer["usage"], sensible(answer["text"], wanted)
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens") or 0
    if not isinstance(read, int):
        found.append(f"the answer does not say what was read for it: {usage}")
    elif first and read > PROMPT:
        found.append(f"the model read {read} tokens for {QUESTION!r}; at most {PROMPT} are right")
    elif first and (read + written) / SPEED > FIRST:
        found.append(
            f"{read} tokens read and {written} written take "
            f"{(read + written) / SPEED:.0f} s at {SPEED} a second; at most {FIRST} s"
        )
    if letters_of(answer["text"])[:SHOWN] not in letters_of(answer["shown"]):
        found.append(f"the page does not show the answer: {answer['shown'][-200:]!r}")
    return found


def chats(live: Live, row: Row) -> None:
    """The administrator, in the light theme: signs in, picks, asks, uploads, asks about it."""
    before = asked(live)
    with Person(live.ctx, CHAT) as person:
        person.sign_in(EMAIL, PASSWORD)
        person.shot(live.shots, "signed-in")
        person.choose(live.model)
        answer = person.ask(QUESTION)
        person.shot(live.shots, "answer")
        row.findings += judged(answer, COLOURS, first=True)
        row.note = (
            f"{answer['usage'].get('prompt_tokens')} tokens read, "
            f"answer after {answer['seconds']:.0f} s: {answer['text'][:60]!r}"
        )
        row.findings += judged(about_a_file(live, person), ("nine", "9", "monday"))
        if (times := asked(live) - before) != QUESTIONS:
            row.findings.append(f"{QUESTIONS} questions asked the model {times} times")
        add_second(person)
        row.findings += others(person)
    row.objects = 3


def asked(live: Live) -> int:
    """How often the models have answered, as each of their servers says."""
    return sum(
        live.world.log(pod, "ollama").count('POST     "/api/chat"')
        for pod in live.pods("ai", "ollama")
    )


def about_a_file(live: Live, person: Person) -> dict:
    """Uploads a text to the open chat, which is the one to remember, and asks about it."""
    person.upload(FILE, INSIDE)
    person.shot(live.shots, "uploaded")
    answer = person.ask("When does the library open?")
    person.shot(live.shots, "about-the-file")
    live.chat = person.page.url.rpartition("/")[2]
    return answer


def add_second(person: Person) -> None:
    """The administrator adds the second person."""
    added = person.fetch(
        "/api/v1/auths/add",
        {"name": "Second", "email": SECOND[0], "password": SECOND[1], "role": "user"},
    )
    if not added.get("id"):
        raise Failed(f"the administrator cannot add a person: {added}")


def asks(live: Live, row: Row) -> None:
    """The first question alone."""
    with Person(live.ctx, CHAT) as person:
        person.sign_in(EMAIL, PASSWORD)
        person.choose(live.model)
        answer = person.ask(QUESTION)
        person.shot(live.shots, "first-question")
        row.findings += judged(answer, COLOURS, first=True)


# What the administrator asks: one question, and one about the file.
QUESTIONS = 2
# Of the page itself, and nothing of ours: the film behind the first sign-up starts again with the
# next click, which may come when the film is gone.
OF_THE_PAGE = "Cannot read properties of null (reading 'play')"


def others(person: Person) -> list[str]:
    """A page talks to its own host, and its scripts end well."""
    return [
        f"the page asks {one}, which is no host of the platform"
        for one in sorted(person.hosts - {person.host})
    ] + [
        f"a script of the page failed: {one}" for one in sorted(set(person.errors) - {OF_THE_PAGE})
    ]


def second(live: Live, row: Row) -> None:
    """A second person in the dark theme, and what she may not see."""
    with Person(live.ctx, CHAT, "dark") as person:
        person.sign_in(*SECOND)
        if person.chats():
            row.findings.append("a new person sees chats of others")
        person.choose(live.model)
        answer = person.ask(QUESTION)
        person.shot(live.shots, "second-person")
        row.findings += judged(answer, COLOURS, first=True) + others(person)
    row.objects, row.note = (
        1,
        f"{answer['usage'].get('prompt_tokens')} tokens read, {answer['seconds']:.0f} s",
    )


def tenant(live: Live, row: Row) -> None:
    """The sealed administrator of a tenant signs in, and chats with a model of a prompt."""
    with Person(live.ctx, f"{TENANT}.{TENANTS}", "dark") as person:
        person.sign_in(EMAIL, PASSWORD)
        person.choose(f"{OF_TENANT}-{REVIEWER}")
        answer = person.ask(QUESTION)
        person.shot(live.shots, "tenant")
        row.findings += judged(answer, COLOURS, first=True) + others(person)
    row.objects, row.note = (
        1,
        f"{answer['usage'].get('prompt_tokens')} tokens read, {answer['seconds']:.0f} s",
    )


def script(
    live: Live, *words: str, seconds: float = 900, **more: str
) -> subprocess.CompletedProcess:
    """The tree's own script, for the cluster that runs here."""
    return subprocess.run(
        ["bash", str(live.tree.root / "bootstrap/bootstrap.sh"), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env={
            "PATH": f"{Path(live.ctx.tool('kubectl')).parent}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(live.folder),
            "ESPALIER_KUBECONFIG": str(live.world.cluster.kubeconfig),
            "LANG": "C.UTF-8",
            "ESPALIER_TIMEOUT": "600",
            **more,
        },
    )


def verify(live: Live, row: Row) -> None:
    """`bootstrap.sh verify` against all of it."""
    done = script(live, "verify", ESPALIER_EMAIL=EMAIL, ESPALIER_PASSWORD=PASSWORD)
    row.objects, row.note = 1, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    if done.returncode or "tokens read" not in done.stdout:
        # What stopped it is its last word.
        last = (done.stdout + done.stderr).strip().splitlines()[-6:]
        row.findings.append(f"ended with {done.returncode}: {' | '.join(reversed(last))}")


def replaced(live: Live, row: Row) -> None:
    """A pod of Ollama is replaced: how long until an answer comes again."""
    with Person(live.ctx, f"{TENANT}.{TENANTS}") as person:
        person.sign_in("first@example.com", "F1rst Passw0rd")
        row.findings += again(live, person, TENANT, row)
    row.objects = 1


def again(live: Live, person: Person, space: str, row: Row) -> list[str]:
    """Deletes the pods of Ollama in a namespace, and asks until an answer comes."""
    before = {
        one["metadata"]["uid"]
        for one in live.world.pods(space)
        if "ollama" in one["metadata"]["name"]
    }
    for one in live.world.pods(space):
        if one["metadata"]["uid"] in before:
            live.world.api.delete(f"/api/v1/namespaces/{space}/pods/{one['metadata']['name']}")
    began = time.monotonic()

    def there() -> bool:
        return any(
            "ollama" in one["metadata"]["name"]
            and one["metadata"]["uid"] not in before
            and not one["metadata"].get("deletionTimestamp")
            and ready(one)
            for one in live.world.pods(space)
        )

    live.wait("the new pod of Ollama is Ready", there, 240)
    up, tries = time.monotonic(), 0
    while time.monotonic() - up < 330:
        tries += 1
        answer = person.fetch(
            "/api/chat/completions",
            {
                "model": models(person)[0],
                "stream": False,
                "max_tokens": 24,
                "messages": [{"role": "user", "content": QUESTION}],
            },
        )
        if good(answer):
            took = time.monotonic() - up
            row.note = (
                f"Ready after {up - began:.0f} s, a good answer {took:.0f} s later (try {tries})"
            )
            return (
                [f"a good answer came {took:.0f} s after the pod was Ready; at most {REPLACED} s"]
                if took > REPLACED
                else []
            )
        time.sleep(1)
    return [f"no good answer in {time.monotonic() - up:.0f} s: {str(answer)[:200]}"]


def good(answer: dict | list) -> bool:
    """Whether the answer to a request is words."""
    choices = (answer.get("choices") if isinstance(answer, dict) else None) or [{}]
    return not sensible((choices[0].get("message") or {}).get("content") or "", ())


def models(person: Person) -> list[str]:
    """What the chat offers; the last known where it offers nothing just now."""
    found = [one["id"] for one in person.fetch("/api/models").get("data", [])]
    person.offered = found or person.offered
    return person.offered


def restarts(live: Live) -> tuple[str, list[str]]:
    """Containers that have begun again, in words, and those of them that did so too often."""
    said, found = [], []
    for pod in live.world.pods():
        about = pod["metadata"]
        for one in pod["status"].get("containerStatuses", []):
            if one.get("restartCount"):
                place = f"{about['namespace']}/{about['name']} {one['name']}"
                said.append(f"{place} was started again {one['restartCount']} times")
                if one["restartCount"] > STARTS:
                    found.append(f"{said[-1]}; at most {STARTS} is right")
    return "; ".join(said), found
