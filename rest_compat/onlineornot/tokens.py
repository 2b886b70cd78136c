"""The routes of OnlineOrNot's page of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec

from core.access.grant_words import grant_of_names, onlineornot_phrases
from core.access.grants import ALL_GRANTS, grants_from_json, strongest
from core.access.permission import require
from core.access.principal import Grant, TokenPermission, TokenScope
from core.access.reading import kept_token, kept_tokens
from core.access.rights import MUTATIONS, QUERIES, Asker, Right
from core.access.token_service import CreateToken
from core.errors import InvalidInput, NotFound
from core.ids import Prefix, decode_id, encode_id
from core.issues import Issues
from core.moments import moment_of, write_moment
from core.unset import UNSET, Unset
from plugins.api.config import Config, Meta
from rest_compat.onlineornot.envelope import Envelope, PagedEnvelope, ResultInfo
from rest_compat.reading import FURTHEST_PAGE, json_object, number_parameter, parsed, whole_number
from rest_compat.route import Call, Route

DEFAULT_PER_PAGE = 20
MOST_PER_PAGE = 100


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A token that works."""

    id: str
    status: str = "active"


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What the token that asks may do, in words: `uptime_checks (read)`."""

    permissions: list[str]


class ShownGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A scope, and how far it is open."""

    scope: str
    permission: str


class ShownToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token without its secret. `expiresAfter` is null for one that never expires."""

    id: str
    name: str
    expires_after: str | None
    created_at: str
    grants: list[ShownGrant]


class NewToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token that was just made, with its secret, which is told here and never again."""

    id: str
    name: str
    expires_after: str | None
    created_at: str
    token: str


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """A token that opens nothing any more."""

    deleted: bool = True


class GrantBody(Config):
    """A grant, as the list of body parameters has it."""

    scope: Annotated[str, Meta(description="UPTIME_CHECKS, INCIDENTS, …")]
    permission: Annotated[str, Meta(description="READ, WRITE or DELETE, which includes those before it")]


class PermissionBody(Config):
    """A grant, as the example of the page has it."""

    permission: Annotated[str, Meta(description="The scope: UPTIME_CHECKS, INCIDENTS, …")]
    permission_level: Annotated[str, Meta(description="READ, WRITE or DELETE")]


class CreateTokenBody(Config):
    """A token to make. Its grants are given as `grants`, or as `permissions`, or as both."""

    name: Annotated[str, Meta(description="By which people know it")]
    grants: Annotated[tuple[GrantBody, ...], Meta(description="What it may do")] = ()
    permissions: Annotated[tuple[PermissionBody, ...], Meta(description="The same in other words")] = ()
    expires_at: Annotated[
        str | None,
        Meta(description="ISO-8601 with an offset. Absent: in 365 days. Null: never"),
    ] = None


# The two forms of grants, and what scope and permission are called in them.
_GRANT_FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"grants": ("scope", "permission"), "permissions": ("permission", "permissionLevel")}
)


async def _verify(call: Call) -> Envelope[Verified]:
    token_id = call.principal.token_id
    if token_id is None:
        raise NotFound("there is no api token to verify")
    return Envelope(result=Verified(id=encode_id(Prefix.TOKEN, token_id)))


async def _permissions(call: Call) -> Envelope[Permissions]:
    grants = ALL_GRANTS if call.principal.token_id is None else call.principal.grants
    return Envelope(result=Permissions(permissions=onlineornot_phrases(grants)))


async def _list(call: Call) -> PagedEnvelope[ShownToken]:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    issues = Issues()
    page = whole_number(call.query, "page", default=1, most=FURTHEST_PAGE, issues=issues)
    per_page = whole_number(
        call.query, "per_page", default=DEFAULT_PER_PAGE, most=MOST_PER_PAGE, issues=issues
    )
    issues.raise_if_any()
    async with call.services.database.acquire() as connection:
        rows, total = await kept_tokens(
            connection, call.principal.workspace_id, skipped=(page - 1) * per_page, most=per_page
        )
    info = ResultInfo(page=page, per_page=per_page, count=len(rows), total_count=total)
    return PagedEnvelope(result=[_shown(row) for row in rows], result_info=info)


async def _create(call: Call) -> Envelope[NewToken]:
    made = await call.services.tokens.create(call.principal, _wanted(json_object(call.body)))
    row = await _row(call, made.id)
    shown = _shown(row)
    return Envelope(
        result=NewToken(
            id=shown.id,
            name=shown.name,
            expires_after=shown.expires_after,
            created_at=shown.created_at,
            token=made.secret,
        )
    )


async def _get(call: Call) -> Envelope[ShownToken]:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    return Envelope(result=_shown(await _row(call, decode_id(Prefix.TOKEN, call.path["token_id"]))))


async def _delete(call: Call) -> Envelope[Deleted]:
    require(call.principal, TokenScope.TOKENS, TokenPermission.READ)
    # What is revoked already is no token of this dialect any more.
    await _row(call, decode_id(Prefix.TOKEN, call.path["token_id"]))
    await call.services.tokens.revoke(call.principal, call.path["token_id"])
    return Envelope(result=Deleted())


