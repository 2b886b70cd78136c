"""Runs operations for whoever asks, over whichever transport."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from core.services import Services
from graphql_schema.callers import Caller
from graphql_schema.context import Context
from graphql_schema.errors import formatted
from graphql_schema.node_queries import NODE_KINDS
from graphql_schema.operation_names import UNNAMED
from graphql_schema.operation_request import Operation
from graphql_schema.schema import TocsinSchema

ALL_OPERATIONS = frozenset(OperationType)
# What comes in parts is left out: the schema knows no @defer.
_WHOLE = (ExecutionResult, PreExecutionError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One result of an operation."""

    data: Any
    errors: Sequence[GraphQLError]

    @property
    def has_run(self) -> bool:
        """Whether the operation began: an error of a field has that field's path."""
        return self.data is not None or any(error.path is not None for error in self.errors)

    @property
    def told_errors(self) -> list[dict[str, Any]]:
        """The errors as they are sent."""
        return [formatted(error) for error in self.errors]

    @property
    def body(self) -> dict[str, Any]:
        """The result as it is sent."""
        body: dict[str, Any] = {"data": self.data} if self.has_run else {}
        return {**body, "errors": self.told_errors} if self.errors else body


class Operations:
    """The schema and what its resolvers are handed."""

    def __init__(self, *, schema: TocsinSchema, services: Services) -> None:
        self.schema = schema
        self.services = services
        self._started_at: datetime = services.clock.now()

    def context(self, operation: Operation, caller: Caller) -> Context:
        """Return what the resolvers of one operation are handed."""
        return Context(
            services=self.services,
            node_kinds=NODE_KINDS,
            now=self.services.clock.now(),
            started_at=self._started_at,
            known_principal=caller.principal,
            operation_name=operation.operation_name,
            caller=caller,
        )

    async def stream(
        self, operation: Operation, caller: Caller, allowed: Collection[OperationType] = ALL_OPERATIONS
    ) -> AsyncGenerator[Result, None]:
        """Yield the results: those of a subscription as they happen, of anything else the one there is."""
        context = self.context(operation, caller)
        results = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
            allowed_operation_types=allowed,
        )
        try:
            async with contextlib.aclosing(results):
                async for result in results:
                    if isinstance(result, _WHOLE):
                        yield Result(data=result.data, errors=result.errors or ())
        finally:
            context.count_as(UNNAMED)
            context.end()
