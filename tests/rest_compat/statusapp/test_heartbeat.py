"""The heartbeat addresses over real HTTP, as jobs ping them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar

from core.bounded_body import MOST_BODY_BYTES
from core.clock import ManualClock
from core.db.database import Database, PoolUse
from core.heartbeats.receiver import PingReceiver
from core.heartbeats.tokens import create_heartbeat
from core.ids import new_id
from core.inherited_socket_server import InheritedSocketServer
from core.request_frame import RequestFrame
from core.supervision.listening_socket import BACKLOG, listen
from rest_compat.route import Call
from rest_compat.statusapp.heartbeat import heartbeat_route
from rest_compat.statusapp.heartbeat_routes import ROUTES

OK = {"message": "OK"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A server with one heartbeat, and what is stored of it."""

    port: int
    token: str
    monitor_id: UUID
    database: Database
    client: httpx.AsyncClient

    def path(self, suffix: str = "") -> str:
        """Return the path of the heartbeat's address."""
        return f"/api/v1/heartbeat/{self.token}{suffix}"

    async def raw(self, request: bytes) -> bytes:
        """Send bytes and return all that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await writer.drain()
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    async def pings(self) -> list[Any]:
        """Return kind, message, exit code and run id of what was stored, in order."""
        async with self.database.acquire() as connection:
            rows = await connection.fetch(
                "SELECT kind, message, exit_code, run_id FROM pings WHERE monitor_id = $1 ORDER BY arrived_at",
                self.monitor_id,
            )
        return [tuple(row) for row in rows]


@pytest.fixture
async def door(database: Database, database_dsn: str, clock: ManualClock) -> AsyncIterator[Door]:
    """The route on a real server, with the limit that the page documents."""
    faces = await Database.connect(database_dsn, use=PoolUse.FACES, max_size=4)
    receiver = PingReceiver(database=faces, clock=clock, pings_per_minute=5)
    app = Litestar(route_handlers=[heartbeat_route(receiver)], openapi_config=None, logging_config=None)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = InheritedSocketServer(RequestFrame(app, clock), listener.detach(), BACKLOG)
    started = asyncio.Event()
    serving = asyncio.create_task(server.run(started.set))
    await started.wait()
    monitor_id, workspace_id = new_id(clock.now()), new_id(clock.now())
    async with database.acquire() as connection:
        token = await create_heartbeat(connection, workspace_id=workspace_id, monitor_id=monitor_id)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        yield Door(port=port, token=token, monitor_id=monitor_id, database=database, client=client)
    server.end()
    await serving
    await faces.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("suffix", "kind", "exit_code"),
    [
        ("", "SUCCESS", None),
        ("/", "SUCCESS", None),
        ("/start", "START", None),
        ("/fail", "FAIL", None),
        ("/log", "LOG", None),
        ("/0", "SUCCESS", 0),
        ("/3", "FAIL", 3),
        ("/255", "FAIL", 255),
    ],
)
async def test_get_head_and_post_are_alike(door, method, suffix, kind, exit_code) -> None:
    response = await door.client.request(method, door.path(suffix))

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == str(len(b'{"message":"OK"}'))
    assert response.content == (b"" if method == "HEAD" else b'{"message":"OK"}')
    assert response.headers["x-request-id"].startswith("req_")
    assert await door.pings() == [(kind, None, exit_code, None)]


async def test_what_is_told_of_the_addresses_is_what_they_do(owner, services) -> None:
    for route in ROUTES:
        token = f"job-{route.name}"
        await owner.add_heartbeat(token=token)
        path = route.path.replace("{heartbeatId}", token)
        call = Call(
            services=services, known_principal=None, path={"heartbeatId": token}, query={}, body=b"words"
        )

        mounted = await owner.client.request(route.method, path, content=b"words")

        assert msgspec.to_builtins(await route.answer(call)) == route.example, path
        assert mounted.content == (b"" if route.method == "HEAD" else msgspec.json.encode(route.example))
        rows = await owner.fetch("SELECT kind, message FROM pings ORDER BY arrived_at DESC LIMIT 2")
        assert rows[0] == rows[1], path


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
async def test_any_other_method_is_refused_and_stores_nothing(door, method) -> None:
    response = await door.client.request(method, door.path())

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert_error(response, "METHOD_NOT_ALLOWED")
    assert await door.pings() == []


@pytest.mark.parametrize(
    "path",
    [
        "unknown",
        "%00",
        "%ff%fe",
        "..%2f..",
        "a/b/c",
        "TOKEN/256",
        "TOKEN/-1",
        "TOKEN/1000",
        "TOKEN/%D9%A3",
        "TOKEN/3/4",
        "TOKEN/stop",
        "TOKENx",
        "x" * 3_000,
    ],
)
async def test_an_unknown_or_malformed_address_is_not_found_in_one_form(door, path) -> None:
    response = await door.client.post(f"/api/v1/heartbeat/{path.replace('TOKEN', door.token)}", json={})

    assert response.status_code == 404
    assert_error(response, "NOT_FOUND")
    assert await door.pings() == []


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b'{"message": "1.2 GB"}', "application/json", "1.2 GB"),
        (b'{"error": "no disk"}', "application/json", "no disk"),
        (b'{"error": "Backup script failed"}', "application/x-www-form-urlencoded", "Backup script failed"),
        (b'{"message": null, "more": [1]}', None, '{"message": null, "more": [1]}'),
        (b'{"message": 7}', "application/json", '{"message": 7}'),
        (b'{"message": "cut of', "application/json", '{"message": "cut of'),
        (b"plain words", "text/plain", "plain words"),
        (b"\xff\xfe", "application/octet-stream", "\ufffd\ufffd"),
        (b"a\x00b", None, "ab"),
        (b'{"message": "\\u0000!"}', "application/json", "!"),
        (b'{"message": "\\ud800"}', "application/json", '{"message": "\\ud800"}'),
        (b"[1, 2]", "application/json", "[1, 2]"),
        (b"", "application/json", None),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=y", "--x\r\nnonsense"),
    ],
)
async def test_whatever_a_job_sends_is_its_message(door, content, content_type, message) -> None:
    headers = {"content-type": content_type} if content_type else {}

    response = await door.client.post(door.path(), content=content, headers=headers)

    assert (response.status_code, response.json()) == (200, OK)
    ((_, stored, _, _),) = await door.pings()
    assert stored == message


async def test_a_get_with_a_body_says_it_too(door) -> None:
    await door.client.request("GET", door.path("/fail"), content=b"broken")

    assert await door.pings() == [("FAIL", "broken", None, None)]


async def test_the_run_is_named_in_the_query(door) -> None:
    await door.client.get(door.path("/start"), params={"x": "y", "rid": "run 1"})
    await door.client.get(door.path(), params={"grid": "z"})

    assert [run_id for *_, run_id in await door.pings()] == ["run 1", None]


async def test_pages_of_all_sites_may_ping(door) -> None:
    asked = await door.client.options(door.path("/fail"), headers={"Origin": "https://app.example.org"})
    answers = [
        await door.client.post(door.path()),
        await door.client.get("/api/v1/heartbeat/unknown"),
        await door.client.put(door.path()),
    ]

    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert asked.headers["access-control-allow-headers"] == "Content-Type, Authorization, X-API-Key"
    assert asked.headers["access-control-max-age"] == "86400"
    assert [each.headers["access-control-allow-origin"] for each in (asked, *answers)] == ["*"] * 4
    assert [each.status_code for each in answers] == [200, 404, 405]
    assert [kind for kind, *_ in await door.pings()] == ["SUCCESS"]


async def test_a_long_message_is_cut_and_accepted(door) -> None:
    words = "wörter " * 5_000

    response = await door.client.post(door.path(), json={"message": words})

    assert response.status_code == 200
    ((_, stored, _, _),) = await door.pings()
    assert words.startswith(stored)
    assert 10 * 1024 - 1 <= len(stored.encode()) <= 10 * 1024


async def test_a_body_of_a_megabyte_is_taken_and_a_longer_one_is_refused(door) -> None:
    taken = await door.client.post(door.path(), content=b"x" * MOST_BODY_BYTES)
    refused = await door.client.post(door.path(), content=b"x" * (MOST_BODY_BYTES + 1))

    assert taken.status_code == 200
    assert refused.status_code == 413
    assert_error(refused, "PAYLOAD_TOO_LARGE")
    assert len(await door.pings()) == 1


async def test_a_long_body_without_a_length_is_refused_before_it_is_whole(door) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = f"POST {door.path()} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()

    answer = await door.raw(head + chunk * 20)  # and no end

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert await door.pings() == []


async def test_a_body_in_chunks_is_one_message(door) -> None:
    head = (
        f"POST {door.path()} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    )

    answer = await door.raw(head.encode() + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert await door.pings() == [("SUCCESS", "hello world", None, None)]


async def test_a_client_that_leaves_in_the_middle_of_its_body_has_said_nothing(door) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(f"POST {door.path()} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert (await door.client.get(door.path("/log"))).status_code == 200
    assert [kind for kind, *_ in await door.pings()] == ["LOG"]


async def test_the_sixth_ping_of_a_minute_is_told_to_wait_and_a_failure_still_comes_through(door) -> None:
    accepted = [await door.client.get(door.path()) for _ in range(5)]
    limited = await door.client.get(door.path())
    failure = await door.client.get(door.path("/fail"))

    assert [response.status_code for response in accepted] == [200] * 5
    assert limited.status_code == 429
    assert limited.headers["retry-after"] == "12"
    assert_error(limited, "RATE_LIMIT_EXCEEDED")
    assert failure.status_code == 200


async def test_every_answer_says_what_the_address_has_left_of_its_pings(door, clock) -> None:
    unknown = "/api/v1/heartbeat/unknown"
    accepted = [await door.client.get(door.path()) for _ in range(5)]
    limited = await door.client.get(door.path())
    others = [
        await door.client.options(door.path()),
        await door.client.put(door.path()),
        await door.client.get(unknown),
        await door.client.post(unknown, content=b"x" * (MOST_BODY_BYTES + 1)),
    ]

    now = int(clock.now().timestamp())
    assert [_limits(each) for each in accepted] == [
        (5, 4 - place, now + 12 * (place + 1)) for place in range(5)
    ]
    assert (limited.status_code, _limits(limited)) == (429, (5, 0, now + 12))
    assert [each.status_code for each in others] == [204, 405, 404, 413]
    assert [_limits(each) for each in others] == [(5, 5, now)] * 4


def _limits(response: httpx.Response) -> tuple[int, ...]:
    return tuple(int(response.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))


async def test_without_a_database_the_answer_is_never_success(door, database_dsn) -> None:
    async with door.database.acquire() as connection:
        await connection.execute("ALTER TABLE pings RENAME TO away")

    response = await door.client.post(door.path(), json={"message": "lost?"})

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert _limits(response)[:2] == (5, 5)
    assert_error(response, "SERVICE_UNAVAILABLE")


def assert_error(response: httpx.Response, code: str) -> None:
    """The one form of an error in the dialect."""
    body = json.loads(response.content)
    assert set(body) == {"error", "code"}
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
