"""Queries of the server itself."""

from __future__ import annotations

from datetime import datetime
from importlib import metadata

import strawberry

from core.plugin_sources import OWN_DISTRIBUTION
from graphql_schema.context import Info
from graphql_schema.described import field


@strawberry.type(description="The server that answers")
class ServerInfo:
    """What anybody may know of it."""

    version: str = strawberry.field(description="Which release of Tocsin it is")
    started_at: datetime = strawberry.field(description="When the process that answers began")


@strawberry.type
class ServerQueries:
    """The part of Query about the server; open to anybody."""

    @field("The server that answers", is_open=True)
    def server(self, info: Info) -> ServerInfo:
        """Return what is known of the process."""
        return ServerInfo(version=metadata.version(OWN_DISTRIBUTION), started_at=info.context.started_at)
