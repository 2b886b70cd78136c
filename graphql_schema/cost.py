"""What an operation may cost: the objects that it may return, told from its pages before it is run.

Each object costs 1, a list as many as it may hold, and whatever is below it so many times. A connection costs 1 and its
page; its edges and pageInfo cost nothing of their own. A mutation costs CHANGE. A value of an object costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)

from graphql_schema.described import SIZE, ListSize
from graphql_schema.pagination import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE

CHANGE: Final = 10
# A list of objects of which nothing is declared: a configuration's headers, a token's grants.
UNDECLARED: Final = ListSize(most=10)

_Fields = GraphQLObjectType | GraphQLInterfaceType
_Number = Callable[[Mapping[str, Any]], int]
_PAGE_ARGUMENTS = ("first", "last")
_FREE_IN_CONNECTIONS = frozenset({"edges", "pageInfo"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One field with objects: they are so many times those of the part above; each costs `weight`."""

    above: int
    weight: int
    times: int | _Number


class OperationCost:
    """The cost of one operation of a valid document; measured once if no variable matters."""

    def __init__(self, parts: Sequence[_Part], defaults: Mapping[str, Any]) -> None:
        self._parts = parts
        self._defaults = defaults
        is_fixed = all(isinstance(part.times, int) for part in parts)
        self._fixed = self._total({}) if is_fixed else None

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return the cost with these variables, which may be of any type."""
        return self._total({**self._defaults, **variables}) if self._fixed is None else self._fixed

    def _total(self, variables: Mapping[str, Any]) -> int:
        total, counts = 0, [1]
        for part in self._parts:
            times = part.times if isinstance(part.times, int) else part.times(variables)
            count = counts[part.above] * times
            counts.append(count)
            total += count * part.weight
        return total


class CostModel:
    """Knows how long the lists of a schema are."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._sizes = dict(_introspection_sizes(schema))

    def cost(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> OperationCost:
        """Return the cost of an operation of a valid document."""
        walk = _Walk(self._schema, self._sizes, fragments)
        root = self._schema.get_root_type(operation.operation)
        if root is not None:
            walk.selections(operation.selection_set, root, 0, None)
        defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        return OperationCost(walk.parts, defaults)


class _Walk:
    """Notes each field with objects of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        sizes: Mapping[tuple[str, str], int],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema = schema
        self._sizes = sizes
        self._fragments = fragments
        self.parts: list[_Part] = []

    def selections(
        self, selected: SelectionSetNode, parent: _Fields, above: int, page: int | _Number | None
    ) -> None:
        """Note what is selected of an object; `page` is how much its list holds if it is a connection."""
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, parent, above, page)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = parent if condition is None else self._schema.get_type(condition.name.value)
                self.selections(node.selection_set, inner, above, page)  # type: ignore[arg-type]  # it is valid
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                inner = self._schema.get_type(fragment.type_condition.name.value)
                self.selections(fragment.selection_set, inner, above, page)  # type: ignore[arg-type]  # it is valid

    def _field(self, node: FieldNode, parent: _Fields, above: int, page: int | _Number | None) -> None:
        name = node.name.value
        definition = self._schema.get_field(parent, name)
        if node.selection_set is None or definition is None:
            return
        inner = get_named_type(definition.type)
        if not is_composite_type(inner):
            return
        below = _page_of(node) if _is_connection(inner) else None
        is_paged = page is not None and name in {"nodes", "edges"}
        times = page if is_paged else self._length(node, parent, name, definition)
        weight = 0 if page is not None and name in _FREE_IN_CONNECTIONS else 1
        if parent is self._schema.get_root_type(OperationType.MUTATION):
            weight = CHANGE
        self.parts.append(_Part(above=above, weight=weight, times=times or 0))
        self.selections(node.selection_set, inner, len(self.parts), below)  # type: ignore[arg-type]  # it is valid

    def _length(self, node: FieldNode, parent: _Fields, name: str, definition: GraphQLField) -> int | _Number:
        """Return how many objects a field that is no page may have."""
        known = self._sizes.get((parent.name, name))
        if known is not None:
            return known
        kind = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        if not is_list_type(kind):
            return 1
        size = declared_size(definition) or UNDECLARED
        if size.argument is None:
            return size.most
        value = _arguments(node).get(size.argument)
        return size.unsaid if value is None else _written(value, size.most, size.unsaid)


def declared_size(definition: GraphQLField) -> ListSize | None:
    """Return what is declared of a list beside its resolver."""
    behind = definition.extensions.get("strawberry-definition")
    size = None if behind is None else behind.metadata.get(SIZE)
    return size if isinstance(size, ListSize) else None


def _is_connection(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and {"nodes", "pageInfo"} <= kind.fields.keys()


def _arguments(node: FieldNode) -> dict[str, ValueNode]:
    return {argument.name.value: argument.value for argument in node.arguments or ()}


def _page_of(node: FieldNode) -> int | _Number:
    """Return how large the page of a connection is: both sizes are refused later, so the larger one counts."""
    written = _arguments(node)
    sizes = [
        _written(written[name], LARGEST_PAGE_SIZE, DEFAULT_PAGE_SIZE)
        for name in _PAGE_ARGUMENTS
        if name in written
    ]
    if not sizes:
        return DEFAULT_PAGE_SIZE
    fixed = [size for size in sizes if isinstance(size, int)]
    if len(fixed) == len(sizes):
        return max(fixed)
    return lambda variables: max(size if isinstance(size, int) else size(variables) for size in sizes)


def _written(value: ValueNode, most: int, unsaid: int) -> int | _Number:
    """Return the size that is written; one that will be refused anyway counts as the largest."""
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: _given(variables.get(name), most, unsaid)
    if isinstance(value, ListValueNode):
        return min(len(value.values), most)
    return _given(int(value.value), most, unsaid) if isinstance(value, IntValueNode) else unsaid


def _given(value: Any, most: int, unsaid: int) -> int:
    if isinstance(value, list):
        return min(len(value), most)
    return (
        max(0, min(int(value), most)) if isinstance(value, int | float) and math.isfinite(value) else unsaid
    )


def _introspection_sizes(schema: GraphQLSchema) -> Iterator[tuple[tuple[str, str], int]]:
    """Return how long the lists are by which a schema tells of itself: on the average, as they lie within each other."""
    types = list(schema.type_map.values())
    fields = [field for each in types for field in getattr(each, "fields", {}).values()]
    arguments = sum(len(getattr(field, "args", ())) for field in fields)
    values = sum(len(getattr(each, "values", ())) for each in types)
    yield ("__Schema", "types"), len(types)
    yield ("__Schema", "directives"), len(schema.directives)
    yield ("__Type", "fields"), _mean(len(fields), types)
    yield ("__Type", "inputFields"), _mean(len(fields), types)
    yield ("__Type", "enumValues"), _mean(values, types)
    yield ("__Type", "interfaces"), 1
    yield ("__Type", "possibleTypes"), 1
    yield ("__Field", "args"), _mean(arguments, fields)
    yield ("__Directive", "args"), 1


def _mean(total: int, among: Sequence[Any]) -> int:
    return math.ceil(total / max(1, len(among)))
