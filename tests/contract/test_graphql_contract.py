"""Which part of the contract is served, and that nothing served contradicts it.

`python tests/contract/test_graphql_contract.py` writes the two reference pages anew.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_required_argument,
    is_required_input_field,
    print_ast,
)

from graphql_schema.reserved_names import RESERVED_NAMES
from graphql_schema.schema import schema_text

ROOT = Path(__file__).parents[2]
CONTRACT = Path(__file__).with_name("schema.graphql")
SDL_PAGE = ROOT / "docs" / "reference" / "schema.graphql"
COVERAGE_PAGE = ROOT / "docs" / "reference" / "contract-coverage.md"
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}

INTRODUCTION = """\
# What of the contract is served

Made from the schema by `python tests/contract/test_graphql_contract.py`, and held by a test.
What is absent comes with the engine behind it; it is never a stub.
"""


def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text())


@functools.cache
def served() -> GraphQLSchema:
    return build_schema(schema_text())


def types_of(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {
        name: each
        for name, each in sorted(schema.type_map.items())
        if not name.startswith("__") and name not in BUILT_IN
    }


def contradictions(promised: GraphQLSchema, given: GraphQLSchema) -> Iterator[str]:
    """Say where something served is not what the contract promises under that name."""
    wanted = types_of(promised)
    for name, here in types_of(given).items():
        there = wanted.get(name)
        if there is None:
            continue
        if type(here) is not type(there):
            yield f"{name} is of another sort"
        elif isinstance(there, GraphQLObjectType | GraphQLInterfaceType):
            yield from _object_contradictions(name, there, here)
        elif isinstance(there, GraphQLInputObjectType):
            yield from _input_contradictions(name, there, here)


def _object_contradictions(name: str, there: Any, here: Any) -> Iterator[str]:
    missing = {each.name for each in there.interfaces} - {each.name for each in here.interfaces}
    if missing:
        yield f"{name} does not implement {', '.join(sorted(missing))}"
    for field_name, promised in there.fields.items():
        given: GraphQLField | None = here.fields.get(field_name)
        if given is None:
            continue
        place = f"{name}.{field_name}"
        if str(given.type) != str(promised.type):
            yield f"{place} is {given.type}, not {promised.type}"
        yield from _argument_contradictions(place, promised.args, given.args)


def _argument_contradictions(
    place: str, there: dict[str, GraphQLArgument], here: dict[str, GraphQLArgument]
) -> Iterator[str]:
    for name, promised in there.items():
        if name not in here:
            yield f"{place} does not take {name}"
        else:
            yield from _value_contradictions(f"{place}({name}:)", promised, here[name])
    for name in here.keys() - there.keys():
        if is_required_argument(here[name]):
            yield f"{place} asks for {name}"


def _input_contradictions(name: str, there: Any, here: Any) -> Iterator[str]:
    if there.is_one_of != here.is_one_of:
        yield f"{name} differs in @oneOf"
    for field_name, promised in there.fields.items():
        given: GraphQLInputField | None = here.fields.get(field_name)
        if given is None and is_required_input_field(promised):
            yield f"{name}.{field_name} is not taken"
        elif given is not None:
            yield from _value_contradictions(f"{name}.{field_name}", promised, given)
    for field_name in here.fields.keys() - there.fields.keys():
        if is_required_input_field(here.fields[field_name]):
            yield f"{name} asks for {field_name}"


def _value_contradictions(place: str, promised: Any, given: Any) -> Iterator[str]:
    if str(given.type) != str(promised.type):
        yield f"{place} is {given.type}, not {promised.type}"
    if default_of(given) != default_of(promised):
        yield f"{place} defaults to {default_of(given)}, not {default_of(promised)}"


def default_of(value: Any) -> Any:
    """Return a default as text, so that what two schemas mean by it can be compared."""
    default = getattr(value, "default", None) or getattr(value, "default_value", Undefined)
    literal = getattr(default, "literal", None)
    if literal is not None:
        return print_ast(literal)
    return None if default is Undefined or default is None else repr(getattr(default, "value", default))


def absences(promised: GraphQLSchema, given: GraphQLSchema) -> Iterator[tuple[str, list[str]]]:
    """Return, for each type that is served in part, what of it is not."""
    here = types_of(given)
    for name, there in types_of(promised).items():
        found = here.get(name)
        if found is not None:
            missing = [member for member in _members(there) if member not in _members(found)]
            if missing:
                yield name, missing


def _members(each: GraphQLNamedType) -> list[str]:
    if isinstance(each, GraphQLEnumType):
        return list(each.values)
    return list(getattr(each, "fields", {}))


def coverage_text() -> str:
    promised, given = contract(), served()
    here, there = types_of(given), types_of(promised)
    absent_types = [name for name in there if name not in here]
    total = sum(len(_members(each)) for each in there.values())
    present = sum(
        len([member for member in _members(each) if member in _members(here[name])])
        for name, each in there.items()
        if name in here
    )
    parts = [
        INTRODUCTION,
        f"Of {total} fields and values, {present} are served.\n",
        "## Absent from types that are served\n",
    ]
    parts += [
        f"- `{name}`: {', '.join(f'`{one}`' for one in missing)}"
        for name, missing in absences(promised, given)
    ]
    parts += ["\n## Absent types\n", ", ".join(f"`{name}`" for name in absent_types) + "\n"]
    return "\n".join(parts)


def test_nothing_served_contradicts_the_contract():
    assert list(contradictions(contract(), served())) == []


def test_a_contradiction_would_be_found():
    promised = build_schema(
        "type Query { a(b: Int = 1): Int! c: String } input I { d: Int! = 5 e: ID! } enum E { F }"
    )
    given = build_schema(
        "type Query { a(b: Int = 2, g: Int!): Int c: [String] } input I { d: Int = 5 h: Int! } enum E { F }"
    )

    assert sorted(contradictions(promised, given)) == [
        "I asks for h",
        "I.d is Int, not Int!",
        "I.e is not taken",
        "Query.a asks for g",
        "Query.a is Int, not Int!",
        "Query.a(b:) defaults to 2, not 1",
        "Query.c is [String], not String",
    ]


def test_the_reference_page_says_which_part_of_the_contract_is_served():
    assert COVERAGE_PAGE.read_text() == coverage_text()


def test_the_reference_page_of_the_schema_is_the_schema():
    assert SDL_PAGE.read_text() == schema_text()


def test_the_names_that_kinds_must_keep_off_are_those_of_the_contract_and_of_the_schema():
    by_kind = {name for name in types_of(served()) if name not in RESERVED_NAMES}

    assert by_kind == {
        "EmailNotifierConfig",
        "EmailNotifierInput",
        "HeartbeatProbeConfig",
        "HeartbeatProbeInput",
        "HttpApiKeyAuth",
        "HttpApiKeyAuthInput",
        "HttpApiKeyLocation",
        "HttpAssertionOperator",
        "HttpAuth",
        "HttpAuthInput",
        "HttpBasicAuth",
        "HttpBasicAuthInput",
        "HttpBearerAuth",
        "HttpBearerAuthInput",
        "HttpHeader",
        "HttpHeaderInput",
        "HttpJsonAssertion",
        "HttpJsonAssertionInput",
        "HttpJwtAuth",
        "HttpJwtAuthInput",
        "HttpMethod",
        "HttpOauth2Auth",
        "HttpOauth2AuthInput",
        "HttpPresentation",
        "HttpProbeConfig",
        "HttpProbeInput",
        "UnknownNotifierConfig",
        "UnknownProbeConfig",
        "WebhookHeader",
        "WebhookHeaderInput",
        "WebhookNotifierConfig",
        "WebhookNotifierInput",
    }


if __name__ == "__main__":
    SDL_PAGE.write_text(schema_text())
    COVERAGE_PAGE.write_text(coverage_text())