async def _row(call: Call, token_id: UUID | None) -> asyncpg.Record:
    async with call.services.database.acquire() as connection:
        row = await kept_token(connection, call.principal.workspace_id, token_id)
    if row is None:
        raise NotFound("api token not found", path=("token_id",))
    return row


def _wanted(data: Mapping[str, Any]) -> CreateToken:
    """Return the token to make; raise InvalidInput, with what is wrong in well-formed parts of a malformed body too."""
    issues = Issues()
    try:
        parsed(CreateTokenBody, data)
    except InvalidInput as refusal:
        issues.take((), refusal.issues)
    grants, expires_at = _grants(data, issues), _expiry(data, issues)
    issues.raise_if_any()
    return CreateToken(name=data["name"], grants=grants, expires_at=expires_at)


def _grants(data: Mapping[str, Any], issues: Issues) -> list[Grant]:
    found = [
        grant_of_names(
            _text(each, fields[0]), _text(each, fields[1]), (form, str(place)), issues, fields=fields
        )
        for form, fields in _GRANT_FIELDS.items()
        for place, each in enumerate(_items(data.get(form)))
    ]
    return [grant for grant in found if grant is not None]


def _items(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else ()


def _text(item: object, field: str) -> str | None:
    """Return the text of a field; of what is no text, or no object, it is told already."""
    given = item.get(field) if isinstance(item, dict) else None
    return given if isinstance(given, str) else None


def _expiry(data: Mapping[str, Any], issues: Issues) -> datetime | Unset | None:
    given = data.get("expiresAt", UNSET)
    if not isinstance(given, str):
        return None if given is None else UNSET
    moment = moment_of(given)
    if moment is None:
        cause = "must be ISO-8601 with an offset, such as 2026-02-16T11:23:00.000Z"
        issues.refuse_value(("expiresAt",), "format", cause, given, expected="date-time")
    return moment


def _shown(row: asyncpg.Record) -> ShownToken:
    permissions = strongest(grants_from_json(row["grants"]))
    expires_at = row["expires_at"]
    return ShownToken(
        id=encode_id(Prefix.TOKEN, row["id"]),
        name=row["name"],
        expires_after=None if expires_at is None else write_moment(expires_at),
        created_at=write_moment(row["created_at"]),
        grants=[
            ShownGrant(scope=scope.value, permission=permissions[scope].name)
            for scope in TokenScope
            if scope in permissions
        ],
    )


_SIGNED_IN = Right(asker=Asker.SIGNED_IN)
_EXAMPLE = {
    "id": "key_01m81q4vb2ex285gqsh83acwyg",
    "name": "My API Token",
    "expiresAfter": "2025-12-31T23:59:59.000Z",
    "createdAt": "2024-01-15T10:30:00.000Z",
}
_GRANTS = [{"scope": "UPTIME_CHECKS", "permission": "READ"}]


def _enveloped(result: Any, **more: Any) -> dict[str, Any]:
    return {"result": result, **more, "success": True, "errors": [], "messages": []}


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/v1/tokens/verify",
        name="verifyToken",
        summary="Verify a token",
        right=_SIGNED_IN,
        answer=_verify,
        result=Envelope[Verified],
        example=_enveloped({"id": _EXAMPLE["id"], "status": "active"}),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/v1/tokens/permissions",
        name="tokenPermissions",
        summary="Retrieve a token's permissions",
        right=_SIGNED_IN,
        answer=_permissions,
        result=Envelope[Permissions],
        example=_enveloped({"permissions": ["uptime_checks (read)"]}),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/v1/tokens",
        name="listTokens",
        summary="List all API tokens",
        right=QUERIES["apiTokens"],
        answer=_list,
        result=PagedEnvelope[ShownToken],
        query=(
            number_parameter("page", "Page number of paginated results", default=1, most=FURTHEST_PAGE),
            number_parameter(
                "per_page", "Number of items per page", default=DEFAULT_PER_PAGE, most=MOST_PER_PAGE
            ),
        ),
        example=_enveloped(
            [{**_EXAMPLE, "grants": _GRANTS}],
            result_info={"page": 1, "per_page": 20, "count": 1, "total_count": 1},
        ),
        refusals=(HTTPStatus.BAD_REQUEST,),
    ),
    Route(
        method=HTTPMethod.POST,
        path="/v1/tokens",
        name="createToken",
        summary="Create an API token",
        right=MUTATIONS["createApiToken"],
        answer=_create,
        status=HTTPStatus.CREATED,
        body=CreateTokenBody,
        body_example={"name": "My API Token", "grants": _GRANTS},
        result=Envelope[NewToken],
        example=_enveloped({**_EXAMPLE, "token": "tocsin_abc123def456ghi789jkl012mno345pqrs678tuv"}),
    ),
    Route(
        method=HTTPMethod.GET,
        path="/v1/tokens/{token_id}",
        name="retrieveToken",
        summary="Retrieve an API token",
        right=QUERIES["apiTokens"],
        answer=_get,
        result=Envelope[ShownToken],
        example=_enveloped({**_EXAMPLE, "grants": _GRANTS}),
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.DELETE,
        path="/v1/tokens/{token_id}",
        name="deleteToken",
        summary="Delete an API token",
        right=MUTATIONS["revokeApiToken"],
        answer=_delete,
        result=Envelope[Deleted],
        example=_enveloped({"deleted": True}),
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
