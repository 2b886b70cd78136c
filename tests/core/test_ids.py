"""Identifiers: made one by one and many at once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from core.ids import made_at_ms, new_id, new_id_texts, to_unix_ms

AT = datetime(2026, 11, 22, 9, 30, 0, 123_456, tzinfo=UTC)


def test_an_identifier_is_a_uuid_of_version_7_that_carries_its_moment() -> None:
    made = new_id(AT)

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made_at_ms(made) == to_unix_ms(AT)


def test_those_made_together_are_the_same_each_of_its_own_moment() -> None:
    moments = [to_unix_ms(AT) + number for number in range(1000)]

    made = [uuid.UUID(text) for text in new_id_texts(moments)]

    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert list(map(made_at_ms, made)) == moments


def test_what_is_not_of_the_moment_is_drawn() -> None:
    made = {uuid.UUID(text).int & (1 << 62) - 1 for text in new_id_texts([to_unix_ms(AT)] * 1000)}

    assert len(made) == 1000
