"""What an operation may ask for, measured before it is run: how long, how deep, how many objects at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)
from strawberry.extensions import SchemaExtension

from graphql_schema.errors import ErrorCode
from graphql_schema.pagination import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from graphql_schema.statistics.types import DEFAULT_POINTS, MOST_POINTS

MOST_TOKENS = 10_000
DEEPEST = 20
MOST_OBJECTS = 100_000
MOST_SELECTIONS = 10_000
DEEPEST_SPREAD = 100

_PAGED = frozenset({"edges", "nodes"})
# Lists that are no connections, by the argument that sizes them.
_POINTS_ARGUMENT = "points"
_IDS_ARGUMENT = "ids"
_POINTS_FIELD = "latencySeries"


class OperationLimits(SchemaExtension):
    """Refuses what is too large. It comes after the extensions that parse and validate."""

    def on_operation(self) -> Iterator[None]:
        """Bound the length of the document."""
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        """Bound what fragments make of the document: validating costs more the more they do."""
        document = self.execution_context.graphql_document
        error = None if document is None else overgrowth(document)
        if error is not None:
            raise error
        yield

    def on_validate(self) -> Iterator[None]:
        """Measure what is valid."""
        context = self.execution_context
        if not context.pre_execution_errors and context.graphql_document is not None:
            written_name = context.context.operation_name
            error = excess(context.graphql_document, written_name, context.variables or {})
            context.pre_execution_errors = [error] if error else []
        yield


def overgrowth(document: DocumentNode) -> GraphQLError | None:
    """Return why a document is refused before it is validated, or None. It may break any rule of validation."""
    expansion = _Expansion(_fragments_of(document))
    try:
        sizes = [
            expansion.of(node.selection_set)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
        ]
    except RecursionError:
        return _refusal("the query and its fragments are nested too deeply")
    if any(size.height > DEEPEST_SPREAD for size in sizes):
        return _refusal(f"the query and its fragments are nested deeper than {DEEPEST_SPREAD} levels")
    if any(size.selections > MOST_SELECTIONS for size in sizes):
        return _refusal(f"the query selects more than {MOST_SELECTIONS} fields once its fragments are spread")
    return None


def excess(
    document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any]
) -> GraphQLError | None:
    """Return why the operation is refused, or None. The document is valid."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if operation_name is None and len(operations) > 1:
        return GraphQLError("operationName is required: the document holds several operations")
    measure = _Measure(_fragments_of(document))
    for operation in operations:
        if operation_name in (None, operation.name and operation.name.value):
            measure.variables = {**_defaults_of(operation), **variables}
            measure.selections(operation.selection_set, depth=1, times=1)
    if measure.depth > DEEPEST:
        return _refusal(f"the query is nested deeper than {DEEPEST} levels")
    if measure.objects > MOST_OBJECTS:
        return _refusal(f"the query may return more than {MOST_OBJECTS} objects: ask for smaller pages")
    return None


def _fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }


def _defaults_of(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }


def _refusal(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": ErrorCode.QUERY_TOO_COMPLEX.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    """What a selection grows to: how many selections, and how many levels, spreads included."""

    selections: int
    height: int


_NOTHING = _Size(selections=0, height=0)


class _Expansion:
    """Sizes selections as if every fragment were written out; each fragment is looked at once."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._sizes: dict[str, _Size] = {}

    def of(self, selected: SelectionSetNode | None) -> _Size:
        if selected is None:
            return _NOTHING
        selections = height = 0
        for node in selected.selections:
            if isinstance(node, FragmentSpreadNode):
                below = self._of_fragment(node.name.value)
            elif isinstance(node, FieldNode | InlineFragmentNode):
                below = self.of(node.selection_set)
            else:
                continue
            selections += 1 + below.selections
            height = max(height, 1 + below.height)
        return _Size(selections=selections, height=height)

    def _of_fragment(self, name: str) -> _Size:
        """Return the size of a fragment; one that is unknown or spreads itself is left to validation."""
        size = self._sizes.get(name)
        if size is None:
            self._sizes[name] = _NOTHING
            fragment = self._fragments.get(name)
            size = _NOTHING if fragment is None else self.of(fragment.selection_set)
            self._sizes[name] = size
        return size


class _Measure:
    """Counts the objects that a selection may return: each list as long as its page may be."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self.variables: Mapping[str, Any] = {}
        self.depth = 0
        self.objects = 0

    def selections(self, selected: SelectionSetNode, *, depth: int, times: int) -> None:
        self.depth = max(self.depth, depth)
        if self.depth > DEEPEST or self.objects > MOST_OBJECTS:
            return
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, depth, times)
            elif isinstance(node, InlineFragmentNode):
                self.selections(node.selection_set, depth=depth, times=times)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                self.selections(fragment.selection_set, depth=depth, times=times)

    def _field(self, node: FieldNode, depth: int, times: int) -> None:
        # The schema describes itself at a depth of its own, and costs nothing to ask.
        if node.selection_set is None or node.name.value.startswith("__"):
            return
        below = times * self._list_size(node)
        self.objects += below
        self.selections(node.selection_set, depth=depth + 1, times=below)

    def _list_size(self, node: FieldNode) -> int:
        """Return how many objects a field may have below it; 1 if no argument sizes it."""
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        if node.name.value == _POINTS_FIELD:
            return self._integer(arguments.get(_POINTS_ARGUMENT), MOST_POINTS) or DEFAULT_POINTS
        if _IDS_ARGUMENT in arguments:
            return self._length(arguments[_IDS_ARGUMENT])
        if not _is_connection(node):
            return 1
        sizes = [self._integer(arguments.get(name), LARGEST_PAGE_SIZE) for name in ("first", "last")]
        return max((size for size in sizes if size is not None), default=DEFAULT_PAGE_SIZE)

    def _integer(self, value: ValueNode | None, most: int) -> int | None:
        """Return the size that is written; one that will be refused anyway counts as the largest."""
        if isinstance(value, VariableNode):
            given = self.variables.get(value.name.value)
            if not isinstance(given, int):
                return None
        elif isinstance(value, IntValueNode):
            given = int(value.value)
        else:
            return None
        return max(0, min(given, most))

    def _length(self, value: ValueNode) -> int:
        """Return how many items are written."""
        if isinstance(value, VariableNode):
            given = self.variables.get(value.name.value)
            return len(given) if isinstance(given, list) else 1
        return len(value.values) if isinstance(value, ListValueNode) else 1


def _is_connection(node: FieldNode) -> bool:
    """Tell connections by what is selected of them; a list behind a fragment counts as well."""
    if node.selection_set is None:
        return False
    return any(
        not isinstance(inner, FieldNode) or inner.name.value in _PAGED
        for inner in node.selection_set.selections
    )
