"""How much of a request's body is read, and how much of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.bounded_body import MOST_BODY_BYTES, BodyTooLarge, bounded_body

PART = b"x" * MOST_BODY_BYTES


async def test_a_body_without_an_end_is_heard_for_a_while_and_refused() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield PART

    with pytest.raises(BodyTooLarge):
        await bounded_body(endless())

    assert sent == 65
