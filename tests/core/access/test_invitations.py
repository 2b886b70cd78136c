"""Invitations on a real PostgreSQL and a real mail server: made, sent, accepted, cancelled, renewed, and refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.access.grants import ALL_GRANTS, on_every_scope
from core.access.invitation_service import Invited, InviteMember
from core.access.member_rules import MOST_MEMBERS
from core.access.member_service import UpdateMember
from core.access.password_service import ResetPassword
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.access.sign_in_service import SignIn, SignUp
from core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    OverLimit,
    RateLimited,
    SharedAccountWriteForbidden,
    TocsinError,
    TokenScopeDenied,
    Unauthenticated,
    WriteLocked,
)
from core.ids import Prefix, decode_id, encode_id, new_id
from core.settings import SignUpRule
from tests.core.access.conftest import PASSWORD, VISIT, Office, Process
from tests.plugins.mail_server import MailBox, mail_server

BOB = InviteMember(email="bob@example.com", role=Role.MEMBER, name="Bob")
BOB_SIGNS_UP = SignUp(email="Bob@Example.com", password=PASSWORD, name="Robert")


@pytest.fixture
async def box() -> AsyncIterator[MailBox]:
    async with mail_server() as opened:
        yield opened


async def refused(work: Awaitable[object]) -> TocsinError:
    with pytest.raises(TocsinError) as raised:
        await work
    return raised.value


async def invite(process: Process, office: Office, wanted: InviteMember = BOB) -> Invited:
    return await process.team.invitations.invite(office.owner, wanted)


def public(invited: Invited) -> str:
    return encode_id(Prefix.INVITATION, invited.id)


async def signed_in(office: Office, tenants: Any, email: str = "bob@example.com") -> Principal:
    """Return somebody with an account, who works in the stranger's workspace so far."""
    user_id = await office.person(email)
    await office.place(user_id, Role.MEMBER, tenants.stranger.workspace_id)
    return await office.sign_in(user_id, tenants.stranger.workspace_id)


async def test_whoever_is_invited_is_a_member_at_once_and_keeps_his_id(
    process, office, tenants, clock
) -> None:
    project = await office.project()
    invited = await invite(process, office, replace(BOB, project_ids=[project]))

    [row] = await office.fetch("SELECT * FROM members WHERE id = $1", invited.member_id)
    assert (row["user_id"], row["email"], row["name"]) == (None, "bob@example.com", "Bob")
    assert (row["role"], row["is_confined"]) == ("MEMBER", True)
    assert (row["invited_at"], row["accepted_at"]) == (clock.now(), None)
    bob = await signed_in(office, tenants)
    clock.advance(60)

    there = await process.team.invitations.accept(bob, f" {invited.token} ")

    assert there == replace(
        bob,
        workspace_id=office.workspace_id,
        role=Role.MEMBER,
        project_ids=frozenset({decode_id(Prefix.PROJECT, project)}),
    )
    [row] = await office.fetch("SELECT * FROM members WHERE id = $1", invited.member_id)
    assert (row["user_id"], row["accepted_at"]) == (bob.user_id, clock.now())
    assert await office.fetch("SELECT FROM invitations") == []


async def test_a_session_works_where_its_person_joined_in_all_processes(
    process, start, office, tenants
) -> None:
    invited = await invite(process, office)
    bob = await signed_in(office, tenants)
    came_in = await office.come_in(bob.user_id, tenants.stranger.workspace_id)
    await process.people.sessions.authenticate(came_in.secret)

    await process.team.invitations.accept(came_in.principal, invited.token)

    for each in (process, start()):
        there = await each.people.sessions.authenticate(came_in.secret)
        assert (there.workspace_id, there.role) == (office.workspace_id, Role.MEMBER)


