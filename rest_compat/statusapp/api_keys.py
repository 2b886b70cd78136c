"""StatusApp's route of API keys."""

from __future__ import annotations

from datetime import datetime
from http import HTTPMethod, HTTPStatus

import asyncpg
import msgspec

from core.access.grant_words import statusapp_permissions
from core.access.grants import grants_from_json
from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.reading import TOKENS, TOKENS_CREATED
from core.access.rights import QUERIES
from core.access.token_terms import is_live
from core.db.listing import read_stretch
from core.ids import Prefix, encode_id
from core.moments import write_moment
from rest_compat.route import Call, Route
from rest_compat.statusapp.stretch import WHOLE


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token without its secret.

    `permissions` are what it may do everywhere, and empty for one that some scope is closed to.
    """

    id: str
    name: str
    prefix: str
    permissions: str
    last_used_at: str | None
    expires_at: str | None
    is_active: bool
    created_at: str


class ApiKeys(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The workspace's tokens, revoked and expired ones too, in the order of their making."""

    api_keys: list[ApiKey]


async def _list(call: Call) -> ApiKeys:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    wanted = WHOLE.wanted(call.query)
    async with call.services.database.acquire() as connection:
        rows = await read_stretch(
            connection,
            TOKENS,
            (call.principal.workspace_id, None, None),
            TOKENS_CREATED,
            skipped=wanted.skipped,
            size=wanted.size,
        )
    now = call.services.clock.now()
    return ApiKeys(api_keys=[_shown(row, now) for row in rows])


def _shown(row: asyncpg.Record, now: datetime) -> ApiKey:
    last_used_at, expires_at = row["last_used_at"], row["expires_at"]
    return ApiKey(
        id=encode_id(Prefix.TOKEN, row["id"]),
        name=row["name"],
        prefix=row["prefix"],
        permissions=statusapp_permissions(grants_from_json(row["grants"])),
        last_used_at=None if last_used_at is None else write_moment(last_used_at),
        expires_at=None if expires_at is None else write_moment(expires_at),
        is_active=is_live(row["revoked_at"], expires_at, now),
        created_at=write_moment(row["created_at"]),
    )


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/account/api-keys",
        name="listApiKeys",
        summary="List API keys",
        right=QUERIES["apiTokens"],
        answer=_list,
        result=ApiKeys,
        query=WHOLE.parameters,
        example={
            "apiKeys": [
                {
                    "id": "key_01m81q4vb2ex285gqsh83acwyg",
                    "name": "Production API Key",
                    "prefix": "tocsin_abc12",
                    "permissions": "read,write",
                    "lastUsedAt": "2025-01-21T10:30:00.000Z",
                    "expiresAt": None,
                    "isActive": True,
                    "createdAt": "2025-01-01T00:00:00.000Z",
                }
            ]
        },
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
)
