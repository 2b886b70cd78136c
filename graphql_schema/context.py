"""What every resolver is handed: who asks, when, and what to read with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.errors import Unauthenticated
from core.ids import Prefix
from core.services import Services
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
    """One request. Without a principal nobody is signed in; `operation_name` is what the client wrote."""

    services: Services
    node_kinds: Mapping[Prefix, NodeKind]
    now: datetime
    started_at: datetime
    known_principal: Principal | None = None
    operation_name: str | None = None
    caller: Caller | None = None
    _is_counted: bool = field(default=False, init=False)
    _reads: Reads | None = field(default=None, init=False)

    @property
    def principal(self) -> Principal:
        """Who asks; raise Unauthenticated if nobody is signed in."""
        if self.known_principal is None:
            raise Unauthenticated
        return self.known_principal

    @property
    def workspace_id(self) -> UUID:
        """The workspace in which the principal asks."""
        return self.principal.workspace_id

    @property
    def public_url(self) -> str:
        """How links to this server begin; the supervisor sees to it that it is known."""
        return self.services.settings.public_url or ""

    @property
    def reads(self) -> Reads:
        """The reads of this request."""
        if self._reads is None:
            self._reads = Reads(self.services.database, self.workspace_id)
        return self._reads

    def require_read(self, scope: TokenScope) -> None:
        """Raise Forbidden unless the principal may read what the scope covers."""
        require(self.principal, scope, TokenPermission.READ)

    async def find(self, prefix: Prefix, identifier: UUID | None) -> Any:
        """Return the object with that id, or None if there is none in the workspace."""
        return None if identifier is None else await self.node_kinds[prefix].find(self, identifier)

    async def find_all(self, prefix: Prefix, identifiers: Sequence[UUID]) -> list[Any]:
        """Return what `find` returns for each of the ids."""
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

    def count_as(self, name: str) -> None:
        """Count the operation, once, for the workspace of whoever asks."""
        if not self._is_counted and self.known_principal is not None:
            self.services.requests.note(self.known_principal, name)
        self._is_counted = True

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

    def start_over(self) -> None:
        """Forget what was read: the operation is run again from its beginning."""
        self.end()
        self._reads = None


Info: TypeAlias = strawberry.Info[Context, None]
