"""What an operation may ask for, measured before it is run: how long, how deep, how many objects at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import SchemaExtension

from graphql_schema.errors import ErrorCode
from graphql_schema.pagination import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE

MOST_TOKENS = 10_000
DEEPEST = 20
MOST_OBJECTS = 100_000

_PAGED = frozenset({"edges", "nodes"})


class OperationLimits(SchemaExtension):
    """Refuses what is too large. It comes after the extension that validates."""

    def on_operation(self) -> Iterator[None]:
        """Bound the length of the document."""
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        """Measure what is valid."""
        context = self.execution_context
        if not context.pre_execution_errors and context.graphql_document is not None:
            written_name = context.context.operation_name
            error = excess(context.graphql_document, written_name, context.variables or {})
            context.pre_execution_errors = [error] if error else []
        yield


def excess(
    document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any]
) -> GraphQLError | None:
    """Return why the operation is refused, or None. The document is valid."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    if operation_name is None and len(operations) > 1:
        return GraphQLError("operationName is required: the document holds several operations")
    measure = _Measure(fragments, variables)
    for operation in operations:
        if operation_name in (None, operation.name and operation.name.value):
            measure.selections(operation.selection_set, depth=1, times=1)
    if measure.depth > DEEPEST:
        return _refusal(f"the query is nested deeper than {DEEPEST} levels")
    if measure.objects > MOST_OBJECTS:
        return _refusal(f"the query may return more than {MOST_OBJECTS} objects: ask for smaller pages")
    return None


def _refusal(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": ErrorCode.QUERY_TOO_COMPLEX.value})


class _Measure:
    """Counts the objects that a selection may return: each list as long as its page may be."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables
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
        below = times * self._page_size(node)
        self.objects += below
        self.selections(node.selection_set, depth=depth + 1, times=below)

    def _page_size(self, node: FieldNode) -> int:
        """Return how many objects a field may have below it: those of its page if it is a connection."""
        if not _is_connection(node):
            return 1
        sizes = [
            self._integer(argument.value)
            for argument in node.arguments or ()
            if argument.name.value in ("first", "last")
        ]
        return max((size for size in sizes if size is not None), default=DEFAULT_PAGE_SIZE)

    def _integer(self, value: Any) -> int | None:
        """Return the size that is written; one that will be refused anyway counts as the largest."""
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
            return min(given, LARGEST_PAGE_SIZE) if isinstance(given, int) else None
        return min(int(value.value), LARGEST_PAGE_SIZE) if isinstance(value, IntValueNode) else None


def _is_connection(node: FieldNode) -> bool:
    """Tell connections by what is selected of them; a list behind a fragment counts as well."""
    if node.selection_set is None:
        return False
    return any(
        not isinstance(inner, FieldNode) or inner.name.value in _PAGED
        for inner in node.selection_set.selections
    )
