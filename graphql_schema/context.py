"""What every resolver is handed: who asks, when, and what to read with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import strawberry
from graphql import DocumentNode

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.sight import Sight, sight_of
from core.errors import Unauthenticated
from core.ids import Prefix
from core.services import Services
from core.statistics.period import Period, Window
from core.statistics.reading import window_of
from graphql_schema.access.visitor import Visitor
from graphql_schema.callers import Caller
from graphql_schema.loaders import Reads


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeKind:
    """How the object with an id of one prefix is found, and what must be granted to see it."""

    find: Callable[[Context, UUID], Awaitable[Any]]
    find_all: Callable[[Context, Sequence[UUID]], Awaitable[list[Any]]] | None = None
    scope: TokenScope | None = None


@dataclass(kw_only=True, slots=True)
class Context:
    """One request. Without a principal nobody is signed in; `document` is what was let in, parsed and valid."""

    services: Services
    node_kinds: Mapping[Prefix, NodeKind]
    now: datetime
    started_at: datetime
    known_principal: Principal | None = None
    document: DocumentNode | None = None
    caller: Caller | None = None
    _reads: Reads | None = field(default=None, init=False)

    @property
    def principal(self) -> Principal:
        """Who asks; raise Unauthenticated if nobody is signed in."""
        if self.known_principal is None:
            raise Unauthenticated if self.caller is None else self.caller.refusal
        return self.known_principal

    def become(self, principal: Principal | None) -> None:
        """Go on as somebody else, who signed in or out just now."""
        self.start_over()
        self.known_principal = principal

    @property
    def visitor(self) -> Visitor | None:
        """Whoever made the request; None over a connection that goes on, to which no cookie can be given."""
        return None if self.caller is None else self.caller.visitor

    @property
    def workspace_id(self) -> UUID:
        """The workspace in which the principal asks."""
        return self.principal.workspace_id

    @property
    def sight(self) -> Sight:
        """What of the workspace the principal gets to see."""
        return self.reads.sight

    def window(self, period: Period) -> Window:
        """Return the stretch that a period means, as far as it is in sight."""
        return window_of(period, self.sight, self.now)

    @property
    def public_url(self) -> str:
        """How links to this server begin; the supervisor sees to it that it is known."""
        return self.services.settings.public_url or ""

    @property
    def reads(self) -> Reads:
        """The reads of this request."""
        if self._reads is None:
            self._reads = Reads(self.services.database, sight_of(self.principal, self.now))
        return self._reads

    def require_read(self, scope: TokenScope) -> None:
        """Raise Forbidden unless the principal may read what the scope covers."""
        require(self.principal, scope, TokenPermission.READ)

    async def find(self, prefix: Prefix, identifier: UUID | None) -> Any:
        """Return the object with that id, or None if there is none in the workspace.

        Raises ProjectScopeForbidden or DeviceScopeForbidden if it is in none of the projects in sight.
        """
        return None if identifier is None else await self.node_kinds[prefix].find(self, identifier)

    async def find_all(self, prefix: Prefix, identifiers: Sequence[UUID]) -> list[Any]:
        """Return the objects with those ids, None for each that is not there or not in sight."""
        find_all = self.node_kinds[prefix].find_all
        if find_all is None:
            return [await self.find(prefix, identifier) for identifier in identifiers]
        return await find_all(self, identifiers)

    async def find_granted(self, prefix: Prefix, identifier: UUID | None) -> Any:
        """Return the same; raise Forbidden if the prefix's own scope is not granted."""
        scope = self.node_kinds[prefix].scope
        if scope is not None and identifier is not None:
            self.require_read(scope)
        return await self.find(prefix, identifier)

    def begin_delivery(self) -> None:
        """Begin what a subscription delivers next: of now, read anew, for the principal as he is by now."""
        self.end()
        self._reads = None
        self.now = self.services.clock.now()
        if self.caller is not None:
            self.known_principal = self.caller.principal

    def end(self) -> None:
        """End the request's reads."""
        if self._reads is not None:
            self._reads.end()

    def abandon(self) -> None:
        """End the request's reads, the one in flight too."""
        if self._reads is not None:
            self._reads.abandon()

    def start_over(self) -> None:
        """Forget what was read: the operation is run again from its beginning."""
        self.end()
        self._reads = None


Info: TypeAlias = strawberry.Info[Context, None]
