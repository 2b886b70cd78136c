"""A list reads the columns that the operation can show, and no field misses one."""

from __future__ import annotations

import re

import pytest
from graphql import get_named_type, is_leaf_type

from graphql_schema.checks.types import Check
from graphql_schema.fast_lists.attributes import DEFINITION
from graphql_schema.monitors.types import Monitor
from graphql_schema.together import columns_read_by

LISTS = {
    Monitor: "{ monitors(first: 9) { nodes { %s } } projects(first: 3) { nodes { monitors(first: 9) { nodes { %s } } } } }",
    Check: "{ monitors(first: 9) { nodes { lastCheck { %s } checks(first: 9) { nodes { %s } } } } }",
}


def _selection(name: str, field) -> str:
    arguments = "(period: DAY)" if "period" in field.args else ""
    inner = get_named_type(field.type)
    return f"{name}{arguments}" if is_leaf_type(inner) else f"{name}{arguments} {{ __typename }}"


def _columns_of(statement: str) -> list[str] | None:
    """Return the columns of the first SELECT; None for all."""
    listed = re.match(r"(?:SELECT parent.*?LATERAL \()?SELECT (.*?) FROM \(", statement, re.DOTALL)
    assert listed is not None, statement
    return None if listed[1] == "*" else [name.removeprefix("listed.") for name in listed[1].split(", ")]


@pytest.mark.parametrize("shown", LISTS, ids=lambda shown: shown.__name__)
async def test_each_field_alone_is_read_without_a_fault(fast, principal, everything, shown):
    fields = fast.schema._schema.get_type(shown.__name__).fields

    for name, field in fields.items():
        selection = _selection(name, field)
        document = LISTS[shown] % (selection, selection)
        found = await fast.ask(document, principal)
        assert (found.errors, found.abandoned) == ([], 0), document


def test_some_fields_that_are_resolved_say_what_they_read(fast):
    fields = fast.schema._schema.get_type("Monitor").fields

    declared = {
        name
        for name, field in fields.items()
        if not field.extensions[DEFINITION].is_basic_field
        and columns_read_by(field.extensions[DEFINITION].base_resolver.wrapped_func) is not None
    }

    assert declared == {"project", "tags", "lastCheck", "uptime"}


async def test_what_is_not_asked_for_is_not_read(fast, principal, everything):
    document = "{ monitors(orderBy: NAME_ASC) { nodes { status project { id } ... on Node { id } } } }"

    found = await fast.ask(document, principal)

    assert _columns_of(found.statements[0]) == ["id", "project_id", "status", "name_key"]
    assert len(found.data["monitors"]["nodes"]) == 9


async def test_a_field_that_does_not_say_what_it_reads_has_all(fast, principal, everything):
    found = await fast.ask("{ monitors { nodes { name probe { kind } } } }", principal)

    assert _columns_of(found.statements[0]) is None


async def test_a_list_asked_for_twice_is_read_once(fast, principal, everything):
    document = """
    { one: monitors { nodes { ...Few } } two: monitors { nodes { name target } } }
    fragment Few on Monitor { id lastCheck { error } }
    """

    found = await fast.ask(document, principal)

    assert _columns_of(found.statements[0]) == ["id", "name", "target"]
    assert len(found.statements) == 2
    assert [set(node) for node in found.data["two"]["nodes"]] == [{"name", "target"}] * 9
