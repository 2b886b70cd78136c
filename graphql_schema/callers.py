"""Who asks, and whether he still may: the credentials of a request or of a connection."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.principal import Principal
from core.access.token_secret import bearer_secret
from core.errors import Unauthenticated
from core.live_connections import Owner
from core.log import get_logger
from core.secret_text import digest_of
from core.services import Services
from core.usage.quota import Quota
from core.usage.requests import Requests
from graphql_schema.access.visitor import Visitor
from graphql_schema.errors import DATABASE_AWAY, database_away

_log = get_logger(__name__)


def secret_of(credentials: Mapping[str, str]) -> str | None:
    """Return the secret of an api token among headers, whose names are in lower case; None if there is none.

    Raises Unauthenticated for a scheme that is not known.
    """
    secret = bearer_secret(credentials.get("authorization", ""))
    if secret is not None:
        return secret
    key = credentials.get("x-api-key")
    return None if key is None else key.strip()


def caller_of(services: Services, headers: Mapping[str, str]) -> Caller:
    """Return who sent the headers, not identified yet: a token stands above a cookie.

    Raises Forbidden for a cookie that another site's page sent, Unauthenticated as `secret_of` does.
    """
    token = secret_of(headers)
    if token is not None:
        return Caller(services, token=token)
    return Caller(services, session=services.people.visits.session_secret(headers))


class Caller:
    """Whoever sent the secret of a token or of a session, or nobody."""

    __slots__ = ("_refusal", "_services", "_session", "_token", "principal", "quota", "visitor")

    def __init__(self, services: Services, *, token: str | None = None, session: str | None = None) -> None:
        self._services = services
        self._token = token
        self._session = session
        self._refusal: Unauthenticated | None = None
        self.principal: Principal | None = None
        self.quota: Quota | None = None  # as the latest request left it
        self.visitor: Visitor | None = None  # who can be given a cookie: over a request of its own alone

    @property
    def has_token(self) -> bool:
        """Whether he came with a token."""
        return self._token is not None

    @property
    def credential(self) -> str | None:
        """The digest in hex by which the end of his token or session is announced; None of nobody."""
        secret = self._session if self._token is None else self._token
        return None if secret is None else digest_of(secret).hex()

    async def identify(self) -> None:
        """Find out who it is; raise Unauthenticated for a wrong secret, Unavailable without a database.

        Whoever was known before stays in his workspace: a session that works in another one by now is another caller.
        """
        try:
            if self._token is not None:
                found = await self._services.authentication.authenticate(self._token)
            elif self._session is not None:
                found = await self._services.people.sessions.authenticate(self._session)
            else:
                return
        except DATABASE_AWAY as error:
            _log.debug("graphql.database_away", error=repr(error))
            raise database_away() from error
        if self.principal is not None and found.workspace_id != self.principal.workspace_id:
            raise Unauthenticated("the session works in another workspace now")
        self.principal = found

    async def spend(self, requests: Requests) -> None:
        """Take one request from the workspace of whoever asks; raise QuotaExhausted. Nobody has none to lose."""
        if self.principal is not None:
            self.quota = await requests.admit(self.principal)

    async def introduce(self) -> None:
        """Find out who it is, where a session that has ended counts as nobody: he must be able to sign in again."""
        try:
            await self.identify()
        except Unauthenticated as refusal:
            if self.has_token:
                raise
            self._refusal = refusal

    @property
    def refusal(self) -> Unauthenticated:
        """Why nobody is signed in."""
        return self._refusal or Unauthenticated("not signed in: sign in, or send an api token as Bearer")

    @property
    def owner(self) -> Owner:
        """With whose connections his are counted; raise Unauthenticated if nobody is signed in."""
        principal = self.principal
        holder = None if principal is None else principal.token_id or principal.user_id
        if principal is None or holder is None:
            raise self.refusal
        return Owner(holder=holder, workspace=principal.workspace_id)
