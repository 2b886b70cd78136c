"""What clients of the last release rely on is still served, or its end is declared with the reason.

`python tests/contract/test_breaking_changes.py` takes the present schema as the one that is released.
"""

from __future__ import annotations

import re
from pathlib import Path

from graphql import GraphQLSchema, build_schema, find_breaking_changes

from graphql_schema.schema import schema_text

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).with_name("released.graphql")
DECLARED = ROOT / "docs" / "reference" / "breaking-changes.md"
NO_REASON = "No longer supported"


def broken(before: GraphQLSchema, after: GraphQLSchema) -> set[str]:
    """Return what a client of the one schema would miss in the other."""
    return {change.description for change in find_breaking_changes(before, after)}


def declared(page: str) -> set[str]:
    """Return the changes that a page declares; each has a reason behind it."""
    return {what for what, _ in re.findall(r"^- `([^`]+)`: (\S.*)$", page, re.MULTILINE)}


def unexplained(schema: GraphQLSchema) -> list[str]:
    """Return what is deprecated without saying what to use instead."""
    return [
        f"{name}.{member}"
        for name, each in schema.type_map.items()
        for members in (getattr(each, "fields", {}), getattr(each, "values", {}))
        for member, what in members.items()
        for part in (what, *getattr(what, "args", {}).values())
        if part.deprecation_reason is not None and part.deprecation_reason.strip() in ("", NO_REASON)
    ]


def test_nothing_that_was_released_is_broken_unless_it_is_declared():
    found = broken(build_schema(RELEASED.read_text()), build_schema(schema_text()))

    assert found == declared(DECLARED.read_text())


def test_every_deprecation_has_a_reason():
    assert unexplained(build_schema(schema_text())) == []


def test_what_breaks_clients_would_be_found():
    before = build_schema("type Query { a(b: Int): Int! c: String d: E } enum E { F G }")
    after = build_schema("type Query { a(b: Int, x: Int!): Int c: Int } enum E { F }")

    assert broken(before, after) == {
        "Field Query.a changed type from Int! to Int.",
        "Field Query.c changed type from String to Int.",
        "Field Query.d was removed.",
        "A required argument Query.a(x:) was added.",
        "Enum value E.G was removed.",
    }


def test_a_declaration_needs_its_reason():
    assert declared("- `Query.d was removed.`: nobody asked for it\n- `E.G was removed.`:\n") == {
        "Query.d was removed."
    }


def test_a_deprecation_without_a_reason_would_be_found():
    schema = build_schema(
        'type Query { a: Int @deprecated b(c: Int @deprecated(reason: " ")): E d: Int @deprecated(reason: "use a") }'
        " enum E { F G @deprecated }"
    )

    assert unexplained(schema) == ["Query.a", "Query.b", "E.G"]


if __name__ == "__main__":
    RELEASED.write_text(schema_text())
