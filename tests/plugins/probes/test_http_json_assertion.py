"""What values in a JSON body are held to be, by each operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.config import ConfigErrors, parse
from plugins.probes.http.json_assertion import Comparison, JsonAssertion, read_json


def holds(operator: str, value: str | None, found: str) -> bool:
    """Say whether an assertion holds for a value, written as JSON."""
    assertion = parse(JsonAssertion, {"path": "$", "operator": operator, "value": value})
    return Comparison.of(assertion).holds_for(read_json(found))


@pytest.mark.parametrize(
    ("operator", "value", "found", "expected"),
    [
        ("EQUALS", "ok", '"ok"', True),
        ("EQUALS", "ok", '"OK"', False),
        ("EQUALS", "5", "5", True),
        ("EQUALS", "5.0", "5", True),
        ("EQUALS", "5", '"5"', True),
        ("EQUALS", "0.1", "0.10", True),
        ("EQUALS", "0.30000000000000004", "0.3", False),
        ("EQUALS", "9007199254740993", "9007199254740992", False),
        ("EQUALS", "true", "true", True),
        ("EQUALS", "1", "true", False),
        ("EQUALS", "true", "1", False),
        ("EQUALS", "null", "null", True),
        ("EQUALS", "", "null", False),
        ("EQUALS", "", '""', True),
        ("EQUALS", '{"a": [1, true]}', '{"a":[1.0,true]}', True),
        ("EQUALS", '{"a": [1, true]}', '{"a":[1,1]}', False),
        ("EQUALS", "ok", '["ok"]', False),
        ("NOT_EQUALS", "ok", '"OK"', True),
        ("NOT_EQUALS", "5", "5.0", False),
        ("CONTAINS", "b", '"abc"', True),
        ("CONTAINS", "B", '"abc"', False),
        ("CONTAINS", "5", "15", False),
        ("CONTAINS", "a", '{"a": 1}', False),
        ("EXISTS", None, "null", True),
        ("GREATER_THAN", "5", "5.01", True),
        ("GREATER_THAN", "5", "5", False),
        ("GREATER_THAN", "5", '"12.5"', True),
        ("GREATER_THAN", "5", '"many"', False),
        ("GREATER_THAN", "-1", "true", False),
        ("GREATER_THAN", "-1", "null", False),
        ("LESS_THAN", "5", "-1e3", True),
        ("LESS_THAN", "5", "5", False),
        ("LESS_THAN", "5", "[]", False),
        ("LESS_THAN", "1e400", "1e399", True),
    ],
)
def test_a_value_is_held_against_the_expected_one(
    operator: str, value: str | None, found: str, expected: bool
) -> None:
    assert holds(operator, value, found) is expected


def test_values_are_compared_however_deep_they_are() -> None:
    deep = "[" * 490 + "]" * 490

    assert holds("EQUALS", deep, deep)
    assert not holds("EQUALS", deep, f"[{deep}]")


def json_values() -> st.SearchStrategy[Any]:
    leaves = (
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
    )


@given(json_values())
def test_every_json_value_but_a_text_equals_what_json_writes_of_it(value: Any) -> None:
    written = json.dumps(value)
    wanted = value if isinstance(value, str) else written
    comparison = Comparison.of(
        parse(JsonAssertion, {"path": "$", "operator": "EQUALS", "value": wanted[:1_000]})
    )

    assert len(wanted) > 1_000 or comparison.holds_for(read_json(written))


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "Infinity", "[" * 100_000, "1e99999999999999999999", "{'a': 1}"]
)
def test_what_is_not_json_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


@pytest.mark.parametrize(
    ("operator", "value", "rule", "message"),
    [
        ("EQUALS", None, "required", "value is required by EQUALS"),
        ("EXISTS", "x", "invalid", "value is not compared by EXISTS"),
        ("LESS_THAN", "few", "invalid", "value must be a number for LESS_THAN"),
        ("LESS_THAN", "NaN", "invalid", "value must be a number for LESS_THAN"),
        ("GREATER_THAN", "true", "invalid", "value must be a number for GREATER_THAN"),
        ("MATCHES", "(", "pattern", "a group is not closed"),
        ("EQUALS", "x" * 1_001, "max_length", "at most 1000 characters"),
    ],
)
def test_an_operator_without_a_fitting_value_is_refused(
    operator: str, value: str | None, rule: str, message: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        parse(JsonAssertion, {"path": "$", "operator": operator, "value": value})

    (issue,) = raised.value.issues
    assert (issue.path, issue.rule) == (("value",), rule)
    assert message in issue.message
