"""Creates and revokes API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.access.grants import grants_to_json
from core.access.permission import require
from core.access.presence import lock_place
from core.access.principal import Grant, Principal, TokenPermission, TokenScope
from core.access.reading import fitting_allowance_of
from core.access.token_authentication import TokenAuthentication
from core.access.token_secret import new_token_secret, prefix_of_secret
from core.access.token_terms import expiry_of_token, grants_within, name_of_token
from core.audit.action import AuditAction
from core.audit.change import created, updated
from core.audit.recording import record
from core.audit.redaction import View
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel, notify
from core.db.tables import ApiToken
from core.errors import NotFound, OverLimit
from core.ids import Prefix, decode_id, new_id
from core.issues import Issues
from core.secret_text import digest_of
from core.unset import UNSET, Unset

MOST_LIVE_TOKENS = 500

_SQL = named_sql("tokens")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateToken:
    """A token to make. It lives for a year unless said otherwise, and for ever if `expires_at` is None."""

    name: str
    grants: Sequence[Grant]
    expires_at: datetime | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeToken:
    """A new token; nothing but this value ever holds its secret."""

    id: UUID
    secret: str = field(repr=False)


class TokenService:
    """Permission, validation, storage."""

    def __init__(self, *, database: Database, clock: Clock, authentication: TokenAuthentication) -> None:
        self._database = database
        self._clock = clock
        self._authentication = authentication

    async def create(self, principal: Principal, wanted: CreateToken) -> MadeToken:
        """Make a token of the principal's person; raise InvalidInput, WriteLocked, or OverLimit if there are too many.

        The principal is looked at again in the same transaction: what he has lost meanwhile he cannot give away,
        and a token that was revoked (TokenRevoked) leaves no other one behind.
        """
        require(principal, TokenScope.TOKENS, TokenPermission.WRITE)
        secret = new_token_secret()

        async def create(connection: Connection) -> UUID:
            now = self._clock.now()
            maker = await lock_place(connection, principal, now)
            require(maker, TokenScope.TOKENS, TokenPermission.WRITE)
            await fitting_allowance_of(connection, principal.workspace_id, now)
            token = _token(maker, wanted, secret, now)
            live = await connection.fetchval(_SQL["live_tokens"], principal.workspace_id, now)
            if live >= MOST_LIVE_TOKENS:
                raise OverLimit(
                    f"at most {MOST_LIVE_TOKENS} api tokens may be live: revoke one that is not used"
                )
            await ApiToken.insert(token)
            await record(connection, maker, created(AuditAction.TOKEN_CREATED, token.id, _view(token)), now)
            return token.id

        return MadeToken(id=await self._database.in_transaction(create), secret=secret)

    async def revoke(self, principal: Principal, token_id: str) -> UUID:
        """End a token, here at once and in other processes as soon as they hear of it; once more changes nothing.

        Itself a token may end with WRITE, others with DELETE.
        """
        identifier = decode_id(Prefix.TOKEN, token_id)
        is_own = identifier is not None and identifier == principal.token_id
        require(principal, TokenScope.TOKENS, TokenPermission.WRITE if is_own else TokenPermission.DELETE)

        async def revoke(connection: Connection) -> tuple[UUID, str]:
            now = self._clock.now()
            row = await connection.fetchrow(_SQL["revoke_token"], principal.workspace_id, identifier, now)
            if identifier is None or row is None:
                raise NotFound("api token not found", path=("id",))
            if not row["was_revoked"]:
                change = updated(
                    AuditAction.TOKEN_REVOKED, identifier, {"revokedAt": None}, {"revokedAt": now}
                )
                await record(connection, principal, change, now)
            await notify(connection, NotifyChannel.TOKENS, row["digest"])
            return identifier, row["digest"]

        revoked, digest = await self._database.in_transaction(revoke)
        self._authentication.forget(digest)
        return revoked


def _token(maker: Principal, wanted: CreateToken, secret: str, now: datetime) -> ApiToken:
    """Return the row to be stored; raise InvalidInput with all that is wrong."""
    issues = Issues()
    name = name_of_token(wanted.name, issues)
    grants = grants_within(maker, wanted.grants, issues)
    expires_at = expiry_of_token(wanted.expires_at, now, issues)
    issues.raise_if_any()
    return ApiToken(
        id=new_id(now),
        workspace_id=maker.workspace_id,
        name=name,
        prefix=prefix_of_secret(secret),
        secret_sha256=digest_of(secret),
        grants=grants_to_json(grants),
        created_by=maker.user_id,
        created_at=now,
        expires_at=expires_at,
    )


def _view(token: ApiToken) -> View:
    """Return a token as it is written down."""
    return {
        "name": token.name,
        "prefix": token.prefix,
        "grants": token.grants,
        "expiresAt": token.expires_at,
    }
