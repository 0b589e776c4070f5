"""What may name what: judges stand on the harness, never the other way; nobody looks outside of the
repository."""

import ast
import re
from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parent.parent
HARNESS = sorted((REAL / "harness").glob("*.py"))
JUDGES = sorted((REAL / "judges").glob("*.py"))
# What a run is started with: these name the modules that they become.
STARTERS = {
    "run": "harness.tools judges.main",
    "live": "harness.live_tools judges.live",
    "figures": "harness.figures_tools judges.operator_beside",
    "accept": "harness.accept_tools judges.accept",
}


def imported(source: str) -> set[str]:
    """The modules that some Python imports, also by words that another Python is given."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"^(?:harness|judges)\.\w+$", node.value))
            found |= set(re.findall(r"^from (\w+) import \w+", node.value))
    return found


def outside(source: str) -> list[str]:
    """Expressions that lead out of the repository: the parent of its root, a folder beside it."""
    paths = r"(?:ctx\.root|options\.root|\bROOT)(?:\.resolve\(\))?\.parent\b|\.\./shared\b"
    return re.findall(paths, source)


def by_path(source: str) -> list[str]:
    """What a Python is started with that would find the modules beside a file before its own: a
    judge may be called like one of them."""
    return [
        word
        for word in re.findall(r"sys\.executable,\s*([^,\s]+)", source)
        if word not in ('"-P"', '"-m"', '"-c"')
    ]


@pytest.mark.parametrize("path", [*HARNESS, *JUDGES], ids=lambda path: path.stem)
def test_no_file_that_is_started_finds_judges_as_its_modules(path: Path) -> None:
    assert by_path(path.read_text(encoding="utf-8")) == []


def test_a_file_that_finds_judges_as_its_modules_is_seen() -> None:
    assert by_path('serve("registry", sys.executable, REAL / "judges/live_outside.py")')


@pytest.mark.parametrize("path", HARNESS, ids=lambda path: path.stem)
def test_the_harness_imports_no_judge(path: Path) -> None:
    names = imported(path.read_text(encoding="utf-8"))
    assert not [one for one in names if one.split(".")[0] == "judges" or one.startswith("..")]


@pytest.mark.parametrize("path", [*HARNESS, *JUDGES], ids=lambda path: path.stem)
def test_nothing_outside_of_the_repository_is_read(path: Path) -> None:
    assert outside(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ("from judges import node", "judges"),
        ("import judges.node", "judges.node"),
        ("argv = ['-m', 'judges.main']", "judges.main"),
        ("run('-c', 'from judges import cgroups; cgroups.sweep()')", "judges"),
    ],
)
def test_every_way_to_name_a_judge_is_seen(wrong: str, name: str) -> None:
    assert name in imported(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "ctx.root.parent / 'shared/crds'",
        "ROOT.parent",
        "options.root.resolve().parent",
        "../shared",
    ],
)
def test_every_way_out_of_the_repository_is_seen(wrong: str) -> None:
    assert outside(wrong)


def test_both_packages_have_modules() -> None:
    assert len(HARNESS) > 30
    assert len(JUDGES) > 40


@pytest.mark.parametrize(("script", "words"), STARTERS.items())
def test_a_run_names_the_module_that_it_becomes(script: str, words: str) -> None:
    assert f'python3 -m {words} "$@"' in (REAL / script).read_text(encoding="utf-8")
