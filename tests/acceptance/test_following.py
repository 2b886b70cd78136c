"""Changes are followed on a whole Tocsin: over its own server and loop, while its processes are killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path

import httpx
import msgspec
import websockets

from tests.acceptance.conftest import OWNER_TOKEN

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "follow-changes-live.md"
CREATE = (
    "mutation ($name: String!) { createMonitor(input: {name: $name, intervalSeconds: 3600,"
    ' probe: {http: {url: "http://127.0.0.1:9/"}}}) { monitor { id } userErrors { message } } }'
)
FOLLOW = "subscription ($after: String!) { monitorChanged(after: $after) { cursor change monitorId monitor { name } } }"
PATIENCE_SECONDS = 60


async def _changes(tocsin, after: str):
    """Yield changes for ever, connecting again after every break."""
    while True:
        with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
            async with websockets.connect(
                tocsin.url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]
            ) as socket:
                await socket.send(
                    msgspec.json.encode(
                        {"type": "connection_init", "payload": {"token": OWNER_TOKEN}}
                    ).decode()
                )
                payload = {"query": FOLLOW, "variables": {"after": after}}
                await socket.send(
                    msgspec.json.encode({"type": "subscribe", "id": "1", "payload": payload}).decode()
                )
                async for text in socket:
                    message = msgspec.json.decode(text)
                    if message["type"] == "next":
                        change = message["payload"]["data"]["monitorChanged"]
                        after = change["cursor"]
                        yield change
        await asyncio.sleep(0.1)


async def _create(tocsin, name: str) -> str:
    """Create a monitor; while a process is being replaced, try again, unless it was made after all."""
    while True:
        with contextlib.suppress(httpx.TransportError, AssertionError, msgspec.DecodeError):
            found = await tocsin.graphql(
                "query ($name: String!) { monitors(first: 5, filter: {search: $name}) { nodes { id } } }",
                name=name,
            )
            if found["monitors"]["nodes"]:
                return found["monitors"]["nodes"][0]["id"]
            await tocsin.graphql(CREATE, name=name)
        await asyncio.sleep(0.1)


async def test_a_follower_sees_each_change_once_over_kills_and_a_restart(tocsin) -> None:
    after = (await tocsin.graphql("{ eventCursor }"))["eventCursor"]
    seen: list[tuple[str, str]] = []

    async def follow() -> None:
        async for change in _changes(tocsin, after):
            cursor, monitor = change["cursor"], change["monitorId"]
            seen.append((cursor, monitor))

    following = asyncio.create_task(follow())
    made = []
    for round_number, role in enumerate(("api", "worker", "postgres")):
        made.append(await _create(tocsin, f"before {round_number}."))
        tocsin.kill(role)
        made.append(await _create(tocsin, f"after {round_number}."))
    await tocsin.stop()
    await tocsin.start()
    made.append(await _create(tocsin, "at last."))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not set(made) <= {monitor for _, monitor in seen}:
            await asyncio.sleep(0.1)
    following.cancel()

    cursors = [cursor for cursor, _ in seen]
    assert len(cursors) == len(set(cursors))
    first_seen = list(dict.fromkeys(monitor for _, monitor in seen))
    assert [monitor for monitor in first_seen if monitor in made] == list(dict.fromkeys(made))


async def test_the_end_of_the_server_closes_subscriptions_and_is_quick(tocsin) -> None:
    async with websockets.connect(
        tocsin.url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]
    ) as socket:
        await socket.send(
            msgspec.json.encode({"type": "connection_init", "payload": {"token": OWNER_TOKEN}}).decode()
        )
        await socket.recv()
        headers = {"Authorization": f"Bearer {OWNER_TOKEN}", "Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
            client.stream(
                "GET",
                f"{tocsin.url}/graphql",
                params={"query": "subscription { monitorChanged { cursor } }"},
                headers=headers,
            ) as stream,
        ):
            lines = stream.aiter_lines()
            assert await anext(lines) == ":"
            stopping = asyncio.create_task(tocsin.stop())
            told = [line async for line in lines]
        await socket.wait_closed()
        await stopping

    assert "event: complete" in told
    assert socket.close_code == 1001


async def test_the_program_of_the_how_to_guide_follows_changes(tocsin, tmp_path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    (tmp_path / "follow.py").write_text(program)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(tmp_path / "follow.py"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TOCSIN_URL": tocsin.url, "TOCSIN_TOKEN": OWNER_TOKEN},
    )
    assert process.stdout is not None
    try:
        reading = asyncio.create_task(process.stdout.readline())
        number = 0
        # It says nothing before the first change: changes are made until it tells of one.
        while not reading.done():
            number += 1
            await _create(tocsin, f"number {number}.")
            await asyncio.wait((reading,), timeout=1)
        line = (await reading).decode()
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()

    assert re.fullmatch(r"(CREATED|UPDATED|STATUS) mon_\w+ [A-Z]+\n", line)
