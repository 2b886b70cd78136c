"""Asks for every field of whatever a query answers with, and tells which of them were shown to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)

from core.access.principal import Principal
from core.access.rights import QUERIES, Asker, Right, is_allowed
from tests.graphql_schema.conftest import Answer
from tests.graphql_schema.samples import SCHEMA

# So far below what a query answers with: further below, it is seen only whether something is there.
_DEPTH = 1
_PAGE = "first: 5"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody was told of one field of one object, and whether it is there for whoever may know."""

    field: str
    is_shown: bool
    is_refused: bool
    is_there: bool


@dataclass(frozen=True, kw_only=True)
class Root:
    """A query that answers with objects of one type; `node` does so for each that has an id and no such query."""

    query: str
    kind: GraphQLObjectType
    right: Right
    arguments: str = ""

    def is_open_to(self, principal: Principal | None) -> bool:
        """Return whether somebody may ask the query."""
        return is_allowed(self.right, principal)

    def __str__(self) -> str:
        return f"{self.query} of {self.kind.name}"

    def document(self, closed: Collection[str] = ()) -> str:
        """Return what asks for all fields but those that are closed."""
        selection = _fields(self.kind, _DEPTH, closed)
        if self.query == "node":
            selection = f"... on {self.kind.name} {{ {selection} }}"
        elif _named(self.query).name.endswith("Connection"):
            selection = f"nodes {{ {selection} }}"
        return f"{{ {self.query}{self.arguments} {{ {selection} }} }}"

    def told(self, answer: Answer, reference: Answer) -> Iterator[Told]:
        """Tell what an answer holds, beside that of somebody who may know everything."""
        refused = {
            tuple(error["path"])
            for error in answer.body.get("errors", ())
            if error["extensions"]["code"] == "FORBIDDEN"
        }
        yield from _told(
            self.kind,
            answer.body["data"][self.query],
            reference.body["data"][self.query],
            (self.query,),
            refused,
        )


def roots(ids: Mapping[str, tuple[str, str]]) -> list[Root]:
    """Return the queries of objects; `ids` name one of each type that has no query of its own.

    With its id comes the query whose right opens it.
    """
    found = [
        Root(query=name, kind=_objects(_named(name)), right=QUERIES[name])
        for name, each in _queries().items()
        if QUERIES[name].asker is not Asker.ANYBODY
        and isinstance(_named(name), GraphQLObjectType)
        and not any(is_required_argument(argument) for argument in each.args.values())
    ]
    for name, (query, public_id) in ids.items():
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        found.append(Root(query="node", kind=kind, right=QUERIES[query], arguments=f'(id: "{public_id}")'))
    return found


def kinds_of_objects() -> set[str]:
    """Return the types of all objects that a query which is not open to anybody can lead to."""
    found: set[str] = set()
    ahead = [_named(name) for name in _queries() if QUERIES[name].asker is not Asker.ANYBODY]
    while ahead:
        kind = ahead.pop()
        if isinstance(kind, GraphQLObjectType) and _objects(kind).name not in found:
            found.add(_objects(kind).name)
            ahead += [get_named_type(each.type) for each in _objects(kind).fields.values()]
    return found


def fields_below(kinds: Collection[GraphQLObjectType]) -> set[str]:
    """Return all fields that asking for the kinds asks for."""
    names: set[str] = set()
    level = set(kinds)
    for _ in range(_DEPTH + 1):
        names |= {f"{kind.name}.{name}" for kind in level for name in kind.fields}
        level = {
            _objects(below)
            for kind in level
            for each in kind.fields.values()
            if isinstance(below := get_named_type(each.type), GraphQLObjectType)
        }
    return names


def closes_its_object(field: str) -> bool:
    """Return whether a field that is refused takes its object along, as it cannot be null."""
    kind, _, name = field.partition(".")
    parent = SCHEMA.type_map[kind]
    assert isinstance(parent, GraphQLObjectType)
    return is_non_null_type(parent.fields[name].type)


def _queries() -> Mapping[str, GraphQLField]:
    assert SCHEMA.query_type is not None
    return SCHEMA.query_type.fields


def _named(query: str) -> Any:
    return get_named_type(_queries()[query].type)


def _objects(kind: GraphQLObjectType) -> GraphQLObjectType:
    """Return the type of the objects of a connection; any other type is that of itself."""
    if not kind.name.endswith("Connection"):
        return kind
    objects = get_named_type(kind.fields["nodes"].type)
    assert isinstance(objects, GraphQLObjectType)
    return objects


def _fields(kind: GraphQLObjectType, depth: int, closed: Collection[str]) -> str:
    """Return the selection of all fields of a type."""
    asked = (name for name in kind.fields if f"{kind.name}.{name}" not in closed)
    return " ".join(_field(name, kind.fields[name], depth, closed) for name in asked)


def _field(name: str, field: GraphQLField, depth: int, closed: Collection[str]) -> str:
    kind = get_named_type(field.type)
    asked = name + _arguments(field)
    if is_leaf_type(kind):
        return asked
    if is_abstract_type(kind):
        return f"{asked} {{ __typename }}"
    assert isinstance(kind, GraphQLObjectType)
    below = _fields(_objects(kind), depth - 1, closed) if depth else "__typename"
    return f"{asked} {{ nodes {{ {below} }} }}" if _objects(kind) is not kind else f"{asked} {{ {below} }}"


def _arguments(field: GraphQLField) -> str:
    given = [_PAGE] if "first" in field.args else []
    for name, argument in field.args.items():
        if is_required_argument(argument):
            kind = get_named_type(argument.type)
            assert isinstance(kind, GraphQLEnumType)
            given.append(f"{name}: {next(iter(kind.values))}")
    return f"({', '.join(given)})" if given else ""


def _told(
    kind: GraphQLObjectType,
    mine: Any,
    theirs: Any,
    path: tuple[Any, ...],
    refused: Collection[tuple[Any, ...]],
) -> Iterator[Told]:
    """Tell what is in two answers about the same: lists hold what both have."""
    if not mine or not theirs:
        return
    if isinstance(mine, list):
        for place, item in enumerate(mine):
            yield from _told(kind, item, _counterpart(item, place, theirs), (*path, place), refused)
        return
    if mine.keys() == {"nodes"}:
        yield from _told(kind, mine["nodes"], theirs["nodes"], (*path, "nodes"), refused)
        return
    for name in mine.keys() & kind.fields.keys():
        yield Told(
            field=f"{kind.name}.{name}",
            is_shown=mine[name] is not None,
            is_refused=(*path, name) in refused,
            is_there=theirs.get(name) is not None,
        )
        below = get_named_type(kind.fields[name].type)
        if isinstance(below, GraphQLObjectType):
            yield from _told(_objects(below), mine[name], theirs.get(name), (*path, name), refused)


def _counterpart(item: Any, place: int, others: Sequence[Any]) -> Any:
    """Return what stands for the same thing in another's list."""
    if "id" in item:
        return next((each for each in others if each["id"] == item["id"]), None)
    return others[place] if place < len(others) else None
