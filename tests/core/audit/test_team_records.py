"""What is written down of members: invited, joined, changed, handed over, removed."""

from __future__ import annotations

from dataclasses import replace

from core.access.invitation_service import InviteMember
from core.access.member_service import UpdateMember
from core.access.principal import Role
from core.access.sessions import Visit
from core.access.sign_in_service import SignUp
from core.ids import Prefix, encode_id
from core.services import Services
from tests.core.audit.conftest import Entries, Entry

BOB = InviteMember(email="bob@example.com", role=Role.MEMBER, name="Bob")


async def test_of_members_each_change_is_written_down_and_no_secret(
    services: Services, tenants, entries: Entries
) -> None:
    owner, invitations, members = tenants.owner, services.team.invitations, services.team.members
    project = encode_id(Prefix.PROJECT, tenants.default_project_id)
    invited = await invitations.invite(owner, replace(BOB, project_ids=[project]))
    wanted = SignUp(email=BOB.email, password="correct horse", name="Bob", invitation_token=invited.token)
    bob = (await services.people.sign_in.sign_up(Visit(address="192.0.2.1"), wanted)).principal
    member_id = encode_id(Prefix.MEMBER, invited.member_id)
    await members.update(owner, UpdateMember(id=member_id))
    await members.update(owner, UpdateMember(id=member_id, role=Role.OWNER, project_ids=None))
    await members.remove(bob, member_id)

    written = await entries()

    assert invited.token is not None
    assert invited.token not in repr(written)
    user_id = bob.user_id
    assert user_id is not None
    assert written == [
        Entry(
            action="member.invited",
            subject_id=invited.member_id,
            after={"email": "bob@example.com", "name": "Bob", "role": "MEMBER", "projectIds": [project]},
        ),
        Entry(
            action="member.joined",
            subject_id=invited.member_id,
            after={"email": "bob@example.com", "role": "MEMBER"},
        ),
        Entry(action="user.signed_up", subject_id=user_id, after={"email": "bob@example.com", "name": "Bob"}),
        Entry(
            action="member.updated",
            subject_id=invited.member_id,
            before={"role": "MEMBER", "projectIds": [project]},
            after={"role": "OWNER", "projectIds": None},
        ),
        Entry(
            action="member.removed",
            subject_id=invited.member_id,
            before={"email": "bob@example.com", "role": "OWNER", "projectIds": None},
        ),
    ]


async def test_a_cancelled_invitation_and_a_workspace_that_is_handed_over_are_written_down(
    services: Services, tenants, entries: Entries, database
) -> None:
    owner = tenants.owner
    invited = await services.team.invitations.invite(owner, BOB)
    await services.team.invitations.cancel(owner, encode_id(Prefix.INVITATION, invited.id))
    async with database.acquire() as connection:
        member_id = await connection.fetchval(
            "SELECT id FROM members WHERE workspace_id = $1", owner.workspace_id
        )
        await connection.execute(
            "UPDATE members SET workspace_id = $1 WHERE user_id = $2",
            owner.workspace_id,
            tenants.stranger.user_id,
        )

    await services.team.members.remove(owner, encode_id(Prefix.MEMBER, member_id))

    _, cancelled, handed_over, removed = await entries()
    assert cancelled == Entry(
        action="invitation.cancelled",
        subject_id=invited.id,
        before={"email": "bob@example.com", "role": "MEMBER"},
    )
    assert handed_over == Entry(
        action="workspace.handed_over",
        subject_id=owner.workspace_id,
        before={"ownerId": encode_id(Prefix.USER, owner.user_id)},
        after={"ownerId": encode_id(Prefix.USER, tenants.stranger.user_id)},
    )
    assert (removed.action, removed.subject_id) == ("member.removed", member_id)
