"""The GraphQL face."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from core.plugin_registry import PluginRegistry
from core.services import Services
from core.settings import Switch
from graphql_schema.endpoint import GraphQLEndpoint, handlers
from graphql_schema.fast_lists.trial import list_executor
from graphql_schema.operations import Operations
from graphql_schema.schema import TocsinSchema, build_schema


def face(services: Services) -> Sequence[Any]:
    """Return the Litestar handlers of /graphql."""
    schema = _schema(services.registry, services.settings.fast_lists)
    return handlers(GraphQLEndpoint(Operations(schema=schema, services=services)))


# Of one registry every application has the same schema, and to build it takes a tenth of a second.
@functools.lru_cache(maxsize=4)
def _schema(registry: PluginRegistry, fast_lists: Switch) -> TocsinSchema:
    return build_schema(registry, executor=list_executor(fast_lists))
