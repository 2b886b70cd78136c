"""Paths find one value or none, and what is no such path is refused with the cause."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.probes.http.json_path import ABSENT, PathError, parsed_path, selected

DOCUMENT = {
    "a": {"b": [{"c d": 1}, {"c d": None}]},
    "it's": 2,
    'say "hi"': 3,
    "é_1": 4,
    "": 5,
    "0": 6,
    "back\\slash": 7,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.a.b[0]['c d']", 1),
        ('$["a"] .b [ -2 ] ["c d"]', 1),
        ("$.a.b[1]['c d']", None),
        ("$['it\\'s']", 2),
        ('$["it\'s"]', 2),
        ("$['say \"hi\"']", 3),
        ('$["say \\"hi\\""]', 3),
        ("$.é_1", 4),
        ("$['\\u00e9_1']", 4),
        ("$['']", 5),
        ("$['0']", 6),
        ("$['back\\\\slash']", 7),
        ("$[0]", ABSENT),
        ("$.a.b[2]", ABSENT),
        ("$.a.b[-3]", ABSENT),
        ("$.a.b.length", ABSENT),
        ("$.a.b[0]['c d'].e", ABSENT),
        ("$.nothing.at.all", ABSENT),
    ],
)
def test_a_path_finds_one_value_or_none(path: str, found: Any) -> None:
    assert selected(parsed_path(path), DOCUMENT) is found or selected(parsed_path(path), DOCUMENT) == found


@given(
    st.lists(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 10**14)), max_size=5)
)
def test_every_name_can_be_written_in_quotes(segments: list[str | int]) -> None:
    path = "$" + "".join(f"[{json.dumps(segment, ensure_ascii=True)}]" for segment in segments)

    assert parsed_path(path) == tuple(segments)


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("", "must begin with $"),
        ("status", "must begin with $"),
        ("$status", "a step begins with . or [ (at character 2)"),
        ("$.", "a name with other signs is written ['…'] (at character 3)"),
        ("$.a-b", "a step begins with . or [ (at character 4)"),
        ("$.0", "a name with other signs"),
        ("$..a", "a descendant may find several values"),
        ("$.*", "a wildcard may find several values"),
        ("$[*]", "a wildcard may find several values"),
        ("$[0:2]", "a slice may find several values"),
        ("$[:2]", "a slice may find several values"),
        ("$['a','b']", "a list of names may find several values"),
        ("$[?@.a]", "a filter may find several values"),
        ("$[01]", "a ] is missing"),
        ("$[-0]", "a quoted name or an index"),
        ("$[a]", "a quoted name or an index"),
        ("$['a]", "not closed"),
        ("$['\\x41']", "an escape that JSON does not know"),
        ("$['\\ud800']", "half a surrogate pair"),
        ("$['a'", "a ] is missing"),
        ("$.a ", "a step begins with"),
        ("$" + ".a" * 51, "at most 50 steps"),
    ],
)
def test_what_is_no_path_to_one_value_is_refused_with_the_cause(path: str, cause: str) -> None:
    with pytest.raises(PathError, match=re.escape(cause)):
        parsed_path(path)
