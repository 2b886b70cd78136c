"""A value that holds a secret does not show it: what is logged, raised or compared in a test is a value's repr."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SECRET = re.compile(r"(?!is_)(.*_)?(password|password_hash|secret|token)")
# Secrets whose names do not say so.
_SECRETS_BY_ANOTHER_NAME = {("ChangePassword", "current")}


def _fields() -> Iterator[tuple[str, ast.AnnAssign]]:
    """Return the fields of core's dataclasses with the names of their classes; not of those with a repr of their own."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and _is_shown(node):
                yield from ((node.name, each) for each in node.body if isinstance(each, ast.AnnAssign))


def _is_shown(node: ast.ClassDef) -> bool:
    has_own = any(isinstance(each, ast.FunctionDef) and each.name == "__repr__" for each in node.body)
    return not has_own and any("dataclass" in ast.unparse(each) for each in node.decorator_list)


def _is_hidden(field: ast.AnnAssign) -> bool:
    return isinstance(field.value, ast.Call) and any(
        each.arg == "repr" and ast.unparse(each.value) == "False" for each in field.value.keywords
    )


def test_no_dataclass_shows_a_secret() -> None:
    secrets = [
        (name, ast.unparse(field.target), _is_hidden(field))
        for name, field in _fields()
        if _SECRET.fullmatch(ast.unparse(field.target))
        or (name, ast.unparse(field.target)) in _SECRETS_BY_ANOTHER_NAME
    ]

    assert [f"{name}.{field}" for name, field, is_hidden in secrets if not is_hidden] == []
    assert {(name, field) for name, field, _ in secrets} >= {
        ("FirstOwner", "token"),
        ("SignedIn", "secret"),
        ("SignUp", "password"),
        ("Visit", "session_secret"),
        *_SECRETS_BY_ANOTHER_NAME,
    }
