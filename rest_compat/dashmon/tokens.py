"""Dashmon's routes of API tokens."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec.structs import asdict

from core.access.grant_words import dashmon_access_level, grants_of_access_level
from core.access.grants import grants_from_json
from core.access.permission import require, require_grant
from core.access.plans import Capability, require_capability
from core.access.principal import TokenPermission, TokenScope
from core.access.reading import TOKENS, TOKENS_CREATED, kept_token, tokens_by_id
from core.access.rights import MUTATIONS, QUERIES, Right
from core.access.token_service import CreateToken
from core.access.token_terms import LIFE, LONGEST_LIFE
from core.db.listing import count_rows, read_stretch
from core.errors import NotFound
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.moments import write_moment
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.dashmon.reads import PAGE, Reads, limit_parameter, moment_or_none, reads, stretch_of
from rest_compat.reading import json_object, parsed
from rest_compat.renaming import Names, renamed
from rest_compat.route import Call, Route

MOST = 100
_NAMES: Names = {("name",): ("label",), ("grants",): ("accessLevel",), ("expiresAt",): ("expiresInDays",)}
_PATH = "/api/user/api-tokens"


class AccessLevel(enum.StrEnum):
    """How far a token goes, everywhere alike."""

    READ_ONLY = "read_only"
    READ_WRITE = "read_write"


class LegacyToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That there is no token without a label, and how many labelled ones there are."""

    has_token: bool
    active_tokens: int
    replaced_by: str


class ApiToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token without its secret. `accessLevel` is null for one that was made elsewhere and cannot read everything."""

    id: str
    label: str
    prefix: str
    access_level: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class ApiTokens(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the tokens that open something, in the order of their making; `total` counts them all."""

    tokens: list[ApiToken]
    page: int
    limit: int
    total: int


class NewApiToken(ApiToken, frozen=True, kw_only=True, rename="camel"):
    """A token that was just made, with its secret in `token`, which is told here and never again."""

    token: str


class RevokedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that opens nothing any more."""

    id: str
    revoked: bool = True


class TokenBody(Config):
    """A token to make. Which level it has and when it expires is chosen on paid plans."""

    label: Annotated[str, Meta(description="By which people know it; `name` says the same")] | None = None
    name: Annotated[str, Meta(description="The same as `label`: one of the two is needed")] | None = None
    access_level: Annotated[AccessLevel, Meta(description="How far it goes")] = AccessLevel.READ_WRITE
    expires_in_days: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=LONGEST_LIFE.days,
                description=f"After how many days it expires; absent: {LIFE.days}, null: never",
            ),
        ]
        | None
    ) = None


async def _legacy(call: Call) -> LegacyToken:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    async with reads(call) as read:
        active = await count_rows(read.connection, TOKENS, active_tokens(read))
    return LegacyToken(has_token=False, active_tokens=active, replaced_by=_PATH)


def active_tokens(read: Reads) -> tuple[Any, ...]:
    """Return the arguments of the list TOKENS for those that open something."""
    return read.sight.workspace_id, True, read.now


async def _list(call: Call) -> ApiTokens:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    issues = Issues()
    wanted = stretch_of(call.query, issues, default=MOST, most=MOST)
    issues.raise_if_any()
    async with reads(call) as read:
        arguments = active_tokens(read)
        total = await count_rows(read.connection, TOKENS, arguments)
        rows = await read_stretch(
            read.connection, TOKENS, arguments, TOKENS_CREATED, skipped=wanted.skipped, size=wanted.limit
        )
    return ApiTokens(tokens=[_shown(row) for row in rows], page=wanted.page, limit=wanted.limit, total=total)


async def _create(call: Call) -> NewApiToken:
    data = json_object(call.body)
    body = parsed(TokenBody, data)
    _require_governance(call, body, data)
    issues = Issues()
    grants = grants_of_access_level(body.access_level.value, ("accessLevel",), issues)
    for grant in sorted(grants, key=lambda each: each.scope):
        require_grant(call.principal, grant.scope, grant.permission)
    wanted = CreateToken(
        name=_label(body, issues),
        grants=list(grants),
        expires_at=_expiry(data, body, call.services.clock.now()),
    )
    issues.raise_if_any()
    with renamed(_NAMES):
        made = await call.services.tokens.create(call.principal, wanted)
    async with reads(call) as read:
        row = (await tokens_by_id(read.connection, read.sight, [made.id]))[made.id]
    return NewApiToken(**asdict(_shown(row)), token=made.secret)


def _require_governance(call: Call, body: TokenBody, data: Mapping[str, Any]) -> None:
    if body.access_level is AccessLevel.READ_ONLY or "expiresInDays" in data:
        require_capability(call.principal.plan, Capability.TOKEN_GOVERNANCE)


def _label(body: TokenBody, issues: Issues) -> str:
    given = [each for each in (body.label, body.name) if each is not None]
    if len(given) != 1:
        issues.refuse(("label",), "one_of", "is required, or name instead of it")
        return ""
    return given[0]


def _expiry(data: Mapping[str, Any], body: TokenBody, now: datetime) -> datetime | Unset | None:
    if "expiresInDays" not in data:
        return UNSET
    return None if body.expires_in_days is None else now + timedelta(days=body.expires_in_days)


async def _revoke(call: Call) -> RevokedToken:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    identifier = decode_id(Prefix.TOKEN, call.path["id"])
    async with reads(call) as read:
        # What is revoked already is no token of this dialect any more.
        if await kept_token(read.connection, call.principal.workspace_id, identifier) is None:
            raise NotFound("api token not found")
    revoked = await call.services.tokens.revoke(call.principal, call.path["id"])
    return RevokedToken(id=encode_id(Prefix.TOKEN, revoked))


def _shown(row: asyncpg.Record) -> ApiToken:
    return ApiToken(
        id=encode_id(Prefix.TOKEN, row["id"]),
        label=row["name"],
        prefix=row["prefix"],
        access_level=dashmon_access_level(grants_from_json(row["grants"])),
        created_at=write_moment(row["created_at"]),
        last_used_at=moment_or_none(row["last_used_at"]),
        expires_at=moment_or_none(row["expires_at"]),
    )


# An access level holds everywhere, so that a token which asks must reach as far.
_OPENS_EVERYTHING = Right(
    scopes=(TokenScope.TOKENS,), permission=TokenPermission.WRITE, opens_everything=True
)
_ID = "key_01m81q4vb2ex285gqsh83acwyg"
_EXAMPLE = {
    "id": _ID,
    "label": "Grafana",
    "prefix": "tocsin_abc1",
    "accessLevel": "read_only",
    "createdAt": "2026-02-16T11:23:00.000Z",
    "lastUsedAt": None,
    "expiresAt": "2026-05-17T11:23:00.000Z",
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/user/api-token",
        name="legacyToken",
        summary="The status of the token without a label, of which there is none any more",
        right=QUERIES["apiTokens"],
        answer=_legacy,
        result=LegacyToken,
        example={"hasToken": False, "activeTokens": 1, "replacedBy": _PATH},
    ),
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="listApiTokens",
        summary="The labelled tokens that open something",
        right=QUERIES["apiTokens"],
        answer=_list,
        result=ApiTokens,
        query=(PAGE, limit_parameter("Tokens", default=MOST, most=MOST)),
        example={"tokens": [_EXAMPLE], "page": 1, "limit": MOST, "total": 1},
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.POST,
        path=_PATH,
        name="createApiToken",
        summary="Create a labelled token; its secret is told once",
        right=_OPENS_EVERYTHING,
        answer=_create,
        status=HTTPStatus.CREATED,
        body=TokenBody,
        body_example={"label": "Grafana", "accessLevel": "read_only", "expiresInDays": 90},
        result=NewApiToken,
        example={**_EXAMPLE, "token": "tocsin_abc123def456ghi789jkl012mno345pqrs678tuv"},
    ),
    Route(
        method=HTTPMethod.DELETE,
        path=f"{_PATH}/{{id}}",
        name="revokeApiToken",
        summary="Revoke a labelled token",
        right=MUTATIONS["revokeApiToken"],
        answer=_revoke,
        result=RevokedToken,
        example={"id": _ID, "revoked": True},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
