"""The habits of the house that a machine can hold: sizes, names, floors, doors."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("core", "plugins", "graphql_schema", "rest_compat", "tocsin")
MODULES = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "tools"}
DEPENDENCIES = {
    "strawberry",
    "graphql",
    "litestar",
    "piccolo",
    "asyncpg",
    "pluggy",
    "httpx",
    "dns",
    "granian",
    "h11",
}
MOST_LINES_A_FILE = 400
MOST_LINES_A_FUNCTION = 60
MEDIAN_LINES_A_FUNCTION = 10


def _function_lengths() -> list[tuple[int, str]]:
    return sorted(
        (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}")
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    )


def test_files_are_small() -> None:
    assert [p.name for p in MODULES if len(p.read_text().splitlines()) > MOST_LINES_A_FILE] == []


def test_functions_do_one_thing() -> None:
    lengths = _function_lengths()

    assert [name for length, name in lengths if length > MOST_LINES_A_FUNCTION] == []
    assert lengths[len(lengths) // 2][0] <= MEDIAN_LINES_A_FUNCTION


def test_modules_are_named_for_their_concept() -> None:
    assert [path for path in MODULES if path.stem in MEANINGLESS | DEPENDENCIES] == []


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize(
    ("folder", "package"), [("probes", "plugins.probes"), ("notifiers", "plugins.notifiers")]
)
def test_every_built_in_kind_comes_in_by_an_entry_point(folder: str, package: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["tocsin"]
    modules = {
        f"{package}.{path.stem}"
        for path in (ROOT / "plugins" / folder).iterdir()
        if not path.stem.startswith("_")
    }

    assert {target for target in declared.values() if target.startswith(package)} == modules


def test_floors_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    said = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout


def test_nothing_below_the_faces_names_a_kind() -> None:
    kinds = {"http", "heartbeat", "webhook"}
    for path in (ROOT / "core").rglob("*.py"):
        called = [
            node.args[0].value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"probe", "notifier"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ]
        assert not kinds & set(called), path
