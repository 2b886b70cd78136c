"""The GraphQL face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.services import Services
from graphql_schema.endpoint import GraphQLEndpoint, handlers
from graphql_schema.fast_lists.trial import list_executor
from graphql_schema.operations import Operations
from graphql_schema.schema import build_schema


def face(services: Services) -> Sequence[Any]:
    """Return the Litestar handlers of /graphql."""
    schema = build_schema(services.registry, executor=list_executor(services.settings.fast_lists))
    return handlers(GraphQLEndpoint(Operations(schema=schema, services=services)))
