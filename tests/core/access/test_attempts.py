"""Attempts, counted in PostgreSQL as the pure rule says, whichever process counts them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.access.attempt_allowance import taken
from core.access.attempts import Attempt, Attempts, Door
from core.clock import ManualClock
from core.db.database import Database, PoolUse
from core.errors import RateLimited

SIGN_IN = Door.SIGN_IN.value


@pytest.fixture
def attempts(database, clock) -> Attempts:
    return Attempts(database=database, clock=clock)


async def admitted(attempts: Attempts, attempt: Attempt) -> bool:
    try:
        await attempts.take(attempt)
    except RateLimited:
        return False
    return True


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pauses=st.lists(st.integers(0, 200), min_size=1, max_size=40))
async def test_the_statement_admits_what_the_rule_admits(database: Database, pauses: list[int]) -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    attempts = Attempts(database=database, clock=clock)
    drained_at = None
    assert SIGN_IN.account is not None
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM attempts")  # the examples share the database
    for pause in pauses:
        now = clock.advance(pause)
        expected = taken(SIGN_IN.account, drained_at, now)
        assert await admitted(attempts, Attempt(door=Door.SIGN_IN, account="ada@example.com")) == (
            expected is not None
        )
        drained_at = expected or drained_at


async def test_many_at_once_are_counted_exactly(attempts: Attempts) -> None:
    attempt = Attempt(door=Door.SIGN_IN, account="ada@example.com")

    results = await asyncio.gather(*(admitted(attempts, attempt) for _ in range(40)))

    assert results.count(True) == 10


async def test_another_process_counts_with_it(attempts: Attempts, database_dsn, clock) -> None:
    other = await Database.connect(database_dsn, use=PoolUse.FACES, max_size=2)
    elsewhere = Attempts(database=other, clock=clock)
    attempt = Attempt(door=Door.SIGN_IN, account="ada@example.com")
    results = [await admitted(counted, attempt) for _ in range(6) for counted in (attempts, elsewhere)]
    await other.close()

    assert results == [True] * 10 + [False] * 2


async def test_a_refusal_says_when_to_come_back_and_is_right(attempts: Attempts, clock: ManualClock) -> None:
    attempt = Attempt(door=Door.SIGN_IN, account="ada@example.com")
    for _ in range(10):
        await attempts.take(attempt)

    with pytest.raises(RateLimited, match="try again in 60 s") as refused:
        await attempts.take(attempt)

    clock.advance(59)
    assert not await admitted(attempts, attempt)
    assert refused.value.retry_after_seconds == 60
    clock.advance(1)
    assert await admitted(attempts, attempt)


async def test_what_succeeded_is_not_counted(attempts: Attempts) -> None:
    attempt = Attempt(door=Door.SIGN_IN, account="ada@example.com", address="192.0.2.1")
    for _ in range(60):
        await attempts.take(attempt)
        await attempts.give_back(attempt)


async def test_doors_accounts_and_addresses_are_counted_apart(attempts: Attempts) -> None:
    for _ in range(10):
        await attempts.take(Attempt(door=Door.SIGN_IN, account="ada@example.com", address="192.0.2.1"))

    assert not await admitted(
        attempts, Attempt(door=Door.SIGN_IN, account="ada@example.com", address="192.0.2.2")
    )
    assert await admitted(
        attempts, Attempt(door=Door.SIGN_IN, account="bob@example.com", address="192.0.2.1")
    )
    assert await admitted(attempts, Attempt(door=Door.PASSWORD_RESET_REQUEST, account="ada@example.com"))


async def test_an_address_that_is_refused_takes_nothing_from_an_account(attempts: Attempts) -> None:
    for number in range(60):
        await admitted(
            attempts, Attempt(door=Door.SIGN_IN, account=f"{number}@example.com", address="192.0.2.1")
        )
    for _ in range(20):
        assert not await admitted(
            attempts, Attempt(door=Door.SIGN_IN, account="ada@example.com", address="192.0.2.1")
        )

    assert await admitted(
        attempts, Attempt(door=Door.SIGN_IN, account="ada@example.com", address="192.0.2.9")
    )


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
    ],
)
async def test_a_customers_addresses_are_counted_as_one(
    attempts: Attempts, one: str, other: str, is_same: bool
) -> None:
    for _ in range(10):
        await attempts.take(Attempt(door=Door.SIGN_UP, address=one))

    assert await admitted(attempts, Attempt(door=Door.SIGN_UP, address=other)) is not is_same
