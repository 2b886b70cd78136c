"""Accounts as their services see them: the same work for known and unknown addresses, and races that must not be won."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from core.access.attempts import Attempt, Door
from core.access.password_service import ChangePassword, ResetPassword
from core.access.password_work import MOST_UNDER_WAY, PasswordWork
from core.access.people import People, build_people
from core.access.profile_service import UpdateProfile
from core.access.sessions import SignedIn, Visit
from core.access.sign_in_service import SignIn, SignUp
from core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    TocsinError,
    TokenScopeDenied,
    Unauthenticated,
    WrongCredentials,
)
from core.ids import Prefix, encode_id
from core.mail import mailer_for
from core.settings import Settings, SignUpRule
from tests.core.access.stored_password import cheaply_stored
from tests.plugins.mail_server import MailBox, mail_server

VISIT = Visit(address="192.0.2.1", user_agent="A browser")
PASSWORD = "correct horse"
ADA = SignIn(email="ada@example.com", password=PASSWORD)


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_server() as opened:
        yield opened


@pytest.fixture
async def people(database, clock, tenants, box) -> People:
    """The services where everybody may sign up; the owner Ada has a password that is verified cheaply."""
    async with database.acquire() as connection:
        await connection.execute(
            "UPDATE users SET password_hash = $1 WHERE email = 'ada@example.com'", cheaply_stored(PASSWORD)
        )
    return build(database, clock, sign_up=SignUpRule.OPEN, smtp_url=box.url())


def build(database, clock, **given: Any) -> People:
    settings = Settings(public_url="https://tocsin.example.org", **given)
    return build_people(settings=settings, database=database, clock=clock, mailer=mailer_for(settings))


@pytest.fixture
def scrypt_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The costs at which scrypt was called."""
    calls: list[int] = []
    really = hashlib.scrypt

    def counted(password: bytes, **how: Any) -> bytes:
        calls.append(how["n"])
        return really(password, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return calls


async def is_in(people: People, signed_in: SignedIn) -> bool:
    try:
        return await people.sessions.authenticate(signed_in.secret) == signed_in.principal
    except Unauthenticated:
        return False


async def refused(work: Awaitable[object]) -> TocsinError:
    with pytest.raises(TocsinError) as raised:
        await work
    return raised.value


async def letter(box: MailBox) -> str:
    """Return the token of the only letter, once it has come."""
    async with asyncio.timeout(30):
        while not box.received:
            await asyncio.sleep(0.02)
    [received] = box.received
    box.received.clear()
    [token] = [line.strip() for line in received.text("plain").splitlines() if line.startswith("    ")]
    return token


async def test_an_unknown_address_costs_what_a_wrong_password_costs(
    people, database, scrypt_calls: list[int]
) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "UPDATE users SET password_hash = $1 WHERE email = 'ada@example.com'",
            await PasswordWork().hash(PASSWORD),
        )
    scrypt_calls.clear()
    told = []
    for email in ("ada@example.com", "nobody@example.com", "\0", "charlie@example.com"):
        error = await refused(people.sign_in.sign_in(VISIT, SignIn(email=email, password="wrong")))
        told.append((type(error), error.message, error.path))

    assert set(told) == {(WrongCredentials, "e-mail or password is wrong", ())}
    assert scrypt_calls == [2**16] * 4


