"""Documents that were read: parsed, measured, validated. What clients repeat is kept, and is the same object again."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    validate,
)

from graphql_schema.cost import CostModel, OperationCost
from graphql_schema.described import IS_ALONE, IS_OPEN
from graphql_schema.limits import DocumentLimits, overgrowth, too_complex
from graphql_schema.operation_names import counted_name

MOST_DOCUMENTS = 512
# A parsed document takes some fifty times the room of its text.
MOST_KEPT_CHARACTERS = 1_000_000

# graphql-core tells these two by their words alone.
_PARSED_TOO_DEEP = "nested too deeply"
_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownOperation:
    """One operation of a valid document. `closed_fields` are those that only members may ask for.

    `crowded_fields` are those that would have to be the operation's only one, and are not.
    """

    kind: OperationType
    counted_as: str
    cost: OperationCost
    closed_fields: Sequence[FieldNode]
    crowded_fields: Sequence[FieldNode]
    asks_for_schema: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDocument:
    """A document with its operations by name, or why it is refused."""

    document: DocumentNode = field(default_factory=DocumentNode)
    errors: Sequence[GraphQLError] = ()
    operations: Mapping[str | None, KnownOperation] = field(default_factory=dict)

    def operation(self, name: str | None) -> KnownOperation | GraphQLError:
        """Return the operation that is to be run, or why there is none."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is not None:
            return found
        if not self.operations:
            return GraphQLError("query holds no operation to run")
        if name is None:
            return GraphQLError("operationName is required: the document holds several operations")
        return GraphQLError("operationName is not an operation of the document")


class Documents:
    """Reads documents of one kind of caller, and keeps those of late: so many, and so long in all."""

    def __init__(
        self, schema: GraphQLSchema, model: CostModel, limits: DocumentLimits, *, is_told: bool
    ) -> None:
        self._schema = schema
        self._model = model
        self._limits = limits
        self._is_told = is_told
        self._kept: OrderedDict[str, ReadDocument] = OrderedDict()
        self._characters = 0

    def read(self, text: str) -> ReadDocument:
        """Return the document."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        if len(text) > self._limits.characters:
            return ReadDocument(
                errors=[too_complex(f"the query is longer than {self._limits.characters} characters")]
            )
        read = self._read(text)
        self._keep(text, read)
        return read

    def _keep(self, text: str, read: ReadDocument) -> None:
        self._kept[text] = read
        self._characters += len(text)
        while self._characters > MOST_KEPT_CHARACTERS or len(self._kept) > MOST_DOCUMENTS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)

    def _read(self, text: str) -> ReadDocument:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            return ReadDocument(errors=[_as_too_long(error, self._limits.tokens)])
        refusal = overgrowth(document)
        errors = [refusal] if refusal else [self._shown(each) for each in validate(self._schema, document)]
        if errors:
            return ReadDocument(errors=errors)
        return ReadDocument(document=document, operations=dict(self._operations(document)))

    def _shown(self, error: GraphQLError) -> GraphQLError:
        """Return the error without names that were not asked for, where the schema is not told."""
        if self._is_told:
            return error
        return GraphQLError(_SUGGESTION.sub("", error.message), error.nodes, error.source, error.positions)

    def _operations(self, document: DocumentNode) -> Iterator[tuple[str | None, KnownOperation]]:
        fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                asked = list(_root_fields(node.selection_set, fragments))
                name = node.name.value if node.name else None
                yield (
                    name,
                    KnownOperation(
                        kind=node.operation,
                        counted_as=counted_name(document, name, self._schema),
                        cost=self._model.cost(node, fragments),
                        closed_fields=[each for each in asked if not self._marked(node, each, IS_OPEN)],
                        crowded_fields=self._crowded(node, asked),
                        asks_for_schema=any(each.name.value in _INTROSPECTION for each in asked),
                    ),
                )

    def _crowded(self, node: OperationDefinitionNode, asked: Sequence[FieldNode]) -> list[FieldNode]:
        if len(asked) == 1:
            return []
        return [each for each in asked if self._marked(node, each, IS_ALONE)]

    def _marked(self, node: OperationDefinitionNode, asked: FieldNode, mark: str) -> bool:
        root = self._schema.get_root_type(node.operation)
        definition = root and root.fields.get(asked.name.value)
        if definition is None:  # the schema tells of itself to anybody
            return mark == IS_OPEN
        behind = definition.extensions.get("strawberry-definition")
        return bool(behind is not None and behind.metadata.get(mark))


_INTROSPECTION = frozenset({"__schema", "__type"})


def _root_fields(
    selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _root_fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _root_fields(fragments[node.name.value].selection_set, fragments)


def _as_too_long(error: GraphQLError, most: int) -> GraphQLError:
    """Return a syntax error, but the parser's refusals of length and depth as ours."""
    if f"more than {most} tokens" in error.message:
        return too_complex(f"the query has more than {most} words and signs")
    return too_complex("the query is nested too deeply") if _PARSED_TOO_DEEP in error.message else error
