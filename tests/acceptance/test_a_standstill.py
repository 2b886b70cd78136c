"""All of Tocsin is stopped while it looks, for longer than the look may take: nobody is told of an outage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.ids import to_unix_ms
from tests.acceptance.conftest import Tocsin, descendants

TIMEOUT_SECONDS = 10
CREATE_WEBHOOK = """
mutation ($url: String!) { createWebhook(input: {name: "receiver", url: $url,
  events: [MONITOR_DOWN, MONITOR_UP, INCIDENT_CREATED]}) { webhook { id } userErrors { path message } } }
"""
CREATE_MONITOR = """
mutation ($url: String!, $timeout: Int!) { createMonitor(input: {name: "the shop", probe: {http: {url: $url}},
  intervalSeconds: 10, timeoutSeconds: $timeout, confirmation: {failuresToOpen: 1}})
  { monitor { id } userErrors { path message } } }
"""
UPTIME = "query ($id: ID!) { monitor(id: $id) { uptime(period: DAY) { unknownSeconds downSeconds } } }"


class SlowOnce:
    """A web server that answers at once, but for one request after `hang` was set: that one it never answers."""

    def __init__(self) -> None:
        self.hang = threading.Event()
        self.hanging = threading.Event()
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if site.hang.is_set():
                    site.hang.clear()
                    site.hanging.set()
                    site.over.wait()
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def slow_once() -> Iterator[SlowOnce]:
    site = SlowOnce()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield site
    site.over.set()
    site.server.shutdown()
    site.server.server_close()
    thread.join()


def signal_all(tocsin: Tocsin, number: int) -> None:
    assert tocsin.process is not None
    for pid in [tocsin.process.pid, *descendants(tocsin.process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def test_a_look_under_way_while_everything_was_stopped_is_unknown_and_nobody_is_told(
    tocsin, slow_once, receiver, until
) -> None:
    await tocsin.graphql(CREATE_WEBHOOK, url=receiver.url)
    created = await tocsin.graphql(CREATE_MONITOR, url=slow_once.url, timeout=TIMEOUT_SECONDS)

    async def statuses() -> list[int]:
        async with tocsin.database() as connection:
            rows = await connection.fetch("SELECT status FROM checks ORDER BY slot")
        return [row["status"] for row in rows]

    await until(statuses, "the first look")
    slow_once.hang.set()
    await until(slow_once.hanging.is_set, "a look that gets no answer")

    signal_all(tocsin, signal.SIGSTOP)
    await asyncio.sleep(TIMEOUT_SECONDS + 2)  # the thing itself: time that Tocsin does not live through
    signal_all(tocsin, signal.SIGCONT)

    async def is_over() -> bool:
        seen = await statuses()
        return 4 in seen and seen[-1] == 1

    await until(is_over, "the look that could not be, and a success after it")
    async with tocsin.database() as connection:
        said = await connection.fetch("SELECT error, slot FROM checks WHERE status = 4")
        seen_again = await connection.fetchval(
            "SELECT min(slot) FROM checks WHERE status = 1 AND slot > $1", said[0]["slot"]
        )
        late = await connection.fetchval("SELECT count(*) FROM checks GROUP BY slot HAVING count(*) > 1")
        assert await connection.fetchval("SELECT count(*) FROM incidents") == 0
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 0
    assert all(row["error"].startswith("could not look: this process stood still for") for row in said)
    assert (len(said), late, receiver.requests) == (1, None, [])
    assert 3 not in await statuses()
    monitor_id = created["createMonitor"]["monitor"]["id"]
    uptime = (await tocsin.graphql(UPTIME, id=monitor_id))["monitor"]["uptime"]
    gap = to_unix_ms(seen_again) - to_unix_ms(said[0]["slot"])
    assert uptime == {"unknownSeconds": gap / 1000, "downSeconds": 0}
