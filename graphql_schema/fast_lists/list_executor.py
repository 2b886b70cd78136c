"""The executor of queries: pages of rows level by level, everything else as graphql-core does it.

A page whose selection cannot be planned is completed the stock way. An answer with an error in a page, or with
several errors, is never ours: the operation is then run again by the stock executor alone, so that the data, the
errors, their paths and their order are its own. From a page on in which a field will be refused, all of it is the
stock executor's, so that it need not be run again. Mutations are always its own, as they cannot be.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from graphql import ExecutionResult, GraphQLOutputType, GraphQLResolveInfo, OperationType, is_non_null_type
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from core.log import get_logger
from graphql_schema.context import Context
from graphql_schema.fast_lists.abandoned import NotOpen
from graphql_schema.fast_lists.columns import Complete
from graphql_schema.fast_lists.plans import Place, Planner
from graphql_schema.pagination import RowPage

_log = get_logger(__name__)


class ListExecutor(StockExecutor):
    """Runs one operation. Of graphql-core's insides it replaces `complete_value`, and asks what Planner asks."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        is_query = self.operation.operation is OperationType.QUERY
        self.planner = Planner(self) if is_query else None
        self.is_ours = False
        self._is_abandoned = False

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Run the operation; run it the stock way if the answer cannot be ours."""
        result = super().execute_operation(serially)
        return self._judged(result, serially) if self.is_awaitable(result) else result

    async def _judged(self, running: Awaitable[Any], serially: bool | None) -> ExecutionResult:
        result: ExecutionResult = await running
        if not self.is_ours or not (self._is_abandoned or len(result.errors or ()) > 1):
            return result
        if isinstance(self.context_value, Context):
            self.context_value.start_over()
        stock: Any = self.build_per_event_executor(self.root_value)
        stock.planner, stock.is_ours = None, False
        again = stock.execute_operation(serially)
        return await again if self.is_awaitable(again) else again  # type: ignore[no-any-return]

    def complete_value(  # noqa: PLR0917  (graphql-core's signature)
        self,
        return_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a page of rows level by level, and any other value as it is."""
        if result.__class__ is RowPage and self.planner is not None:
            place = Place(details=field_details_list, path=path, info=info)
            plan = self._planned(self.planner, return_type, place)
            if plan is not None:
                self.is_ours = True
                return self._page(plan, result)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    async def _page(self, complete: Complete, page: RowPage) -> Any:
        try:
            column = complete([page])
            (completed,) = column if isinstance(column, list) else await column
        except Exception as error:
            self._is_abandoned = True
            _log.debug("graphql.page_abandoned", error=repr(error))
            raise
        return completed

    def _planned(self, planner: Planner, page_type: Any, place: Place) -> Complete | None:
        try:
            return planner.plan(page_type.of_type if is_non_null_type(page_type) else page_type, place)
        except NotOpen:
            self.planner = None
        except Exception as error:  # whatever it is, the stock way comes upon it too
            _log.debug("graphql.page_not_planned", error=repr(error))
        return None
