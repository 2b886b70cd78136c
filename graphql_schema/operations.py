"""Runs operations for whoever asks, over whichever transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationType

from core.errors import Unavailable
from core.log import get_logger
from core.services import Services
from core.settings import Switch
from graphql_schema.admission import Admission, Admitted, Cost, KindNotAllowed, NotAdmitted
from graphql_schema.callers import Caller
from graphql_schema.context import Context
from graphql_schema.errors import formatted
from graphql_schema.live.event_results import event_results
from graphql_schema.node_queries import NODE_KINDS
from graphql_schema.operation_names import UNNAMED
from graphql_schema.operation_request import Operation
from graphql_schema.schema import TocsinSchema

_log = get_logger(__name__)

ALL_OPERATIONS = frozenset(OperationType)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One result of an operation. `cost` is None where nothing was measured, and for what a subscription delivers."""

    data: Any
    errors: Sequence[GraphQLError]
    cost: Cost | None = None

    @property
    def has_run(self) -> bool:
        """Whether the operation began: an error of a field has that field's path."""
        return self.data is not None or any(error.path is not None for error in self.errors)

    @property
    def told_errors(self) -> list[dict[str, Any]]:
        """The errors as they are sent."""
        return [formatted(error) for error in self.errors]

    @property
    def body(self) -> dict[str, Any]:
        """The result as it is sent."""
        body: dict[str, Any] = {"data": self.data} if self.has_run else {}
        if self.errors:
            body["errors"] = self.told_errors
        if self.cost is not None:
            body["extensions"] = {"cost": {"requested": self.cost.requested, "maximum": self.cost.maximum}}
        return body


class Operations:
    """The schema and what its resolvers are handed."""

    def __init__(self, *, schema: TocsinSchema, services: Services) -> None:
        self.services = services
        self._schema = schema
        self._admission = Admission(
            schema.definition, is_schema_told=services.settings.introspection is Switch.ON
        )
        self._started_at = services.started_at

    async def run(
        self, operation: Operation, caller: Caller, allowed: Collection[OperationType] = ALL_OPERATIONS
    ) -> Result:
        """Return the result of a query or a mutation; raise KindNotAllowed."""
        try:
            admitted = self._admit(operation, caller, allowed)
        except NotAdmitted as refusal:
            return _refused(refusal)
        return await self._run(operation, caller, admitted)

    async def stream(
        self, operation: Operation, caller: Caller, allowed: Collection[OperationType] = ALL_OPERATIONS
    ) -> AsyncGenerator[Result, None]:
        """Yield the results: those of a subscription as they happen, of anything else the one there is."""
        try:
            admitted = self._admit(operation, caller, allowed)
        except NotAdmitted as refusal:
            yield _refused(refusal)
            return
        except KindNotAllowed as refusal:
            yield Result(data=None, errors=[GraphQLError(refusal.message, original_error=refusal)])
            return
        if admitted.kind is not OperationType.SUBSCRIPTION:
            yield await self._run(operation, caller, admitted)
            return
        async with contextlib.aclosing(self._follow(operation, caller, admitted)) as results:
            async for result in results:
                yield result

    def _admit(self, operation: Operation, caller: Caller, allowed: Collection[OperationType]) -> Admitted:
        """Let the operation in, or raise why not; it is counted either way."""
        counted_as = UNNAMED
        try:
            admitted = self._admission.admit(operation, caller.principal, allowed, caller.refusal)
            counted_as = admitted.counted_as
        except NotAdmitted as refusal:
            counted_as = refusal.counted_as
            raise
        finally:
            if caller.principal is not None:
                self.services.requests.note(caller.principal, counted_as)
        return admitted

    async def _run(self, operation: Operation, caller: Caller, admitted: Admitted) -> Result:
        context = self._context(caller, admitted)
        seconds = self.services.settings.graphql_seconds
        try:
            async with asyncio.timeout(seconds):
                result = await self._schema.execute(
                    operation.query,
                    variable_values=operation.variables,
                    context_value=context,
                    operation_name=operation.operation_name,
                )
        except TimeoutError:
            context.abandon()
            _log.warning("graphql.given_up", operation=operation.operation_name, seconds=seconds)
            late = _too_late(admitted.kind, seconds)
            errors = [GraphQLError(late.message, original_error=late)]
            return Result(data=None, errors=errors, cost=admitted.cost)
        finally:
            context.end()
        return Result(data=result.data, errors=result.errors or (), cost=admitted.cost)

    async def _follow(
        self, operation: Operation, caller: Caller, admitted: Admitted
    ) -> AsyncGenerator[Result, None]:
        context = self._context(caller, admitted)
        results = event_results(self._schema, admitted.document, operation, context)
        try:
            async with contextlib.aclosing(results):
                async for result in results:
                    yield Result(data=result.data, errors=result.errors or ())
        finally:
            context.end()

    def _context(self, caller: Caller, admitted: Admitted) -> Context:
        """Return what the resolvers of one operation are handed."""
        return Context(
            services=self.services,
            node_kinds=NODE_KINDS,
            now=self.services.clock.now(),
            started_at=self._started_at,
            known_principal=caller.principal,
            document=admitted.document,
            caller=caller,
        )


def _refused(refusal: NotAdmitted) -> Result:
    return Result(data=None, errors=refusal.errors, cost=refusal.cost)


def _too_late(kind: OperationType, seconds: int) -> Unavailable:
    message = f"the operation took longer than {seconds} s and was given up"
    is_change = kind is OperationType.MUTATION
    return Unavailable(f"{message}; whether it changed anything is not known" if is_change else message)
