"""The texts that people give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.issues import Issues
from core.text_rules import name_of, note_of


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("Shop", []),
        ("  Shop  ", []),
        ("Ünïcødé ✓ 日本", []),
        ("x" * 200, []),
        ("", ["min_length"]),
        (" \t\n ", ["min_length"]),
        (None, ["required"]),
        ("x" * 201, ["max_length"]),
        ("x" * 10_000, ["max_length"]),
        ("a\0b", ["invalid"]),
        ("a\nb", ["invalid"]),
        ("a\x7fb", ["invalid"]),
        ("a\u2028b", ["invalid"]),
        ("a\ud800b", ["invalid"]),
        ("\0" * 201 + "\udfff", ["max_length", "invalid", "invalid"]),
    ],
)
def test_a_name_is_held_to_its_rules(name: str | None, rules: list[str]) -> None:
    issues = Issues()

    name_of(name, ("name",), issues)

    assert [issue.rule for issue in issues.found] == rules
    assert {issue.path for issue in issues.found} <= {("name",)}


def test_a_note_may_have_lines_and_tabs() -> None:
    issues = Issues()

    assert note_of("one\n\ttwo\n", ("message",), issues) == "one\n\ttwo"
    assert issues.found == []


@given(st.text(st.characters(codec=None)))
def test_a_name_that_is_accepted_can_be_stored_and_is_stable(text: str) -> None:
    issues = Issues()
    name = name_of(text, ("name",), issues)

    if not issues.found:
        assert "\0" not in name
        name.encode()
        assert name_of(name, ("name",), issues) == name
        assert 1 <= len(name) <= 200
