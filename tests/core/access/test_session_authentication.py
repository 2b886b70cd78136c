"""Sessions, on a real PostgreSQL: known, ended, expired, cached, and their use noted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from core.access.session_authentication import SessionAuthentication
from core.access.session_life import ABSOLUTE, IDLE
from core.access.sessions import MOST_SESSIONS, SignedIn, Visit, begin_session, sessions_of_user
from core.errors import Forbidden, SessionExpired, Unauthenticated

VISIT = Visit(address="192.0.2.1", user_agent="A browser\n\0 of ours" + "x" * 400)


@pytest.fixture
def authentication(database, clock) -> SessionAuthentication:
    return SessionAuthentication(database=database, clock=clock)


@pytest.fixture
def begin(database, clock, tenants) -> Callable[..., Awaitable[SignedIn]]:
    """Signs the owner in."""

    async def begin(visit: Visit = VISIT) -> SignedIn:
        async def work(connection: Any) -> SignedIn:
            person = await connection.fetchrow(
                "SELECT id, $2::uuid AS workspace_id FROM users WHERE id = $1",
                tenants.owner.user_id,
                tenants.owner.workspace_id,
            )
            return await begin_session(connection, person["id"], person["workspace_id"], visit, clock.now())

        return await database.in_transaction(work)

    return begin


async def seen_at(database) -> datetime:
    async with database.acquire() as connection:
        return await connection.fetchval("SELECT last_seen_at FROM sessions")


async def test_a_session_speaks_for_the_person_who_signed_in(authentication, begin, tenants) -> None:
    signed_in = await begin()

    principal = await authentication.authenticate(signed_in.secret)

    assert principal == signed_in.principal
    assert (principal.user_id, principal.token_id) == (tenants.owner.user_id, None)


async def test_only_the_digest_of_its_secret_is_stored(begin, database) -> None:
    signed_in = await begin()

    async with database.acquire() as connection:
        row = await connection.fetchrow("SELECT *, sessions::text AS whole FROM sessions")
    assert signed_in.secret not in row["whole"]
    assert len(row["secret_sha256"]) == 32
    assert row["user_agent"] == ("A browser of ours" + "x" * 400)[:300]


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "\0", "ü" * 10_000])
async def test_any_other_secret_is_refused(authentication, begin, secret: str) -> None:
    await begin()

    with pytest.raises(Unauthenticated, match="has ended"):
        await authentication.authenticate(secret)


async def test_it_ends_when_it_was_not_used_for_two_weeks(authentication, begin, clock) -> None:
    signed_in = await begin()
    clock.advance(IDLE.total_seconds() - 1)
    await authentication.authenticate(signed_in.secret)
    clock.advance(IDLE.total_seconds() - 1)
    await authentication.authenticate(signed_in.secret)

    clock.advance(IDLE.total_seconds())

    with pytest.raises(SessionExpired):
        await authentication.authenticate(signed_in.secret)


async def test_it_ends_after_three_months_however_much_it_was_used(authentication, begin, clock) -> None:
    signed_in = await begin()
    for _ in range(8):
        clock.advance(ABSOLUTE.total_seconds() / 8 - 1)
        await authentication.authenticate(signed_in.secret)

    clock.advance(8)

    with pytest.raises(SessionExpired):
        await authentication.authenticate(signed_in.secret)


async def test_its_use_is_noted_at_most_once_a_minute(authentication, begin, database, clock) -> None:
    first = clock.now()
    signed_in = await begin()
    clock.advance(59)
    await authentication.authenticate(signed_in.secret)
    assert await seen_at(database) == first

    second = clock.advance(1)
    await authentication.authenticate(signed_in.secret)
    assert await seen_at(database) == second


@pytest.mark.parametrize(
    "ending",
    [
        "DELETE FROM sessions",
        "UPDATE users SET status = 'DISABLED'",
        "DELETE FROM members",
        "UPDATE workspaces SET deleted_at = created_at",
    ],
)
async def test_what_ends_behind_its_back_is_noticed_within_seconds(
    authentication, begin, database, clock, ending: str
) -> None:
    signed_in = await begin()
    await authentication.authenticate(signed_in.secret)
    async with database.acquire() as connection:
        await connection.execute(ending)

    clock.advance(5)

    with pytest.raises(Unauthenticated):
        await authentication.authenticate(signed_in.secret)


async def test_an_end_that_is_heard_counts_at_once(authentication, begin, database) -> None:
    signed_in = await begin()
    await authentication.authenticate(signed_in.secret)
    async with database.acquire() as connection:
        digest = await connection.fetchval("DELETE FROM sessions RETURNING encode(secret_sha256, 'hex')")

    authentication.forget(digest)

    with pytest.raises(Unauthenticated):
        await authentication.authenticate(signed_in.secret)


async def test_a_person_has_no_more_sessions_than_a_list_shows(begin, database, clock, tenants) -> None:
    made = []
    for _ in range(MOST_SESSIONS + 2):
        clock.advance(1)
        made.append(await begin())

    async with database.acquire() as connection:
        listed = await sessions_of_user(connection, tenants.owner.user_id, clock.now())
    kept = [signed_in.principal.session_id for signed_in in reversed(made[2:])]
    assert [row["id"] for row in listed] == kept
    assert [len(signed_in.ended) for signed_in in made[-3:]] == [0, 1, 1]


async def test_signing_in_ends_what_the_cookie_opened_before(authentication, begin) -> None:
    first = await begin()
    second = await begin(replace(VISIT, session_secret=first.secret))
    authentication.forget(*second.ended)

    assert first.secret != second.secret
    assert await authentication.authenticate(second.secret)
    with pytest.raises(Unauthenticated):
        await authentication.authenticate(first.secret)


async def test_whoever_belongs_to_no_workspace_does_not_come_in(begin, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM members")

    with pytest.raises(Forbidden, match="no workspace"):
        await begin()
