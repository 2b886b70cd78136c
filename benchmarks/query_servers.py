"""Servers that answer the dashboard's query over HTTP: our API process, and PostGraphile 4."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from benchmarks.durable_postgres import DurablePostgres
from benchmarks.harness import Contender
from benchmarks.processor_time import IS_KNOWN, seconds_of, seconds_of_family
from core.settings import Switch

QUERIES_A_ROUND = 40
AT_ONCE = 4

_FOLDER = Path(__file__).parent / "rivals" / "postgraphile"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryServer:
    """A process that answers POSTs to /graphql."""

    pid: int
    port: int


@contextlib.contextmanager
def api_server(url: str, fast_lists: Switch) -> Iterator[QueryServer]:
    """Give the API application in a process of its own, as `tocsin serve` runs it."""
    command = (sys.executable, "-m", "benchmarks.ping_server", url, "ours", fast_lists)
    with _running(command) as server:
        yield server


@contextlib.contextmanager
def postgraphile(postgres: DurablePostgres) -> Iterator[QueryServer]:
    """Give PostGraphile on views of our tables."""
    asyncio.run(_show_tables(postgres.url))
    (socket_folder,) = parse_qs(urlsplit(postgres.url).query)["host"]
    command = ("node", str(_FOLDER / "server.js"), socket_folder, "tocsin", "tocsin")
    with _running(command) as server:
        yield server


def postgraphile_missing() -> str | None:
    """Say why PostGraphile cannot be measured here, or None if it can."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not (_FOLDER / "node_modules" / "postgraphile").exists():
        return f"not installed: run npm install in {_FOLDER.relative_to(Path(__file__).parents[1])}"
    return None


def query_contender(
    name: str, server: QueryServer, document: str, *, postgres: DurablePostgres | None = None
) -> Contender:
    """Return a contender whose figure is queries a second of the server's processor time.

    `document` is one of GraphQL, or `GET` and a path. With `postgres` the database's processor time counts too. Without either known, it is the clock's.
    """

    def measure() -> float:
        before = _worked(server, postgres)
        seconds = _load(server.port, document)
        worked = _worked(server, postgres) - before
        return QUERIES_A_ROUND / (worked if IS_KNOWN else seconds)

    return Contender(name=name, measure=measure)


def _load(port: int, document: str) -> float:
    command = (sys.executable, "-m", "benchmarks.query_load", str(port), str(QUERIES_A_ROUND), str(AT_ONCE))
    done = subprocess.run(command, input=document, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def _worked(server: QueryServer, postgres: DurablePostgres | None) -> float:
    if not IS_KNOWN:
        return 0.0
    return seconds_of(server.pid) + (0.0 if postgres is None else seconds_of_family(postgres.pid))


@contextlib.contextmanager
def _running(command: Sequence[str]) -> Iterator[QueryServer]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield QueryServer(pid=server.pid, port=int(server.stdout.readline()))
        finally:
            server.stdin.close()
            server.wait(20)


async def _show_tables(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute((_FOLDER / "schema.sql").read_text())
    await connection.close()
