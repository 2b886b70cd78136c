"""The loop that the long-running processes use: uvloop where it is installed, else asyncio's."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Coroutine
from typing import Any


def run_fast(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on the fastest loop there is."""
    with asyncio.Runner(loop_factory=new_fast_loop) as runner:
        runner.run(work)


def new_fast_loop() -> asyncio.AbstractEventLoop:
    """Return a loop of the fastest kind there is."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    return loop
