"""Long-running components, started together and stopped stage by stage, in the order in which work flows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.log import get_logger

log = get_logger(__name__)


class Component(Protocol):
    """A long-running part."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then finish or give back what is held, and return."""
        ...


class ComponentDied(Exception):
    """A component ended by itself, which none may: its process has to be replaced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Components that may stop at the same time, and how long they may take at the most."""

    name: str
    components: Sequence[Component]
    stop_seconds: float


class _Running:
    """The tasks of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._stopping = asyncio.Event()
        self.tasks = [asyncio.ensure_future(component.run(self._stopping)) for component in stage.components]

    async def stop(self) -> None:
        """Stop its components; what is not done in time is cut."""
        self._stopping.set()
        began = time.monotonic()
        _, late = await asyncio.wait(self.tasks, timeout=self.stage.stop_seconds)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        if late:
            log.warning("stage.cut", stage=self.stage.name, seconds=round(time.monotonic() - began, 2))
        for result in results:
            if isinstance(result, Exception):
                log.exception("component.failed", raised=result, stage=self.stage.name)


async def run_stages(stages: Sequence[Stage], stopping: asyncio.Event) -> None:
    """Run all components until `stopping` is set, then stop them in the order of their stages.

    Raises ComponentDied, after having stopped all others, if one ends before.
    """
    running = [_Running(stage) for stage in stages if stage.components]
    tasks = [task for stage in running for task in stage.tasks]
    waiting = asyncio.ensure_future(stopping.wait())
    done, _ = await asyncio.wait((waiting, *tasks), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for stage in running:
        await stage.stop()
    if waiting not in done:
        raise ComponentDied
