"""The committed table of planted faults against what a run has planted."""

import pytest

from harness import faults
from harness.faults import differences, merged, read, table_of, written
from harness.table import Fault

RUN = [
    Fault("a key | twice", "readers", "said", True, "readers"),
    Fault("a bare `yes`", "readers", "said", True, "readers"),
    Fault("a kubelet", "node", "said", True, "node"),
]


def test_a_table_is_read_as_it_was_written() -> None:
    table = table_of(RUN)
    assert read(written(table)) == table
    assert table["readers"] == [("a bare `yes`", "readers"), ("a key | twice", "readers")]


def test_the_order_and_the_words_of_a_run_make_no_difference() -> None:
    other = [Fault(one.fault, one.judge, "other words", True, one.planter) for one in RUN[::-1]]
    assert differences(table_of(RUN), table_of(other), ["readers", "node"]) == []


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (RUN[1:], "-| a key \\| twice | readers |"),
        ([*RUN, Fault("new", "node", "", True, "node")], "+| new | node |"),
        ([Fault("a kubelet", "pods", "", True, "node"), *RUN[:2]], "+| a kubelet | pods |"),
        ([Fault("a kubelet", "node", "", False, "node"), *RUN[:2]], "-| a kubelet | node |"),
        ([*RUN, RUN[2]], "+| a kubelet | node |"),
    ],
    ids=["gone", "new", "seen by another", "not seen", "twice"],
)
def test_every_change_is_a_difference(run: list[Fault], line: str) -> None:
    assert line in differences(table_of(RUN), table_of(run), ["readers", "node"])


def test_a_judge_that_plants_nothing_any_more_is_a_difference() -> None:
    found = differences(table_of(RUN), table_of(RUN[:2]), ["readers", "node"])
    assert "-| a kubelet | node |" in found


def test_of_judges_that_did_not_plant_nothing_is_said_and_nothing_lost() -> None:
    some = table_of(RUN[:1])
    assert differences(table_of(RUN), some, ["readers"]) == [
        "--- FAULTS.md",
        "+++ this run",
        "-| a bare `yes` | readers |",
    ]
    assert merged(table_of(RUN), some, ["readers"])["node"] == [("a kubelet", "node")]


def test_a_line_that_is_no_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="three"):
        read(f"{faults.HEAD}\n## node\n\n| one | two | three |\n")
    with pytest.raises(ValueError, match="a word"):
        read(f"{faults.HEAD}\n## node\n\na word\n")


def test_the_committed_table_is_whole() -> None:
    table = read(faults.FILE.read_text(encoding="utf-8"))
    assert written(table) == faults.FILE.read_text(encoding="utf-8")
    assert len(table) > 10
    assert all(table.values())
