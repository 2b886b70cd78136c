"""Checks a second of this process's own processor time, many at once on one loop."""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import Contender
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus
from plugins.api.probe import ProbeContext
from plugins.probes.http import HTTP, HttpConfig

AT_ONCE = 50
TIMEOUT_SECONDS = 10.0

Look = Callable[[], Awaitable[None]]
MakeLoop = Callable[[], asyncio.AbstractEventLoop]


def contender(name: str, make: Callable[[], Look], checks: int, loop: MakeLoop | None) -> Contender:
    """Return looks as a contender on a loop; without a loop, it is missing. `make` is called within the loop."""
    if loop is None:
        return Contender(name=name, missing="uvloop is not installed")

    def measure() -> float:
        gc.collect()
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(_checks_a_second(make, checks))

    return Contender(name=name, measure=measure)


def uvloop() -> MakeLoop | None:
    """Return what makes loops of uvloop, or None where it is not installed."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    make: MakeLoop = importlib.import_module("uvloop").new_event_loop
    return make


async def _checks_a_second(make: Callable[[], Look], checks: int) -> float:
    look = make()
    await look()  # which loads the certificate authorities, once a process
    turns = iter(range(checks))

    async def lane() -> None:
        for _ in turns:
            await look()

    started = time.process_time()
    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    return checks / (time.process_time() - started)


def http_look(url: str, authority: Path | None = None) -> Look:
    """Look as the runner does: the http probe's coroutine, with a memory that lasts."""
    config = HttpConfig(url=url)
    context = ProbeContext(
        timeout_seconds=TIMEOUT_SECONDS,
        outbound=Outbound(authorities=None if authority is None else str(authority)),
        run_blocking=_never_blocks,
        memory={},
    )

    async def look() -> None:
        outcome = await HTTP.check(config, context)
        if outcome.status is not CheckStatus.UP:
            raise RuntimeError(outcome.message)

    return look


async def _never_blocks(function: Callable[..., Any], /, *arguments: Any) -> Any:
    raise NotImplementedError
