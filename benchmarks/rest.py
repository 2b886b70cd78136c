"""StatusApp's list of monitors over HTTP, against the same fields by GraphQL with the list executor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from benchmarks.dashboard_rows import CHECKS_EACH, MONITORS, fill
from benchmarks.durable_postgres import running_postgres
from benchmarks.harness import Benchmark, Rivalry
from benchmarks.query_servers import api_server, query_contender
from core.clock import MeasuredClock
from core.settings import Switch

ROUTE = "GET /api/v1/monitors?limit=100"
# All that the route answers with, out of the same six statements.
TWIN = """
{ monitors(first: 100, orderBy: CREATED_DESC) { totalCount nodes {
  id name kind target intervalSeconds status paused createdAt updatedAt checkCount incidentCount
  probe { ... on HttpProbeConfig { url presentation } }
  lastCheck { id status responseTimeMs statusCode checkedAt region { country countryCode city } }
} } }
"""


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    with running_postgres() as postgres:
        asyncio.run(fill(postgres.url, MeasuredClock().now()))
        with api_server(postgres.url, Switch.ON) as server:
            yield Rivalry(
                contenders=(
                    query_contender("GET /api/v1/monitors", server, ROUTE),
                    query_contender("GraphQL", server, TWIN),
                )
            )


BENCHMARK = Benchmark(
    name="rest",
    title=f"a page of 100 monitors with last check and counts, out of {MONITORS} with {CHECKS_EACH} checks each; "
    "processor time of the API process",
    unit="pages/s",
    target=1.3,
    set_up=_set_up,
)
