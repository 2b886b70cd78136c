"""Real servers on loopback for kinds to look at: web, TLS and DNS."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trustme

from plugins.api.outbound import Resolver

Answer = Callable[[bytes], bytes | Awaitable[bytes]]


@dataclass
class WebServer:
    """A server that answers each connection once; `requests` are the heads it got, with what came along."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ServeStream = Callable[..., Awaitable[int]]
ServeWeb = Callable[..., Awaitable[WebServer]]


@pytest.fixture
async def serve_stream() -> AsyncIterator[ServeStream]:
    """Start servers on free ports of loopback; connections are closed once their handler is done."""
    handling: set[asyncio.Task[None] | None] = set()
    async with contextlib.AsyncExitStack() as stack:

        async def start(handler: Handler, *, tls: ssl.SSLContext | None = None) -> int:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                handling.add(asyncio.current_task())
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                    await handler(reader, writer)
                writer.close()
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    await writer.wait_closed()

            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls, backlog=1024)
            stack.push_async_callback(_stop, server)
            return int(server.sockets[0].getsockname()[1])

        yield start
        await asyncio.gather(*(task for task in handling if task is not None))


@pytest.fixture
def serve_web(serve_stream: ServeStream) -> ServeWeb:
    """Start web servers that answer with what a function makes of the request, or with fixed bytes."""

    async def start(answer: Answer | bytes, *, tls: ssl.SSLContext | None = None) -> WebServer:
        web = WebServer(port=0)
        web.port = await serve_stream(functools.partial(_answer_once, web, answer), tls=tls)
        return web

    return start


async def _answer_once(
    web: WebServer, answer: Answer | bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    for line in request.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            request += await reader.readexactly(int(line.partition(b":")[2]))
    web.requests.append(request)
    said = answer if isinstance(answer, bytes) else answer(request)
    writer.write(said if isinstance(said, bytes) else await said)
    await writer.drain()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


@dataclass
class NameServer:
    """A name server whose records tests change: (name, type) to values, an rcode, or None for silence."""

    records: dict[tuple[str, str], list[str] | dns.rcode.Rcode | None]
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    ttl: int = 60
    cuts_answers: bool = False
    aliases: dict[str, str] = field(default_factory=dict)

    def reply(self, wire: bytes, *, over_tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        name, kind = (
            query.question[0].name.to_text(omit_final_dot=True),
            dns.rdatatype.to_text(query.question[0].rdtype),
        )
        self.asked.append((name, kind))
        response = dns.message.make_response(query)
        while name in self.aliases:
            response.answer.append(
                dns.rrset.from_text(f"{name}.", self.ttl, "IN", "CNAME", f"{self.aliases[name]}.")
            )
            name = self.aliases[name]
        record = self._record(name, kind)
        if record is None:
            return None
        if self.cuts_answers and not over_tcp:
            response.flags |= dns.flags.TC
        elif isinstance(record, dns.rcode.Rcode):
            response.set_rcode(record)
        elif record:
            response.answer.append(
                dns.rrset.from_text(dns.name.from_text(name), self.ttl, "IN", kind, *record)
            )
        return response.to_wire()

    def _record(self, name: str, kind: str) -> list[str] | dns.rcode.Rcode | None:
        exists = any(known == name for known, _ in self.records)
        return self.records.get((name, kind), [] if exists else dns.rcode.NXDOMAIN)

    def resolver(
        self, tmp_path: Path, *, search: tuple[str, ...] = (), hosts: str = "", seconds_a_try: float = 0.3
    ) -> Resolver:
        (tmp_path / "hosts").write_text(hosts)
        return Resolver(
            hosts=tmp_path / "hosts",
            servers=[("127.0.0.1", self.port)],
            search=search,
            seconds_a_try=seconds_a_try,
        )


class _OverUdp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.reply(data, over_tcp=False)
        if reply is not None:
            self._transport.sendto(reply, addr)


@pytest.fixture
async def name_server() -> AsyncIterator[NameServer]:
    server = NameServer(records={})

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        reply = server.reply(query, over_tcp=True)
        if reply is not None:
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()
        writer.close()

    over_tcp = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.port = over_tcp.sockets[0].getsockname()[1]
    over_udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _OverUdp(server), local_addr=("127.0.0.1", server.port)
    )
    yield server
    over_udp.close()
    await _stop(over_tcp)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own; `path` is what trusts it."""

    ca: trustme.CA
    path: str

    def server_context(self, *names: str, **options: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return Authority(ca=ca, path=str(path))


@pytest.fixture
def no_descriptor_is_left_open() -> Iterator[None]:
    """Everything that a test opens must be closed when it ends."""
    before = _open_descriptors()
    yield
    left = {fd: where for fd, where in _open_descriptors().items() if before.get(fd) != where}
    assert not [where for where in left.values() if where.startswith("socket:")]


def _open_descriptors() -> Mapping[str, str]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found[link.name] = str(link.readlink())
    return found
