"""Dashmon's routes of invitations to the workspace."""

from __future__ import annotations

import enum
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated

import asyncpg
import msgspec
from msgspec.structs import asdict

from core.access.invitation_service import InviteMember
from core.access.permission import require
from core.access.principal import Role, TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.access.team_reading import invitations_by_id, invitations_of
from core.ids import Prefix, encode_id
from core.moments import write_moment
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_shapes import PROJECT_ID
from rest_compat.dashmon.reads import reads
from rest_compat.dashmon.viewer import ME_EXAMPLE, Me, viewer_elsewhere
from rest_compat.reading import json_object, parsed
from rest_compat.route import Call, Route


class Invitation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An invitation that nobody has accepted. `status` is pending, or expired."""

    id: str
    email: str
    role: str
    status: str
    created_at: str
    expires_at: str


class Invitations(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, in the order of their making."""

    invitations: list[Invitation]


class NewInvitation(Invitation, frozen=True, kw_only=True, rename="camel"):
    """An invitation that was just made. `token` is what the person needs to accept, told here and never again.

    It is null where this server sends it by e-mail.
    """

    token: str | None


class CancelledInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that nobody can accept any more."""

    id: str
    cancelled: bool = True


class MemberRole(enum.StrEnum):
    """What a member is in a workspace."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class InvitationBody(Config):
    """Whom to invite, and as what."""

    email: Annotated[str, Meta(description="Only an account with this address can accept")]
    role: Annotated[MemberRole, Meta(description="What the person will be")] = MemberRole.VIEWER
    name: Annotated[str, Meta(description="What to call the person until there is an account")] | None = None
    project_ids: (
        Annotated[
            tuple[str, ...], Meta(description="Projects to confine a member or viewer to; absent: to none")
        ]
        | None
    ) = None


class AcceptBody(Config):
    """The invitation to accept."""

    token: Annotated[str, Meta(description="That of the letter")]


async def _list(call: Call) -> Invitations:
    require(call.principal, TokenScope.TEAM, TokenPermission.READ)
    async with reads(call) as read:
        rows = await invitations_of(read.connection, call.principal.workspace_id)
    return Invitations(invitations=[_shown(row, read.now) for row in rows])


async def _create(call: Call) -> NewInvitation:
    body = parsed(InvitationBody, json_object(call.body))
    wanted = InviteMember(
        email=body.email, role=Role[body.role.name], name=body.name, project_ids=body.project_ids
    )
    made = await call.services.team.invitations.invite(call.principal, wanted)
    async with reads(call) as read:
        row = (await invitations_by_id(read.connection, read.sight, [made.id]))[made.id]
    return NewInvitation(**asdict(_shown(row, read.now)), token=made.token)


async def _cancel(call: Call) -> CancelledInvitation:
    cancelled = await call.services.team.invitations.cancel(call.principal, call.path["id"])
    return CancelledInvitation(id=encode_id(Prefix.INVITATION, cancelled))


async def _accept(call: Call) -> Me:
    body = parsed(AcceptBody, json_object(call.body))
    moved = await call.services.team.invitations.accept(call.principal, body.token)
    return await viewer_elsewhere(call, moved)


def _shown(row: asyncpg.Record, now: datetime) -> Invitation:
    return Invitation(
        id=encode_id(Prefix.INVITATION, row["id"]),
        email=row["email"],
        role=row["role"].lower(),
        status="pending" if row["expires_at"] > now else "expired",
        created_at=write_moment(row["created_at"]),
        expires_at=write_moment(row["expires_at"]),
    )


_ID = "inv_01m81q4vb2ex285gqsh83acwyg"
_EXAMPLE = {
    "id": _ID,
    "email": "grace@example.org",
    "role": "member",
    "status": "pending",
    "createdAt": "2026-02-16T11:23:00.000Z",
    "expiresAt": "2026-02-23T11:23:00.000Z",
}
_PATH = "/api/user/team-invitations"

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="listInvitations",
        summary="The invitations to the workspace that nobody has accepted",
        right=QUERIES["invitations"],
        is_of_session=True,
        answer=_list,
        result=Invitations,
        example={"invitations": [_EXAMPLE]},
    ),
    Route(
        method=HTTPMethod.POST,
        path=_PATH,
        name="createInvitation",
        summary="Invite somebody to the workspace; an expired invitation is renewed",
        right=MUTATIONS["inviteMember"],
        is_of_session=True,
        answer=_create,
        status=HTTPStatus.CREATED,
        body=InvitationBody,
        body_example={"email": "grace@example.org", "role": "member", "projectIds": [PROJECT_ID]},
        result=NewInvitation,
        example={**_EXAMPLE, "token": None},
        refusals=(HTTPStatus.CONFLICT,),
    ),
    Route(
        method=HTTPMethod.POST,
        path=f"{_PATH}/{{id}}/cancel",
        name="cancelInvitation",
        summary="Take an invitation back",
        right=MUTATIONS["cancelInvitation"],
        is_of_session=True,
        answer=_cancel,
        result=CancelledInvitation,
        example={"id": _ID, "cancelled": True},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.POST,
        path=f"{_PATH}/accept",
        name="acceptInvitation",
        summary="Join a workspace by the token of an invitation; the session works there from now on",
        right=MUTATIONS["acceptInvitation"],
        is_of_session=True,
        answer=_accept,
        body=AcceptBody,
        body_example={"token": "s3cr3t"},
        result=Me,
        example=ME_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
