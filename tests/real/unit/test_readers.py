"""What PyYAML sees, in the form that the other readers' answers have."""

import datetime
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.context import Context
from judges import readers
from judges.readers import PYTHON, RUST, compare, lines_of, plain, read_python


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"on": True, True: "x"}, {"on": True, "!bool True": "x"}),
        ({"a": [datetime.date(2026, 1, 1)]}, {"a": ["!date 2026-01-01"]}),
        (b"x", "!bytes b'x'"),
        (1.0, 1),
        (1.5, 1.5),
    ],
)
def test_what_json_has_no_form_for_stays_visible(value: Any, wanted: Any) -> None:
    assert plain(value) == wanted
    assert type(plain(value)) is type(wanted)


def test_documents_are_read_and_empty_ones_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("---\na: 12:30:45\n---\n---\nb: yes\n")
    assert read_python(file) == ([{"a": 45045}, {"b": True}], "")


def test_a_file_that_is_no_yaml_is_refused_with_words(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: [")
    read, error = read_python(file)
    assert read is None
    assert error


def program(folder: Path, name: str, line: str) -> str:
    """A reader that answers the same for each path."""
    file = folder / name
    file.write_text(f"#!/bin/sh\nwhile read -r _; do echo '{line}'; done\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def test_a_reader_that_answers_too_little_is_no_reader(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\ncat >/dev/null\n")
    silent.chmod(0o755)
    with pytest.raises(RuntimeError, match="after 0 of 1 files"):
        lines_of(str(silent), [tmp_path])


def judged(folder: Path, rust: str) -> list[str]:
    """What the readers do not agree on, of a file that says `a: 1`."""
    go = '{"kubernetes": {"documents": [{"a": 1}]}, "v3": {"documents": [{"a": 1}]}}'
    tools = {
        "readers": program(folder, "go", go),
        "yaml_value": program(folder, "rust", rust),
    }
    ctx = SimpleNamespace(tool=tools.__getitem__, manifest={"tools": tools})
    file = folder / "a.yaml"
    file.write_text("a: 1\n")
    return compare(cast(Context, ctx), [file])[file]


def test_readers_that_agree_say_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, '{"a": 1}') == []


def test_a_reader_that_sees_another_value_is_named(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, '{"a": "1"}')
    assert found.startswith("[0]/a: ")
    assert RUST in found


def test_all_four_readers_have_names() -> None:
    assert len({PYTHON, RUST, readers.KUBERNETES, readers.GO}) == 4
    assert os.sep not in PYTHON
