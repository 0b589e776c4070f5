"""What the figures of the operator are made of."""

import pytest

from judges.operator_beside import Expansion, arguments, table
from judges.operator_figures import Figures, creations, findings


def entry(space: str, second: float, code: int = 201) -> dict:
    return {
        "verb": "patch",
        "objectRef": {"namespace": space, "resource": "services"},
        "responseStatus": {"code": code},
        "stageTimestamp": f"2026-01-01T00:00:0{second:.6f}Z",
    }


def figures(written: dict[str, int], made: int = 2, looked_at: int = 2) -> Figures:
    single = [float(it) for it in range(1, 21)]
    return Figures(
        idle=9,
        full=(20, 25.4),
        used=1.25,
        made=made,
        single=single,
        after=(21, 26),
        synced=0.5,
        synced_cpu=0.25,
        written=written,
        looked_at=looked_at,
    )


def test_a_creation_ends_with_its_last_object_and_not_with_what_is_applied_again() -> None:
    began = 1767225600.0
    log = [
        entry("a", 0.25),
        entry("a", 0.5),
        entry("a", 3.0, 200),
        entry("b", 1.0, 409),
        entry("elsewhere", 2.0),
        {"verb": "get", "responseStatus": {"code": 200}},
    ]
    assert creations(log, {"a": began, "b": began}) == pytest.approx([500])


def test_only_ours_has_an_expansion_and_what_is_not_measured_is_a_dash() -> None:
    lines = table(2, {"Espalier": figures({})}, Expansion(0.0914, 29)).splitlines()
    assert lines[0] == "|  | typical Go | lean Go | Espalier | goal |"
    assert lines[2] == "| RSS / peak, 2 workspaces | – | – | 20 / 25 MiB | ≤ 26 / 32 MiB |"
    assert "p50 10 ms, p99 20" in lines[6]
    assert lines[8] == "| expansion, CPU a workspace | – | – | 0.091 ms | ≤ 0.1 ms |"
    assert {line.count("|") for line in lines} == {6}


def test_writes_are_counted_by_thousands() -> None:
    lines = table(2, {"lean Go": figures({"patch services": 15000})}, None).splitlines()
    assert lines[5] == "| writes after a restart, untouched | – | 15,000 | – | 0 |"


def test_a_write_after_a_restart_is_a_finding() -> None:
    assert findings(figures({}), 2) == []
    assert findings(figures({"patch services": 1}), 2) == ["after a restart: {'patch services': 1}"]
    assert len(findings(figures({}, made=1, looked_at=1), 2)) == 2


def test_a_figure_is_of_a_thousand_unless_somebody_says_so() -> None:
    assert arguments(["--manifest", "x"]).workspaces == 1000
    with pytest.raises(SystemExit):
        arguments(["--manifest", "x", "--workspaces", "0"])
