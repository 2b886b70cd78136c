"""The door: what is asked is refused before it is run, or let in with what it costs.

In this order: who asks; how long the document is; what it repeats; whether it is valid; which operation it is; what is
open to whoever is not signed in; how much the variables hold; what the operation costs. The executor is not entered
before all of it is passed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_introspection_query,
    parse,
)

from core.access.plans import GRAPHQL_COST
from core.access.principal import Principal
from core.errors import Forbidden, TocsinError, Unauthenticated
from graphql_schema.cost import CostModel
from graphql_schema.documents import Documents, KnownOperation
from graphql_schema.limits import DEEPEST, FOR_ANYBODY, FOR_MEMBERS, too_complex
from graphql_schema.operation_names import UNNAMED
from graphql_schema.operation_request import Operation

COST_UNSIGNED: Final = 1_000
MOST_VALUES: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What an operation costs, and what it may."""

    requested: int
    maximum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """An operation that may be run."""

    document: DocumentNode
    kind: OperationType
    counted_as: str
    cost: Cost


class NotAdmitted(Exception):
    """The operation is not run. `cost`, and what it is counted as, are known if it costs too much."""

    def __init__(self, *errors: GraphQLError, cost: Cost | None = None, counted_as: str = UNNAMED) -> None:
        super().__init__(*errors)
        self.errors = errors
        self.cost = cost
        self.counted_as = counted_as


class KindNotAllowed(TocsinError):
    """The transport does not take operations of that kind."""

    code = "INVALID_INPUT"

    def __init__(self, kind: OperationType) -> None:
        super().__init__(f"a {kind.value} cannot be run this way")
        self.kind = kind


class Admission:
    """Judges operations. Those who are not signed in cannot push members' documents out of what is kept.

    Where the schema is told, it may be asked for whole by any plan, at one go.
    """

    def __init__(self, schema: GraphQLSchema, *, is_schema_told: bool = True) -> None:
        model = CostModel(schema)
        self._is_schema_told = is_schema_told
        self._of_members = Documents(schema, model, FOR_MEMBERS, is_told=is_schema_told)
        self._of_anybody = Documents(schema, model, FOR_ANYBODY, is_told=is_schema_told)
        self._whole_schema = _cost_of_whole_schema(model)

    def admit(
        self,
        operation: Operation,
        principal: Principal | None,
        allowed: Collection[OperationType],
        signed_out: Unauthenticated | None = None,
    ) -> Admitted:
        """Return the operation with its cost; raise NotAdmitted, or KindNotAllowed.

        `signed_out` is what somebody is told who must sign in.
        """
        documents = self._of_anybody if principal is None else self._of_members
        read = documents.read(operation.query)
        if read.errors:
            raise NotAdmitted(*read.errors)
        known = read.operation(operation.operation_name)
        if isinstance(known, GraphQLError):
            raise NotAdmitted(known)
        if known.kind not in allowed:
            raise KindNotAllowed(known.kind)
        _require_alone(known)
        self._require_open(known, principal, signed_out)
        variables = operation.variables or {}
        _require_few(variables)
        maximum = COST_UNSIGNED if principal is None else GRAPHQL_COST[principal.plan]
        if known.asks_for_schema:
            maximum = max(maximum, self._whole_schema)
        cost = Cost(requested=known.cost.of(variables), maximum=maximum)
        if cost.requested > maximum:
            message = (
                f"the query costs {cost.requested}, and at most {maximum} is allowed: ask for smaller pages"
            )
            raise NotAdmitted(too_complex(message), cost=cost, counted_as=known.counted_as)
        return Admitted(document=read.document, kind=known.kind, counted_as=known.counted_as, cost=cost)

    def _require_open(
        self, known: KnownOperation, principal: Principal | None, signed_out: Unauthenticated | None
    ) -> None:
        if known.asks_for_schema and not self._is_schema_told:
            refusal = Forbidden("the schema is not told here: introspection is closed")
            raise NotAdmitted(GraphQLError(refusal.message, original_error=refusal))
        if principal is None and known.closed_fields:
            refused = signed_out or Unauthenticated()
            raise NotAdmitted(GraphQLError(refused.message, known.closed_fields[0], original_error=refused))


def _require_alone(known: KnownOperation) -> None:
    if known.crowded_fields:
        field = known.crowded_fields[0]
        message = f"{field.name.value} must be the only field of its mutation: somebody else asks after it"
        raise NotAdmitted(GraphQLError(message, field))


def _cost_of_whole_schema(model: CostModel) -> int:
    document = parse(get_introspection_query(input_value_deprecation=True))
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    return model.cost(operations[0], {each.name.value: each for each in fragments}).of({})


def _require_few(variables: Mapping[str, Any]) -> None:
    """Raise NotAdmitted for variables with too many values, or nested too deeply."""
    level: list[Any] = [variables]
    values = depth = 0
    while level:
        inner: list[Any] = []
        for each in level:
            parts = each.values() if isinstance(each, dict) else each
            values += len(each)
            inner += [part for part in parts if isinstance(part, dict | list)]
        depth += 1
        if values > MOST_VALUES:
            raise NotAdmitted(too_complex(f"the variables hold more than {MOST_VALUES} values"))
        if depth > DEEPEST and inner:
            raise NotAdmitted(too_complex(f"the variables are nested deeper than {DEEPEST} levels"))
        level = inner
