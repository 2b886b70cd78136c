"""`python -m benchmarks.probe_load PORT TARGET PROBES CONNECTIONS`: has blackbox_exporter probe a target.

As Prometheus does, over connections that are kept. A probe that does not succeed ends it.
"""

from __future__ import annotations

import itertools
import sys
from urllib.parse import quote

from benchmarks.harness import pin_to_last_core
from benchmarks.kept_connections import send_all
from core.event_loop import run_fast

_SUCCESS = b"\nprobe_success 1\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"


def _is_whole(answer: bytes) -> bool:
    if not answer.endswith(_LAST_CHUNK):
        return False
    if _SUCCESS not in answer:
        raise ValueError(answer.decode())
    return True


async def _load(port: int, target: str, probes: int, connections: int) -> None:
    request = (
        f"GET /probe?module=http_2xx&target={quote(target, safe='')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    )
    await send_all(port, itertools.repeat(request.encode(), probes), connections, _is_whole)


if __name__ == "__main__":
    pin_to_last_core()
    port, target, probes, connections = sys.argv[1:5]
    run_fast(_load(int(port), target, int(probes), int(connections)))
