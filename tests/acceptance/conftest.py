"""A whole Tocsin as its user starts it, a web server that can fail, and a receiver of webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

OWNER_TOKEN = "an-owner-token-of-more-than-32-characters"
PATIENCE_SECONDS = 60
# What the command line of a process of that role contains; not merely "worker", which PostgreSQL has too.
COMMANDS = {"api": "core.api_process", "worker": "core.worker", "postgres": "bin/postgres -D"}


@dataclass
class Tocsin:
    """`tocsin serve` in a data directory of its own. It can be killed, in part or whole, and started again."""

    data_dir: Path
    environment: dict[str, str]
    process: asyncio.subprocess.Process | None = None
    url: str = ""

    @property
    def log(self) -> Path:
        """What it wrote to stderr."""
        return self.data_dir.parent / "serve.log"

    async def start(self) -> None:
        """Start it and wait for the ready line."""
        port = self.url.rpartition(":")[2] or "0"
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "core.cli",
                    "serve",
                    "--port",
                    port,
                    "--data-dir",
                    str(self.data_dir),
                ),
                env={**os.environ, **self.environment},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_SECONDS)
        assert line.startswith(b"tocsin ready http://"), (self.data_dir.parent / "serve.log").read_text()[
            -4000:
        ]
        self.url = line.decode().split()[-1]

    async def stop(self) -> float:
        """Ask it to stop; return the seconds that took."""
        if self.process is None or self.process.returncode is not None:
            return 0.0
        began = time.monotonic()
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), PATIENCE_SECONDS)
        return time.monotonic() - began

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role below the supervisor."""
        assert self.process is not None
        return [pid for pid in descendants(self.process.pid) if COMMANDS[role] in command_line(pid)]

    def kill(self, role: str) -> None:
        """`kill -9` every process of a role: api, worker, postgres, or supervisor."""
        assert self.process is not None
        victims = [self.process.pid] if role == "supervisor" else self.pids(role)
        assert victims, f"no process of role {role}"
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def kill_everything(self) -> None:
        """`kill -9` the supervisor and all that is below it."""
        assert self.process is not None
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.process.wait()

    async def graphql(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a document as the owner; return its data, and fail on any error."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            response = await client.post(
                f"{self.url}/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {OWNER_TOKEN}"},
            )
        answer = response.json()
        assert "errors" not in answer, answer
        for payload in (value for value in answer["data"].values() if isinstance(value, dict)):
            assert not payload.get("userErrors"), payload
        return answer["data"]

    async def _try_to_connect(self) -> asyncpg.Connection[asyncpg.Record] | None:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, IndexError):
            return await asyncpg.connect(database_address(self.data_dir))
        return None

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection to the embedded database, behind the back of every process, once it takes one."""
        connection = await _until(self._try_to_connect, "the database to take a connection")
        try:
            yield connection
        finally:
            with contextlib.suppress(
                OSError, asyncpg.PostgresError, asyncpg.InterfaceError
            ):  # it may be dead
                await connection.close()


def database_address(data_dir: Path) -> str:
    """Return the address of the embedded database, from the server's own note of its socket."""
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://tocsin@/tocsin?host={lines[4]}"


def descendants(pid: int) -> list[int]:
    """Return all processes below `pid`, nearest first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                status = (entry / "stat").read_text()
                parents.setdefault(int(status.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(0), [])
        found += children
        queue += children
    return found


def command_line(pid: int) -> str:
    """Return the words that a process was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.fixture
def more_settings() -> dict[str, str]:
    """What a test module sets beyond the owner, by its own fixture of this name."""
    return {}


@pytest.fixture
async def tocsin(tmp_path: Path, more_settings: dict[str, str]) -> AsyncIterator[Tocsin]:
    """A started Tocsin; whatever is left of it at the end is stopped."""
    served = Tocsin(
        data_dir=tmp_path / "data",
        environment={
            "TOCSIN_OWNER_EMAIL": "owner@example.org",
            "TOCSIN_OWNER_PASSWORD": "a long password",
            "TOCSIN_OWNER_TOKEN": OWNER_TOKEN,
            **more_settings,
        },
    )
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


class Website:
    """A web server on loopback that answers with `status`. While `gate` is closed it takes requests and waits."""

    def __init__(self) -> None:
        self.status = 200
        self.hits = 0
        self.gate = threading.Event()
        self.gate.set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.hits += 1
                site.gate.wait(PATIENCE_SECONDS)
                with contextlib.suppress(OSError):  # whoever asked may be gone meanwhile
                    self.send_response(site.status)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@dataclass(frozen=True, kw_only=True)
class Received:
    """One webhook request as it came in."""

    id: str
    body: bytes
    signature: str

    @property
    def payload(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)

    @property
    def event(self) -> str:
        return self.payload["event"]


class Receiver:
    """An endpoint for webhooks on loopback. While `gate` is closed it takes requests and does not answer."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.gate = threading.Event()
        self.gate.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append(
                    Received(
                        id=self.headers["X-Webhook-Id"] or "",
                        body=body,
                        signature=self.headers["X-Webhook-Signature"] or "",
                    )
                )
                receiver.gate.wait(PATIENCE_SECONDS)
                with contextlib.suppress(OSError):  # the sender may have been killed meanwhile
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def events(self) -> list[str]:
        """Return the events in the order of their arrival, a repeated delivery once."""
        first: dict[str, str] = {}
        for request in self.requests:
            first.setdefault(request.id, request.event)
        return list(first.values())


def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def website() -> Iterator[Website]:
    """A web server that can be told to fail."""
    site = Website()
    for _ in _serving(site.server):
        yield site
        site.gate.set()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    endpoint = Receiver()
    for _ in _serving(endpoint.server):
        yield endpoint
        endpoint.gate.set()


async def _until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        await asyncio.sleep(0.05)
    pytest.fail(f"waited {PATIENCE_SECONDS} s in vain for {what}")


@pytest.fixture
def until() -> Callable[[Callable[[], Any], str], Any]:
    """`await until(condition, "what")`: wait for a condition, plain or a coroutine, and return its value."""
    return _until
