"""Plans: what a selection means, asked of graphql-core once a level instead of once an object.

Fragments, aliases, merged selections, directives, arguments and the types behind an interface are graphql-core's
own business. Whatever is not a whole answer without errors raises, and the stock executor says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    TypeNameMetaFieldDef,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.types.base import StrawberryObjectDefinition

from graphql_schema.fast_lists.abandoned import Abandoned, NotPlanned
from graphql_schema.fast_lists.columns import (
    Column,
    Complete,
    grouped,
    lists,
    nullable,
    objects,
    required,
    side_by_side,
    then,
)
from graphql_schema.fast_lists.leaves import leaf_column
from graphql_schema.fast_lists.resolvers import DEFINITION, Ask, asking, plain_definition, reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a value stands in the operation; its path names no position in a list."""

    details: list[FieldDetails]
    path: Path
    info: GraphQLResolveInfo[Any]


class Planner:
    """Makes the plans of one operation; `executor` is that of graphql-core which runs it."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def plan(self, object_type: GraphQLObjectType, place: Place) -> Complete:
        """Return what completes objects of a type; raise NotPlanned, or what graphql-core raises."""
        selected, new_defer_usages, forbidden = self._executor.collect_subfields(object_type, place.details)
        if new_defer_usages or forbidden:
            raise NotPlanned("incremental delivery")
        names = list(selected)
        asks = [self._field(object_type, name, details, place) for name, details in selected.items()]
        require_type = _type_check(object_type, place.info)

        def complete(values: list[Any]) -> Column:
            require_type(values)
            columns = side_by_side(partial(ask, values) for ask in asks)
            return then(columns, lambda done: objects(names, done, len(values)))

        return complete

    def _field(
        self, object_type: GraphQLObjectType, name: str, details: list[FieldDetails], above: Place
    ) -> Ask:
        executor = self._executor
        field = executor.schema.get_field(object_type, details[0].node.name.value)
        if field is TypeNameMetaFieldDef:
            return lambda sources: [object_type.name] * len(sources)
        if field is None:
            raise NotPlanned(name)
        definition = plain_definition(executor, field)
        if (
            definition is not None
            and definition.is_basic_field
            and is_leaf_type(get_nullable_type(field.type))
        ):
            return reading(definition, self._completion(field.type, above))
        path = Path(above.path, name, object_type.name)
        info = executor.build_resolve_info(field, [each.node for each in details], object_type, path)
        complete = self._completion(field.type, Place(details=details, path=path, info=info))
        return asking(executor, field, details[0], info, complete)

    def _completion(self, value_type: GraphQLOutputType, place: Place) -> Complete:
        is_required = is_non_null_type(value_type)
        inner: Any = value_type.of_type if is_non_null_type(value_type) else value_type
        if is_leaf_type(inner):
            return leaf_column(inner, is_nullable=not is_required)
        if is_list_type(inner):
            complete = lists(self._completion(inner.of_type, place))
        elif is_abstract_type(inner):
            complete = self._by_type(inner, place)
        elif is_object_type(inner):
            complete = self.plan(inner, place)
        else:
            raise NotPlanned(str(value_type))
        return required(complete) if is_required else nullable(complete)

    def _by_type(self, abstract_type: Any, place: Place) -> Complete:
        executor = self._executor
        name_of = abstract_type.resolve_type or executor.type_resolver
        plans: dict[str, Complete] = {}

        def complete(values: list[Any]) -> Column:
            names = [name_of(value, place.info, abstract_type) for value in values]
            for name, value in zip(names, values, strict=True):
                if not isinstance(name, str):
                    raise Abandoned(f"the type of {value!r} is not known at once")
                if name not in plans:
                    object_type = executor.ensure_valid_runtime_type(
                        name, abstract_type, place.details, place.info, value
                    )
                    plans[name] = self.plan(object_type, place)
            return grouped(values, names, plans)

        return complete


def _type_check(
    object_type: GraphQLObjectType, info: GraphQLResolveInfo[Any]
) -> Callable[[Sequence[Any]], None]:
    """Return what raises Abandoned for values that are no objects of the type."""
    is_type_of = object_type.is_type_of
    definition = object_type.extensions.get(DEFINITION)
    own_class = None
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_type_of is None:
        own_class = definition.origin

    def check(values: Sequence[Any]) -> None:
        for value in values:
            if value.__class__ is own_class:
                continue
            is_none = isinstance(value, Exception) or hasattr(value, "__await__")
            if is_none or (is_type_of is not None and is_type_of(value, info) is not True):
                raise Abandoned(f"{value!r} is no {object_type}")

    return check
