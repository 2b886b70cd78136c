"""Fields that are attributes of their object, read for many objects at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from graphql import GraphQLField
from strawberry.types.field import StrawberryField

from graphql_schema.fast_lists.abandoned import NotPlanned
from graphql_schema.fast_lists.columns import Column, Complete

Ask: TypeAlias = Callable[[Sequence[Any]], Column]
AskEach: TypeAlias = Callable[[Sequence[Any]], list[Any]]

DEFINITION = "strawberry-definition"


def plain_definition(executor: Any, field: GraphQLField) -> StrawberryField | None:
    """Return Strawberry's definition of a field, or None if anything stands around its resolver."""
    definition = field.extensions.get(DEFINITION)
    middleware = executor.middleware_manager
    is_bare = middleware is None or middleware.get_field_resolver(field.resolve) is field.resolve
    return definition if is_bare and isinstance(definition, StrawberryField) else None


def reading(definition: StrawberryField, complete: Complete) -> Ask:
    """Return what reads an attribute. It is not waited for; were it awaitable, its completion would be abandoned."""
    read = _attributes(definition)
    return lambda sources: complete(read(sources))


def _attributes(definition: StrawberryField) -> AskEach:
    if definition.default_resolver is not getattr:
        raise NotPlanned("attributes are not read by getattr")
    name = definition.python_name
    read = attrgetter(name)

    def ask(sources: Sequence[Any]) -> list[Any]:
        classes = set(map(type, sources))
        read_together = getattr(classes.pop(), "read_together", None) if len(classes) == 1 else None
        read_all = None if read_together is None else read_together(name)
        return list(map(read, sources)) if read_all is None else read_all(sources)

    return ask
