"""Where to begin to follow."""

from __future__ import annotations

import strawberry

from core.events.cursor import EventCursor
from core.events.event_log import present_position
from graphql_schema.context import Info
from graphql_schema.described import field


@strawberry.type
class LiveQueries:
    """The part of Query about subscriptions."""

    @field(
        "The end of the changes so far. Of what changes after it is asked, everything comes after it: what else "
        "the same query returns is read later"
    )
    async def event_cursor(self, info: Info) -> str:
        """Return the cursor, read before everything else in the request."""
        context = info.context
        workspace_id = context.workspace_id
        position = await context.reads.first(present_position, context.now)
        return EventCursor(
            epoch=position.epoch, workspace_id=workspace_id, sequence=position.last_sequence
        ).text
