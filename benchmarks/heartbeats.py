"""Durable pings a second over HTTP, against the same application with one upsert a ping."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator

import asyncpg

from benchmarks.durable_postgres import durable_postgres
from benchmarks.harness import Benchmark, Contender, Rivalry, pin_to_first_core
from benchmarks.ping_server import RIVAL_TABLE
from core.clock import MeasuredClock
from core.ids import new_id
from core.secret_text import digest_of

MONITORS = 10_000
CONNECTIONS = 64
PINGS_A_ROUND = 10_000


async def _make_heartbeats(url: str) -> list[str]:
    """Store the heartbeats and return their tokens, in no order that the database knows."""
    now = MeasuredClock().now()
    workspace_id = new_id(now)
    tokens = [secrets.token_urlsafe(32) for _ in range(MONITORS)]
    connection = await asyncpg.connect(url)
    await connection.execute(RIVAL_TABLE)
    await connection.copy_records_to_table(
        "heartbeats",
        columns=("monitor_id", "workspace_id", "token", "token_sha256"),
        records=[(new_id(now), workspace_id, token, digest_of(token)) for token in tokens],
    )
    await connection.execute("ANALYZE heartbeats")
    await connection.close()
    random.Random(1).shuffle(tokens)
    return tokens


@contextlib.contextmanager
def _ping_server(url: str, receiver: str) -> Iterator[int]:
    command = (sys.executable, "-m", "benchmarks.ping_server", url, receiver)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(20)


def _contender(name: str, port: int, tokens: list[str]) -> Contender:
    command = (sys.executable, "-m", "benchmarks.ping_load", str(port), str(PINGS_A_ROUND), str(CONNECTIONS))

    def measure() -> float:
        done = subprocess.run(command, input="\n".join(tokens), stdout=subprocess.PIPE, text=True, check=True)
        return PINGS_A_ROUND / float(done.stdout)

    return Contender(name=name, measure=measure)


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_first_core()  # and with it the database and the servers; the load takes the last core
    with durable_postgres() as url:
        tokens = asyncio.run(_make_heartbeats(url))
        with _ping_server(url, "ours") as ours, _ping_server(url, "rival") as rival:
            yield Rivalry(
                contenders=(
                    _contender("group commit, limit, history", ours, tokens),
                    _contender("one upsert a ping", rival, tokens),
                )
            )


BENCHMARK = Benchmark(
    name="heartbeats",
    title=f"durable pings, {CONNECTIONS} connections over {MONITORS} monitors, server and database on one core",
    unit="pings/s",
    target=1.8,
    set_up=_set_up,
)
