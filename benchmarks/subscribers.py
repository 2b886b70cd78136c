"""What 1,000 idle subscribers cost an API process: memory, and processor time while nothing happens.

Each round starts a server anew, as memory that was freed once is not asked for again.
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.harness import Benchmark, Contender, Rivalry

SUBSCRIBERS = 1_000
LIMIT_MB = 30.0
IDLE_SECONDS = 33.0  # a beat, as every 30 s there is one
LIMIT_CPU_PERCENT = 1.0
_TOKEN = "a-benchmark-token-of-more-than-32-characters"
_DOCUMENT = "subscription { monitorChanged { cursor change monitor { name status } } }"
_TICKS = os.sysconf("SC_CLK_TCK")

_cpu_seconds: dict[str, float] = {}


@contextmanager
def _rivalry() -> Iterator[Rivalry]:
    yield Rivalry(
        contenders=(
            Contender(name="graphql-transport-ws", measure=lambda: _megabytes("websocket", _subscribe)),
            Contender(name="server-sent events", measure=lambda: _megabytes("events", _listen)),
        ),
        limit=LIMIT_MB,
        explain=_explain,
    )


def _megabytes(name: str, open_one: Callable[[int], socket.socket]) -> float:
    """Return by how much the subscribers make the API process grow."""
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        _server(Path(folder)) as (port, pid),
        ExitStack() as stack,
    ):
        # What the first ones bring in is the process's own: code, the parsed document, connections of the pool.
        for _ in range(10):
            stack.enter_context(open_one(port))
        time.sleep(1)
        before = _resident_bytes(pid)
        for _ in range(SUBSCRIBERS):
            stack.enter_context(open_one(port))
        time.sleep(2)
        grown = _resident_bytes(pid) - before
        began = _processor_seconds(pid)
        time.sleep(IDLE_SECONDS)
        _cpu_seconds[name] = _processor_seconds(pid) - began
    return grown / 1_000_000


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """Start `tocsin serve`; give its port and the process that answers."""
    environment = {
        **os.environ,
        "TOCSIN_OWNER_EMAIL": "owner@example.org",
        "TOCSIN_OWNER_PASSWORD": "a long password",
        "TOCSIN_OWNER_TOKEN": _TOKEN,
    }
    command = (sys.executable, "-m", "core.cli", "serve", "--port", "0", "--data-dir", str(folder / "data"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        if not line.startswith("tocsin ready "):
            raise RuntimeError("tocsin serve did not get ready")
        yield int(line.strip().rpartition(":")[2].strip("/")), _api_process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


def _api_process(supervisor: int) -> int:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return next(
        int(pid) for pid in children if b"core.api_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _subscribe(port: int) -> socket.socket:
    """Open a WebSocket and subscribe."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /graphql HTTP/1.1\r\nHost: tocsin\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
    )
    _read_until(connection, b"\r\n\r\n")
    _send(connection, {"type": "connection_init", "payload": {"Authorization": f"Bearer {_TOKEN}"}})
    _read_until(connection, b"connection_ack")
    _send(connection, {"id": "1", "type": "subscribe", "payload": {"query": _DOCUMENT}})
    return connection


def _send(connection: socket.socket, message: object) -> None:
    """Send a text frame, masked by zeros."""
    text = msgspec.json.encode(message)
    size = len(text)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2)
    connection.sendall(b"\x81" + length + bytes(4) + text)


def _listen(port: int) -> socket.socket:
    """Ask for server-sent events."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    body = msgspec.json.encode({"query": _DOCUMENT})
    connection.sendall(
        b"POST /graphql HTTP/1.1\r\nHost: tocsin\r\nContent-Type: application/json\r\n"
        b"Accept: text/event-stream\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
        % (_TOKEN.encode(), len(body), body)
    )
    _read_until(connection, b":\n\n")
    return connection


def _read_until(connection: socket.socket, end: bytes) -> None:
    received = b""
    while end not in received:
        data = connection.recv(4096)
        if not data:
            raise RuntimeError(f"the server closed after {received!r}")
        received += data


def _explain() -> Sequence[str]:
    return [
        f"  {SUBSCRIBERS:,} by {name}: {seconds:.2f} s of processor time in {IDLE_SECONDS:.0f} s with its keep-alive"
        f" beats: {100 * seconds / IDLE_SECONDS:.2f} % of a core (at most {LIMIT_CPU_PERCENT:.0f} %)"
        for name, seconds in _cpu_seconds.items()
    ]


BENCHMARK = Benchmark(
    name="subscribers",
    title=f"{SUBSCRIBERS:,} idle subscribers of one API process",
    unit="MB",
    target=1.0,
    set_up=_rivalry,
    rounds=1,
    less_is_better=True,
)
