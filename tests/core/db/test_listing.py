"""Stretches of a list, for clients that count pages."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.db.listing import (
    Ordering,
    SortType,
    count_rows_by,
    ordered_by,
    read_stretch,
    read_stretches,
)

NUMBERS = "SELECT md5(number::text)::uuid AS id, number, number % 2 AS parity FROM generate_series(1, $1::integer) AS number"
BY_NUMBER = ordered_by("number", "number", SortType.INTEGER)
DOWNWARDS = ordered_by("-number", "number", SortType.INTEGER, is_descending=True)


@pytest.mark.parametrize(
    ("ordering", "skipped", "size", "expected"),
    [
        (BY_NUMBER, 0, 3, [1, 2, 3]),
        (BY_NUMBER, 3, 3, [4, 5]),
        (BY_NUMBER, 1_000_000, 3, []),
        (DOWNWARDS, 1, 2, [4, 3]),
    ],
    ids=["first", "last", "beyond", "downwards"],
)
async def test_a_stretch_begins_after_what_is_skipped(
    database, ordering: Ordering, skipped, size, expected
) -> None:
    async with database.acquire() as connection:
        rows = await read_stretch(
            connection, NUMBERS, [5], ordering, skipped=skipped, size=size, columns=("number",)
        )

    assert [row["number"] for row in rows] == expected
    assert all(set(row.keys()) == {"number", "id"} for row in rows)


async def test_a_stretch_is_read_below_each_of_many_parents_at_once(database) -> None:
    parents = [UUID(int=0), UUID(int=1), UUID(int=2)]
    below = (
        f"SELECT numbers.*, lpad(parity::text, 32, '0')::uuid AS parent_number FROM ({NUMBERS}) AS numbers"
    )
    async with database.acquire() as connection:
        found = await read_stretches(
            connection,
            below,
            [7],
            BY_NUMBER,
            skipped=1,
            size=2,
            parent_column="parent_number",
            parents=parents,
        )

    assert {parent.int: [row["number"] for row in rows] for parent, rows in found.items()} == {
        0: [4, 6],
        1: [3, 5],
        2: [],
    }


async def test_rows_are_counted_by_what_they_have_in_common(database) -> None:
    async with database.acquire() as connection:
        rows = await count_rows_by(connection, NUMBERS, [5], ("parity",))

    assert sorted((row["parity"], row["total"]) for row in rows) == [(0, 2), (1, 3)]
