"""Dashmon's routes of whoever asks: himself, his role, and the workspace in which he works."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict

from core.access.permission import reach
from core.access.plans import TERMS, Capability
from core.access.principal import Principal, TokenScope
from core.access.reading import users_by_id, workspaces_of_user
from core.access.rights import MUTATIONS, QUERIES
from core.access.switch_service import SwitchWorkspace
from core.ids import Prefix, decode_id, encode_id, encode_ids
from core.issues import Issues
from plugins.api.config import Config, Meta
from rest_compat.dashmon.reads import Reads, reads
from rest_compat.dashmon.workspace_shapes import (
    STANDING_EXAMPLE,
    WORKSPACE_EXAMPLE,
    Standing,
    Workspace,
    shown_workspace,
    standing_of,
)
from rest_compat.reading import json_object, parsed
from rest_compat.route import Call, Route


class User(msgspec.Struct, frozen=True, kw_only=True):
    """The person who asks; of a token, whoever made it."""

    id: str
    email: str
    name: str
    image: str | None
    timezone: str
    language: str


class Me(Standing, frozen=True, kw_only=True, rename="camel"):
    """Who asks, in which workspace, under which plan. `user` is null for a token that nobody made."""

    user: User | None
    role: str
    auth: str


class ProjectScope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What of the workspace is in sight: all of it, or the projects that the member is confined to."""

    type: str
    project_ids: list[str] | None


class PermissionFoundation(Standing, frozen=True, kw_only=True, rename="camel"):
    """What a person may do in the workspace that is selected, and which others he could select.

    `permissions` has for each scope how far it is open: read, write (which includes read), delete (which includes
    both), or null. `capabilities` has what the plan includes.
    """

    role: str
    scope: ProjectScope
    permissions: dict[str, str | None]
    capabilities: dict[str, bool]
    workspaces: list[Workspace]


class AccountContextBody(Config):
    """Where to work from now on: exactly one of the two."""

    owner_user_id: (
        Annotated[str, Meta(description="Who answers for the workspace, or the workspace itself")] | None
    ) = None
    workspace_id: Annotated[str, Meta(description="The workspace itself")] | None = None


async def _me(call: Call) -> Me:
    async with reads(call) as read:
        return await shown_viewer(read, call.principal)


async def shown_viewer(read: Reads, principal: Principal) -> Me:
    """Return a principal, and the workspace in which he works."""
    return Me(
        user=await _user(read, principal),
        role=principal.role.value.lower(),
        auth="session" if principal.token_id is None else "bearer",
        **asdict(await standing_of(read, principal)),
    )


async def _user(read: Reads, principal: Principal) -> User | None:
    ids = [] if principal.user_id is None else [principal.user_id]
    for row in (await users_by_id(read.connection, read.sight, ids)).values():
        return User(
            id=encode_id(Prefix.USER, row["id"]),
            email=row["email"],
            name=row["name"],
            image=row["image"],
            timezone=row["timezone"],
            language=row["language"],
        )
    return None


async def _permission_foundation(call: Call) -> PermissionFoundation:
    principal = call.principal
    confined_to = principal.project_ids
    async with reads(call) as read:
        standing = await standing_of(read, principal)
        rows = (
            [] if principal.user_id is None else await workspaces_of_user(read.connection, principal.user_id)
        )
    return PermissionFoundation(
        role=principal.role.value.lower(),
        scope=ProjectScope(
            type="workspace" if confined_to is None else "projects",
            project_ids=None if confined_to is None else encode_ids(Prefix.PROJECT, sorted(confined_to)),
        ),
        permissions={scope.value.lower(): _reach(principal, scope) for scope in TokenScope},
        capabilities={each.name.lower(): each in TERMS[principal.plan].capabilities for each in Capability},
        workspaces=[shown_workspace(row) for row in rows],
        **asdict(standing),
    )


def _reach(principal: Principal, scope: TokenScope) -> str | None:
    furthest = reach(principal, scope)
    return None if furthest is None else furthest.name.lower()


async def _switch(call: Call) -> Me:
    body = parsed(AccountContextBody, json_object(call.body))
    issues = Issues()
    if (body.owner_user_id is None) is (body.workspace_id is None):
        issues.refuse(("ownerUserId",), "one_of", "is required, or workspaceId instead of it")
    issues.raise_if_any()
    moved = await call.services.people.switching.switch(call.principal, _wanted(body))
    return await viewer_elsewhere(call, moved)


def _wanted(body: AccountContextBody) -> SwitchWorkspace:
    owner = body.owner_user_id
    if owner is not None and decode_id(Prefix.WORKSPACE, owner) is not None:
        return SwitchWorkspace(workspace_id=owner)
    return SwitchWorkspace(workspace_id=body.workspace_id, owner_id=owner)


async def viewer_elsewhere(call: Call, moved: Principal) -> Me:
    """Return who asked as he is in the workspace into which his session moved."""
    return await _me(replace(call, known_principal=moved))


ME_EXAMPLE: dict[str, Any] = {
    "user": {
        "id": "usr_01m81q4vb2ex285gqsh83acwyg",
        "email": "ada@example.org",
        "name": "Ada",
        "image": None,
        "timezone": "UTC",
        "language": "en",
    },
    "role": "owner",
    "auth": "session",
    **STANDING_EXAMPLE,
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/me",
        name="me",
        summary="The current user, the effective workspace's plan, and whether it is write-locked",
        right=QUERIES["viewer"],
        answer=_me,
        result=Me,
        example=ME_EXAMPLE,
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/user/permission-foundation",
        name="permissionFoundation",
        summary="Role, permissions and scope in the workspace that is selected",
        right=QUERIES["viewer"],
        is_of_session=True,
        answer=_permission_foundation,
        result=PermissionFoundation,
        example={
            "role": "owner",
            "scope": {"type": "workspace", "projectIds": None},
            "permissions": {scope.value.lower(): "delete" for scope in TokenScope},
            "capabilities": {each.name.lower(): True for each in Capability},
            "workspaces": [WORKSPACE_EXAMPLE],
            **STANDING_EXAMPLE,
        },
    ),
    Route(
        method=HTTPMethod.POST,
        path="/api/user/account-context",
        name="selectWorkspace",
        summary="Select the workspace in which this session works from now on",
        right=MUTATIONS["switchWorkspace"],
        is_of_session=True,
        answer=_switch,
        body=AccountContextBody,
        body_example={"ownerUserId": "usr_01m81q4vb2ex285gqsh83acwyg"},
        result=Me,
        example=ME_EXAMPLE,
        refusals=(HTTPStatus.FORBIDDEN,),
    ),
)
