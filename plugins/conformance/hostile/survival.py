"""What a kind owes to a hostile peer: one outcome, in time, in a line that people understand, and no traces."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from plugins.api.config import parse
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext
from plugins.conformance.checks import (
    PATIENCE_SECONDS,
    ConformanceCheck,
    make_check,
    require,
    require_line,
)
from plugins.conformance.config import Example
from plugins.conformance.hostile.connections import CONNECTION_PEERS
from plugins.conformance.hostile.peer import HostilePeer
from plugins.conformance.probe import require_clean

TIMEOUT_SECONDS = 2.0
_DESCRIPTORS = Path("/proc/self/fd")
_SOCKET = "socket:"


def hostile_checks(
    probe: Probe[Any],
    example_at: Callable[[int], Example],
    *,
    peers: Iterable[HostilePeer] = CONNECTION_PEERS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> list[ConformanceCheck]:
    """Return a check for each peer, to be run as a test of its own.

    `example_at` gives a configuration, as a client writes it, whose target is 127.0.0.1 at the port.
    """
    return [
        make_check(
            f"{probe.key} survives a peer that {peer}", _survives, probe, example_at, peer, timeout_seconds
        )
        for peer in peers
    ]


async def _survives(
    probe: Probe[Any], example_at: Callable[[int], Example], peer: HostilePeer, timeout_seconds: float
) -> None:
    open_before, tasks_before = _open_sockets(), asyncio.all_tasks()
    async with peer.served() as port:
        config = parse(probe.config, example_at(port))
        outcome = await _outcome(probe, config, timeout_seconds)
        require(isinstance(outcome, Outcome), f"check must return an Outcome, not {type(outcome).__name__}")
        require(outcome.status is not CheckStatus.UNKNOWN, "a hostile peer is no fault of Tocsin's own side")
        require_clean(outcome, config)
        if outcome.status is not CheckStatus.UP:
            require_line(outcome.message, "the message")
    left = {task for task in asyncio.all_tasks() - tasks_before if not task.done()}
    require(not left, f"must leave no task behind, not {[task.get_coro() for task in left]}")
    require(_open_sockets() <= open_before, "must leave no connection open")


async def _outcome(probe: Probe[Any], config: Any, timeout_seconds: float) -> Outcome:
    context = ProbeContext(
        timeout_seconds=timeout_seconds, outbound=Outbound(), run_blocking=asyncio.to_thread, memory={}
    )
    try:
        async with asyncio.timeout(timeout_seconds + PATIENCE_SECONDS):
            return await probe.check(config, context)
    except TimeoutError:
        require(False, f"must give an outcome within its timeout of {timeout_seconds:g} s")
        raise


def _open_sockets() -> set[str]:
    """Return the sockets that this process holds open, where the system tells."""
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in _DESCRIPTORS.iterdir():
            with contextlib.suppress(OSError):
                found.add(str(descriptor.readlink()))
    return {where for where in found if where.startswith(_SOCKET)}
