"""A field's own resolver, asked for many objects at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.execution.values import get_argument_values
from strawberry import Info
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from graphql_schema.fast_lists.abandoned import NotPlanned
from graphql_schema.fast_lists.attributes import Ask, AskEach, reading
from graphql_schema.fast_lists.columns import Column, Complete
from graphql_schema.fast_lists.selections import Selected
from graphql_schema.fast_lists.waiting import Waiting, close_all
from graphql_schema.together import TellAll, told_together_by

# Stands for the object where Strawberry lays out a resolver's arguments.
_SOURCE = object()


def _asking(resolve: AskEach, complete: Complete) -> Ask:
    def ask(sources: Sequence[Any]) -> Column:
        answers = resolve(sources)
        waiting = Waiting(answers)
        return _completed_later(waiting, complete) if waiting else complete(answers)

    return ask


def _telling(tell: TellAll, complete: Complete) -> Ask:
    async def told(sources: Sequence[Any]) -> list[Any]:
        column = complete(await tell(sources))
        return column if isinstance(column, list) else await column

    return lambda sources: told(sources) if sources else complete([])


async def _completed_later(waiting: Waiting, complete: Complete) -> list[Any]:
    column = complete(await waiting.finished())
    return column if isinstance(column, list) else await column


def asking(executor: Any, selected: Selected, info: GraphQLResolveInfo[Any], complete: Complete) -> Ask:
    """Return what asks for a selected field of many objects, and completes what it is told.

    `executor` is that of graphql-core. The arguments are converted once. Raises NotPlanned, or what a wrong
    argument raises.
    """
    plain, field = selected.definition, selected.field
    if plain is not None and plain.is_basic_field:
        return reading(plain, complete)
    details = selected.details[0]
    arguments = get_argument_values(
        field,
        details.node,
        executor.variable_values,
        details.fragment_variable_values,
        executor.hide_suggestions,
    )
    if plain is not None and not plain.extensions:
        return _as_written(plain, info, arguments, complete)
    resolve = field.resolve or executor.field_resolver
    if executor.middleware_manager is not None:
        resolve = executor.middleware_manager.get_field_resolver(resolve)
    return _asking(_each(lambda source: resolve(source, info, **arguments)), complete)


def _as_written(
    definition: StrawberryField, info: GraphQLResolveInfo[Any], arguments: dict[str, Any], complete: Complete
) -> Ask:
    """Return what calls the function that was decorated, without the layers around it."""
    resolver: Any = definition.base_resolver
    around: Any = Info(_raw_info=info, _field=definition)
    positional, named = get_arguments(
        field=definition,
        source=_SOURCE,
        info=around,
        kwargs=arguments,
        config=around.schema.config,
        scalar_registry=around.schema.schema_converter.scalar_registry,
    )
    source_names = [name for name, value in named.items() if value is _SOURCE]
    if positional == [_SOURCE] and not source_names:
        tell = told_together_by(resolver.wrapped_func)
        if tell is not None:
            return _telling(partial(tell, **named), complete)
        return _asking(_each(partial(resolver.wrapped_func, **named)), complete)
    if positional or len(source_names) != 1:
        raise NotPlanned(definition.python_name)
    (source_name,) = source_names
    return _asking(_each(lambda source: resolver.wrapped_func(**{**named, source_name: source})), complete)


def _each(call: Callable[[Any], Any]) -> AskEach:
    def ask(sources: Sequence[Any]) -> list[Any]:
        answers: list[Any] = []
        try:
            for source in sources:
                answers.append(call(source))  # noqa: PERF401  (what is there has to be closed)
        except BaseException:
            close_all(answers)
            raise
        return answers

    return ask
