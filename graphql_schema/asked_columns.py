"""Which columns of its rows an operation can show: the others are not read.

It is said of a type in the whole operation, not of a place in it, so that the same list asked for twice stays
one statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from graphql_schema.context import Info
from graphql_schema.known_operations import KnownOperations
from graphql_schema.row_backed import RowBacked
from graphql_schema.together import columns_read_by

Columns: TypeAlias = "tuple[str, ...] | None"

_FIELD_DEFINITION = "strawberry-definition"
_TYPE_NAME = "__typename"


class _Asked:
    """What is known of one operation: the fields asked of each type by its name, and columns by what shows them."""

    def __init__(self) -> None:
        self.fields: dict[str, set[str]] | None = None
        self.columns: dict[type[RowBacked], Columns] = {}


_known: KnownOperations[_Asked] = KnownOperations(_Asked)


def columns_asked(info: Info, shown: type[RowBacked]) -> Columns:
    """Return the columns that the operation may show of a type, in a fixed order; None for all there are."""
    raw = info._raw_info  # noqa: SLF001  (Strawberry shows neither fragments nor graphql-core's schema)
    asked = _known.of(raw.schema, raw.operation)
    if shown not in asked.columns:
        if asked.fields is None:
            asked.fields = _fields_asked(raw)
        asked.columns[shown] = _columns(raw.schema, asked.fields, shown)
    return asked.columns[shown]


def _columns(schema: GraphQLSchema, asked: dict[str, set[str]], shown: Any) -> Columns:
    object_type: Any = schema.get_type(shown.__strawberry_definition__.name)
    found: set[str] = set()
    for name in asked.get(object_type.name, set()) - {_TYPE_NAME}:
        read = _columns_of_field(shown, object_type.fields[name].extensions[_FIELD_DEFINITION])
        if read is None:
            return None
        found.update(read)
    return tuple(sorted(found))


def _columns_of_field(shown: type[RowBacked], definition: Any) -> Sequence[str] | None:
    if definition.is_basic_field:
        column = shown.COLUMNS.get(definition.python_name)
        return None if column is None else column.columns
    return columns_read_by(definition.base_resolver.wrapped_func)


def _fields_asked(raw: GraphQLResolveInfo[Any]) -> dict[str, set[str]]:
    types = TypeInfo(raw.schema)
    noted: dict[str, set[str]] = {}

    class Noting(Visitor):
        def enter_field(self, node: FieldNode, *_args: Any) -> None:
            parent = types.get_parent_type()
            if parent is None:
                return
            is_abstract = isinstance(parent, GraphQLInterfaceType | GraphQLUnionType)
            possible = raw.schema.get_possible_types(parent) if is_abstract else (parent,)  # type: ignore[arg-type]
            for each in possible:
                noted.setdefault(each.name, set()).add(node.name.value)

    document = DocumentNode(definitions=(raw.operation, *raw.fragments.values()))
    visit(document, TypeInfoVisitor(types, Noting()))
    return noted
