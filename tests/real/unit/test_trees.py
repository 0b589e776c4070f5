"""Golden trees, put together of their base and of what differs."""

from pathlib import Path

import pytest

from harness.trees import edited, find_trees, tree_names, whole

OLD = b"one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize(
    ("edits", "new"),
    [
        (b"", OLD),
        (b"@ 1\n-two\n+2\n", b"one\n2\nthree\nfour\n"),
        (b"+zero\n", b"zero\none\ntwo\nthree\nfour\n"),
        (b"@ 3\n-four\n", b"one\ntwo\nthree\n"),
        (b"-one\n@ 2\n+3.5\n", b"two\nthree\n3.5\nfour\n"),
        (b"@ 1\n two\n-three\n", b"one\ntwo\nfour\n"),
    ],
)
def test_edits_make_another_file_of_the_base(edits: bytes, new: bytes) -> None:
    assert edited(OLD, edits) == new


@pytest.mark.parametrize("edits", [b"-two\n", b"@ 4\n-five\n", b" two\n"])
def test_edits_of_another_base_are_an_error(edits: bytes) -> None:
    with pytest.raises(ValueError, match="no line"):
        edited(OLD, edits)


def written(root: Path, **files: str) -> None:
    """A repository with files in it; `__` stands for `/`."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_case_is_its_base_with_what_differs(tmp_path: Path) -> None:
    golden = "tests__golden__"
    written(
        tmp_path,
        **{
            "apps__a": "one\ntwo\n",
            "apps__b": "b\n",
            f"{golden}first__base": "starter\n",
            f"{golden}first__removed": "apps/b\n",
            f"{golden}second__base": "first\n",
            f"{golden}second__edits__apps__a.diff": "@ 1\n-two\n+2\n",
            f"{golden}second__tree__out__c": "c\n",
            f"{golden}second__spec__platform.yaml": "spec\n",
        },
    )
    assert tree_names(tmp_path) == ["committed", "golden/first", "golden/second"]
    assert whole(tmp_path, "first") == {"apps/a": b"one\ntwo\n"}
    assert whole(tmp_path, "second") == {"apps/a": b"one\n2\n", "out/c": b"c\n"}
    *_, second = find_trees(tmp_path, tmp_path / "scratch")
    assert (second.root / "apps/a").read_bytes() == b"one\n2\n"
    assert (second.spec_root / "spec/platform.yaml").read_text() == "spec\n"
