"""StatusApp's routes of the team."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec

from core.access.invitation_service import InviteMember
from core.access.member_service import UpdateMember
from core.access.member_status import MemberStatus, member_status
from core.access.permission import require
from core.access.principal import Role, TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.access.team_reading import invitations_of, members_by_id, members_of
from core.ids import Prefix, decode_id, encode_id
from core.moments import write_moment
from plugins.api.config import Config, Meta
from rest_compat.reading import if_given, json_object, parsed
from rest_compat.route import Call, Route
from rest_compat.statusapp.done import Done
from rest_compat.statusapp.found_row import found_row

_ROLE_HELP = "OWNER, ADMIN, MEMBER or VIEWER; only an OWNER makes another one"


class ShownMember(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody's place in the team, PENDING until the invitation is accepted."""

    id: str
    email: str
    name: str | None
    role: Role
    status: MemberStatus
    accepted_at: str | None


class InvitedMember(ShownMember, frozen=True, kw_only=True, rename="camel"):
    """Somebody who was just invited.

    `invitationToken` is what he needs to accept, told here and never again; null where the server sends it by e-mail.
    """

    invitation_token: str | None


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """The members, PENDING ones too, in the order of their coming."""

    members: list[ShownMember]


class ShownInvitation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An invitation that nobody has accepted; it may have expired."""

    id: str
    member_id: str
    email: str
    role: Role
    created_at: str
    expires_at: str


class Invitations(msgspec.Struct, frozen=True, kw_only=True):
    """The invitations that nobody has accepted, in the order of their making."""

    invitations: list[ShownInvitation]


class AddMemberBody(Config):
    """Whom to invite, and as what."""

    email: Annotated[str, Meta(description="Only an account with this address can accept the invitation")]
    role: Annotated[Role, Meta(description=_ROLE_HELP)]
    name: Annotated[str | None, Meta(description="What to call the person until there is an account")] = None


class UpdateMemberBody(Config):
    """What to change of a member; what is left out stays."""

    role: Annotated[Role | None, Meta(description=_ROLE_HELP)] = None


async def _list(call: Call) -> Members:
    require(call.principal, TokenScope.TEAM, TokenPermission.READ)
    async with call.services.database.acquire() as connection:
        rows = await members_of(connection, call.principal.workspace_id)
    return Members(members=[ShownMember(**_member(row)) for row in rows])


async def _get(call: Call) -> ShownMember:
    require(call.principal, TokenScope.TEAM, TokenPermission.READ)
    member_id = decode_id(Prefix.MEMBER, call.path["memberId"])
    return ShownMember(**_member(await _row(call, member_id)))


async def _add(call: Call) -> InvitedMember:
    body = parsed(AddMemberBody, json_object(call.body))
    wanted = InviteMember(email=body.email, role=body.role, name=body.name)
    invited = await call.services.team.invitations.invite(call.principal, wanted)
    row = await _row(call, invited.member_id)
    return InvitedMember(**_member(row), invitation_token=invited.token)


async def _update(call: Call) -> ShownMember:
    data = json_object(call.body)
    body = parsed(UpdateMemberBody, data)
    wanted = UpdateMember(id=call.path["memberId"], role=if_given(data, "role", body.role))
    changed_id = await call.services.team.members.update(call.principal, wanted)
    return ShownMember(**_member(await _row(call, changed_id)))


async def _remove(call: Call) -> Done:
    await call.services.team.members.remove(call.principal, call.path["memberId"])
    return _REMOVED


async def _invitations(call: Call) -> Invitations:
    require(call.principal, TokenScope.TEAM, TokenPermission.READ)
    async with call.services.database.acquire() as connection:
        rows = await invitations_of(connection, call.principal.workspace_id)
    return Invitations(invitations=[_invitation(row) for row in rows])


async def _row(call: Call, member_id: UUID | None) -> asyncpg.Record:
    return await found_row(call, members_by_id, member_id, "member")


def _member(row: asyncpg.Record) -> dict[str, Any]:
    accepted_at = row["accepted_at"]
    return {
        "id": encode_id(Prefix.MEMBER, row["id"]),
        "email": row["email"],
        "name": row["name"],
        "role": Role(row["role"]),
        "status": member_status(accepted_at),
        "accepted_at": None if accepted_at is None else write_moment(accepted_at),
    }


def _invitation(row: asyncpg.Record) -> ShownInvitation:
    return ShownInvitation(
        id=encode_id(Prefix.INVITATION, row["id"]),
        member_id=encode_id(Prefix.MEMBER, row["member_id"]),
        email=row["email"],
        role=Role(row["role"]),
        created_at=write_moment(row["created_at"]),
        expires_at=write_moment(row["expires_at"]),
    )


_REMOVED = Done(message="Team member removed successfully")

_MEMBER = {
    "id": "tm_01m81q4vb2ex285gqsh83acwyg",
    "email": "developer@example.com",
    "name": "Jane Developer",
    "role": "MEMBER",
    "status": "ACCEPTED",
    "acceptedAt": "2025-01-15T00:00:00.000Z",
}
_PENDING = {
    **_MEMBER,
    "email": "newmember@example.com",
    "name": "New Team Member",
    "status": "PENDING",
    "acceptedAt": None,
}
_PATH = "/api/v1/team/members/{memberId}"
_NOT_FOUND = (HTTPStatus.NOT_FOUND,)

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/team/members",
        name="listTeamMembers",
        summary="List team members",
        right=QUERIES["members"],
        answer=_list,
        result=Members,
        example={"members": [_MEMBER]},
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/v1/team/members",
        name="addTeamMember",
        summary="Invite somebody to the team",
        right=MUTATIONS["inviteMember"],
        answer=_add,
        status=HTTPStatus.CREATED,
        body=AddMemberBody,
        body_example={"email": "newmember@example.com", "name": "New Team Member", "role": "MEMBER"},
        result=InvitedMember,
        example={**_PENDING, "invitationToken": None},
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="getTeamMember",
        summary="Get a team member",
        right=QUERIES["members"],
        answer=_get,
        result=ShownMember,
        example=_MEMBER,
        refusals=_NOT_FOUND,
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_PATH,
        name="updateTeamMember",
        summary="Update a team member",
        right=MUTATIONS["updateMember"],
        answer=_update,
        body=UpdateMemberBody,
        body_example={"role": "ADMIN"},
        result=ShownMember,
        example={**_MEMBER, "role": "ADMIN"},
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path=_PATH,
        name="removeTeamMember",
        summary="Remove a team member, or whom nobody has accepted yet",
        right=MUTATIONS["removeMember"],
        answer=_remove,
        result=Done,
        example=msgspec.to_builtins(_REMOVED),
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/team/invitations",
        name="listTeamInvitations",
        summary="List pending invitations",
        right=QUERIES["invitations"],
        answer=_invitations,
        result=Invitations,
        example={
            "invitations": [
                {
                    "id": "inv_01m81q4vb2ex285gqsh83acwyg",
                    "memberId": _MEMBER["id"],
                    "email": "newmember@example.com",
                    "role": "MEMBER",
                    "createdAt": "2025-01-15T00:00:00.000Z",
                    "expiresAt": "2025-01-22T00:00:00.000Z",
                }
            ]
        },
    ),
)