async def test_of_a_secret_only_its_digest_is_kept(process, office, contents, capfd, caplog) -> None:
    caplog.set_level("DEBUG")

    invited = await invite(process, office)

    assert invited.token is not None
    assert len(invited.token) == 43  # 256 bits
    rows = repr(await contents())
    assert hashlib.sha256(invited.token.encode()).hexdigest() in rows
    written = capfd.readouterr()
    for place in (rows, repr(invited), caplog.text, written.out, written.err):
        assert invited.token not in place


async def test_a_token_opens_nothing_to_anybody_else_nor_once_it_is_used_cancelled_or_expired(
    process, office, tenants, contents, clock
) -> None:
    eve = await signed_in(office, tenants, "eve@example.com")
    bob = await signed_in(office, tenants)
    used, cancelled, deleted = [
        await invite(process, office, replace(BOB, email=email))
        for email in ("bob@example.com", "bob2@example.com", "bob3@example.com")
    ]
    told = []

    async def tell(person: Principal, token: str | None) -> None:
        before = await contents()
        error = await refused(process.team.invitations.accept(person, token or ""))
        told.append((type(error), error.message, error.path))
        assert await contents() == before

    await tell(eve, used.token)
    for wrong in ("", "unknown", "\0", "\ud800", "x" * 10_000):
        await tell(bob, wrong)
    await process.team.invitations.cancel(office.owner, public(cancelled))
    await tell(await signed_in(office, tenants, "bob2@example.com"), cancelled.token)
    await process.team.invitations.accept(bob, used.token or "")
    await tell(bob, used.token)
    third = await signed_in(office, tenants, "bob3@example.com")
    clock.advance(timedelta(days=7).total_seconds())
    await tell(third, deleted.token)
    clock.advance(-1)
    await office.fetch(
        "UPDATE workspaces SET deleted_at = $1 WHERE id = $2", clock.now(), office.workspace_id
    )
    await tell(third, deleted.token)

    assert set(told) == {(NotFound, "token is no open invitation of this e-mail address", ("token",))}


async def test_a_token_of_the_apis_accepts_nothing(process, office, tenants) -> None:
    invited = await invite(process, office)
    bob = await signed_in(office, tenants)
    by_token = replace(bob, session_id=None, token_id=new_id(office.clock.now()))

    error = await refused(process.team.invitations.accept(by_token, invited.token))

    assert type(error) is Forbidden


async def test_whoever_was_disabled_accepts_nothing(process, office, tenants) -> None:
    invited = await invite(process, office)
    bob = await signed_in(office, tenants)
    await office.fetch("UPDATE users SET status = 'DISABLED' WHERE id = $1", bob.user_id)

    assert isinstance(await refused(process.team.invitations.accept(bob, invited.token)), NotFound)


async def test_whoever_is_there_already_is_a_conflict(process, office, tenants, contents, clock) -> None:
    bob = await signed_in(office, tenants)
    invited = await invite(process, office)
    before = await contents()
    for email in ("bob@example.com", " BOB@Example.com ", "ada@example.com"):
        error = await refused(invite(process, office, replace(BOB, email=email)))
        assert (type(error), error.path) == (Conflict, ("email",))
    assert await contents() == before

    # By another way he came in meanwhile.
    await office.fetch(
        "UPDATE members SET user_id = $1 WHERE role = 'OWNER' AND workspace_id = $2",
        bob.user_id,
        office.workspace_id,
    )
    error = await refused(process.team.invitations.accept(bob, invited.token))
    assert (type(error), error.path) == (Conflict, ("token",))


async def test_an_expired_invitation_is_renewed_in_place(process, office, tenants, clock) -> None:
    first = await invite(process, office, replace(BOB, project_ids=[await office.project()]))
    clock.advance(timedelta(days=7).total_seconds())

    second = await invite(process, office, InviteMember(email="BOB@example.com", role=Role.ADMIN))

    assert (second.id, second.member_id) == (first.id, first.member_id)
    assert second.token != first.token
    [row] = await office.fetch("SELECT * FROM members WHERE id = $1", first.member_id)
    assert (row["role"], row["is_confined"], row["name"]) == ("ADMIN", False, None)
    assert await office.fetch("SELECT FROM member_projects") == []
    bob = await signed_in(office, tenants)
    assert isinstance(await refused(process.team.invitations.accept(bob, first.token)), NotFound)
    assert (await process.team.invitations.accept(bob, second.token)).role is Role.ADMIN


