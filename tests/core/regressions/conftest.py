"""Monitors whose looks take as long as the test says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.regressions.sweep import RegressionSweep
from plugins.api.outcome import CheckStatus
from tests.core.engine_world import UP, EngineWorld

EVERY_SECONDS = 300
USUAL_MS = 100


@dataclass(kw_only=True)
class Track:
    """A world in which time passes with looks at monitors, and a worker that sweeps."""

    world: EngineWorld
    sweep: RegressionSweep
    every_seconds: int = EVERY_SECONDS

    async def monitor(self, *, is_watched: bool = True, **qualities: Any) -> UUID:
        """Make a monitor that is watched by the default policy, but for a day."""
        monitor = await self.world.monitor(interval_seconds=self.every_seconds, **qualities)
        await self.watch(monitor, is_watched=is_watched)
        return monitor

    async def watch(
        self, monitor: UUID, *, is_watched: bool = True, threshold_percent: int = 50, period_days: int = 1
    ) -> None:
        await self.world.fetch(
            "UPDATE monitors SET regression_enabled = $2, regression_threshold_percent = $3,"
            " regression_period_days = $4 WHERE id = $1",
            monitor,
            is_watched,
            threshold_percent,
            period_days,
        )

    async def looks(
        self,
        monitors: UUID | Collection[UUID],
        count: int,
        milliseconds: float,
        *,
        region_id: int = 1,
        status: CheckStatus = UP,
    ) -> None:
        """Let time pass with so many looks, that each take so long."""
        named = [monitors] if isinstance(monitors, UUID) else list(monitors)
        rows = await self.world.fetch("SELECT id, config_revision FROM monitors WHERE id = ANY($1)", named)
        for _ in range(count):
            self.world.clock.advance(self.every_seconds)
            await self.world.record(
                *(
                    self.world.finding(
                        row["id"],
                        status,
                        region_id=region_id,
                        revision=row["config_revision"],
                        response_time_ms=milliseconds,
                    )
                    for row in rows
                )
            )

    async def usual(self, *monitors: UUID, region_id: int = 1) -> None:
        """Let enough time pass for a baseline of USUAL_MS, and reckon it."""
        await self.looks(monitors, 42, USUAL_MS, region_id=region_id)
        await self.round()

    async def round(self) -> None:
        """Let the worker do a whole round."""
        while await self.sweep.step():
            pass

    async def each(self, monitors: UUID | Collection[UUID], count: int, milliseconds: float) -> None:
        """Let time pass with looks, and with a round after each of them."""
        for _ in range(count):
            await self.looks(monitors, 1, milliseconds)
            await self.round()

    async def baseline_ms(self, monitor: UUID) -> float | None:
        usual_us = await self.world.value(
            "SELECT usual_us FROM response_baselines AS b JOIN monitors AS m ON m.id = b.monitor_id"
            " AND m.config_revision = b.config_revision AND m.regression_period_days = b.period_days WHERE m.id = $1",
            monitor,
        )
        return None if usual_us is None else usual_us / 1000

    async def kinds(self, monitor: UUID) -> list[tuple[str, str, str | None]]:
        """Return kind, status and resolution of its incidents, in the order of their beginning."""
        return [
            (row["kind"], row["status"], row["resolution"]) for row in await self.world.incidents(monitor)
        ]


@pytest.fixture
async def world(database, clock) -> EngineWorld:
    """Three regions and an empty workspace."""
    made = EngineWorld(database=database, clock=clock)
    await made.prepare()
    return made


@pytest.fixture
def track(world: EngineWorld) -> Track:
    """Time that passes with a look every five minutes: a stretch is six of them."""
    return Track(world=world, sweep=RegressionSweep(database=world.database, clock=world.clock))
