"""The statement that adds up uptime for many monitors says what the rule says of each."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.access.sight import Sight
from core.ids import new_id, to_unix_ms
from core.monitors.status import MonitorStatus
from core.statistics.period import Window
from core.statistics.reading import uptimes
from core.statistics.uptime import StatusInterval, Uptime, uptime_between

WORKSPACE = UUID(int=7)
MONITORS = 60
START = datetime(2026, 2, 16, 11, 23, 0, 123_456, tzinfo=UTC)
SIGHT = Sight(workspace_id=WORKSPACE, project_ids=None, since=START)
HOUR = timedelta(hours=1)


def _chain(chance: random.Random, start_ms: int, end_ms: int) -> list[StatusInterval]:
    """Return intervals around a window, with gaps, of which some begin or end exactly with it."""
    within = [start_ms, end_ms, start_ms - 1, end_ms + 1]
    bounds = {chance.choice(within) if chance.random() < 0.2 else _near(chance, start_ms) for _ in range(9)}
    pairs = [pair for pair in itertools.pairwise(sorted(bounds)) if chance.random() < 0.8]
    is_open = chance.random() < 0.5
    return [
        StatusInterval(
            from_ms=from_ms,
            to_ms=None if is_open and place == len(pairs) - 1 else to_ms,
            status=chance.choice(list(MonitorStatus)),
            is_paused=chance.random() < 0.2,
        )
        for place, (from_ms, to_ms) in enumerate(pairs)
    ]


def _near(chance: random.Random, start_ms: int) -> int:
    return start_ms + chance.randint(-2_000_000, 5_000_000)


async def _store(database, made_at: dict[UUID, datetime], chains: dict[UUID, list[StatusInterval]]) -> None:
    async with database.acquire() as connection:
        await connection.executemany(
            "INSERT INTO monitors (id, workspace_id, project_id, name, kind, is_passive, config, target,"
            " timeout_seconds, created_at, updated_at) VALUES ($1, $2, $1, 'm', 'door', false, '{}', '-', 9, $3, $3)",
            [(monitor, WORKSPACE, moment) for monitor, moment in made_at.items()],
        )
        await connection.executemany(
            "INSERT INTO status_intervals (monitor_id, workspace_id, from_ms, to_ms, status, is_paused)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (monitor, WORKSPACE, each.from_ms, each.to_ms, int(each.status), each.is_paused)
                for monitor, chain in chains.items()
                for each in chain
            ],
        )


@pytest.mark.parametrize("seed", range(3))
async def test_uptimes_are_the_parts_that_the_rule_finds_in_the_intervals(database, seed) -> None:
    chance, window = random.Random(seed), Window(start=START, end=START + HOUR)
    start_ms, end_ms = to_unix_ms(window.start), to_unix_ms(window.end)
    ages = [timedelta(0), timedelta(microseconds=400), timedelta(days=9), -HOUR / 3, -HOUR, -2 * HOUR]
    made_at = {
        new_id(START + timedelta(milliseconds=place)): START - chance.choice(ages)
        for place in range(MONITORS)
    }
    chains = {monitor: _chain(chance, start_ms, end_ms) for monitor in made_at}
    await _store(database, made_at, chains)

    async with database.acquire() as connection:
        found = await uptimes(connection, SIGHT, list(made_at), window)

    for monitor, chain in chains.items():
        expected = uptime_between(chain, max(start_ms, to_unix_ms(made_at[monitor])), end_ms)
        parts = {name: found[monitor][name] for name in Uptime.__slots__ if name != "maintenance_ms"}
        assert Uptime(**parts) == expected, (made_at[monitor], chain)


async def test_of_a_monitor_that_is_gone_or_anothers_nothing_is_known(database) -> None:
    gone, others = new_id(START), new_id(START)
    await _store(database, {others: START - HOUR}, {others: []})

    async with database.acquire() as connection:
        stranger = replace(SIGHT, workspace_id=UUID(int=8))
        found = await uptimes(connection, stranger, [gone, others], Window(start=START, end=START + HOUR))

    assert all(
        found[monitor][name] == 0 for monitor in (gone, others) for name in ("up_ms", "down_ms", "unknown_ms")
    )
