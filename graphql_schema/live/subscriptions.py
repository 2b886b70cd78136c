"""What can be followed as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import strawberry

from core.access.principal import TokenScope
from core.errors import AccountContextForbidden, CursorExpired, NotFound
from core.events.cursor import EventCursor, read_cursor
from core.events.event_log import Event, EventSubject
from core.events.feed import Wants
from core.ids import Prefix, decode_id
from core.incidents.reading import incidents_by_id
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
        project = filter_id(Prefix.PROJECT, project_id)
        kind = _Kind(
            scope=TokenScope.UPTIME_CHECKS,
            wants=_wanted_monitors(project, written(monitor_ids)),
            is_in_sight=partial(_is_of_monitor_in_sight, project),
            told=MonitorChange.of,
        )
        return _changes(info.context, kind, written(after))

    @subscription("Changes of incidents: all after the cursor, or from now on. CURSOR_EXPIRED as above")
    def incident_changed(
        self, info: Info, *, after: AfterEvent = strawberry.UNSET
    ) -> AsyncGenerator[IncidentChange, None]:
        """Return changes of incidents."""
        return _changes(info.context, _INCIDENTS, written(after))

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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind(Generic[ChangeT]):
    """What is followed: `is_in_sight` is asked at each delivery, of the principal as he is by then."""

    scope: TokenScope
    wants: Wants
    is_in_sight: Callable[[Context, Event], Awaitable[bool]]
    told: Callable[[EventCursor, Event], ChangeT]


async def _changes(
    context: Context, kind: _Kind[ChangeT], after: str | None
) -> AsyncGenerator[ChangeT, None]:
    """Yield changes for as long as the principal may read them."""
    context.require_read(kind.scope)
    feed, workspace_id = context.services.feed, context.workspace_id
    async with aclosing(feed.follow(workspace_id, kind.wants, _cursor(after))) as events:
        async for cursor, event in events:
            _begin_delivery(context, kind.scope, workspace_id)
            if await kind.is_in_sight(context, event):
                yield kind.told(cursor, event)


def _begin_delivery(context: Context, scope: TokenScope, workspace_id: UUID) -> None:
    """Begin a delivery of what is followed in a workspace; raise Forbidden if the principal has no place there now."""
    context.begin_delivery()
    if context.workspace_id != workspace_id:
        raise AccountContextForbidden
    context.require_read(scope)


async def _is_of_monitor_in_sight(filtered: UUID | None, context: Context, event: Event) -> bool:
    """Return whether a project of the event is in sight, and the one that is filtered by, if any."""
    principal = context.principal
    is_filter_in_sight = filtered is None or principal.sees_project(filtered)
    return is_filter_in_sight and (
        principal.project_ids is None or not principal.project_ids.isdisjoint(event.project_ids)
    )


async def _is_of_incident_in_sight(context: Context, event: Event) -> bool:
    """Return whether the incident's monitor is in a project in sight by now: the event names no project."""
    if not context.sight.is_confined:
        return True
    return await context.reads.load(incidents_by_id, event.subject_id) is not None


async def _checks(context: Context, public_id: str) -> AsyncGenerator[Check, None]:
    """Yield checks of a monitor for as long as the principal may read them; raise DeviceScopeForbidden."""
    context.require_read(TokenScope.UPTIME_CHECKS)
    identifier, workspace_id = decode_id(Prefix.MONITOR, public_id), context.workspace_id
    if identifier is None or await context.find(Prefix.MONITOR, identifier) is None:
        raise NotFound("monitor not found")
    async with aclosing(context.services.check_tail.follow(identifier)) as checks:
        async for row in checks:
            _begin_delivery(context, TokenScope.UPTIME_CHECKS, workspace_id)
            if context.sight.is_confined:
                await context.find(Prefix.MONITOR, identifier)
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


_INCIDENTS = _Kind(
    scope=TokenScope.INCIDENTS,
    wants=_is_of_incident,
    is_in_sight=_is_of_incident_in_sight,
    told=IncidentChange.of,
)


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
