"""A database that goes away in every way there is: noticed in time, said once, and worked with again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from core.db import listener as listener_module
from core.db.database import Database, PoolUse
from core.db.listener import Listener
from core.wakeup import Wakeup
from core.work_loop import work_in_rounds
from tests.own_postgres import PATIENCE_SECONDS, Network, OwnPostgres, url_of

POOL_SIZE = 3


class Work:
    """A part of a process that writes, round after round, through a network that can be cut."""

    def __init__(self, server: OwnPostgres, network: Network) -> None:
        self.server = server
        self.network = network
        self.database = Database.unopened(url_of(network.address), use=PoolUse.ENGINE, max_size=POOL_SIZE)
        self.rounds = 0
        self.taken: list[asyncpg.Connection[asyncpg.Record]] = []

    async def step(self) -> int:
        async with self.database.transaction() as connection:
            await connection.execute("INSERT INTO tally VALUES (1)")
        self.rounds += 1
        await asyncio.sleep(0.01)
        return 1

    async def goes_on(self) -> None:
        """Wait for rounds that begin from now on."""
        wanted = self.rounds + 3
        await until(lambda: self.rounds >= wanted)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
async def work(own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Work]:
    """Work under way, and a listener beside it that is less patient than in earnest."""
    monkeypatch.setattr(listener_module, "PULSE_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(listener_module, "SILENCE_SECONDS", 4.0)
    await own_postgres.execute("CREATE TABLE tally (n integer)")
    await own_postgres.execute(
        "CHECKPOINT"
    )  # its commits are not waited for, and some of these ways are crashes
    network = Network(own_postgres)
    await network.open()
    work = Work(own_postgres, network)
    await work.database.open()
    stopping = asyncio.Event()
    running = [
        asyncio.create_task(Listener(database=work.database, handlers={}).run(stopping)),
        asyncio.create_task(
            work_in_rounds(work.step, name="work", wakeup=Wakeup(), stopping=stopping, poll_seconds=0.1)
        ),
    ]
    await work.goes_on()
    yield work
    stopping.set()
    await asyncio.gather(*running)
    await work.database.close()
    for connection in work.taken:
        connection.terminate()
    await network.close()


class Fast:
    """A server that is stopped in order, and started again."""

    order = signal.SIGINT

    async def leave(self, work: Work) -> None:
        work.server.stop(self.order)

    async def come_back(self, work: Work) -> None:
        await work.server.start()


class Immediate(Fast):
    """A server that drops everything, and recovers."""

    order = signal.SIGQUIT


class Killed(Fast):
    """A server all of whose processes are killed."""

    order = signal.SIGKILL


class Frozen:
    """A server that stands still: connections are open, and nobody answers on them."""

    async def leave(self, work: Work) -> None:
        work.server.freeze()

    async def come_back(self, work: Work) -> None:
        work.server.thaw()


class Silence:
    """A network that swallows everything, and forgets the connections that it carried."""

    async def leave(self, work: Work) -> None:
        work.network.cut()

    async def come_back(self, work: Work) -> None:
        work.network.mend(keeping_connections=False)


class Refusal:
    """An address at which nobody listens any more."""

    async def leave(self, work: Work) -> None:
        await work.network.close()

    async def come_back(self, work: Work) -> None:
        await work.network.open()


class Crowd:
    """A server that others have taken all connections of."""

    async def leave(self, work: Work) -> None:
        work.server.stop()
        work.server.settings = {"max_connections": "8", "max_wal_senders": "2"}
        work.server.launch()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(work.taken) < 8:
                try:
                    work.taken.append(await asyncpg.connect(work.server.url))
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.02)
                if work.taken:
                    await work.taken[0].execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'tocsin'"
                    )

    async def come_back(self, work: Work) -> None:
        while work.taken:
            work.taken.pop().terminate()


class ReadOnly:
    """A server that lets nobody write, without a word to those who are connected."""

    async def leave(self, work: Work) -> None:
        await _set_read_only(work.server, "on")

    async def come_back(self, work: Work) -> None:
        await _set_read_only(work.server, "off")


async def _set_read_only(server: OwnPostgres, value: str) -> None:
    await server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await server.execute("SELECT pg_reload_conf()")


class Recovering:
    """A server that is started, and still on its way: it says so, and lets nobody in."""

    hot_standby = "off"

    async def leave(self, work: Work) -> None:
        work.server.stop()
        (work.server.cluster / "standby.signal").touch()
        work.server.settings = {"hot_standby": self.hot_standby}
        work.server.launch()
        await work.server.recovers()

    async def come_back(self, work: Work) -> None:
        work.server.promote()


class Standby(Recovering):
    """A server that may be read only, as a primary is that was demoted."""

    hot_standby = "on"


WAYS = [Fast, Immediate, Killed, Frozen, Silence, Refusal, Crowd, ReadOnly, Recovering, Standby]


@pytest.mark.parametrize("way", WAYS)
async def test_however_it_goes_away_work_goes_on_when_it_is_back(
    work: Work, way, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    absence = way()

    await absence.leave(work)
    await until(lambda: work.database.reach.is_lost)
    rounds = work.rounds
    await absence.come_back(work)
    await work.goes_on()

    assert work.rounds > rounds
    await until(lambda: "database.reachable" in caplog.messages)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("core.")]
    # Once, and not for every attempt; a busy machine may lose it once more.
    times = len(said) // 2
    assert said == ["database.unreachable", "database.reachable"] * times
    assert times <= 3
    await _every_connection_can_be_had(work.database)


async def _every_connection_can_be_had(database: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), contextlib.AsyncExitStack() as held:
        for _ in range(POOL_SIZE - 1):  # the work has one of its own
            await held.enter_async_context(database.acquire())


async def test_who_waits_for_a_server_that_stands_still_gets_an_error_and_not_an_eternity(work: Work) -> None:
    asked = [asyncio.create_task(_ask(work.database)) for _ in range(POOL_SIZE * 2)]
    work.server.freeze()

    async with asyncio.timeout(PATIENCE_SECONDS):
        failures = await asyncio.gather(*asked, return_exceptions=True)
    work.server.thaw()

    assert all(isinstance(failure, (asyncpg.PostgresConnectionError, TimeoutError)) for failure in failures)


async def _ask(database: Database) -> None:
    async with database.acquire() as connection:
        while True:
            await connection.execute("SELECT 1")


async def test_a_block_that_is_given_up_on_a_silent_network_gives_its_connection_back(
    own_postgres: OwnPostgres,
) -> None:
    network = Network(own_postgres)
    await network.open()
    database = await Database.connect(url_of(network.address), use=PoolUse.ENGINE, max_size=1)
    network.cut()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.transaction() as connection:
                await connection.execute("SELECT 1")
    network.mend()

    async with asyncio.timeout(PATIENCE_SECONDS), database.transaction() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.close()
    await network.close()


async def test_the_next_of_several_servers_is_asked_when_one_is_silent_gone_or_to_be_read_only(
    own_postgres: OwnPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby = own_postgres.copy_to(tmp_path / "standby")
    await standby.start()
    nowhere = Network(own_postgres)
    await nowhere.open()
    gone = nowhere.address
    await nowhere.close()
    silent = Network(own_postgres)
    await silent.open()
    silent.cut()
    url = url_of(standby.address, gone, silent.address, own_postgres.address)
    database = Database.unopened(url, use=PoolUse.ENGINE, max_size=2)
    await database.open()

    async with database.acquire() as connection:
        assert await connection.fetchval("SHOW port") == str(own_postgres.port)
    # That server is asked first from now on: no time is lost on the others.
    assert database._connector._addresses[0] == own_postgres.url

    await database.close()
    silent.mend(keeping_connections=False)
    await silent.close()
    standby.stop(signal.SIGKILL)
