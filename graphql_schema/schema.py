"""Composes the schema: our own types, and those that the loaded kinds bring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from core.log import get_logger
from core.plugin_registry import PluginRegistry, load_plugins
from graphql_schema.access.people_mutations import PeopleMutations
from graphql_schema.access.queries import AccessQueries
from graphql_schema.access.team import TeamMutations, TeamQueries
from graphql_schema.access.tokens import TokenMutations, TokenQueries
from graphql_schema.audit.queries import AuditQueries
from graphql_schema.deliveries.mutations import delivery_mutations
from graphql_schema.deliveries.queries import DeliveryQueries
from graphql_schema.errors import log_faults
from graphql_schema.fast_lists.list_executor import ListExecutor
from graphql_schema.incidents.mutations import IncidentMutations
from graphql_schema.incidents.queries import IncidentQueries
from graphql_schema.kinds.queries import KindQueries
from graphql_schema.live.queries import LiveQueries
from graphql_schema.live.subscriptions import Subscription
from graphql_schema.monitors.mutations import monitor_mutations
from graphql_schema.monitors.queries import MonitorQueries
from graphql_schema.node_queries import NodeQueries
from graphql_schema.plugin_types import PluginTypes, build_plugin_types
from graphql_schema.projects.mutations import ProjectMutations
from graphql_schema.projects.queries import ProjectQueries
from graphql_schema.regions.queries import RegionQueries
from graphql_schema.reserved_names import RESERVED_NAMES
from graphql_schema.scalars import DATE_TIME
from graphql_schema.server.queries import ServerQueries
from graphql_schema.statistics.queries import AnalyticsQueries
from graphql_schema.tags.queries import TagQueries

_log = get_logger(__name__)


@strawberry.type(description="What can be asked")
class Query(
    NodeQueries,
    AccessQueries,
    TeamQueries,
    TokenQueries,
    AuditQueries,
    ProjectQueries,
    MonitorQueries,
    IncidentQueries,
    AnalyticsQueries,
    TagQueries,
    RegionQueries,
    DeliveryQueries,
    KindQueries,
    LiveQueries,
    ServerQueries,
):
    """All parts together."""


class _AdmittedDocument(SchemaExtension):
    """Takes over the document that was let in, which is parsed and valid."""

    def on_parse(self) -> Iterator[None]:
        """Give the parsed document."""
        self.execution_context.graphql_document = getattr(self.execution_context.context, "document", None)
        yield

    def on_validate(self) -> Iterator[None]:
        """Say that it is valid."""
        if self.execution_context.graphql_document is getattr(
            self.execution_context.context, "document", None
        ):
            self.execution_context.pre_execution_errors = []
        yield


class TocsinSchema(strawberry.Schema):
    """A schema that logs faults of ours, and nothing of what clients do wrong."""

    @property
    def definition(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002  (Strawberry's signature)
    ) -> None:
        """Log what is ours to mend."""
        log_faults(errors)


def build_schema(registry: PluginRegistry, *, executor: type[ListExecutor] | None = None) -> TocsinSchema:
    """Return the schema with the types of all loaded kinds; a kind without types is logged.

    `executor` runs the operations; None is the stock one.
    """
    plugin_types = build_plugin_types(registry, RESERVED_NAMES)
    for failure in plugin_types.failures:
        _log.warning("plugin.untyped", distribution=failure.distribution, reason=failure.reason)
    return TocsinSchema(
        query=Query,
        mutation=_mutation(plugin_types),
        subscription=Subscription,
        types=plugin_types.object_types,
        extensions=[_AdmittedDocument],
        config=StrawberryConfig(scalar_map={datetime: DATE_TIME}),
        execution_context_class=executor,
    )


def _mutation(plugin_types: PluginTypes) -> type[Any]:
    parts = (
        PeopleMutations,
        TeamMutations,
        ProjectMutations,
        monitor_mutations(plugin_types.probe_input),
        IncidentMutations,
        delivery_mutations(plugin_types.notifier_input),
        TokenMutations,
    )
    return strawberry.type(type("Mutation", parts, {}), description="What can be changed")


def schema_text(registry: PluginRegistry | None = None) -> str:
    """Return the SDL of the schema, by default with the kinds that are installed."""
    return build_schema(load_plugins() if registry is None else registry).as_str() + "\n"
