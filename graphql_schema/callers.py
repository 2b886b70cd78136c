"""Who asks, and whether he still may: the credentials of a request or of a connection."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from core.access.principal import Principal
from core.access.token_authentication import TokenAuthentication
from core.errors import Unauthenticated
from core.log import get_logger
from core.usage.quota import Quota
from core.usage.requests import Requests
from graphql_schema.errors import DATABASE_AWAY, database_away

_log = get_logger(__name__)


def secret_of(credentials: Mapping[str, str]) -> str | None:
    """Return the secret of an api token among headers, whose names are in lower case; None if there is none.

    Raises Unauthenticated for a scheme that is not known.
    """
    secret = credentials.get("x-api-key")
    authorization = credentials.get("authorization", "").strip()
    if authorization:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("authorization must be: Bearer, and an api token")
    return None if secret is None else secret.strip()


class Caller:
    """Whoever sent a secret, or nobody."""

    __slots__ = ("_authentication", "_secret", "principal", "quota")

    def __init__(self, authentication: TokenAuthentication, secret: str | None) -> None:
        self._authentication = authentication
        self._secret = secret
        self.principal: Principal | None = None
        self.quota: Quota | None = None  # as the latest request left it

    async def identify(self) -> None:
        """Find out who it is; raise Unauthenticated for a wrong secret, Unavailable without a database."""
        if self._secret is None:
            return
        try:
            self.principal = await self._authentication.authenticate(self._secret)
        except DATABASE_AWAY as error:
            _log.debug("graphql.database_away", error=repr(error))
            raise database_away() from error

    async def spend(self, requests: Requests) -> None:
        """Take one request from the workspace of whoever asks; raise QuotaExhausted. Nobody has none to lose."""
        if self.principal is not None:
            self.quota = await requests.admit(self.principal)

    @property
    def owner(self) -> UUID:
        """Whose connections are counted together; raise Unauthenticated if nobody is signed in."""
        owner = None if self.principal is None else self.principal.token_id or self.principal.user_id
        if owner is None:
            raise Unauthenticated("not signed in: an authorization is missing, Bearer and an api token")
        return owner
