"""Checks a second of the http probe, a new connection each, on one core."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import importlib.util
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx

from benchmarks.harness import Benchmark, Contender, Rivalry, pin_to_first_core
from benchmarks.web_server import running_web_server
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus
from plugins.api.probe import ProbeContext
from plugins.probes.http import HTTP, HttpConfig

CHECKS_A_ROUND = 1_000
AT_ONCE = 50
TIMEOUT_SECONDS = 10.0

Look = Callable[[], Awaitable[None]]


async def _never_blocks(function: Callable[..., Any], /, *arguments: Any) -> Any:
    raise NotImplementedError


def _probe(url: str) -> Look:
    """Look as the runner does: the probe's coroutine, with a memory that lasts."""
    config = HttpConfig(url=url)
    context = ProbeContext(
        timeout_seconds=TIMEOUT_SECONDS, outbound=Outbound(), run_blocking=_never_blocks, memory={}
    )

    async def look() -> None:
        outcome = await HTTP.check(config, context)
        if outcome.status is not CheckStatus.UP:
            raise RuntimeError(outcome.message)

    return look


def _httpx_transport(url: str) -> Look:
    """The same request over httpx's own transport, called the same way: no client, a new connection each."""
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
    headers = {"User-Agent": "Tocsin", "Accept": "*/*", "Connection": "close"}
    request = httpx.Request(
        "GET", url, headers=headers, extensions={"timeout": httpx.Timeout(TIMEOUT_SECONDS).as_dict()}
    )

    async def look() -> None:
        response = await transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        if response.status_code != httpx.codes.OK:
            raise RuntimeError(f"HTTP {response.status_code}")

    return look


async def _look_often(make: Callable[[str], Look], url: str) -> float:
    look = make(url)
    turns = iter(range(CHECKS_A_ROUND))

    async def lane() -> None:
        for _ in turns:
            await look()

    started = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    return CHECKS_A_ROUND / (time.perf_counter() - started)


def _contender(
    name: str, make: Callable[[str], Look], url: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> Contender:
    def measure() -> float:
        gc.collect()
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(_look_often(make, url))

    return Contender(name=name, measure=measure)


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_first_core()
    with running_web_server() as port:
        url = f"http://127.0.0.1:{port}/"
        yield Rivalry(
            contenders=(
                _contender("http probe", _probe, url, asyncio.new_event_loop),
                _contender("httpx.AsyncHTTPTransport", _httpx_transport, url, asyncio.new_event_loop),
                *_on_uvloop(url),
            )
        )


def _on_uvloop(url: str) -> Iterator[Contender]:
    names = {"http probe, uvloop": _probe, "httpx.AsyncHTTPTransport, uvloop": _httpx_transport}
    if importlib.util.find_spec("uvloop") is None:
        yield from (Contender(name=name, missing="uvloop is not installed") for name in names)
        return
    loop = importlib.import_module("uvloop").new_event_loop
    yield from (_contender(name, make, url, loop) for name, make in names.items())


BENCHMARK = Benchmark(
    name="probing",
    title=f"http checks, a new connection each, {AT_ONCE} at once, one core",
    unit="checks/s",
    target=3.0,
    set_up=_set_up,
    rounds=11,
)
