"""The façade holds the whole contract, and nothing else."""

from __future__ import annotations

import ast
import enum
import inspect
from importlib import resources

import pytest

import tocsin
from plugins.api import notifier, outcome, probe


def test_the_promised_names_are_sorted_and_exist() -> None:
    assert tocsin.__all__ == sorted(tocsin.__all__)
    assert len(set(tocsin.__all__)) == len(tocsin.__all__)
    assert all(hasattr(tocsin, name) for name in tocsin.__all__)


@pytest.mark.parametrize("module", [notifier, outcome, probe], ids=lambda module: module.__name__)
def test_every_class_of_the_contract_is_promised(module: object) -> None:
    classes = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__  # type: ignore[attr-defined]
    }

    assert classes <= set(tocsin.__all__)


def test_the_facade_holds_imports_and_nothing_else() -> None:
    tree = ast.parse(inspect.getsource(tocsin))

    kinds = [type(statement) for statement in tree.body]
    assert kinds[0] is ast.Expr
    assert set(kinds[1:-1]) == {ast.ImportFrom}
    assert kinds[-1] is ast.Assign


@pytest.mark.parametrize("package", ["tocsin", "plugins"])
def test_type_checkers_follow_the_facade_to_what_it_shows(package: str) -> None:
    assert resources.files(package).joinpath("py.typed").is_file()


def test_enums_of_the_contract_are_closed_sets_of_capitals() -> None:
    enums = [value for name in tocsin.__all__ if isinstance(value := getattr(tocsin, name), enum.EnumMeta)]

    assert enums
    assert all(member.name.isupper() for each in enums for member in each)
