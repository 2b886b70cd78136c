"""Selections: what is asked of one type at one place. graphql-core says it once for each operation, and it is kept.

What a selection is follows from the operation, the type, and those variables that `@skip` and `@include` may ask.
Of a request itself nothing is kept: no argument, no context, no path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLObjectType, TypeNameMetaFieldDef, get_nullable_type, is_leaf_type
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.field import StrawberryField

from core.access.rights import FIELDS, SILENT_FIELDS, Right
from graphql_schema.fast_lists.abandoned import NotPlanned
from graphql_schema.fast_lists.attributes import Ask, plain_definition, reading
from graphql_schema.fast_lists.leaves import leaf_column_of
from graphql_schema.known_operations import KnownOperations

# Of larger operations the rest is asked each time: what is kept is bounded, whatever clients send.
MOST_FIELDS_KEPT = 1_000

_REFUSING = {name: right for name, right in FIELDS.items() if name not in SILENT_FIELDS}

_Details: TypeAlias = list[FieldDetails]
_Key: TypeAlias = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """One field under its response name; `ask` is there if the field asks for nothing but the object.

    `right` is there if whoever lacks it is told so in an error.
    """

    name: str
    details: _Details
    field: GraphQLField
    definition: StrawberryField | None
    ask: Ask | None
    right: Right | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What is selected of a type at one place, in the order of the answer."""

    names: Sequence[str]
    fields: Sequence[Selected]


class Selections:
    """The selections of one operation, by the nodes that ask for them."""

    def __init__(self) -> None:
        self._found: dict[_Key, Selection] = {}
        self._fields = 0

    def of(self, executor: Any, object_type: GraphQLObjectType, details: _Details) -> Selection:
        """Return what is selected; raise NotPlanned, or what graphql-core raises."""
        key = (object_type.name, tuple([id(each.node) for each in details]))
        found = self._found.get(key)
        if found is None:
            found = _collected(executor, object_type, details)
            self._fields += len(found.fields)
            if self._fields <= MOST_FIELDS_KEPT:
                self._found[key] = found
        return found


known_selections: KnownOperations[Selections] = KnownOperations(Selections)


def selections_of(executor: Any) -> Selections:
    """Return those of the operation that `executor`, graphql-core's, runs; middleware may differ each time."""
    if executor.middleware_manager is not None and executor.middleware_manager.middlewares:
        return Selections()
    switches = _switches(executor.variable_values.coerced)
    return known_selections.of(executor.schema, executor.operation, switches)


def _switches(variables: dict[str, Any]) -> tuple[Any, ...]:
    """Return the variables that a directive may ask."""
    return tuple([(name, value) for name, value in variables.items() if value.__class__ is bool])


def _collected(executor: Any, object_type: GraphQLObjectType, details: _Details) -> Selection:
    selected, new_defer_usages, forbidden = executor.collect_subfields(object_type, details)
    if new_defer_usages or forbidden:
        raise NotPlanned("incremental delivery")
    fields = [_selected(executor, object_type, name, each) for name, each in selected.items()]
    return Selection(names=list(selected), fields=fields)


def _selected(executor: Any, object_type: GraphQLObjectType, name: str, details: _Details) -> Selected:
    field_name = details[0].node.name.value
    field = executor.schema.get_field(object_type, field_name)
    if field is None or details[0].fragment_variable_values is not None:
        raise NotPlanned(name)
    definition = plain_definition(executor, field)
    return Selected(
        name=name,
        details=details,
        field=field,
        definition=definition,
        ask=_ask_of_the_object(object_type, field, definition),
        right=_REFUSING.get(f"{object_type.name}.{field_name}"),
    )


def _ask_of_the_object(
    object_type: GraphQLObjectType, field: GraphQLField, definition: StrawberryField | None
) -> Ask | None:
    if field is TypeNameMetaFieldDef:
        return lambda sources: [object_type.name] * len(sources)
    if definition is None or not definition.is_basic_field or not is_leaf_type(get_nullable_type(field.type)):
        return None
    return reading(definition, leaf_column_of(field.type))
