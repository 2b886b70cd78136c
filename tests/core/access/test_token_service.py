"""Tokens, on a real PostgreSQL: made, used, revoked, and refused without a trace."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.grants import ALL_GRANTS, grants_from_json, on_every_scope
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.access.token_authentication import TokenAuthentication
from core.access.token_service import MOST_LIVE_TOKENS, CreateToken, MadeToken, TokenService
from core.db.tables import ApiToken
from core.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    OverLimit,
    TokenExpired,
    TokenRevoked,
    TokenScopeDenied,
    Unauthenticated,
    WriteLocked,
)
from core.ids import Prefix, encode_id, new_id

READ, WRITE, DELETE = TokenPermission
READS_MONITORS = Grant(scope=TokenScope.UPTIME_CHECKS, permission=READ)
WANTED = CreateToken(name="CI", grants=[READS_MONITORS])

Make = Callable[..., Awaitable[tuple[Principal, str]]]


@pytest.fixture
def authentication(database, clock) -> TokenAuthentication:
    return TokenAuthentication(database=database, clock=clock)


@pytest.fixture
def tokens(database, clock, authentication) -> TokenService:
    return TokenService(database=database, clock=clock, authentication=authentication)


@pytest.fixture
def person(tenants) -> Principal:
    """The owner, signed in."""
    return replace(tenants.owner, token_id=None)


@pytest.fixture
def become(database) -> Callable[[Role], Awaitable[None]]:
    """Gives the owner another role, behind every service."""

    async def change(role: Role) -> None:
        async with database.acquire() as connection:
            await connection.execute("UPDATE members SET role = $1", role.value)

    return change


def public(made: MadeToken) -> str:
    return encode_id(Prefix.TOKEN, made.id)


async def test_a_token_is_made_and_speaks_for_its_maker(tokens, authentication, person, clock) -> None:
    made = await tokens.create(person, CreateToken(name=" CI ", grants=[READS_MONITORS]))

    principal = await authentication.authenticate(made.secret)
    assert principal == replace(person, token_id=made.id, grants=frozenset({READS_MONITORS}))
    [row] = await ApiToken.select().where(ApiToken.id == made.id)
    assert (row["name"], row["created_by"], row["created_at"]) == ("CI", person.user_id, clock.now())
    assert (row["expires_at"], row["revoked_at"]) == (clock.now() + timedelta(days=365), None)


async def test_of_a_secret_only_its_digest_and_its_beginning_are_kept(
    tokens, person, contents, capfd, caplog
) -> None:
    caplog.set_level("DEBUG")

    made = await tokens.create(person, WANTED)
    await tokens.revoke(person, public(made))

    assert re.fullmatch(r"tocsin_[\w-]{43}", made.secret)
    rows = repr(await contents())
    assert made.secret[:13] in rows
    assert hashlib.sha256(made.secret.encode()).hexdigest() in rows
    written = capfd.readouterr()
    for place in (rows, repr(made), caplog.text, written.out, written.err):
        assert made.secret[:14] not in place


async def test_two_secrets_have_nothing_in_common_but_their_beginning(tokens, person) -> None:
    one, other = await tokens.create(person, WANTED), await tokens.create(person, WANTED)

    assert one.secret[7:13] != other.secret[7:13]


async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_stored(
    tokens, tenants, person, become, contents, clock
) -> None:
    await become(Role.ADMIN)
    before = await contents()
    maker = replace(person, token_id=new_id(clock.now()), grants=frozenset({*on_every_scope(WRITE)}))
    wrong = CreateToken(
        name="",
        grants=[Grant(scope=TokenScope.TEAM, permission=DELETE), READS_MONITORS, *ALL_GRANTS],
        expires_at=clock.now(),
    )

    with pytest.raises(InvalidInput) as refused:
        await tokens.create(maker, wrong)

    paths = [".".join(issue.path) for issue in refused.value.issues]
    assert paths == [
        "name",
        "grants.0.permission",
        *(f"grants.{place}.permission" for place in range(2, 11)),
        "expiresAt",
    ]
    assert await contents() == before


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_a_role_that_may_not_make_tokens_leaves_no_trace(
    tokens, person, become, contents, role: Role
) -> None:
    await become(role)
    before = await contents()

    # As he is, and as he is still thought to be by a cache.
    for principal in (replace(person, role=role), person):
        with pytest.raises(Forbidden):
            await tokens.create(principal, WANTED)

    assert await contents() == before


async def test_who_left_makes_no_token_however_fresh_he_is_in_a_cache(
    tokens, person, database, contents
) -> None:
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM members")
    before = await contents()

    with pytest.raises(Unauthenticated):
        await tokens.create(person, WANTED)

    assert await contents() == before


@pytest.mark.parametrize(("column", "error"), [("revoked_at", TokenRevoked), ("expires_at", TokenExpired)])
async def test_a_token_that_has_ended_leaves_no_other_behind(
    tokens, authentication, person, database, clock, contents, column: str, error
) -> None:
    made = await tokens.create(person, CreateToken(name="leaked", grants=[*ALL_GRANTS]))
    leaked = await authentication.authenticate(made.secret)
    async with database.acquire() as connection:
        await connection.execute(f"UPDATE api_tokens SET {column} = $1", clock.now())
    before = await contents()

    with pytest.raises(error):
        await tokens.create(leaked, WANTED)

    assert await contents() == before


async def test_a_token_makes_tokens_that_may_do_no_more_than_itself(tokens, authentication, person) -> None:
    grants = [Grant(scope=TokenScope.TOKENS, permission=WRITE), READS_MONITORS]
    maker = await authentication.authenticate(
        (await tokens.create(person, CreateToken(name="maker", grants=grants))).secret
    )

    made = await tokens.create(maker, WANTED)

    assert (await authentication.authenticate(made.secret)).grants == {READS_MONITORS}
    with pytest.raises(InvalidInput):
        await tokens.create(
            maker,
            CreateToken(name="more", grants=[Grant(scope=TokenScope.UPTIME_CHECKS, permission=WRITE)]),
        )


async def test_a_grant_of_one_scope_is_stored_once(tokens, person) -> None:
    grants = [Grant(scope=TokenScope.TEAM, permission=permission) for permission in (WRITE, READ, WRITE)]

    await tokens.create(person, CreateToken(name="CI", grants=grants))

    [row] = await ApiToken.select()
    assert grants_from_json(row["grants"]) == {Grant(scope=TokenScope.TEAM, permission=WRITE)}


async def test_only_so_many_tokens_live_at_once_and_the_dead_do_not_count(
    tokens, person, tenants, database, clock, contents
) -> None:
    made = await tokens.create(person, WANTED)
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO api_tokens (id, workspace_id, name, prefix, secret_sha256, grants, created_by, created_at)"
            " SELECT gen_random_uuid(), $1, 'many', 'x', decode(md5(n::text), 'hex'), '[]', $2, $3"
            " FROM generate_series(2, $4) AS n",
            person.workspace_id,
            person.user_id,
            clock.now(),
            MOST_LIVE_TOKENS,
        )
    before = await contents()

    with pytest.raises(OverLimit, match="at most 500 api tokens may be live"):
        await tokens.create(person, WANTED)
    assert await contents() == before

    await tokens.create(replace(tenants.stranger, token_id=None), WANTED)
    await tokens.revoke(person, public(made))
    await tokens.create(
        person,
        CreateToken(name="short", grants=[READS_MONITORS], expires_at=clock.now() + timedelta(hours=1)),
    )
    with pytest.raises(OverLimit):
        await tokens.create(person, WANTED)
    clock.advance(3600)
    await tokens.create(person, WANTED)


async def test_a_workspace_that_does_not_fit_its_plan_makes_no_token_and_revokes_them(
    tokens, person, database, clock, contents
) -> None:
    made = await tokens.create(person, WANTED)
    async with database.acquire() as connection:
        await connection.execute("UPDATE workspaces SET plan = 'FREE'")
        await connection.execute(
            "INSERT INTO members (id, workspace_id, email, role, accepted_at, created_at)"
            " SELECT gen_random_uuid(), $1, n || '@example.org', 'VIEWER', $2, $2 FROM generate_series(1, 5) AS n",
            person.workspace_id,
            clock.now(),
        )
    before = await contents()

    with pytest.raises(WriteLocked):
        await tokens.create(person, WANTED)
    assert await contents() == before

    assert await tokens.revoke(person, public(made)) == made.id


async def test_no_two_pass_the_limit_together(tokens, person, database, clock) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO api_tokens (id, workspace_id, name, prefix, secret_sha256, grants, created_by, created_at)"
            " SELECT gen_random_uuid(), $1, 'many', 'x', decode(md5(n::text), 'hex'), '[]', $2, $3"
            " FROM generate_series(2, $4) AS n",
            person.workspace_id,
            person.user_id,
            clock.now(),
            MOST_LIVE_TOKENS,
        )

    done = await asyncio.gather(*(tokens.create(person, WANTED) for _ in range(4)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["MadeToken", *["OverLimit"] * 3]


async def test_a_revoked_token_opens_nothing_from_that_moment_on(
    tokens, authentication, person, clock
) -> None:
    made = await tokens.create(person, WANTED)
    await authentication.authenticate(made.secret)  # cached from here on

    assert await tokens.revoke(person, public(made)) == made.id

    with pytest.raises(TokenRevoked):
        await authentication.authenticate(made.secret)


async def test_revoking_once_more_changes_nothing(tokens, person, clock, contents) -> None:
    made = await tokens.create(person, WANTED)
    await tokens.revoke(person, public(made))
    before = await contents()
    clock.advance(60)

    assert await tokens.revoke(person, public(made)) == made.id

    assert await contents() == before


@pytest.mark.parametrize(
    ("permission", "error_for_itself", "error_for_another"),
    [
        (READ, TokenScopeDenied, TokenScopeDenied),
        (WRITE, None, TokenScopeDenied),
        (DELETE, None, None),
    ],
)
async def test_a_token_revokes_itself_with_write_and_others_with_delete(
    tokens, authentication, person, contents, permission, error_for_itself, error_for_another
) -> None:
    grants = [Grant(scope=TokenScope.TOKENS, permission=permission)]
    own = await tokens.create(person, CreateToken(name="own", grants=grants))
    another = await tokens.create(person, WANTED)
    principal = await authentication.authenticate(own.secret)

    for made, error in ((another, error_for_another), (own, error_for_itself)):
        before = await contents()
        if error is None:
            assert await tokens.revoke(principal, public(made)) == made.id
        else:
            with pytest.raises(error):
                await tokens.revoke(principal, public(made))
            assert await contents() == before


async def test_who_may_not_revoke_a_token_leaves_no_trace(tokens, person, contents, trespasser) -> None:
    made = await tokens.create(person, WANTED)
    before = await contents()

    with pytest.raises(trespasser.error):
        await tokens.revoke(trespasser.principal, public(made))

    assert await contents() == before


async def test_ids_that_are_foreign_unknown_or_malformed_answer_alike(tokens, person, tenants, clock) -> None:
    foreign = await tokens.create(replace(tenants.stranger, token_id=None), WANTED)
    unknown = encode_id(Prefix.TOKEN, new_id(clock.now()))

    answers = []
    for token_id in (public(foreign), unknown, "", "key_", "key_" + "z" * 26, "mon" + unknown[3:]):
        with pytest.raises(NotFound) as refused:
            await tokens.revoke(person, token_id)
        answers.append((refused.value.message, refused.value.path))

    assert answers == [("api token not found", ("id",))] * 6


@pytest.mark.parametrize("role", Role)
async def test_a_token_acts_with_the_lesser_of_its_grants_and_its_makers_present_role(
    tokens, authentication, person, become, clock, role: Role
) -> None:
    narrow = await tokens.create(person, CreateToken(name="narrow", grants=[READS_MONITORS]))
    wide = await tokens.create(person, CreateToken(name="wide", grants=[*ALL_GRANTS]))
    await become(role)
    clock.advance(5)  # nobody announced it: what is cached of him ends by itself

    may_make = {
        made.id: await _accepted(tokens, await authentication.authenticate(made.secret))
        for made in (narrow, wide)
    }

    assert may_make == {narrow.id: False, wide.id: role in (Role.OWNER, Role.ADMIN)}


async def _accepted(tokens: TokenService, principal: Principal) -> bool:
    try:
        await tokens.create(principal, WANTED)
    except Forbidden:
        return False
    return True