async def test_whose_invitation_has_expired_takes_no_place_of_the_plan_and_one_again_once_it_is_renewed(
    process, office, tenants, contents, clock
) -> None:
    await office.fetch("UPDATE workspaces SET plan = 'FREE'")
    await office.join(Role.VIEWER)
    first = await invite(process, office)
    carol = replace(BOB, email="carol@example.com")
    clock.advance(timedelta(days=7).total_seconds() - 1)
    before = await contents()
    assert isinstance(await refused(invite(process, office, carol)), OverLimit)
    assert await contents() == before

    clock.advance(1)
    instead = await invite(process, office, carol)
    before = await contents()
    assert isinstance(await refused(invite(process, office)), OverLimit)
    bob = await signed_in(office, tenants)
    before = await contents()
    assert isinstance(await refused(process.team.invitations.accept(bob, first.token)), NotFound)
    assert await contents() == before

    await process.team.invitations.cancel(office.owner, public(instead))
    renewed = await invite(process, office)
    assert (renewed.id, renewed.member_id) == (first.id, first.member_id)
    assert isinstance(await refused(invite(process, office, carol)), OverLimit)
    assert (await process.team.invitations.accept(bob, renewed.token)).role is Role.MEMBER


async def test_a_workspace_fits_its_plan_again_once_what_is_too_much_are_expired_invitations(
    process, office, clock
) -> None:
    for name in "abc":
        await invite(process, office, replace(BOB, email=f"{name}@example.com"))
    await office.fetch("UPDATE workspaces SET plan = 'FREE'")
    assert isinstance(await refused(invite(process, office)), WriteLocked)

    clock.advance(timedelta(days=7).total_seconds())

    await invite(process, office)


@pytest.mark.parametrize("role", Role)
async def test_who_may_invite_and_cancel(process, office, contents, role: Role) -> None:
    actor = await office.join(role)
    invited = await invite(process, office)
    before = await contents()
    work = process.team.invitations
    other = replace(BOB, email="other@example.com")

    if role in (Role.OWNER, Role.ADMIN):
        made = await work.invite(actor, other)
        assert await work.cancel(actor, public(made)) == made.id
        assert {**await contents(), "audit_entries": []} == {**before, "audit_entries": []}
    else:
        for attempt in (
            work.invite(actor, other),
            work.cancel(actor, public(invited)),
            work.cancel(actor, "x"),
        ):
            assert isinstance(await refused(attempt), SharedAccountWriteForbidden)
        assert await contents() == before


async def test_a_token_needs_the_grant(process, office, contents) -> None:
    invited = await invite(process, office)
    before = await contents()
    by_token = replace(office.owner, session_id=None, token_id=new_id(office.clock.now()))
    reads, writes = [
        replace(by_token, grants=on_every_scope(each))
        for each in (TokenPermission.READ, TokenPermission.WRITE)
    ]

    for work in (
        process.team.invitations.invite(reads, replace(BOB, email="other@example.com")),
        process.team.invitations.cancel(writes, public(invited)),
    ):
        assert isinstance(await refused(work), TokenScopeDenied)

    assert await contents() == before


