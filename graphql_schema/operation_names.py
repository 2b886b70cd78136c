"""What an operation is counted as: its first field, which is one of few names of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
)

# What never came to name a field of ours: what is not GraphQL, or asks for what there is not.
UNNAMED: Final = "graphql"
_INTROSPECTION = "introspection"


def counted_name(document: DocumentNode, operation_name: str | None, schema: GraphQLSchema) -> str:
    """Return the name of the first field of the operation, UNNAMED where the schema has no such field."""
    fragments: dict[str, FragmentDefinitionNode] = {}
    found: OperationDefinitionNode | None = None
    for node in document.definitions:
        if isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = node
        elif isinstance(node, OperationDefinitionNode) and (
            operation_name is None or (node.name is not None and node.name.value == operation_name)
        ):
            found = found or node
    if found is None:
        return UNNAMED
    name = _first_field(found.selection_set, fragments)
    root = schema.get_root_type(found.operation)
    if name is None or root is None:
        return UNNAMED
    if name.startswith("__"):
        return _INTROSPECTION
    return name if name in root.fields else UNNAMED


def _first_field(
    selected: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]
) -> str | None:
    """Follow first selections down to a field; fragments that spread themselves lead nowhere."""
    for _ in range(len(fragments) + 2):
        if selected is None or not selected.selections:
            return None
        first = selected.selections[0]
        if isinstance(first, FieldNode):
            return first.name.value
        if isinstance(first, FragmentSpreadNode):
            fragment = fragments.get(first.name.value)
            selected = None if fragment is None else fragment.selection_set
        else:
            selected = getattr(first, "selection_set", None)
    return None
