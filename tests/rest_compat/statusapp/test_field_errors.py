"""What is wrong with fields, in the words of zod."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from plugins.api.config import Issue
from rest_compat.statusapp.field_errors import field_error


@pytest.mark.parametrize(
    ("issue", "expected"),
    [
        (
            Issue(path=("name",), rule="required", message="name is required", expected="text"),
            {"code": "invalid_type", "expected": "string", "received": "undefined", "message": "Required"},
        ),
        (
            Issue(
                path=("name",), rule="required", message="name is required", expected="list", received="null"
            ),
            {
                "code": "invalid_type",
                "expected": "array",
                "received": "null",
                "message": "Expected array, received null",
            },
        ),
        (
            Issue(
                path=("name",),
                rule="type",
                message="name must be a text",
                expected="text",
                received="integer",
            ),
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "number",
                "message": "Expected string, received number",
            },
        ),
        (
            Issue(
                path=("name",),
                rule="type",
                message="name must be an integer",
                expected="integer",
                received="number",
            ),
            {
                "code": "invalid_type",
                "expected": "integer",
                "received": "float",
                "message": "Expected integer, received float",
            },
        ),
        (
            # Of a secret it is not told what was received.
            Issue(path=("name",), rule="type", message="name must be a text", expected="text"),
            {"code": "invalid_type", "expected": "string", "message": "Expected string"},
        ),
        (
            Issue(path=("name",), rule="minimum", message="is low", expected="60", received="59"),
            {
                "code": "too_small",
                "minimum": 60.0,
                "type": "number",
                "inclusive": True,
                "expected": "60",
                "received": "59",
                "message": "is low",
            },
        ),
        (
            Issue(path=("name",), rule="max_length", message="must have at most 2 items", expected="2"),
            {
                "code": "too_big",
                "maximum": 2.0,
                "type": "array",
                "inclusive": True,
                "expected": "2",
                "message": "must have at most 2 items",
            },
        ),
        (
            Issue(path=("name",), rule="min_length", message="must have at least 1 character", expected="1"),
            {
                "code": "too_small",
                "minimum": 1.0,
                "type": "string",
                "inclusive": True,
                "expected": "1",
                "message": "must have at least 1 character",
            },
        ),
        (
            Issue(path=("name",), rule="enum", message="is none", expected="A, B", received="C"),
            {
                "code": "invalid_enum_value",
                "options": ["A", "B"],
                "expected": "A, B",
                "received": "C",
                "message": "is none",
            },
        ),
        (
            Issue(path=("name",), rule="pattern", message="is odd", expected="^a$"),
            {"code": "invalid_string", "validation": "regex", "expected": "^a$", "message": "is odd"},
        ),
        (Issue(path=("name",), rule="invalid", message="is bad"), {"code": "custom", "message": "is bad"}),
        (Issue(path=("name",), rule="own", message="is bad"), {"code": "custom", "message": "is bad"}),
    ],
)
def test_a_rule_has_the_code_and_the_members_that_zod_gives_it(
    issue: Issue, expected: dict[str, Any]
) -> None:
    assert msgspec.to_builtins(field_error(issue)) == {"path": ["name"], **expected}


def test_an_address_that_is_none_is_an_invalid_string() -> None:
    issue = Issue(path=("notifications", "0", "config", "webhookUrl"), rule="invalid", message="no address")

    told = msgspec.to_builtins(field_error(issue))

    assert (told["code"], told["validation"]) == ("invalid_string", "url")
    assert told["path"] == ["notifications", 0, "config", "webhookUrl"]


def test_a_key_that_nobody_knows_is_told_where_it_stands() -> None:
    issue = Issue(
        path=("config", "urll"), rule="unknown_field", message="urll is not a known field", expected="url"
    )

    assert msgspec.to_builtins(field_error(issue)) == {
        "code": "unrecognized_keys",
        "keys": ["urll"],
        "path": ["config"],
        "message": "Unrecognized key(s) in object: 'urll'; did you mean url?",
    }
