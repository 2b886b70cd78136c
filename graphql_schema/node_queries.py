"""Queries of whatever has an id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import strawberry

from core.access.in_sight import ReadByIds
from core.access.permission import may, require_any
from core.access.principal import TokenPermission, TokenScope
from core.access.reading import members_by_user_id, own_workspace, tokens_by_id
from core.access.sight import Sight
from core.access.team_reading import invitations_by_id, members_by_id
from core.checks.reading import checks_by_id
from core.db.database import Connection
from core.deliveries.reading import channels_by_id, deliveries_by_id, webhooks_by_id
from core.errors import DeviceScopeForbidden, Forbidden, ProjectScopeForbidden
from core.ids import Prefix, decode_id, prefix_of
from core.incidents.reading import incidents_by_id
from core.issues import Issues
from core.monitors.project_reading import projects_by_id
from core.monitors.reading import monitors_by_id
from core.monitors.tag_reading import tags_by_id
from graphql_schema.access.team_types import Invitation, Member
from graphql_schema.access.types import ApiToken, User, Workspace
from graphql_schema.arguments import ById
from graphql_schema.audit.queries import find_entry
from graphql_schema.checks.types import Check
from graphql_schema.context import Context, Info, NodeKind
from graphql_schema.deliveries.types import Channel, Delivery, Webhook
from graphql_schema.described import ListSize, field
from graphql_schema.incidents.types import Incident
from graphql_schema.monitors.types import Monitor
from graphql_schema.nodes import Node
from graphql_schema.projects.types import Project
from graphql_schema.regions.types import Region, regions_by_number
from graphql_schema.tags.types import Tag

MOST_NODES = 100


def _by_id(
    read: ReadByIds,
    show: Callable[[asyncpg.Record], Any],
    scope: TokenScope | None = None,
    *,
    beyond: type[Forbidden] | None = None,
) -> NodeKind:
    """Return how objects are found; `beyond` is raised for what is in projects out of sight."""
    read_beyond = _unconfined(read)

    async def find(context: Context, identifier: UUID) -> Any:
        row = await context.reads.load(read, identifier)
        if row is not None:
            return show(row)
        if beyond is not None and await _beyond(context, read_beyond, identifier) is not None:
            raise beyond
        return None

    async def find_all(context: Context, identifiers: Sequence[UUID]) -> list[Any]:
        rows = await context.reads.load_all(read, identifiers)
        return [None if row is None else show(row) for row in rows]

    return NodeKind(find=find, find_all=find_all, scope=scope)


def _unconfined(read: ReadByIds) -> ReadByIds:
    """Return what reads over all projects, to tell what is out of sight from what is not there."""

    async def read_unconfined(
        connection: Connection, sight: Sight, ids: Sequence[UUID]
    ) -> Mapping[UUID, asyncpg.Record]:
        return await read(connection, sight.unconfined, ids)

    return read_unconfined


async def _beyond(context: Context, read: ReadByIds, identifier: UUID) -> asyncpg.Record | None:
    """Return the row that was not found in sight, if it is because the principal is confined to projects."""
    return await context.reads.load(read, identifier) if context.sight.is_confined else None


async def _find_region(context: Context, identifier: UUID) -> Region | None:
    rows = (await regions_by_number(context)).values()
    return next((Region.of(row) for row in rows if row["public_id"] == identifier), None)


_read_delivery_beyond = _unconfined(deliveries_by_id)


async def _find_delivery(context: Context, identifier: UUID) -> Delivery | None:
    """Return a delivery; it is covered by the scope of its destination, and without that it is like none."""
    principal, read = context.principal, TokenPermission.READ
    require_any(principal, (TokenScope.NOTIFICATIONS, TokenScope.WEBHOOKS), read)
    row = await context.reads.load(deliveries_by_id, identifier)
    beyond = await _beyond(context, _read_delivery_beyond, identifier) if row is None else None
    found = beyond if row is None else row
    if found is not None and not may(principal, _scope_of_destination(found), read):
        return None
    if beyond is not None:
        raise DeviceScopeForbidden
    return None if row is None else Delivery.of(row)


def _scope_of_destination(delivery: asyncpg.Record) -> TokenScope:
    return TokenScope.WEBHOOKS if delivery["channel_id"] is None else TokenScope.NOTIFICATIONS


NODE_KINDS: Mapping[Prefix, NodeKind] = MappingProxyType(
    {
        Prefix.WORKSPACE: _by_id(own_workspace, Workspace.of),
        Prefix.USER: _by_id(members_by_user_id, User.of, TokenScope.TEAM),
        Prefix.MEMBER: _by_id(members_by_id, Member.of, TokenScope.TEAM),
        Prefix.INVITATION: _by_id(invitations_by_id, Invitation.of, TokenScope.TEAM),
        Prefix.TOKEN: _by_id(tokens_by_id, ApiToken.of, TokenScope.TOKENS),
        Prefix.AUDIT_ENTRY: NodeKind(find=find_entry, scope=TokenScope.ACCOUNT),
        Prefix.PROJECT: _by_id(
            projects_by_id, Project.of, TokenScope.UPTIME_CHECKS, beyond=ProjectScopeForbidden
        ),
        Prefix.MONITOR: _by_id(
            monitors_by_id, Monitor.of, TokenScope.UPTIME_CHECKS, beyond=DeviceScopeForbidden
        ),
        Prefix.CHECK: _by_id(checks_by_id, Check.of, TokenScope.UPTIME_CHECKS, beyond=DeviceScopeForbidden),
        Prefix.TAG: _by_id(tags_by_id, Tag.of, TokenScope.UPTIME_CHECKS),
        Prefix.REGION: NodeKind(find=_find_region, scope=TokenScope.UPTIME_CHECKS),
        Prefix.INCIDENT: _by_id(
            incidents_by_id, Incident.of, TokenScope.INCIDENTS, beyond=DeviceScopeForbidden
        ),
        Prefix.CHANNEL: _by_id(
            channels_by_id, Channel.of, TokenScope.NOTIFICATIONS, beyond=DeviceScopeForbidden
        ),
        Prefix.WEBHOOK: _by_id(webhooks_by_id, Webhook.of, TokenScope.WEBHOOKS),
        Prefix.DELIVERY: NodeKind(find=_find_delivery),
    }
)


async def _find(context: Context, public_id: str) -> Any:
    """Return what a public id names, or None if it names nothing that the workspace has."""
    prefix = prefix_of(public_id)
    kind = None if prefix is None else NODE_KINDS.get(prefix)
    if prefix is None or kind is None:
        return None
    if kind.scope is not None:
        context.require_read(kind.scope)
    return await context.find(prefix, decode_id(prefix, public_id))


async def _find_or_refusal(context: Context, public_id: str) -> Any:
    """Return the same, or the refusal itself: it is then told at this place of the list alone."""
    try:
        return await _find(context, public_id)
    except Forbidden as refusal:
        return refusal


@strawberry.type
class NodeQueries:
    """The part of Query about whatever has an id."""

    @field("Whatever has that id")
    async def node(self, info: Info, id: ById) -> Node | None:  # noqa: A002  (the contract's name)
        """Return the object, or None if there is none in the workspace."""
        _ = info.context.principal
        found: Node | None = await _find(info.context, id)
        return found

    @field(
        f"Whatever has those ids, in their order; at most {MOST_NODES}",
        size=ListSize(most=MOST_NODES, argument="ids"),
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(
                description="Of any type, each once or more; one that names nothing is null at its place"
            ),
        ],
    ) -> list[Node | None]:
        """Return the objects, None where there is none in the workspace."""
        _ = info.context.principal
        issues = Issues()
        if len(ids) > MOST_NODES:
            cause = f"must have at most {MOST_NODES} items"
            issues.refuse_value(("ids",), "max_length", cause, len(ids), expected=str(MOST_NODES))
        issues.raise_if_any()
        return list(await asyncio.gather(*(_find_or_refusal(info.context, one) for one in ids)))