async def test_a_token_neither_invites_anew_nor_renews_for_more_than_it_may_do_and_no_letter_goes_out(
    start, office, contents, clock, box: MailBox
) -> None:
    process = start(smtp_url=box.url())
    await invite(start(), office, replace(BOB, role=Role.VIEWER))
    clock.advance(timedelta(days=7).total_seconds())
    by_token = replace(office.owner, session_id=None, token_id=new_id(clock.now()))
    team = replace(
        by_token, grants=frozenset({Grant(scope=TokenScope.TEAM, permission=TokenPermission.DELETE)})
    )
    before = await contents()

    for email in (BOB.email, "other@example.com"):
        for role in Role:
            work = process.team.invitations.invite(team, InviteMember(email=email, role=role))
            assert isinstance(await refused(work), TokenScopeDenied)

    assert {**await contents(), "attempts": []} == before
    renewing = replace(by_token, grants=ALL_GRANTS)
    await process.team.invitations.invite(renewing, replace(BOB, role=Role.OWNER))
    assert (await letter(box)).mail["To"] == BOB.email


async def test_an_owner_is_invited_changed_and_cancelled_by_an_owner_only(
    process, office, contents, clock
) -> None:
    admin = await office.join(Role.ADMIN)
    wanted = replace(BOB, role=Role.OWNER)
    error = await refused(process.team.invitations.invite(admin, wanted))
    assert (type(error), error.path) == (SharedAccountWriteForbidden, ("role",))
    invited = await invite(process, office, wanted)
    before = await contents()
    member_id = encode_id(Prefix.MEMBER, invited.member_id)

    for work in (
        process.team.invitations.cancel(admin, public(invited)),
        process.team.members.remove(admin, member_id),
        process.team.members.update(admin, UpdateMember(id=member_id, role=Role.VIEWER)),
    ):
        assert isinstance(await refused(work), SharedAccountWriteForbidden)
    clock.advance(timedelta(days=8).total_seconds())
    renewal = await refused(process.team.invitations.invite(admin, BOB))
    assert (type(renewal), renewal.path) == (SharedAccountWriteForbidden, ("email",))
    assert await contents() == before


async def test_a_pending_owner_does_not_count_as_one(process, office) -> None:
    invited = await invite(process, office, replace(BOB, role=Role.OWNER))
    own_id = await office.member_id(office.owner)

    assert isinstance(await refused(process.team.members.remove(office.owner, own_id)), Conflict)
    await process.team.members.update(
        office.owner, UpdateMember(id=encode_id(Prefix.MEMBER, invited.member_id), role=Role.VIEWER)
    )


async def test_removing_whom_nobody_accepted_yet_takes_the_invitation_along(process, office, tenants) -> None:
    invited = await invite(process, office, replace(BOB, project_ids=[await office.project()]))

    await process.team.members.remove(office.owner, encode_id(Prefix.MEMBER, invited.member_id))

    assert await office.fetch("SELECT FROM invitations") == []
    assert await office.fetch("SELECT FROM member_projects") == []
    bob = await signed_in(office, tenants)
    assert isinstance(await refused(process.team.invitations.accept(bob, invited.token)), NotFound)


async def test_another_workspaces_invitation_is_like_none(process, office, tenants, contents) -> None:
    stranger = await office.sign_in(tenants.stranger.user_id, tenants.stranger.workspace_id)
    invited = await invite(process, office)
    before = await contents()

    told = []
    for public_id in (public(invited), encode_id(Prefix.INVITATION, invited.member_id), "inv_x", "", "\0"):
        error = await refused(process.team.invitations.cancel(stranger, public_id))
        told.append((type(error), error.message, error.path))

    assert set(told) == {(NotFound, "invitation not found", ("id",))}
    assert await contents() == before


async def test_all_that_is_wrong_with_an_invitation_is_told_at_once(
    process, office, tenants, contents
) -> None:
    foreign = await office.project(tenants.stranger.workspace_id)
    before = await contents()
    wrong = InviteMember(email="x", role=Role.ADMIN, name=" ", project_ids=[foreign])

    error = await refused(invite(process, office, wrong))

    assert isinstance(error, InvalidInput)
    assert [".".join(issue.path) for issue in error.issues] == [
        "email",
        "name",
        "projectIds",
        "projectIds.0",
    ]
    assert await contents() == before


