"""Checks a second of the http probe, a new connection each, on one core, against httpx's own transport."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Iterator

import httpx

from benchmarks.harness import Benchmark, Rivalry, pin_to_first_core
from benchmarks.probe_lanes import AT_ONCE, TIMEOUT_SECONDS, Look, contender, http_look, uvloop
from benchmarks.web_server import running_web_server

CHECKS_A_ROUND = 1_000


def _httpx_transport(url: str) -> Look:
    """Send the same request over httpx's own transport, called the same way: no client, a new connection each."""
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


@contextlib.contextmanager
def _set_up() -> Iterator[Rivalry]:
    pin_to_first_core()
    with running_web_server() as url:
        ours, httpx_transport = functools.partial(http_look, url), functools.partial(_httpx_transport, url)
        yield Rivalry(
            contenders=(
                contender("http probe", ours, CHECKS_A_ROUND, asyncio.new_event_loop),
                contender(
                    "httpx.AsyncHTTPTransport", httpx_transport, CHECKS_A_ROUND, asyncio.new_event_loop
                ),
                contender("http probe, uvloop", ours, CHECKS_A_ROUND, uvloop()),
                contender("httpx.AsyncHTTPTransport, uvloop", httpx_transport, CHECKS_A_ROUND, uvloop()),
            )
        )


BENCHMARK = Benchmark(
    name="probing",
    title=f"http checks, a new connection each, {AT_ONCE} at once, processor time",
    unit="checks/s",
    target=3.0,
    set_up=_set_up,
    rounds=11,
)
