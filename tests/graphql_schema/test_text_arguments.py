"""No text that a client can send in an argument of a query is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type
from graphql import build_schema as schema_of

from graphql_schema.schema import schema_text

TEXTS = ("a\0b", "\0", "prj_\0", "x" * 100_000)
SCHEMA = schema_of(schema_text())


def filled(kind: Any, text: str) -> Iterator[tuple[str, Any]]:
    """Return each way to put the text into a value of that type, and the path to it."""
    inner = get_nullable_type(kind)
    if isinstance(inner, GraphQLList):
        yield from ((f"{path}.0", [value]) for path, value in filled(inner.of_type, text))
    elif isinstance(inner, GraphQLInputObjectType):
        for name, field in inner.fields.items():
            yield from ((f".{name}{path}", {name: value}) for path, value in filled(field.type, text))
    elif inner.name in ("String", "ID"):
        yield "", text


CASES = [
    (field_name, f"{name}{path}", name, str(argument.type), text, value)
    for field_name, field in SCHEMA.query_type.fields.items()
    for name, argument in field.args.items()
    for text in TEXTS
    for path, value in filled(argument.type, text)
]
FREE = {"filter.kind.0", "filter.tag", "filter.search", "after", "before"}


async def test_a_text_that_nothing_stored_can_hold_is_refused_by_name_or_matches_nothing(owner):
    await owner.add_monitor()
    seen = set()
    for field_name, path, name, kind, text, value in CASES:
        below = SCHEMA.query_type.fields[field_name].type
        selected = "{ nodes { id } }" if "Connection" in get_named_type(below).name else "{ id }"
        answer = await owner.ask(
            f"query ($value: {kind}) {{ {field_name}({name}: $value) {selected} }}", value=value
        )

        if path in FREE:
            assert answer.codes == ["INVALID_INPUT"], (field_name, path, text[:9])
            assert answer.errors[0]["message"].startswith(path)
            seen.add(path)
        else:
            assert answer.data[field_name] in (None, [None], {"nodes": []}), (field_name, path, text[:9])
    assert seen == FREE


@pytest.mark.parametrize("text", ["", " ", "100%", "a_b"])
async def test_an_ordinary_text_is_searched_for(owner, text):
    await owner.add_monitor(f"a {text} monitor")

    found = await owner.data(
        "query ($text: String) { monitors(filter: {search: $text}) { nodes { name } } }", text=text
    )

    assert found["monitors"]["nodes"] == [{"name": f"a {text} monitor"}]
