"""Plans: what a selection means for one request, asked once a level instead of once an object.

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
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.types.base import StrawberryObjectDefinition

from core.access.rights import is_allowed
from graphql_schema.context import Context
from graphql_schema.fast_lists.abandoned import Abandoned, NotOpen, NotPlanned
from graphql_schema.fast_lists.attributes import DEFINITION, Ask
from graphql_schema.fast_lists.columns import (
    Column,
    Complete,
    distinct,
    grouped,
    lists,
    nullable,
    required,
    side_by_side,
    then,
)
from graphql_schema.fast_lists.leaves import leaf_column_of
from graphql_schema.fast_lists.records import records
from graphql_schema.fast_lists.resolvers import asking
from graphql_schema.fast_lists.selections import Selected, selections_of


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
        self._selections = selections_of(executor)

    def plan(self, object_type: GraphQLObjectType, place: Place) -> Complete:
        """Return what completes objects of a type; raise NotPlanned, or what graphql-core raises."""
        selection = self._selections.of(self._executor, object_type, place.details)
        names = selection.names
        asks = [each.ask or self._asking(object_type, each, place) for each in selection.fields]
        require_type = _type_check(object_type, place.info)

        def complete(values: list[Any]) -> Column:
            require_type(values)
            columns = side_by_side([partial(ask, values) for ask in asks])
            return then(columns, lambda done: records(names, done, len(values)))

        return distinct(complete)

    def _asking(self, object_type: GraphQLObjectType, selected: Selected, above: Place) -> Ask:
        details, field = selected.details, selected.field
        self._require_open(selected)
        path = Path(above.path, selected.name, object_type.name)
        nodes = [each.node for each in details]
        info = self._executor.build_resolve_info(field, nodes, object_type, path)
        complete = self._completion(field.type, Place(details=details, path=path, info=info))
        return asking(self._executor, selected, info, complete)

    def _require_open(self, selected: Selected) -> None:
        """Raise NotOpen, before anything is read, for a field that will be refused: the stock executor says so."""
        context = self._executor.context_value
        if selected.right is None or not isinstance(context, Context):
            return
        if not is_allowed(selected.right, context.known_principal):
            raise NotOpen(selected.name)

    def _completion(self, value_type: GraphQLOutputType, place: Place) -> Complete:
        is_required = is_non_null_type(value_type)
        inner: Any = value_type.of_type if is_non_null_type(value_type) else value_type
        if is_leaf_type(inner):
            return leaf_column_of(value_type)
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