async def test_a_disabled_account_looks_like_none(people, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET status = 'DISABLED'")

    error = await refused(people.sign_in.sign_in(VISIT, ADA))

    assert (type(error), error.message) == (WrongCredentials, "e-mail or password is wrong")


async def test_the_case_of_an_address_does_not_matter_and_that_of_a_password_does(people) -> None:
    signed_in = await people.sign_in.sign_in(VISIT, SignIn(email=" ADA@Example.COM ", password=PASSWORD))
    assert await is_in(people, signed_in)

    with pytest.raises(WrongCredentials):
        await people.sign_in.sign_in(VISIT, replace(ADA, password=PASSWORD.upper()))


async def test_only_failures_count_against_an_account(people) -> None:
    for _ in range(12):
        await people.sign_in.sign_in(VISIT, ADA)
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            await people.sign_in.sign_in(VISIT, replace(ADA, password="wrong"))

    with pytest.raises(RateLimited):
        await people.sign_in.sign_in(VISIT, ADA)


async def test_unknown_accounts_are_limited_as_known_ones_are(people) -> None:
    nobody = SignIn(email="nobody@example.com", password="wrong")
    kinds = []
    for email in ("ada@example.com", "nobody@example.com"):
        for _ in range(10):
            await people.sign_in._attempts.take(Attempt(door=Door.SIGN_IN, account=email))
        kinds.append(type(await refused(people.sign_in.sign_in(VISIT, replace(nobody, email=email)))))

    assert kinds == [RateLimited, RateLimited]


async def test_a_session_cannot_begin_with_a_password_that_was_changed_meanwhile(
    people, database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes between the comparison and the beginning."""
    really = people.sign_in._attempts.give_back

    async def change_then_go_on(attempt: Any) -> None:
        await really(attempt)
        async with database.acquire() as connection:
            await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored("another"))

    monkeypatch.setattr(people.sign_in._attempts, "give_back", change_then_go_on)

    with pytest.raises(WrongCredentials):
        await people.sign_in.sign_in(VISIT, ADA)


async def test_signing_up_makes_a_workspace_of_ones_own(people, database) -> None:
    wanted = SignUp(email="bob@example.com", password="longer than that", name=" Bob ")

    signed_in = await people.sign_in.sign_up(VISIT, wanted)

    assert await is_in(people, signed_in)
    async with database.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT w.plan, w.name, m.role, p.name AS project, p.is_default, u.name AS person FROM workspaces w"
            " JOIN members m ON m.workspace_id = w.id JOIN users u ON u.id = m.user_id"
            " JOIN projects p ON p.workspace_id = w.id WHERE w.id = $1",
            signed_in.principal.workspace_id,
        )
    assert tuple(row) == ("FREE", "Bob's workspace", "OWNER", "Default", True, "Bob")
    assert await people.sign_in.sign_in(VISIT, SignIn(email=wanted.email, password=wanted.password))


async def test_a_known_address_is_a_conflict_also_for_two_who_come_at_once(people, database) -> None:
    taken = SignUp(email="ADA@example.com", password="longer than that", name="Ada")
    known = await refused(people.sign_in.sign_up(VISIT, taken))
    assert (type(known), known.path) == (Conflict, ("email",))

    wanted = SignUp(email="bob@example.com", password="longer than that", name="Bob")
    results = await asyncio.gather(
        *(people.sign_in.sign_up(VISIT, wanted) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "SignedIn"]
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM workspaces") == 3


async def test_all_that_is_wrong_with_an_account_is_told_at_once(people, contents) -> None:
    before = await contents()
    error = await refused(people.sign_in.sign_up(VISIT, SignUp(email="x", password="short", name=" ")))

    assert isinstance(error, InvalidInput)
    assert [issue.path for issue in error.issues] == [("email",), ("password",), ("name",)]
    assert await contents() == before


@pytest.mark.parametrize(
    ("rule", "why"), [(SignUpRule.INVITE, "needs an invitation"), (SignUpRule.CLOSED, "is closed")]
)
async def test_sign_up_is_refused_where_it_is_not_open(
    database, clock, tenants, contents, scrypt_calls, rule: SignUpRule, why: str
) -> None:
    before = await contents()
    people = build(database, clock, sign_up=rule)

    with pytest.raises(Forbidden, match=why):
        await people.sign_in.sign_up(VISIT, SignUp(email="b@example.com", password="12345678", name="B"))

    assert await contents() == before
    assert scrypt_calls == []


async def test_a_changed_password_ends_the_other_sessions_and_rotates_ones_own(people) -> None:
    own, other = [await people.sign_in.sign_in(VISIT, ADA) for _ in range(2)]
    wish = ChangePassword(current=PASSWORD, password="another password")

    rotated = await people.passwords.change(own.principal, wish)

    assert rotated.principal.session_id == own.principal.session_id
    assert [await is_in(people, one) for one in (own, other, rotated)] == [False, False, True]
    with pytest.raises(WrongCredentials):
        await people.sign_in.sign_in(VISIT, ADA)
    assert await people.sign_in.sign_in(VISIT, replace(ADA, password="another password"))


async def test_whoever_does_not_know_the_present_password_cannot_change_it(people, contents) -> None:
    own = await people.sign_in.sign_in(VISIT, ADA)
    before = (await contents())["users"], (await contents())["sessions"]
    for _ in range(10):
        error = await refused(
            people.passwords.change(own.principal, ChangePassword(current="wrong", password="long enough"))
        )
        assert (type(error), error.path) == (WrongCredentials, ("current",))

    with pytest.raises(RateLimited):
        await people.passwords.change(own.principal, ChangePassword(current=PASSWORD, password="long enough"))
    assert ((await contents())["users"], (await contents())["sessions"]) == before


async def test_of_two_changes_at_once_one_wins(people) -> None:
    own = await people.sign_in.sign_in(VISIT, ADA)
    changes = [
        people.passwords.change(own.principal, ChangePassword(current=PASSWORD, password=f"password {n}"))
        for n in range(2)
    ]
    results = await asyncio.gather(*changes, return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "SignedIn"]


async def test_a_token_changes_no_password_and_ends_no_session(people, tenants) -> None:
    wish = ChangePassword(current=PASSWORD, password="another password")
    with pytest.raises(Forbidden):
        await people.passwords.change(tenants.owner, wish)
    signed_in = await people.sign_in.sign_in(VISIT, ADA)
    with pytest.raises(Forbidden):
        await people.sign_in.revoke_session(tenants.owner, public_id(signed_in))


def public_id(signed_in: SignedIn) -> str:
    assert signed_in.principal.session_id is not None
    return encode_id(Prefix.SESSION, signed_in.principal.session_id)


async def test_ones_own_sessions_can_be_ended_and_nobody_elses(people, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE users SET password_hash = $1", cheaply_stored(PASSWORD))
    mine, other = [await people.sign_in.sign_in(VISIT, ADA) for _ in range(2)]
    strangers = await people.sign_in.sign_in(VISIT, replace(ADA, email="charlie@example.com"))

    for unknown in (
        public_id(strangers),
        "ses_x",
        "",
        encode_id(Prefix.SESSION, mine.principal.workspace_id),
    ):
        with pytest.raises(NotFound, match="session not found"):
            await people.sign_in.revoke_session(mine.principal, unknown)
    await people.sign_in.revoke_session(mine.principal, public_id(other))

    assert [await is_in(people, one) for one in (mine, other, strangers)] == [True, False, True]


async def test_signing_out_ends_the_session_of_the_cookie(people) -> None:
    signed_in = await people.sign_in.sign_in(VISIT, ADA)

    for secret in (None, "unknown", signed_in.secret, signed_in.secret):
        await people.sign_in.sign_out(replace(VISIT, session_secret=secret))

    assert not await is_in(people, signed_in)


async def test_a_letter_lets_its_reader_choose_another_password_once(people, box: MailBox) -> None:
    before = await people.sign_in.sign_in(VISIT, ADA)
    await people.passwords.request_reset(VISIT, "Ada@example.com")
    token = await letter(box)

    signed_in = await people.passwords.reset(VISIT, ResetPassword(token=token, password="another password"))

    assert [await is_in(people, one) for one in (before, signed_in)] == [False, True]
    assert await people.sign_in.sign_in(VISIT, replace(ADA, password="another password"))
    error = await refused(people.passwords.reset(VISIT, ResetPassword(token=token, password="a third one")))
    assert (type(error), error.path) == (WrongCredentials, ("token",))


async def test_a_letter_works_for_half_an_hour(people, box: MailBox, clock) -> None:
    await people.passwords.request_reset(VISIT, "ada@example.com")
    token = await letter(box)
    clock.advance(30 * 60)

    with pytest.raises(WrongCredentials, match="expired"):
        await people.passwords.reset(VISIT, ResetPassword(token=token, password="another password"))


async def test_of_two_who_use_a_letter_at_once_one_wins(people, box: MailBox) -> None:
    await people.passwords.request_reset(VISIT, "ada@example.com")
    token = await letter(box)
    uses = [
        people.passwords.reset(VISIT, ResetPassword(token=token, password=f"password {n}")) for n in range(3)
    ]

    results = await asyncio.gather(*uses, return_exceptions=True)

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["SignedIn", "WrongCredentials", "WrongCredentials"]


async def test_a_changed_password_makes_letters_worthless(people, box: MailBox) -> None:
    own = await people.sign_in.sign_in(VISIT, ADA)
    await people.passwords.request_reset(VISIT, "ada@example.com")
    token = await letter(box)
    await people.passwords.change(own.principal, ChangePassword(current=PASSWORD, password="another one"))

    with pytest.raises(WrongCredentials):
        await people.passwords.reset(VISIT, ResetPassword(token=token, password="a third one"))


async def test_asking_for_a_letter_does_the_same_whether_there_is_an_account_or_not(
    people, box: MailBox, database, scrypt_calls
) -> None:
    rows = []
    for email in ("nobody@example.com", "\ud800", "ada@example.com"):
        async with database.acquire() as connection:
            before = await connection.fetchval("SELECT count(*) FROM password_resets")
            await people.passwords.request_reset(VISIT, email)
            rows.append(await connection.fetchval("SELECT count(*) FROM password_resets") - before)

    await letter(box)  # the only one, to the only one who has an account
    assert rows == [1, 1, 1]
    assert scrypt_calls == []


async def test_nobodys_letter_opens_nothing(people, database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.secret_text.secrets.token_urlsafe", lambda _bytes: "known")
    await people.passwords.request_reset(VISIT, "nobody@example.com")

    with pytest.raises(WrongCredentials):
        await people.passwords.reset(VISIT, ResetPassword(token="known", password="another password"))


async def test_nobody_is_flooded_with_letters(people) -> None:
    for email in ("ada@example.com", "nobody@example.com"):
        for _ in range(3):
            await people.passwords.request_reset(VISIT, email)
        with pytest.raises(RateLimited):
            await people.passwords.request_reset(VISIT, email)


async def test_without_a_mail_server_everybody_is_told_so(database, clock, tenants) -> None:
    people = build(database, clock)
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(Conflict, match="cannot send e-mail"):
            await people.passwords.request_reset(VISIT, email)


async def test_a_profile_is_changed_by_its_owner_whatever_his_role(people, tenants, database) -> None:
    viewer = replace(tenants.viewer, session_id=None)
    wanted = UpdateProfile(
        name="Ada L.",
        image="https://example.org/a.png",
        phone_number="+44 1632 960961",
        sms_opt_in=True,
        language="de",
        timezone="Europe/Berlin",
    )
    await people.profiles.update(viewer, wanted)
    assert await profile(database) == (
        "Ada L.",
        "https://example.org/a.png",
        "+441632960961",
        True,
        "de",
        "Europe/Berlin",
    )

    await people.profiles.update(viewer, UpdateProfile(name="Ada"))
    assert (await profile(database))[:2] == ("Ada", "https://example.org/a.png")
    await people.profiles.update(
        viewer, UpdateProfile(image=None, phone_number=None, sms_opt_in=None, language=None, timezone=None)
    )
    assert await profile(database) == ("Ada", None, None, False, "en", "UTC")


async def profile(database) -> tuple[Any, ...]:
    async with database.acquire() as connection:
        row: asyncpg.Record = await connection.fetchrow(
            "SELECT name, image, phone_number, sms_opt_in, language, timezone FROM users"
            " WHERE email = 'ada@example.com'"
        )
    return tuple(row)


async def test_all_that_is_wrong_with_a_profile_is_told_at_once(people, tenants, contents) -> None:
    before = await contents()
    wanted = UpdateProfile(name=None, image="x", phone_number="1", language="?", timezone="Mars")

    error = await refused(people.profiles.update(tenants.viewer, wanted))

    assert isinstance(error, InvalidInput)
    assert [issue.path[0] for issue in error.issues] == [
        "name",
        "image",
        "phoneNumber",
        "language",
        "timezone",
    ]
    assert await contents() == before


async def test_a_token_needs_the_grant_to_change_its_makers_profile(people, tenants) -> None:
    await people.profiles.update(tenants.owner, UpdateProfile(name="By token"))
    with pytest.raises(TokenScopeDenied):
        await people.profiles.update(tenants.reader_token, UpdateProfile(name="x"))


async def test_more_passwords_than_can_wait_are_refused_and_the_others_are_done() -> None:
    work, cheap = PasswordWork(), cheaply_stored(PASSWORD)
    tries = [work.is_right(PASSWORD, cheap) for _ in range(MOST_UNDER_WAY + 3)]

    results = await asyncio.gather(*tries, return_exceptions=True)

    assert results.count(True) == MOST_UNDER_WAY
    assert [type(result) for result in results if result is not True] == [RateLimited] * 3
    assert await work.is_right(PASSWORD, cheap)


async def test_a_client_that_leaves_frees_no_place_before_its_work_is_done() -> None:
    work, cheap = PasswordWork(), cheaply_stored(PASSWORD)
    waiting = [asyncio.ensure_future(work.is_right(PASSWORD, cheap)) for _ in range(MOST_UNDER_WAY)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    with pytest.raises(RateLimited):
        await work.is_right(PASSWORD, cheap)
    await asyncio.gather(*waiting, return_exceptions=True)

    async with asyncio.timeout(30):
        while work._under_way:
            await asyncio.sleep(0.01)
    assert await work.is_right(PASSWORD, cheap)
