"""The results of a subscription: graphql-core's own steps, with an executor that lives for one event.

`graphql.subscribe` and Strawberry's stream would keep one waiting, with everything around it, beside each
subscriber: kilobytes that serve nobody until something happens.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    create_source_event_stream,
    execute_subscription_event,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from graphql_schema.context import Context
from graphql_schema.operation_request import Operation
from graphql_schema.schema import TocsinSchema


async def event_results(
    schema: TocsinSchema, document: DocumentNode, operation: Operation, context: Context
) -> AsyncGenerator[ExecutionResult, None]:
    """Yield a result for each event; `document` was let in. What ends the events with an error is the last result."""
    try:
        async with aclosing(_results(schema, document, operation, context)) as results:
            async for result in results:
                schema.process_errors(result.errors or [])
                yield result
    except Exception as error:  # whatever it is, the subscriber is told that there will be no more
        fault = GraphQLError(str(error), original_error=error)
        schema.process_errors([fault])
        yield ExecutionResult(None, [fault])


async def _results(
    schema: TocsinSchema, document: DocumentNode, operation: Operation, context: Context
) -> AsyncGenerator[ExecutionResult, None]:
    def executor(event: Any = None) -> Executor[Any] | list[GraphQLError]:
        return StockExecutor.build(
            schema.definition,
            document,
            root_value=event,
            context_value=context,
            raw_variable_values=operation.variables,
            operation_name=operation.operation_name,
        )

    source = await _source(executor())
    if isinstance(source, ExecutionResult):
        yield source
        return
    async with aclosing(cast("AsyncGenerator[Any, None]", source)) as events:
        async for event in events:
            yield await _result(executor(event))


async def _source(executor: Executor[Any] | list[GraphQLError]) -> AsyncIterable[Any] | ExecutionResult:
    """Return the events, or why there are none: variables that do not fit, or what the resolver raised."""
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    source = create_source_event_stream(executor)
    return await source if inspect.isawaitable(source) else source


async def _result(executor: Executor[Any] | list[GraphQLError]) -> ExecutionResult:
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    result = execute_subscription_event(executor)
    return await result if inspect.isawaitable(result) else result
