"""`python -m benchmarks.ping_load PORT PINGS CONNECTIONS`: pings over HTTP, tokens on stdin; prints the seconds.

Any other answer than OK ends it.
"""

from __future__ import annotations

import itertools
import sys

from benchmarks.harness import pin_to_last_core
from benchmarks.kept_connections import send_all
from core.event_loop import run_fast

_OK = b"HTTP/1.1 200 "
_BODY_END = b'{"message":"OK"}'


def _is_whole(answer: bytes) -> bool:
    if answer.endswith(_BODY_END):
        return True
    if not answer.startswith(_OK):
        raise ValueError(answer.decode())
    return False


async def _load(port: int, pings: int, connections: int, tokens: list[str]) -> None:
    requests = [
        f"GET /api/v1/heartbeat/{token} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode() for token in tokens
    ]
    turns = itertools.islice(itertools.cycle(requests), pings)
    print(await send_all(port, turns, connections, _is_whole))


if __name__ == "__main__":
    pin_to_last_core()
    run_fast(_load(*map(int, sys.argv[1:4]), sys.stdin.read().split()))
