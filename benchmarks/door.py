"""What the door of GraphQL costs a request: authentication, limits and counting, against the same route without."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from litestar import Litestar, Request

from benchmarks.dashboard import DASHBOARD
from benchmarks.dashboard_rows import SECRET, make_workspace
from benchmarks.durable_postgres import durable_postgres
from benchmarks.harness import Benchmark, Contender, Rivalry, pin_to_first_core
from core.asgi import LeanLitestar
from core.clock import MeasuredClock
from core.db.database import Database, PoolUse
from core.event_loop import new_fast_loop
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.services import Services, build_services
from core.settings import Settings
from graphql_schema.callers import Caller
from graphql_schema.endpoint import GraphQLEndpoint, handlers
from graphql_schema.fast_lists.trial import list_executor
from graphql_schema.operation_request import Operation
from graphql_schema.operations import Operations
from graphql_schema.schema import build_schema

MOST_MICROSECONDS = 150.0
REQUESTS = 800
BLOCK = 20

# The dashboard's document is there to be judged, and skipped so that what is measured is not PostgreSQL.
DOCUMENT = f"query ($full: Boolean!) {{ viewer {{ role }} ... on Query @include(if: $full) {DASHBOARD} }}"
BODY = msgspec.json.encode({"query": DOCUMENT, "variables": {"full": False}})
_SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "root_path": "",
    "query_string": b"",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
    "headers": [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {SECRET}".encode()),
        (b"content-length", str(len(BODY)).encode()),
    ],
}


class _OpenOperations(Operations):
    """Runs the one operation as it was let in the first time: nothing is judged or counted."""

    _known: Any = None

    def _admit(self, operation: Operation, caller: Caller, allowed: Any) -> Any:
        if self._known is None:
            self._known = super()._admit(operation, caller, allowed)
        return self._known


class _OpenDoor(GraphQLEndpoint):
    """The same route for a caller who is known already: nobody is looked up or held to a quota."""

    def __init__(self, operations: Operations, known: Caller) -> None:
        super().__init__(operations)
        self._known = known

    async def _caller(self, _request: Request[Any, Any, Any]) -> Caller:
        return self._known


class _Doors:
    """Both applications in one process, asked in turns without a network between."""

    def __init__(self, services: Services, known: Caller) -> None:
        schema = build_schema(services.registry, executor=list_executor(services.settings.fast_lists))
        self._ours = _app(GraphQLEndpoint(Operations(schema=schema, services=services)))
        self._open = _app(_OpenDoor(_OpenOperations(schema=schema, services=services), known))
        self._rounds: list[tuple[float, float]] = []

    async def measure(self) -> float:
        """Return the microseconds of processor time that the door adds to a request: the median of small blocks.

        Neighbours who empty the caches make a block dearer, and either of the two as likely.
        """
        added = []
        taken = []
        for number in range(REQUESTS // BLOCK):
            first, second = (self._ours, self._open) if number % 2 else (self._open, self._ours)
            seconds = {app: await _seconds(app) for app in (first, second)}
            taken.append((seconds[self._ours], seconds[self._open]))
            added.append(seconds[self._ours] - seconds[self._open])
        self._rounds = taken
        return statistics.median(added) / BLOCK * 1e6

    def explain(self) -> Sequence[str]:
        """Tell the last round's figures of both."""
        ours, without = (
            statistics.median(figures) / BLOCK * 1e6 for figures in zip(*self._rounds, strict=True)
        )
        return [f"  a request with the door {ours:.0f} µs, without it {without:.0f} µs (the last round)"]


def _app(endpoint: GraphQLEndpoint) -> Litestar:
    return LeanLitestar(route_handlers=list(handlers(endpoint)), openapi_config=None, logging_config=None)


async def _seconds(app: Litestar) -> float:
    began = time.process_time()
    for _ in range(BLOCK):
        await _ask(app)
    return time.process_time() - began


async def _ask(app: Litestar) -> None:
    sent = [{"type": "http.request", "body": BODY, "more_body": False}]
    answer = b""

    async def receive() -> Any:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal answer
        answer += message.get("body", b"")

    await app({**_SCOPE, "headers": list(_SCOPE["headers"])}, receive, send)  # type: ignore[arg-type]  # a scope of our own
    if b'"role":"OWNER"' not in answer:
        raise RuntimeError(f"the query failed: {answer.decode()}")


async def _fill(database: Database, clock: MeasuredClock) -> None:
    async with database.acquire() as connection:
        await make_workspace(connection, clock.now())


@contextlib.contextmanager
def _measured_doors() -> Iterator[Rivalry]:
    pin_to_first_core()
    with durable_postgres() as url, asyncio.Runner(loop_factory=new_fast_loop) as runner:
        database = runner.run(Database.connect(url, use=PoolUse.FACES, max_size=4))
        clock = MeasuredClock()
        runner.run(database.measure(clock))
        runner.run(_fill(database, clock))
        settings = Settings(database_url=url)
        services = build_services(
            settings=settings,
            database=database,
            registry=load_plugins(),
            clock=clock,
            outbound=outbound_for(settings),
        )
        known = Caller(services, token=SECRET)
        runner.run(known.identify())
        doors = _Doors(services, known)
        gc.freeze()  # as core/supervision/lifeline.py does
        ours = Contender(name="the door", measure=lambda: runner.run(doors.measure()))
        yield Rivalry(contenders=[ours], limit=MOST_MICROSECONDS, explain=doors.explain)
        runner.run(database.close())


BENCHMARK = Benchmark(
    name="door",
    title="authentication, limits and counting of a GraphQL request, one core",
    unit="µs of processor time added to a request (150 allowed)",
    target=1.0,
    set_up=_measured_doors,
    less_is_better=True,
)