async def test_the_plan_says_how_many_may_be_invited(process, office, contents) -> None:
    await office.fetch("UPDATE workspaces SET plan = 'FREE'")
    invitations = [await invite(process, office, replace(BOB, email=f"{name}@example.com")) for name in "ab"]
    before = await contents()
    error = await refused(invite(process, office))
    assert type(error) is OverLimit
    assert await contents() == before

    await process.team.invitations.cancel(office.owner, public(invitations[0]))
    await invite(process, office)
    await office.place(await office.person("more@example.com"), Role.VIEWER)
    assert isinstance(await refused(invite(process, office)), WriteLocked)
    await process.team.invitations.cancel(office.owner, public(invitations[1]))


async def test_a_workspace_has_no_more_members_than_a_list_can_show(process, office) -> None:
    await office.fetch(
        "INSERT INTO members (id, workspace_id, email, role, created_at)"
        " SELECT gen_random_uuid(), $1, n || '@example.com', 'VIEWER', $2 FROM generate_series(2, $3) AS n",
        office.workspace_id,
        office.clock.now(),
        MOST_MEMBERS,
    )

    error = await refused(invite(process, office))

    assert (type(error), error.message) == (OverLimit, f"a workspace has at most {MOST_MEMBERS} members")


async def test_of_two_who_are_invited_to_the_last_free_place_one_is(process, start, office) -> None:
    await office.fetch("UPDATE workspaces SET plan = 'FREE'")
    await office.join(Role.VIEWER)
    processes = (process, start(), start())

    results = await asyncio.gather(
        *(
            invite(each, office, replace(BOB, email=f"bob{place}@example.com"))
            for place, each in enumerate(processes)
        ),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["Invited", "OverLimit", "OverLimit"]


async def test_an_address_that_is_invited_twice_at_once_is_invited_once(process, start, office) -> None:
    results = await asyncio.gather(
        *(invite(each, office) for each in (process, start(), start())), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "Invited"]


async def test_accepting_and_cancelling_at_once_never_both_succeed(process, start, office, tenants) -> None:
    elsewhere = start()
    for number in range(8):
        email = f"bob{number}@example.com"
        invited = await invite(process, office, replace(BOB, email=email))
        bob = await signed_in(office, tenants, email)

        accepted, cancelled = await asyncio.gather(
            process.team.invitations.accept(bob, invited.token),
            elsewhere.team.invitations.cancel(office.owner, public(invited)),
            return_exceptions=True,
        )

        rows = await office.fetch("SELECT user_id FROM members WHERE id = $1", invited.member_id)
        if isinstance(accepted, Principal):
            assert isinstance(cancelled, NotFound)
            assert [row["user_id"] for row in rows] == [bob.user_id]
        else:
            assert (type(accepted), cancelled, rows) == (NotFound, invited.id, [])


async def test_an_invitation_is_accepted_once_by_whoever_comes_twice_at_once(
    process, start, office, tenants
) -> None:
    invited = await invite(process, office)
    bob = await signed_in(office, tenants)
    results = await asyncio.gather(
        *(each.team.invitations.accept(bob, invited.token) for each in (process, start())),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["NotFound", "Principal"]


async def test_what_somebody_has_just_lost_he_cannot_use(process, office, contents) -> None:
    admin = await office.join(Role.ADMIN)
    invited = await invite(process, office)
    await office.fetch("UPDATE members SET role = 'VIEWER' WHERE user_id = $1", admin.user_id)
    gone = await office.join(Role.ADMIN, "gone@example.com")
    await office.fetch("DELETE FROM members WHERE user_id = $1", gone.user_id)
    before = await contents()

    for actor, error in ((admin, SharedAccountWriteForbidden), (gone, Unauthenticated)):
        wanted = replace(BOB, email="other@example.com")
        assert isinstance(await refused(process.team.invitations.invite(actor, wanted)), error)
        assert isinstance(await refused(process.team.invitations.cancel(actor, public(invited))), error)

    assert await contents() == before


@pytest.mark.parametrize("rule", [SignUpRule.INVITE, SignUpRule.OPEN])
async def test_whoever_is_invited_signs_up_without_a_workspace_of_his_own(
    start, office, rule: SignUpRule
) -> None:
    process = start(sign_up=rule)
    invited = await invite(process, office)
    workspaces = await office.fetch("SELECT id FROM workspaces")

    came_in = await process.people.sign_in.sign_up(
        VISIT, replace(BOB_SIGNS_UP, invitation_token=invited.token)
    )

    assert (came_in.principal.workspace_id, came_in.principal.role) == (office.workspace_id, Role.MEMBER)
    assert await process.people.sessions.authenticate(came_in.secret) == came_in.principal
    assert await office.fetch("SELECT id FROM workspaces") == workspaces
    assert await office.member_id(came_in.principal) == encode_id(Prefix.MEMBER, invited.member_id)


async def test_a_sign_up_with_an_invitation_that_is_not_ones_own_makes_nobody(
    start, office, tenants, contents, clock
) -> None:
    process = start(sign_up=SignUpRule.INVITE)
    invited = await invite(process, office)
    await office.person("known@example.com")
    told = []
    for wanted in (
        replace(BOB_SIGNS_UP, invitation_token="unknown"),
        replace(BOB_SIGNS_UP, email="eve@example.com", invitation_token=invited.token),
        # An address that has an account is not told of without an invitation of its own.
        replace(BOB_SIGNS_UP, email="known@example.com", invitation_token=invited.token),
    ):
        before = {**await contents(), "attempts": []}
        error = await refused(process.people.sign_in.sign_up(VISIT, wanted))
        told.append((type(error), error.path))
        assert {**await contents(), "attempts": []} == before

    assert set(told) == {(NotFound, ("invitationToken",))}
    closed = start(sign_up=SignUpRule.CLOSED)
    wanted = replace(BOB_SIGNS_UP, invitation_token=invited.token)
    assert isinstance(await refused(closed.people.sign_in.sign_up(VISIT, wanted)), Forbidden)
    await signed_in(office, tenants)
    known = await refused(process.people.sign_in.sign_up(VISIT, wanted))
    assert (type(known), known.path) == (Conflict, ("email",))


async def test_an_invitation_that_is_cancelled_while_its_person_signs_up_makes_nobody(
    start, office, contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cancelling comes while the password is hashed."""
    process = start()
    invited = await invite(process, office)
    really = process.people.sign_in._passwords.hash

    async def cancel_then_hash(password: str) -> str:
        await process.team.invitations.cancel(office.owner, public(invited))
        return await really(password)

    monkeypatch.setattr(process.people.sign_in._passwords, "hash", cancel_then_hash)
    users = (await contents())["users"]

    wanted = replace(BOB_SIGNS_UP, invitation_token=invited.token)
    error = await refused(process.people.sign_in.sign_up(VISIT, wanted))

    assert (type(error), error.path) == (NotFound, ("invitationToken",))
    assert (await contents())["users"] == users


async def test_whoever_has_a_place_nowhere_joins_as_he_signs_in(process, office, contents) -> None:
    await office.person("bob@example.com")
    claimed = SignIn(email="bob@example.com", password=PASSWORD)
    assert isinstance(await refused(process.people.sign_in.sign_in(VISIT, claimed)), Forbidden)
    invited = await invite(process, office)

    wrong = replace(claimed, invitation_token="unknown")
    error = await refused(process.people.sign_in.sign_in(VISIT, wrong))
    assert (type(error), error.path) == (NotFound, ("invitationToken",))
    claimed = replace(claimed, invitation_token=invited.token)
    came_in = await process.people.sign_in.sign_in(VISIT, claimed)

    assert (came_in.principal.workspace_id, came_in.principal.role) == (office.workspace_id, Role.MEMBER)


async def test_whoever_has_a_place_nowhere_and_no_password_joins_as_he_chooses_one(
    start, office, box: MailBox
) -> None:
    process, without_mail = start(smtp_url=box.url()), start()
    await office.person("bob@example.com")
    await process.people.passwords.request_reset(VISIT, "bob@example.com")
    text = (await letter(box)).text("plain")
    [token] = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    invited = await invite(without_mail, office)
    wanted = ResetPassword(token=token, password="another password")

    assert isinstance(await refused(process.people.passwords.reset(VISIT, wanted)), Forbidden)
    wrong = replace(wanted, invitation_token="unknown")
    error = await refused(process.people.passwords.reset(VISIT, wrong))
    assert (type(error), error.path) == (NotFound, ("invitationToken",))
    came_in = await process.people.passwords.reset(VISIT, replace(wanted, invitation_token=invited.token))

    assert came_in.principal.workspace_id == office.workspace_id


async def letter(box: MailBox) -> Any:
    """Return the only letter, once it has come."""
    async with asyncio.timeout(30):
        while not box.received:
            await asyncio.sleep(0.02)
    [received] = box.received
    box.received.clear()
    return received


async def test_a_letter_says_who_invites_to_what_and_until_when(start, office, box: MailBox, clock) -> None:
    process = start(smtp_url=box.url())
    await office.fetch("UPDATE users SET name = 'Ada L.' WHERE id = $1", office.owner.user_id)
    await office.fetch("UPDATE workspaces SET name = 'Zürich' WHERE id = $1", office.workspace_id)

    invited = await invite(process, office)

    assert invited.token is None
    received = await letter(box)
    assert received.mail["To"] == "bob@example.com"
    text = received.text("plain")
    ends = clock.now() + timedelta(days=7)
    for part in ("Ada L.", "“Zürich”", "https://tocsin.example.org", "MEMBER", f"{ends:%d %B %Y, %H:%M}"):
        assert part in text
    [token] = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    came_in = await process.people.sign_in.sign_up(VISIT, replace(BOB_SIGNS_UP, invitation_token=token))
    assert came_in.principal.workspace_id == office.workspace_id


async def test_a_page_of_ones_own_takes_the_token_behind_a_number_sign(start, office, box: MailBox) -> None:
    page = "https://app.example.org/join"
    await invite(start(smtp_url=box.url(), invitation_url=page), office)

    text = (await letter(box)).text("plain")

    [link] = [line for line in text.splitlines() if line.startswith(page)]
    assert len(link.removeprefix(f"{page}#token=")) == 43


async def test_no_name_gets_into_a_letters_headers(start, office, box: MailBox) -> None:
    evil = "x\r\nBcc: eve@example.com\r\n\r\nHello"
    await office.fetch("UPDATE users SET name = $1", evil)
    await office.fetch("UPDATE workspaces SET name = $1", evil)

    await invite(start(smtp_url=box.url()), office)

    received = await letter(box)
    assert received.mail["Bcc"] is None
    assert received.mail["Subject"] == "An invitation to a workspace of Tocsin"
    assert received.mail["To"] == "bob@example.com"


async def test_nobody_is_flooded_with_letters_and_what_is_refused_counts_as_none(
    start, office, box: MailBox, clock
) -> None:
    process = start(smtp_url=box.url())
    for _ in range(6):
        error = await refused(invite(process, office, replace(BOB, email="ada@example.com")))
        assert isinstance(error, Conflict)
    for _ in range(5):
        invited = await invite(process, office)
        await process.team.invitations.cancel(office.owner, public(invited))

    assert isinstance(
        await refused(invite(process, office, replace(BOB, email="BOB@example.com"))), RateLimited
    )
    await invite(process, office, replace(BOB, email="other@example.com"))
    clock.advance(3600)
    await invite(process, office)
