"""Columns of scalars and enums, turned into what is sent: what graphql-core would make of each value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
    is_non_null_type,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

from core.moments import write_moment, write_moments_in_utc
from graphql_schema.fast_lists.abandoned import Abandoned

Convert = Callable[[Any], Any]
CompleteLeaves = Callable[[Sequence[Any]], list[Any]]


@functools.cache
def leaf_column(leaf_type: GraphQLLeafType, *, is_nullable: bool) -> CompleteLeaves:
    """Return what completes a column of this type; it raises Abandoned, or what the type's own conversion raises."""
    convert = _converter(leaf_type, is_nullable=is_nullable)
    if isinstance(leaf_type, GraphQLEnumType):
        return _enum_column(convert)
    if leaf_type.coerce_output_value is write_moment:
        return _moments(convert)
    of_its_class = _COLUMNS.get(leaf_type) if isinstance(leaf_type, GraphQLScalarType) else None
    return of_its_class(convert) if of_its_class else lambda values: [convert(value) for value in values]


def leaf_column_of(value_type: Any) -> CompleteLeaves:
    """Return the same for the type of a field whose value is a leaf, null or not."""
    is_required = is_non_null_type(value_type)
    return leaf_column(value_type.of_type if is_required else value_type, is_nullable=not is_required)


def _converter(leaf_type: GraphQLLeafType, *, is_nullable: bool) -> Convert:
    coerce = leaf_type.coerce_output_value

    def convert(value: Any) -> Any:
        if value is None and is_nullable:
            return None
        if value is None or value is Undefined or isinstance(value, Exception) or hasattr(value, "__await__"):
            raise Abandoned(f"{value!r} for {leaf_type}")
        completed = coerce(value)
        if completed is None or completed is Undefined:
            raise Abandoned(f"nothing to send of {value!r} for {leaf_type}")
        return completed

    return convert


def _texts(convert: Convert) -> CompleteLeaves:
    return lambda values: [value if value.__class__ is str else convert(value) for value in values]


def _booleans(convert: Convert) -> CompleteLeaves:
    return lambda values: [value if value.__class__ is bool else convert(value) for value in values]


def _integers(convert: Convert) -> CompleteLeaves:
    return lambda values: [
        value if value.__class__ is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT else convert(value)
        for value in values
    ]


def _floats(convert: Convert) -> CompleteLeaves:
    return lambda values: [
        value if value.__class__ is float and isfinite(value) else convert(value) for value in values
    ]


def _moments(convert: Convert) -> CompleteLeaves:
    def complete(values: Sequence[Any]) -> list[Any]:
        if all(value.__class__ is datetime and value.tzinfo is UTC for value in values):
            return write_moments_in_utc(values)
        return [convert(value) for value in values]

    return complete


# For values of exactly these classes graphql-core's conversion returns the value itself.
_COLUMNS: Mapping[GraphQLScalarType, Callable[[Convert], CompleteLeaves]] = {
    GraphQLString: _texts,
    GraphQLID: _texts,
    GraphQLBoolean: _booleans,
    GraphQLInt: _integers,
    GraphQLFloat: _floats,
}


def _enum_column(convert: Convert) -> CompleteLeaves:
    """A column has few different values: each is converted once. Values that are equal may differ in class."""

    def complete(values: Sequence[Any]) -> list[Any]:
        names: dict[tuple[type, Any], Any] = {}
        completed = []
        for value in values:
            key = (value.__class__, value)
            if key not in names:
                names[key] = convert(value)
            completed.append(names[key])
        return completed

    return complete
