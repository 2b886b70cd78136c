"""The schema explains itself: what is asked for, what comes back, and why something should not be used any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, build_schema, specified_scalar_types
from graphql.type import specified_directives

from graphql_schema.schema import schema_text

SHORTEST = 10
# What GraphQL says where nobody gave a reason.
NO_REASON = "No longer supported"
ARTICLES = {"a", "an", "the", "of", "its", "this", "is", "whether"}
INSIDE = re.compile(
    r"\b(core|plugins|graphql_schema|rest_compat|strawberry|asyncpg|piccolo)\.\w", re.IGNORECASE
)


def described(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yield all that must be described, with its place: types, fields, arguments, inputs, directives."""
    for name, each in sorted(schema.type_map.items()):
        if name.startswith("__") or name in specified_scalar_types:
            continue
        yield name, each
        for field_name, field in getattr(each, "fields", {}).items():
            yield f"{name}.{field_name}", field
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({argument_name}:)", argument
    for directive in schema.directives:
        if directive not in specified_directives and directive.name not in {"oneOf", "defer", "stream"}:
            yield f"@{directive.name}", directive


def deprecated(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yield all that can be deprecated, with its place."""
    yield from described(schema)
    for name, each in sorted(schema.type_map.items()):
        if isinstance(each, GraphQLEnumType) and not name.startswith("__"):
            yield from ((f"{name}.{value_name}", value) for value_name, value in each.values.items())


def words(text: str) -> list[str]:
    """Return the words of a description or of a name such as `intervalSeconds`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [word for word in re.findall(r"[a-z0-9]+", spaced.lower()) if word not in ARTICLES]


def faults(schema: GraphQLSchema) -> Iterator[str]:
    """Say what is not explained, and what is explained badly."""
    for place, each in described(schema):
        text = each.description or ""
        own_name = re.split(r"[.(@]", place.rstrip(":)"))[-1]
        if not text:
            yield f"{place} has no description"
        elif len(text) < SHORTEST:
            yield f"{place} is described in fewer than {SHORTEST} characters: {text}"
        elif set(words(text)) <= set(words(own_name)) | set(words(place)):
            yield f"{place} is only named: {text}"
        elif INSIDE.search(text):
            yield f"{place} tells how the server is built: {text}"
    for place, each in deprecated(schema):
        reason = getattr(each, "deprecation_reason", None)
        if reason is not None and (len(reason) < SHORTEST or reason == NO_REASON):
            yield f"{place} is deprecated without a reason"


def test_every_field_and_argument_is_explained_and_every_deprecation_has_its_reason():
    assert list(faults(build_schema(schema_text()))) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("type Query { a: Int }", "Query.a has no description"),
        ('type Query { "An int" a: Int }', "Query.a is described in fewer than 10 characters: An int"),
        (
            'type Query { "The monitor\'s name" monitorName: Int }',
            None,
        ),
        (
            'type Query { "The name of the monitor" monitorName: Int }',
            "Query.monitorName is only named: The name of the monitor",
        ),
        (
            'type Query { "A row of core.monitors" a: Int }',
            "Query.a tells how the server is built: A row of core.monitors",
        ),
        ('type Query { "How many there are" a(b: Int): Int }', "Query.a(b:) has no description"),
        ('type Query { "How many there are" a: Int @deprecated }', "Query.a is deprecated without a reason"),
        (
            'type Query { "How many there are" a: Int } "What is counted" input I { c: Int }',
            "I.c has no description",
        ),
        (
            'type Query { "How many there are" a: E } "What is counted" enum E { F @deprecated G }',
            "E.F is deprecated without a reason",
        ),
    ],
)
def test_what_is_not_explained_would_be_found(given, fault):
    found = list(faults(build_schema(f'"What can be asked" {given}')))

    assert found == ([] if fault is None else [fault])
