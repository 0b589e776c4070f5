"""How rows and faults are printed, and which of them count."""

from harness.table import Fault, Row, faults_row, faults_text, findings_text, rows_text, short


def test_columns_are_aligned_and_numbers_stand_to_the_right() -> None:
    lines = rows_text([Row("a", 1, [], 1.25, "note"), Row("longer", 100, ["x"], 10.0)]).splitlines()
    assert lines == [
        "judge   objects  findings  seconds",
        "a             1         0      1.2  note",
        "longer      100         1     10.0",
    ]


def test_a_row_without_objects_and_findings_is_not_run_only_with_a_note() -> None:
    assert Row("a", 0, note="no subject yet").is_not_run()
    assert not Row("a", 0).is_not_run()
    assert not Row("a", 1, note="read").is_not_run()
    assert not Row("a", 0, ["broke"], note="no subject yet").is_not_run()


def test_findings_beyond_the_most_are_counted() -> None:
    text = findings_text([Row("a", 3, ["one", "two", "three"])], most=2)
    assert text.splitlines() == ["a: one", "a: two", "a: … and 1 more"]


def test_a_fault_that_is_not_seen_is_a_finding() -> None:
    faults = [Fault("f", "j", "said it", True), Fault("g", "j", "nothing", False)]
    row = faults_row("planted", faults, 2.0)
    assert (row.objects, row.findings) == (2, ["not seen: g (j): nothing"])


def test_a_fault_that_is_not_seen_is_printed_so_whatever_was_said() -> None:
    text = faults_text([Fault("f", "j", "a | b", True), Fault("g", "j", "looks fine", False)])
    assert text.splitlines()[2:] == ["| f | j | a \\| b |", "| g | j | **NOT SEEN** |"]


def test_a_message_becomes_one_line_of_at_most_its_width() -> None:
    assert short("a\n  b") == "a b"
    assert short("x" * 10, 10) == "x" * 10
    assert short("x" * 11, 10) == "x" * 9 + "…"
