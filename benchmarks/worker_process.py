"""`python -m benchmarks.worker_process URL CORE`: a worker as the supervisor starts it, on one core.

It knows one kind more, which answers at once. It says when it is ready, and ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from core.event_loop import run_fast
from core.plugin_registry import PluginRegistry, build_registry
from core.plugin_sources import OWN_DISTRIBUTION, PluginSource, installed_sources
from core.settings import Settings
from core.worker import work
from plugins.api.config import Config
from plugins.api.hookspecs import hookimpl
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext

INSTANT = "instant"
_STOP_SECONDS = 20
_UP = Outcome(status=CheckStatus.UP, response_time_ms=0.1)


class InstantConfig(Config):
    """Nothing to choose."""

    target: str = "nothing"


async def _answer(_config: InstantConfig, _context: ProbeContext) -> Outcome:
    return _UP


class _InstantKind:
    """The plugin that brings the kind."""

    @hookimpl
    def register_probes(self) -> Sequence[Probe[Any]]:
        """Return the kind."""
        instant = Probe(
            key=INSTANT,
            title="Instant",
            description="Answers at once.",
            config=InstantConfig,
            check=_answer,
            target=lambda config: config.target,
        )
        return (instant,)


def _registry() -> PluginRegistry:
    instant = PluginSource(entry_point=INSTANT, distribution=OWN_DISTRIBUTION, load=_InstantKind)
    return build_registry((*installed_sources().sources, instant))


async def _work(url: str) -> None:
    stopping = asyncio.Event()
    ending = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    ending.add_done_callback(lambda _ended: stopping.set())
    await work(Settings(database_url=url), _registry(), stopping, lambda: print("ready", flush=True))


@contextlib.contextmanager
def running_worker(url: str, core: int) -> Iterator[int]:
    """Run a worker on one core; give its process id."""
    command = (sys.executable, "-m", "benchmarks.worker_process", url, str(core))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            if worker.stdout.readline() != b"ready\n":
                raise RuntimeError("the worker did not get ready")
            yield worker.pid
        finally:
            worker.stdin.close()
            worker.wait(_STOP_SECONDS)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[2])})
    run_fast(_work(sys.argv[1]))
