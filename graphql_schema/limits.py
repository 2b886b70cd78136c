"""What a document may be, measured before it is validated: validating costs the more, the more it repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graphql_schema.errors import ErrorCode

MOST_CHARACTERS = 65_536
MOST_TOKENS = 5_000
# Whoever is not signed in can ask for little; the query by which tools read the schema has about 300.
MOST_TOKENS_UNSIGNED = 1_000
DEEPEST = 20
MOST_SELECTIONS = 2_000
MOST_ALIASES = 100
MOST_REPEATS = 100
MOST_DIRECTIVES = 50
# Those of one selection are compared with each other, each with each, when the document is validated.
MOST_FRAGMENTS = 50
# Fragments within fragments are levels of their own; this bounds them where no field is nested.
DEEPEST_SPREAD = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentLimits:
    """How long a document may be, for whoever sent it."""

    characters: int = MOST_CHARACTERS
    tokens: int = MOST_TOKENS


FOR_MEMBERS = DocumentLimits()
FOR_ANYBODY = DocumentLimits(tokens=MOST_TOKENS_UNSIGNED)


def too_complex(message: str) -> GraphQLError:
    """Return the refusal of what asks for too much."""
    return GraphQLError(message, extensions={"code": ErrorCode.QUERY_TOO_COMPLEX.value})


def overgrowth(document: DocumentNode) -> GraphQLError | None:
    """Return why a document is refused before it is validated, or None. It may break any rule of validation."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    if len(fragments) > MOST_FRAGMENTS:
        return too_complex(f"the query has more than {MOST_FRAGMENTS} fragments")
    expansion = _Expansion(fragments)
    try:
        sizes = [
            expansion.of_definition(node)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
        ]
    except RecursionError:
        return too_complex("the query and its fragments are nested too deeply")
    return next((refusal for size in sizes if (refusal := _excess(size))), None)


def _excess(size: _Size) -> GraphQLError | None:
    most = {
        f"the query and its fragments are nested deeper than {DEEPEST_SPREAD} levels": (
            size.height,
            DEEPEST_SPREAD,
        ),
        f"the query is nested deeper than {DEEPEST} levels": (size.depth, DEEPEST),
        f"the query selects more than {MOST_SELECTIONS} fields once its fragments are spread": (
            size.selections,
            MOST_SELECTIONS,
        ),
        f"the query has more than {MOST_ALIASES} aliases": (size.aliases, MOST_ALIASES),
        f"the query selects the same again more than {MOST_REPEATS} times": (size.repeats, MOST_REPEATS),
        f"the query has more than {MOST_DIRECTIVES} directives": (size.directives, MOST_DIRECTIVES),
    }
    return next((too_complex(message) for message, (found, limit) in most.items() if found > limit), None)


@dataclass(kw_only=True, slots=True)
class _Size:
    """What a selection grows to with its spreads written out. `height` counts every level, `depth` those of fields."""

    selections: int = 0
    aliases: int = 0
    repeats: int = 0
    directives: int = 0
    depth: int = 0
    height: int = 0

    def take_in(self, below: _Size) -> None:
        """Count what is one selection's as well."""
        for counted in _COUNTED:
            setattr(self, counted, getattr(self, counted) + getattr(below, counted))
        self.height = max(self.height, 1 + below.height)


_COUNTED = [each.name for each in fields(_Size) if each.name not in {"depth", "height"}]


class _Expansion:
    """Sizes selections as if every fragment were written out; each fragment is looked at once."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._sizes: dict[str, _Size] = {}

    def of_definition(self, node: OperationDefinitionNode | FragmentDefinitionNode) -> _Size:
        """Return the size of an operation or a fragment."""
        size = self._of(node.selection_set)
        size.directives += len(node.directives or ())
        size.directives += sum(len(each.directives or ()) for each in node.variable_definitions or ())
        return size

    def _of(self, selected: SelectionSetNode | None) -> _Size:
        size = _Size()
        if selected is None:
            return size
        keys: set[str] = set()
        for node in selected.selections:
            below, key = self._below(node)
            size.take_in(below)
            size.selections += 1
            size.directives += len(node.directives or ())
            is_field = isinstance(node, FieldNode)
            size.depth = max(size.depth, below.depth + is_field)
            size.aliases += isinstance(node, FieldNode) and node.alias is not None
            if key is not None:
                size.repeats += key in keys
                keys.add(key)
        return size

    def _below(self, node: object) -> tuple[_Size, str | None]:
        """Return the size of what one selection selects, and what tells that it is selected again."""
        if isinstance(node, FragmentSpreadNode):
            return self._of_fragment(node.name.value), f"...{node.name.value}"
        if isinstance(node, FieldNode):
            return self._of(node.selection_set), (node.alias or node.name).value
        return self._of(node.selection_set) if isinstance(node, InlineFragmentNode) else _Size(), None

    def _of_fragment(self, name: str) -> _Size:
        """Return the size of a fragment; one that is unknown or spreads itself is left to validation."""
        size = self._sizes.get(name)
        if size is None:
            self._sizes[name] = _Size()
            fragment = self._fragments.get(name)
            size = _Size() if fragment is None else self.of_definition(fragment)
            self._sizes[name] = size
        return size
