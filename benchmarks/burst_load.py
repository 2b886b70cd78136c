"""`python -m benchmarks.burst_load PORT`: pings the tokens on stdin within one second, a connection each.

Whoever gets no answer, or another one than OK, asks again a little later, as `curl --retry` does. Says `half` on
stdout when half of the pings have been sent, and at the end how many were answered with OK, how many asked again,
and the seconds until the last answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

from benchmarks.harness import pin_to_last_core
from core.event_loop import run_fast

BURST_SECONDS = 1.0
RETRY_SECONDS = 0.25
PATIENCE_SECONDS = 30.0

_OK = b"HTTP/1.1 200 "


async def _ask(port: int, token: str) -> bool:
    """Return whether a ping was answered with OK."""
    request = f"GET /api/v1/heartbeat/{token} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.encode())
        return (await reader.read()).startswith(_OK)
    finally:
        writer.close()


async def _ping(port: int, token: str, wait_seconds: float) -> int:
    """Ping until the answer is OK; return how often that took a further try."""
    await asyncio.sleep(wait_seconds)
    tries = 0
    while True:
        with contextlib.suppress(OSError):
            if await _ask(port, token):
                return tries
        tries += 1
        await asyncio.sleep(RETRY_SECONDS)


async def _burst(port: int, tokens: list[str]) -> None:
    spacing = BURST_SECONDS / len(tokens)
    began = time.perf_counter()
    pings = [asyncio.ensure_future(_ping(port, token, place * spacing)) for place, token in enumerate(tokens)]
    await asyncio.sleep(BURST_SECONDS / 2)
    print("half", flush=True)
    done, waiting = await asyncio.wait(pings, timeout=PATIENCE_SECONDS)
    seconds = time.perf_counter() - began
    for ping in waiting:
        ping.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    print(len(done), sum(ping.result() > 0 for ping in done), f"{seconds:.2f}", flush=True)


if __name__ == "__main__":
    pin_to_last_core()
    run_fast(_burst(int(sys.argv[1]), sys.stdin.read().split()))
