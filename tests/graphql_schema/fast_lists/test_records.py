"""The objects of an answer are encoded as dictionaries are."""

from __future__ import annotations

import msgspec
import pytest

from graphql_schema.fast_lists.records import records


@pytest.mark.parametrize(
    "names",
    [
        ("id", "__typename"),
        ("class", "from", "None", "self", "gc"),
        ("member_1", "member_0"),
        tuple(f"n{place}" for place in range(300)),
    ],
)
def test_objects_have_their_members_in_order_and_under_whatever_name(names):
    columns = [[place, None, f"text {place}"] for place in range(len(names))]

    found = msgspec.json.encode(records(names, columns, 3))

    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    assert found == msgspec.json.encode(rows)


def test_objects_without_members_are_as_many_as_asked_for():
    assert msgspec.json.encode(records((), (), 2)) == b"[{},{}]"


def test_columns_of_different_lengths_are_no_objects():
    with pytest.raises(ValueError, match="shorter"):
        records(("a", "b"), ([1, 2], [1]), 2)
