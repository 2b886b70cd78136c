"""What can be followed as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from core.access.principal import TokenScope
from core.errors import CursorExpired, NotFound
from core.events.cursor import EventCursor, read_cursor
from core.events.event_log import Event, EventSubject
from core.events.feed import Wants
from core.ids import Prefix, decode_id
from graphql_schema.arguments import AfterEvent
from graphql_schema.checks.types import Check
from graphql_schema.context import Context, Info
from graphql_schema.described import subscription
from graphql_schema.identifiers import filter_id
from graphql_schema.live.types import IncidentChange, MonitorChange
from graphql_schema.written import written

ChangeT = TypeVar("ChangeT")


@strawberry.type(description="What can be followed as it happens")
class Subscription:
    """Each delivery is authorised anew, and reads anew what it shows."""

    @subscription(
        "Changes of monitors: all after the cursor, or from now on. Of a move between projects the "
        "followers of both are told. CURSOR_EXPIRED: read anew, and follow from a new eventCursor"
    )
    def monitor_changed(
        self,
        info: Info,
        *,
        project_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only monitors of this project; an unknown id: none"),
        ] = strawberry.UNSET,
        monitor_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(
                description="Only these monitors; unknown ids match nothing, null or absent: all"
            ),
        ] = strawberry.UNSET,
        after: AfterEvent = strawberry.UNSET,
    ) -> AsyncGenerator[MonitorChange, None]:
        """Return changes of monitors."""
        wants = _wanted_monitors(filter_id(Prefix.PROJECT, project_id), written(monitor_ids))
        return _changes(info.context, TokenScope.UPTIME_CHECKS, wants, written(after), MonitorChange.of)

    @subscription("Changes of incidents: all after the cursor, or from now on. CURSOR_EXPIRED as above")
    def incident_changed(
        self, info: Info, *, after: AfterEvent = strawberry.UNSET
    ) -> AsyncGenerator[IncidentChange, None]:
        """Return changes of incidents."""
        return _changes(
            info.context, TokenScope.INCIDENTS, _is_of_incident, written(after), IncidentChange.of
        )

    @subscription(
        "Checks of a monitor as they are recorded, without resume; ends when the monitor is deleted"
    )
    def check_completed(
        self,
        info: Info,
        *,
        monitor_id: Annotated[
            strawberry.ID,
            strawberry.argument(
                description="Whose checks; one that is malformed, unknown or another workspace's is NOT_FOUND"
            ),
        ],
    ) -> AsyncGenerator[Check, None]:
        """Return checks of one monitor."""
        return _checks(info.context, monitor_id)


# Beside the resolvers: what they are handed keeps the executor, and would wait along with each subscriber.


async def _changes(
    context: Context,
    scope: TokenScope,
    wants: Wants,
    after: str | None,
    told: Callable[[EventCursor, Event], ChangeT],
) -> AsyncGenerator[ChangeT, None]:
    """Yield changes for as long as the principal may read them."""
    context.require_read(scope)
    async with aclosing(context.services.feed.follow(context.workspace_id, wants, _cursor(after))) as events:
        async for cursor, event in events:
            context.begin_delivery()
            context.require_read(scope)
            yield told(cursor, event)


async def _checks(context: Context, public_id: str) -> AsyncGenerator[Check, None]:
    """Yield checks of a monitor for as long as the principal may read them."""
    context.require_read(TokenScope.UPTIME_CHECKS)
    identifier = decode_id(Prefix.MONITOR, public_id)
    if identifier is None or await context.find(Prefix.MONITOR, identifier) is None:
        raise NotFound("monitor not found")
    async with aclosing(context.services.check_tail.follow(identifier)) as checks:
        async for row in checks:
            context.begin_delivery()
            context.require_read(TokenScope.UPTIME_CHECKS)
            yield Check.of(row)


def _cursor(text: str | None) -> EventCursor | None:
    if text is None:
        return None
    cursor = read_cursor(text)
    if cursor is None:
        raise CursorExpired
    return cursor


def _is_of_incident(event: Event) -> bool:
    return event.subject is EventSubject.INCIDENT


def _wanted_monitors(project_id: UUID | None, public_ids: list[strawberry.ID] | None) -> Wants:
    """Return the filter; an id that is malformed or another workspace's matches nothing."""
    wanted = None if public_ids is None else {decode_id(Prefix.MONITOR, text) for text in public_ids}

    def wants(event: Event) -> bool:
        return (
            event.subject is EventSubject.MONITOR
            and (wanted is None or event.subject_id in wanted)
            and (project_id is None or project_id in event.project_ids)
        )

    return wants
