"""Queries of monitors."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import strawberry

from core.access.principal import TokenScope
from core.db.listing import Ordering
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.monitors import reading
from core.monitors.status import MonitorStatus
from graphql_schema.arguments import WHICH, After, Before, ById, First, Last
from graphql_schema.asked_columns import columns_asked
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.identifiers import filter_id, filter_text, frozen_list
from graphql_schema.monitors.types import Monitor
from graphql_schema.pagination import Connection, Listed, PageArguments, connect
from graphql_schema.written import written


@strawberry.enum(description="The orders of a list of monitors; STATUS_DESC begins with the gravest")
class MonitorOrder(enum.Enum):
    """Each has a keyset of its own."""

    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"
    CREATED_ASC = "CREATED_ASC"
    CREATED_DESC = "CREATED_DESC"
    UPDATED_ASC = "UPDATED_ASC"
    UPDATED_DESC = "UPDATED_DESC"
    STATUS_ASC = "STATUS_ASC"
    STATUS_DESC = "STATUS_DESC"
    INTERVAL_ASC = "INTERVAL_ASC"
    INTERVAL_DESC = "INTERVAL_DESC"
    STATUS_SINCE_DESC = "STATUS_SINCE_DESC"


ORDERINGS: Mapping[MonitorOrder, Ordering] = MappingProxyType(
    {
        MonitorOrder.NAME_ASC: reading.NAME,
        MonitorOrder.NAME_DESC: reading.NAME_DESCENDING,
        MonitorOrder.CREATED_ASC: reading.CREATED,
        MonitorOrder.CREATED_DESC: reading.CREATED_DESCENDING,
        MonitorOrder.UPDATED_ASC: reading.UPDATED,
        MonitorOrder.UPDATED_DESC: reading.UPDATED_DESCENDING,
        MonitorOrder.STATUS_ASC: reading.STATUS,
        MonitorOrder.STATUS_DESC: reading.STATUS_DESCENDING,
        MonitorOrder.INTERVAL_ASC: reading.INTERVAL,
        MonitorOrder.INTERVAL_DESC: reading.INTERVAL_DESCENDING,
        MonitorOrder.STATUS_SINCE_DESC: reading.STATUS_SINCE_DESCENDING,
    }
)


@strawberry.input(description="Which monitors to list; what is absent or null filters nothing")
class MonitorFilter:
    """All conditions must hold."""

    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only those of this project; an unknown id matches nothing"
    )
    status: list[MonitorStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Any of these"
    )
    kind: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Any of these")
    tag: str | None = strawberry.field(default=strawberry.UNSET, description="A tag's name")
    search: str | None = strawberry.field(
        default=strawberry.UNSET, description="Part of the name or of the target"
    )
    paused: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Only those that are paused, or only those that are not"
    )

    def of_core(self) -> reading.MonitorFilter:
        """Return the filter that the core knows; an id that is malformed matches nothing.

        Raise InvalidInput for texts that no stored text can be like.
        """
        issues = Issues()
        kinds = frozen_list(self.kind)
        for place, kind in enumerate(kinds or ()):
            filter_text(kind, ("filter", "kind", str(place)), issues)
        tag = filter_text(self.tag, ("filter", "tag"), issues)
        search = filter_text(self.search, ("filter", "search"), issues)
        issues.raise_if_any()
        return reading.MonitorFilter(
            project_id=filter_id(Prefix.PROJECT, self.project_id),
            statuses=frozen_list(self.status),
            kinds=kinds,
            tag=tag,
            search=search,
            is_paused=written(self.paused),
        )


@strawberry.type
class MonitorQueries:
    """The part of Query about monitors."""

    @field("The monitors of the workspace, in the order of their making unless said otherwise")
    async def monitors(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Annotated[MonitorFilter | None, WHICH] = strawberry.UNSET,  # noqa: A002  (the contract's name)
        order_by: Annotated[
            MonitorOrder | None, strawberry.argument(description="Null or absent: CREATED_ASC")
        ] = strawberry.UNSET,
    ) -> Connection[Monitor] | None:
        """Return a page of monitors."""
        context = info.context
        context.require_read(TokenScope.UPTIME_CHECKS)
        wanted = reading.EVERY_MONITOR if not filter else filter.of_core()
        listed = Listed(
            select=reading.MONITORS,
            arguments=wanted.arguments(context.sight),
            show=Monitor.of,
            columns=columns_asked(info, Monitor),
        )
        ordering = ORDERINGS[written(order_by) or MonitorOrder.CREATED_ASC]
        request = PageArguments(first=first, after=after, last=last, before=before).request(ordering)
        return await connect(context, listed, request)

    @field("The monitor with that id")
    async def monitor(self, info: Info, id: ById) -> Monitor | None:  # noqa: A002  (the contract's name)
        """Return the monitor, or None if there is none in the workspace."""
        info.context.require_read(TokenScope.UPTIME_CHECKS)
        monitor: Monitor | None = await info.context.find(Prefix.MONITOR, decode_id(Prefix.MONITOR, id))
        return monitor
