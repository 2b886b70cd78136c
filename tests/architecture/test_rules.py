"""The rules are pure: functions of values and a moment, without a clock and without I/O; what does I/O, repeats."""

from __future__ import annotations

import ast
import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FORBIDDEN = {"asyncio", "asyncpg", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time"}
_OF_THE_CLOCK = {"now", "utcnow", "today"}
# Transactions that are not begun by `in_transaction`, and why.
_NOT_REPEATED_BY_IT = {
    "core/access/first_owner.py": "shows a password and a token before it commits",
    "core/checks/recorder.py": "repeats for as long as it takes: what was found is never given up",
    "core/db/database.py": "is where it is made",
    "core/db/partitions.py": "gives up soon, as it locks a table; the next round tries again",
    "core/events/sequencer.py": "is a round of its own, at most a second from the next",
    "core/housekeeping.py": "is a round of its own, and the next one is as good",
}


def _rules() -> list[str]:
    """Return the modules of which CI wants every branch tested."""
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / ".ci" / "rules.ini")
    return parsed["report"]["include"].split()


@pytest.mark.parametrize("path", _rules())
def test_a_rule_knows_neither_clock_nor_io(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert not imported & _FORBIDDEN
    assert not called & _OF_THE_CLOCK
    assert not any(isinstance(node, (ast.AsyncFunctionDef, ast.Await)) for node in ast.walk(tree))


def test_rules_stand_in_the_order_of_their_names_and_none_is_a_ghost() -> None:
    assert _rules() == sorted(_rules())
    assert all((ROOT / path).is_file() for path in _rules())


def test_transactions_are_repeated_where_they_are_given_up_for_others_sake() -> None:
    begun = {
        str(path.relative_to(ROOT))
        for folder in ("core", "graphql_schema", "rest_compat")
        for path in (ROOT / folder).rglob("*.py")
        if ".transaction()" in path.read_text()
    }

    assert begun == set(_NOT_REPEATED_BY_IT)
