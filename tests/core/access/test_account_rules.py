"""What people may say of themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.access.account_rules import (
    email_of,
    findable_email,
    language_of,
    password_of,
    phone_number_of,
    timezone_of,
)
from core.issues import Issues, Path

Rule = Callable[[str, Path, Issues], str]


def rules_broken(rule: Rule, value: str) -> list[str]:
    issues = Issues()
    rule(value, ("field",), issues)
    return [issue.rule for issue in issues.found]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (email_of, " ada@example.com "),
        (email_of, "owner@localhost"),
        (password_of, "12345678"),
        (password_of, "ünïcode pässwörd"),
        (password_of, "x" * 500),
        (phone_number_of, "+44 (1632) 960-961"),
        (phone_number_of, "+0987654321"),
        (language_of, "en"),
        (language_of, "pt-BR"),
        (language_of, "zh-Hant-TW"),
        (timezone_of, "UTC"),
        (timezone_of, "Europe/Berlin"),
    ],
)
def test_what_is_right_is_taken(rule: Rule, value: str) -> None:
    assert rules_broken(rule, value) == []


@pytest.mark.parametrize(
    ("rule", "value", "broken"),
    [
        (email_of, "", ["email"]),
        (email_of, "ada", ["email"]),
        (email_of, "ada@", ["email"]),
        (email_of, "ada\n@example.com", ["email"]),
        (email_of, "a" * 300 + "@example.com", ["max_length"]),
        (password_of, "1234567", ["min_length"]),
        (password_of, "x" * 501, ["max_length"]),
        (password_of, "12345678\0", ["invalid"]),
        (phone_number_of, "01632 960961", ["phone_number"]),
        (phone_number_of, "+1234567890123456", ["phone_number"]),
        (phone_number_of, "", ["phone_number"]),
        (language_of, "", ["language"]),
        (language_of, "english please", ["language"]),
        (timezone_of, "Berlin", ["timezone"]),
        (timezone_of, "../etc/passwd", ["timezone"]),
        (timezone_of, "", ["timezone"]),
    ],
)
def test_what_is_wrong_is_named(rule: Rule, value: str, broken: list[str]) -> None:
    assert rules_broken(rule, value) == broken


def test_a_password_is_never_quoted() -> None:
    issues = Issues()
    password_of("secret\0", ("password",), issues)
    password_of("another secret\0", ("password",), issues)

    assert "secret" not in repr(issues.found)


def test_what_postgresql_cannot_hold_finds_nobody() -> None:
    assert findable_email(" Ada@Example.com ") == "Ada@Example.com"
    assert findable_email("a\0@example.com") == findable_email("\ud800@example.com") == ""
