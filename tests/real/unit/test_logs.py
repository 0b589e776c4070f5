"""Lines as the container runtime writes them, what a store's answer says, how one line is held
against what was written, and how faults are planted."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.planting import NoSubject
from judges.logs_faults import ALONE, TOGETHER, changed, stage
from judges.logs_journal import K3S, entry
from judges.logs_stage import PIECE, Line, line_of, lines, stream
from judges.logs_trial import (
    LABELS,
    Expected,
    compare,
    filled,
    limit,
    longest,
    moment_of,
    selector,
    several,
)

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
# As the tree has it, with fewer stages.
CONFIGURATION = """loki.process "pods" {
  stage.match {
    selector = "{app=\\"postgresql\\"}"

    stage.multiline {
      firstline = "^\\\\d{4}"
    }
  }

  stage.limit {
    rate          = 24
    burst         = 7200
    by_label_name = "pod"
    drop          = true
  }

  stage.truncate {
    rule {
      limit  = "16KiB"
      suffix = " (cut)"
    }
  }

  stage.label_drop {
    values = ["filename", "job", "stream"]
  }
}
"""


def test_a_long_line_is_written_in_pieces() -> None:
    assert lines(MOMENT, "a") == "2026-01-02T03:04:05.678000000Z stdout F a\n"
    said = lines(MOMENT, "a" * (PIECE + 1)).splitlines()
    assert [it.split()[2] for it in said] == ["P", "F"]
    assert len(said[1].split()[3]) == 1


def test_an_entry_of_the_journal_is_as_systemd_exports_it() -> None:
    one = entry(MOMENT, K3S, "a").decode()
    assert one.startswith("__REALTIME_TIMESTAMP=1767323045678000\n")
    assert "\nSYSLOG_IDENTIFIER=k3s\nMESSAGE=a\n\n" in one
    several_lines = entry(MOMENT, K3S, "a\nb")
    assert several_lines.endswith(b"\nMESSAGE\n\x03" + b"\0" * 7 + b"a\nb\n\n")


def test_an_answer_has_labels_and_what_stands_beside() -> None:
    row = {
        "_msg": "a",
        "_time": "2026-01-02T03:04:05.678Z",
        "_stream": '{app="x",container="y, z"}',
        "_stream_id": "1",
        "app": "x",
        "container": "y, z",
        "pod": "x-0",
    }
    line = line_of(row)
    assert line.labels == {"app": "x", "container": "y, z"}
    assert line.beside == {"pod": "x-0"}
    assert moment_of(line.time) == MOMENT
    assert stream("{}") == {}


def wanted() -> Expected:
    labels = dict.fromkeys(LABELS, "x")
    return Expected("ai/a-0 a", "mark-1 says", MOMENT, labels, "a-0")


def right() -> Line:
    return Line(
        "mark-1 says", "2026-01-02T03:04:05.678Z", dict.fromkeys(LABELS, "x"), {"pod": "a-0"}
    )


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ([], "does not arrive"),
        ([right(), right()], "arrives 2 times"),
        ([replace(right(), text="mark-1")], "arrives as"),
        ([replace(right(), time="2026-01-02T03:04:05Z")], "its time is"),
        ([replace(right(), labels={**right().labels, "filename": "/a"})], "has 5 labels"),
        ([replace(right(), labels={**right().labels, "app": "y"})], "has the labels"),
        ([replace(right(), beside={})], "beside it stands no pod"),
    ],
)
def test_a_line_that_is_wrong_is_seen(found: list[Line], says: str) -> None:
    assert not list(compare(wanted(), [right()], 4))
    assert any(says in it for it in compare(wanted(), found, 4))


def test_a_line_that_is_too_old_may_not_arrive() -> None:
    old = replace(wanted(), kept=False)
    assert not list(compare(old, [], 4))
    assert "may not" in next(compare(old, [right()], 4))


def test_the_entry_at_which_alloy_ended_may_come_again_and_no_other() -> None:
    last = replace(wanted(), again=True)
    assert not list(compare(last, [right(), right()], 4))
    assert "3 times" in next(compare(last, [right()] * 3, 4))
    assert "2 times" in next(compare(last, [right(), replace(right(), text="mark-1")], 4))


def test_the_configuration_is_read() -> None:
    assert several(CONFIGURATION) == ["postgresql"]
    assert limit(CONFIGURATION, "burst") == 7200
    assert longest(CONFIGURATION) == 16384


def test_selectors_are_those_of_dashboards() -> None:
    query = 'sum by (app) (rate({namespace=~"$namespace"} |~ "(?i)\\\\berror\\\\b" [$__auto]))'
    found = selector(query)
    assert found == '{namespace=~"$namespace"} |~ "(?i)\\\\berror\\\\b"'
    assert filled(found, "ai") == '{namespace=~"ai"}  _msg:~"(?i)\\\\berror\\\\b"'
    with pytest.raises(LookupError):
        selector("1 + 1")


def test_faults_are_planted_where_they_belong() -> None:
    text = changed(CONFIGURATION, (TOGETHER[0], TOGETHER[1], TOGETHER[2]))
    assert '"filename"' not in text
    assert '\\"postgres\\"' in text
    assert "truncate" not in text
    assert "label_drop" in text
    assert stage("truncate")
    with pytest.raises(NoSubject):
        changed(CONFIGURATION, (ALONE[1],))
