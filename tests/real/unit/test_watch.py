"""The story of Applications: who is good, and whether the promised order was kept."""

from typing import Any

import pytest

from harness.argo_host import REFRESH
from harness.argo_tree import Promise, Rendered, dump
from harness.argo_watch import Event, good, order, revisions, update_order

TAG, OLD = "refs/tags/tree-1", "refs/tags/tree-0"
PROMISES = [
    Promise("bootstrap", 0, ()),
    Promise("chat", 10, ("database",)),
    Promise("database", 5, ()),
]


def tree() -> Rendered:
    """Three Applications, each pinned by the tag."""
    files = {}
    for it in PROMISES:
        source = {"repoURL": "https://git.sample.invalid/tree.git", "targetRevision": TAG}
        document = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": it.application, "namespace": "argocd"},
            "spec": {"source": source},
        }
        files[f"apps/{it.application}.yaml"] = dump(document)
    return Rendered("sample", files)


def made(name: str, seconds: float) -> Event:
    """An Application is made."""
    return Event(seconds, name, True, False, False)


def fine(name: str, seconds: float) -> Event:
    """An Application is Synced and Healthy."""
    return Event(seconds, name, False, False, True)


RIGHT = [
    made("bootstrap", 1),
    fine("bootstrap", 2),
    made("database", 3),
    fine("database", 4),
    made("chat", 5),
    fine("chat", 6),
]


def test_the_promised_order_is_kept() -> None:
    assert order(RIGHT, PROMISES, "root") == []


def test_an_application_before_what_it_waits_for_is_seen() -> None:
    wrong = [RIGHT[0], RIGHT[1], RIGHT[2], RIGHT[4], RIGHT[3], RIGHT[5]]
    (found,) = order(wrong, PROMISES, "root")
    assert found.startswith("Application chat (wave 10) was created at 5.0 s, before database")


def test_an_application_that_is_never_made_and_one_that_nobody_promised_are_seen() -> None:
    found = order([*RIGHT[:4], made("stranger", 9)], PROMISES, "root")
    assert found == [
        "Application stranger was created, and `show waves` does not know it",
        "`show waves` promises Application chat, and it was never created",
    ]


def test_of_one_wave_who_comes_after_another_waits_for_it() -> None:
    # A promise of the graph: Argo CD orders waves, and nothing within one.
    promises = [*PROMISES, Promise("page", 10, ("chat",))]
    story = [*RIGHT[:5], made("page", 5.5), *RIGHT[5:], fine("page", 7)]
    (found,) = order(story, promises, "root")
    assert found.startswith("Application page (wave 10) was created at 5.5 s, before chat")


def given(name: str, seconds: float, at: str = OLD, is_good: bool = True) -> Event:
    """An Application asks for the tag; its status speaks of a revision."""
    return Event(seconds, name, False, False, is_good, TAG, at)


UPDATE = [
    given("bootstrap", 1.0),
    given("bootstrap", 1.5, TAG),
    given("database", 2.0),
    given("database", 2.5, TAG),
    given("chat", 3.0),
    given("chat", 3.5, TAG),
]


def test_an_update_that_goes_wave_by_wave() -> None:
    assert update_order(UPDATE, PROMISES, tree(), TAG) == []


def test_a_verdict_on_the_tag_before_opens_no_wave() -> None:
    # What Argo CD does that takes the health of what it has just changed from an older copy.
    stale = [UPDATE[0], UPDATE[2], UPDATE[1], UPDATE[3], *UPDATE[4:]]
    (found,) = update_order(stale, PROMISES, tree(), TAG)
    assert found == (
        f"Application database (wave 5) was given {TAG} at 2.0 s, before bootstrap had been Synced "
        "and Healthy at it"
    )


def test_an_application_that_stays_at_the_tag_before_is_seen() -> None:
    assert update_order(UPDATE[:4], PROMISES, tree(), TAG) == [
        f"Application chat was never given {TAG}"
    ]


def application(**more: Any) -> dict:
    """An Application at rest, with something else than that."""
    status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    return {
        "metadata": {"annotations": more.pop("annotations", {})},
        "status": {**status, **more.pop("status", {})},
        **more,
    }


@pytest.mark.parametrize(
    "restless",
    [
        {"annotations": {REFRESH: "normal"}},
        {"operation": {}},
        {"status": {"operationState": {"phase": "Running"}}},
        {"status": {"conditions": [{"type": "ComparisonError"}]}},
        {"status": {"sync": {"status": "OutOfSync"}}},
        {"status": {"health": {"status": "Progressing"}}},
    ],
)
def test_nothing_is_good_while_something_is_under_way(restless: dict) -> None:
    assert good(application())
    assert not good(application(**restless))


def test_what_is_asked_for_and_what_the_status_speaks_of_are_two_things() -> None:
    it = {
        "spec": {"source": {"targetRevision": TAG}},
        "status": {"sync": {"comparedTo": {"source": {"targetRevision": OLD}}}},
    }
    assert revisions(it) == (TAG, OLD)
    assert revisions({"spec": {}}) == ("", "")
