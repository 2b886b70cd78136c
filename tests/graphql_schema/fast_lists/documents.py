"""Documents made at random over a schema: valid ones, but for a mistake now and then."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_non_null_type,
)

DEEPEST = 7
VARIABLES = {"$yes": "Boolean! = true", "$no": "Boolean! = false", "$size": "Int = 2"}
DIRECTIVES = (
    *("@include(if: $yes)", "@skip(if: $no)", "@include(if: true)", "@skip(if: false)"),
    *("@skip(if: $yes)", "@include(if: $no)", "@include(if: $yes) @skip(if: $yes)"),
)
PAGED = frozenset({"edges", "nodes", "pageInfo", "totalCount"})


@dataclass(kw_only=True)
class Documents:
    """Makes documents. `ids` are ids to ask for, by the prefix of the kind of object."""

    schema: GraphQLSchema
    chance: random.Random
    ids: dict[str, list[str]]
    _fragments: list[str] = field(default_factory=list)
    _arguments: dict[tuple[str, str], str] = field(default_factory=dict)
    _aliases: int = 0
    _budget: int = 0

    def document(self) -> str:
        """Return one document."""
        self._fragments, self._arguments, self._aliases = [], {}, 0
        self._budget = self.chance.randint(4, 70)
        query = self.schema.query_type
        assert query is not None
        made = "\n".join([self._selection(query, depth=0), *self._fragments])
        used = [f"{name}: {given}" for name, given in VARIABLES.items() if name in made]
        return f"query Made{f'({chr(44).join(used)})' if used else ''} {made}"

    def _selection(self, on: GraphQLNamedType, depth: int, *, aliased: bool = False) -> str:
        assert isinstance(on, GraphQLObjectType | GraphQLInterfaceType)
        parts = []
        for _ in range(self.chance.randint(1, 3 if depth == 0 or self._budget < 0 else 6)):
            self._budget -= 1
            parts.append(self._part(on, depth, aliased=aliased))
        return "{ " + " ".join(parts) + " }"

    def _part(self, on: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, aliased: bool) -> str:
        is_ending = depth >= DEEPEST or self._budget < 0
        roll = 1.0 if is_ending else self.chance.random()
        if depth and roll < 0.06:
            return "__typename" if self.chance.random() < 0.5 else f"{self._alias()}: __typename"
        if depth and roll < 0.16:
            return f"... {self._directive()}{self._selection(on, depth, aliased=aliased)}"
        if depth and roll < 0.26:
            return self._spread(on, depth, aliased=aliased)
        if is_abstract_type(on) and roll < 0.7:
            chosen = self.chance.choice(list(self.schema.get_possible_types(on)))
            # Types behind one interface may have unlike fields of the same name.
            return f"... on {chosen.name} {self._directive()}{self._selection(chosen, depth, aliased=True)}"
        if isinstance(on, GraphQLObjectType) and on.interfaces and roll < 0.31:
            interface = self.chance.choice(list(on.interfaces))
            return f"... on {interface.name} {self._selection(interface, depth, aliased=True)}"
        return self._field(on, depth, aliased=aliased)

    def _spread(self, on: GraphQLNamedType, depth: int, *, aliased: bool) -> str:
        selected = self._selection(on, depth + 1, aliased=aliased)
        name = f"Part{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {on.name} {selected}")
        return f"...{name} {self._directive()}"

    def _field(self, on: GraphQLObjectType | GraphQLInterfaceType, depth: int, *, aliased: bool) -> str:
        name = self._name(on, depth)
        made = on.fields[name]
        is_aliased = aliased or self.chance.random() < 0.15
        arguments = self._written(made) if is_aliased else self._usual(on.name, name, made)
        label = f"{self._alias()}: {name}" if is_aliased else name
        below = get_named_type(made.type)
        selected = "" if is_leaf_type(below) else self._selection(below, depth + 1, aliased=aliased)
        text = f"{label}{arguments} {self._directive()}{selected}"
        if selected and not is_aliased and self.chance.random() < 0.15:
            text += f" {name}{arguments} {self._selection(below, depth + 1)}"
        return text

    def _name(self, on: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        names = list(on.fields)
        if depth >= DEEPEST or self._budget < 0:
            leaves = [name for name in names if is_leaf_type(get_named_type(on.fields[name].type))]
            names = leaves or names
        elif depth == 0 and self.chance.random() < 0.85:
            names = [
                name for name in names if get_named_type(on.fields[name].type).name.endswith("Connection")
            ]
        elif "pageInfo" in names:
            names += ["edges", "nodes"] * 2
        elif self.chance.random() < 0.5:
            branches = [name for name in names if not is_leaf_type(get_named_type(on.fields[name].type))]
            names = branches or names
        return self.chance.choice(names)

    def _alias(self) -> str:
        self._aliases += 1
        return f"a{self._aliases}"

    def _directive(self) -> str:
        return self.chance.choice(DIRECTIVES) + " " if self.chance.random() < 0.08 else ""

    def _usual(self, on: str, name: str, made: GraphQLField) -> str:
        """Return the arguments that a field without an alias has everywhere: else it could not be merged."""
        if (on, name) not in self._arguments:
            self._arguments[on, name] = self._written(made)
        return self._arguments[on, name]

    def _written(self, made: GraphQLField) -> str:
        given = {
            name: self._value(name, argument)
            for name, argument in made.args.items()
            if is_non_null_type(argument.type)
            or name in {"first", "points"}
            or (name == "orderBy" and self.chance.random() < 0.3)
            or (name == "filter" and self.chance.random() < 0.1)
        }
        return f"({', '.join(f'{name}: {value}' for name, value in given.items())})" if given else ""

    def _value(self, name: str, argument: GraphQLArgument) -> str:
        kind = get_named_type(argument.type)
        if name == "first":
            return self.chance.choice(
                ["0", "1", "2", "3", "7", "$size", "null"] + ["101"] * (self.chance.random() < 0.05)
            )
        if name == "points":
            return self.chance.choice(["1", "3"])
        if isinstance(kind, GraphQLEnumType):
            return self.chance.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return "{}"
        known = [each for found in self.ids.values() for each in found]
        chosen = [f'"{self.chance.choice(known)}"' for _ in range(3)]
        return f"[{', '.join(chosen)}]" if name == "ids" else chosen[0]
