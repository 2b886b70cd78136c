"""Queries of incidents."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import strawberry

from core.access.principal import TokenScope
from core.db.listing import Ordering
from core.ids import Prefix, decode_id
from core.incidents import reading
from graphql_schema.arguments import WHICH, After, Before, ById, First, Last
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.identifiers import filter_id, frozen_list
from graphql_schema.incidents.types import Incident, IncidentStatus
from graphql_schema.pagination import Connection, Listed, PageArguments, connect
from graphql_schema.written import written
from plugins.api.outcome import IncidentKind


@strawberry.enum(description="The orders of a list of incidents; one that lasts counts as resolved last")
class IncidentOrder(enum.Enum):
    """Each has a keyset of its own."""

    STARTED_ASC = "STARTED_ASC"
    STARTED_DESC = "STARTED_DESC"
    RESOLVED_ASC = "RESOLVED_ASC"
    RESOLVED_DESC = "RESOLVED_DESC"
    SEVERITY_DESC = "SEVERITY_DESC"


ORDERINGS: Mapping[IncidentOrder, Ordering] = MappingProxyType(
    {
        IncidentOrder.STARTED_ASC: reading.STARTED,
        IncidentOrder.STARTED_DESC: reading.STARTED_DESCENDING,
        IncidentOrder.RESOLVED_ASC: reading.RESOLVED,
        IncidentOrder.RESOLVED_DESC: reading.RESOLVED_DESCENDING,
        IncidentOrder.SEVERITY_DESC: reading.SEVERITY_DESCENDING,
    }
)


@strawberry.input(description="Which incidents to list; what is absent or null filters nothing")
class IncidentFilter:
    """All conditions must hold."""

    status: list[IncidentStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Any of these"
    )
    kind: list[IncidentKind] | None = strawberry.field(default=strawberry.UNSET, description="Any of these")
    monitor_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only those of this monitor; an unknown id matches nothing"
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only those of this project's monitors; an unknown id matches nothing",
    )
    since: datetime | None = strawberry.field(default=strawberry.UNSET, description="Started then or later")

    def of_core(self) -> reading.IncidentFilter:
        """Return the filter that the core knows; an id that is malformed matches nothing."""
        return reading.IncidentFilter(
            statuses=frozen_list(self.status),
            kinds=frozen_list(self.kind),
            monitor_id=filter_id(Prefix.MONITOR, self.monitor_id),
            project_id=filter_id(Prefix.PROJECT, self.project_id),
            since=written(self.since),
        )


@strawberry.type
class IncidentQueries:
    """The part of Query about incidents."""

    @field("The incidents of the workspace, latest first unless said otherwise")
    async def incidents(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        filter: Annotated[IncidentFilter | None, WHICH] = strawberry.UNSET,  # noqa: A002  (the contract's name)
        order_by: Annotated[
            IncidentOrder | None, strawberry.argument(description="Null or absent: STARTED_DESC")
        ] = strawberry.UNSET,
    ) -> Connection[Incident] | None:
        """Return a page of incidents."""
        context = info.context
        context.require_read(TokenScope.INCIDENTS)
        wanted = filter.of_core() if filter else reading.EVERY_INCIDENT
        listed = Listed(select=reading.INCIDENTS, arguments=wanted.arguments(context.sight), show=Incident.of)
        ordering = ORDERINGS[written(order_by) or IncidentOrder.STARTED_DESC]
        request = PageArguments(first=first, after=after, last=last, before=before).request(ordering)
        return await connect(context, listed, request)

    @field("The incident with that id")
    async def incident(self, info: Info, id: ById) -> Incident | None:  # noqa: A002  (the contract's name)
        """Return the incident, or None if there is none in the workspace."""
        info.context.require_read(TokenScope.INCIDENTS)
        incident: Incident | None = await info.context.find(Prefix.INCIDENT, decode_id(Prefix.INCIDENT, id))
        return incident
