"""Tokens, on a real PostgreSQL: known, unknown, expired, revoked, cached, and their use noted."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.access.grants import ALL_GRANTS, grants_to_json
from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.access.token_authentication import TokenAuthentication
from core.errors import TokenExpired, TokenRevoked, Unauthenticated
from core.ids import new_id

SECRET = "tocsin_0123456789abcdefghijklmnopqrstuvwxyz"
DIGEST = hashlib.sha256(SECRET.encode()).digest()


@pytest.fixture
def authentication(database, clock) -> TokenAuthentication:
    return TokenAuthentication(database=database, clock=clock)


@pytest.fixture
async def token(database, clock, tenants) -> Any:
    """Makes the token of SECRET; returns a function that runs a statement on it."""
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO api_tokens (id, workspace_id, name, prefix, secret_sha256, grants, created_by, created_at)"
            " VALUES ($1, $2, 'ci', 'tocsin', $3, $4, $5, $6)",
            new_id(clock.now()),
            tenants.owner.workspace_id,
            DIGEST,
            grants_to_json(ALL_GRANTS),
            tenants.owner.user_id,
            clock.now(),
        )

    async def change(column: str, value: datetime | None) -> None:
        async with database.acquire() as connection:
            await connection.execute(f"UPDATE api_tokens SET {column} = $1", value)

    return change


async def last_used_at(database) -> datetime | None:
    async with database.acquire() as connection:
        return await connection.fetchval("SELECT last_used_at FROM api_tokens")


async def test_a_token_speaks_for_its_maker(authentication, token, tenants) -> None:
    principal = await authentication.authenticate(SECRET)

    expected = tenants.owner
    assert (principal.workspace_id, principal.user_id) == (expected.workspace_id, expected.user_id)
    assert (principal.role, principal.grants, principal.plan) == (expected.role, ALL_GRANTS, Plan.ENTERPRISE)
    assert principal.token_id is not None


@pytest.mark.parametrize("secret", ["", "x", SECRET + " ", SECRET.upper(), "\ud800", "\0", "ü" * 10_000])
async def test_an_unknown_secret_is_refused_whatever_it_is(authentication, token, secret: str) -> None:
    with pytest.raises(Unauthenticated, match="the api token is unknown"):
        await authentication.authenticate(secret)


async def test_an_expired_token_is_told_so_from_the_moment_on(authentication, token, clock) -> None:
    await token("expires_at", clock.now() + timedelta(seconds=3))
    await authentication.authenticate(SECRET)

    clock.advance(3)

    with pytest.raises(TokenExpired):
        await authentication.authenticate(SECRET)


async def test_a_revoked_token_is_refused_as_soon_as_the_revocation_is_heard(
    authentication, token, clock
) -> None:
    await authentication.authenticate(SECRET)
    await token("revoked_at", clock.now())
    await authentication.authenticate(SECRET)  # not heard of yet

    authentication.forget(DIGEST.hex())

    with pytest.raises(TokenRevoked):
        await authentication.authenticate(SECRET)


async def test_a_revocation_that_nobody_announced_is_noticed_within_seconds(
    authentication, token, clock
) -> None:
    await authentication.authenticate(SECRET)
    await token("revoked_at", clock.now())

    clock.advance(5)

    with pytest.raises(TokenRevoked):
        await authentication.authenticate(SECRET)


async def test_a_lost_listener_makes_every_token_be_read_again(authentication, token, clock) -> None:
    await authentication.authenticate(SECRET)
    await token("revoked_at", clock.now())

    authentication.forget()

    with pytest.raises(TokenRevoked):
        await authentication.authenticate(SECRET)


async def test_a_token_that_is_revoked_and_expired_is_told_to_be_revoked(
    authentication, token, clock
) -> None:
    await token("revoked_at", clock.now())
    await token("expires_at", clock.now())

    with pytest.raises(TokenRevoked):
        await authentication.authenticate(SECRET)


async def test_a_revoked_token_tells_nothing_to_who_does_not_hold_it(authentication, token, clock) -> None:
    await token("revoked_at", clock.now())

    for other in (SECRET[:-1], SECRET[:13], DIGEST.hex(), SECRET + "x"):
        with pytest.raises(Unauthenticated) as refused:
            await authentication.authenticate(other)
        assert type(refused.value) is Unauthenticated


@pytest.mark.parametrize(
    "ending",
    [
        "DELETE FROM members",
        "UPDATE members SET accepted_at = NULL",
        "UPDATE users SET status = 'DISABLED'",
        "UPDATE workspaces SET deleted_at = created_at",
    ],
)
async def test_a_revoked_token_of_who_may_speak_for_nobody_is_unknown(
    authentication, token, clock, database, ending: str
) -> None:
    await token("revoked_at", clock.now())
    async with database.acquire() as connection:
        await connection.execute(ending)

    with pytest.raises(Unauthenticated) as refused:
        await authentication.authenticate(SECRET)

    assert type(refused.value) is Unauthenticated


@pytest.mark.parametrize("role", Role)
async def test_a_token_has_its_makers_present_role(
    authentication, token, database, clock, role: Role
) -> None:
    assert (await authentication.authenticate(SECRET)).role is Role.OWNER
    async with database.acquire() as connection:
        await connection.execute("UPDATE members SET role = $1", role.value)

    clock.advance(5)

    assert (await authentication.authenticate(SECRET)).role is role


async def test_a_maker_who_left_takes_his_tokens_with_him(authentication, token, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM members")

    with pytest.raises(Unauthenticated):
        await authentication.authenticate(SECRET)


async def test_its_use_is_noted_at_most_once_a_minute(authentication, token, database, clock) -> None:
    first = clock.now()
    await authentication.authenticate(SECRET)
    assert await last_used_at(database) == first

    clock.advance(59)
    await authentication.authenticate(SECRET)
    assert await last_used_at(database) == first

    second = clock.advance(1)
    await authentication.authenticate(SECRET)
    assert await last_used_at(database) == second


async def test_many_requests_at_once_get_the_same_answer(authentication, token) -> None:
    principals: list[Principal] = await asyncio.gather(
        *(authentication.authenticate(SECRET) for _ in range(50))
    )

    assert len(set(principals)) == 1
