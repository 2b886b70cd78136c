"""Whether the list executor is to be used: the setting allows it, and it passes a trial at the start.

It stands on insides of graphql-core and of Strawberry that no version promises. The pins in pyproject.toml keep
them as they are; where another version is installed all the same, lists are completed the stock way, and the
log says so.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
import strawberry
from strawberry.schema.config import StrawberryConfig

from core.db.listing import Ordering, Page, PageRequest
from core.log import get_logger
from core.settings import Switch
from graphql_schema.fast_lists.columns import Complete
from graphql_schema.fast_lists.list_executor import ListExecutor
from graphql_schema.pagination import Connection, Listed, RowPage
from graphql_schema.scalars import DATE_TIME

_log = get_logger(__name__)

_ROWS: Sequence[dict[str, Any]] = (
    {"id": "1", "color": 1},
    {"id": "2", "color": None},
    {"id": "3", "color": 2},
)
_DOCUMENT = """
query ($yes: Boolean = true, $by: Int = 3) { things {
  edges { node { ...All twice(by: 2) again: twice(by: $by) @include(if: $yes) } }
  nodes { id @skip(if: $yes) next { id next { id } } beside { __typename name ... on TrialThing { colors } } }
} }
fragment All on TrialThing { __typename id color at next { id } colors }
"""
_FAILING = "{ things { nodes { id fails } } }"

Row: TypeAlias = dict[str, Any]


@strawberry.enum(name="TrialColor")
class _Color(enum.IntEnum):
    RED = 1
    BLUE = 2


@strawberry.interface(name="TrialNamed")
class _Named:
    name: str


@strawberry.type(name="TrialThing")
class _Thing(_Named):
    id: strawberry.ID
    color: _Color | None
    colors: list[_Color]
    at: datetime

    @strawberry.field
    async def next(self) -> Annotated[_Thing, strawberry.lazy(__name__)] | None:
        await asyncio.sleep(0)
        row = next((row for row in _ROWS if row["id"] > self.id), None)
        return None if row is None else _shown(row)

    @strawberry.field
    async def beside(self) -> list[_Named]:
        return [self]

    @strawberry.field
    def twice(self, by: int) -> float:
        return int(self.id) * by / 2

    @strawberry.field
    async def fails(self) -> int:
        raise LookupError(self.id)


@strawberry.type
class _Query:
    @strawberry.field
    async def things(self) -> Connection[_Thing] | None:
        listed = Listed(select="", arguments=(), show=_shown)
        request = PageRequest(ordering=Ordering(name="trial"), size=len(_ROWS))
        page: Any = RowPage(listed, request, Page(rows=_ROWS), lambda: asyncio.sleep(0, 3))  # type: ignore[arg-type]
        return page  # type: ignore[no-any-return]


def _shown(row: Any) -> _Thing:
    return _Thing(
        name="thing",
        id=row["id"],
        color=row["color"],
        colors=[_Color.RED, _Color.BLUE],
        at=datetime(2026, 2, 16, tzinfo=UTC),
    )


class _TrialSchema(strawberry.Schema):
    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Log nothing: one of the documents is to fail."""


def list_executor(setting: Switch) -> type[ListExecutor] | None:
    """Return the executor to run queries with; None for the stock one. A trial that fails is logged."""
    fault = fault_of(ListExecutor) if setting is Switch.ON else None
    if fault is not None:
        _log.warning("graphql.fast_lists_off", reason=fault)
    return ListExecutor if setting is Switch.ON and fault is None else None


def fault_of(executor: type[ListExecutor]) -> str | None:
    """Return what is wrong with an executor, or None if its answers are those of the stock one."""
    try:
        with ThreadPoolExecutor(1) as beside:  # the thread that asks may have a loop running
            return beside.submit(asyncio.run, _fault(executor)).result()
    except Exception as error:  # whatever it is, the stock executor serves
        return repr(error)


async def _fault(executor: type[ListExecutor]) -> str | None:
    completed: list[bool] = []

    class Watched(executor):  # type: ignore[misc, valid-type]  # a class that is given
        async def _page(self, complete: Complete, page: RowPage) -> Any:
            completed.append(False)
            answer = await super()._page(complete, page)
            completed[-1] = True
            return answer

    stock, ours = _schema(None), _schema(Watched)
    for document in (_DOCUMENT, _FAILING):
        expected, found = await stock.execute(document), await ours.execute(document)
        if _told(expected) != _told(found):
            return f"the answers to {document.strip()} differ"
    return None if completed == [True, False] else f"pages were completed as {completed}"


def _schema(executor: type[ListExecutor] | None) -> strawberry.Schema:
    config = StrawberryConfig(scalar_map={datetime: DATE_TIME})
    return _TrialSchema(query=_Query, config=config, execution_context_class=executor)


def _told(result: Any) -> bytes:
    return msgspec.json.encode([result.data, [error.formatted for error in result.errors or ()]])
