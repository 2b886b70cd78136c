"""Connections: made to the address judged, secured, told apart when they fail, and closed."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from plugins.api.outbound import (
    AddressPolicy,
    AddressRefused,
    ConnectFailed,
    ConnectionLost,
    LocalFault,
    NameNotFound,
    Outbound,
    OutboundError,
    Phase,
    ResolverUnavailable,
    TimedOut,
    TlsFailed,
)
from plugins.api.outbound.errors import connect_error
from plugins.api.outbound.tls import tls_error
from tests.plugins.conftest import Authority, NameServer, ServeStream, ServeWeb

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

GREETING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
QUESTION = b"GET / HTTP/1.1\r\n\r\n"


async def ask(outbound: Outbound, host: str, port: int, **options: object) -> bytes:
    async with await outbound.open_stream(host, port, **options) as stream:  # type: ignore[arg-type]
        await stream.send(QUESTION)
        answer = b""
        while data := await stream.receive():
            answer += data
    return answer


async def test_a_stream_speaks_with_its_target(serve_web: ServeWeb) -> None:
    web = await serve_web(GREETING)

    assert await ask(Outbound(), "127.0.0.1", web.port) == GREETING


async def test_a_large_message_goes_through_whole(serve_web: ServeWeb) -> None:
    web = await serve_web(b"x" * 3_000_000)

    assert len(await ask(Outbound(), "127.0.0.1", web.port)) == 3_000_000


async def test_a_large_message_goes_through_tls_whole(serve_web: ServeWeb, authority: Authority) -> None:
    web = await serve_web(b"x" * 3_000_000, tls=authority.server_context("localhost"))
    outbound = Outbound(authorities=authority.path)

    assert len(await ask(outbound, "localhost", web.port, tls=True)) == 3_000_000


async def test_a_refused_connection_is_the_targets_fault(closed_port: int) -> None:
    with pytest.raises(ConnectFailed, match=r"^connection refused \(127\.0\.0\.1 port \d+\)$") as raised:
        await Outbound().open_stream("127.0.0.1", closed_port)

    assert not raised.value.local_fault


async def test_the_next_address_is_tried_where_the_first_refuses(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(GREETING)
    name_server.records = {("web.test", "A"): ["127.0.0.9", "127.0.0.1"], ("web.test", "AAAA"): ["::1"]}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    async with await outbound.open_stream("web.test", web.port) as stream:
        assert stream.address == IPv4Address("127.0.0.1")


async def test_addresses_that_the_policy_forbids_are_left_out(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(GREETING)
    name_server.records = {("web.test", "A"): ["169.254.169.254", "127.0.0.1"]}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    async with await outbound.open_stream("web.test", web.port) as stream:
        assert stream.address == IPv4Address("127.0.0.1")


async def test_a_name_that_leads_only_to_forbidden_addresses_is_refused(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): ["169.254.169.254"], ("web.test", "AAAA"): ["fe80::1"]}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with pytest.raises(AddressRefused, match=r"^target refused: .* a cloud metadata address$"):
        await outbound.open_stream("web.test", 80)
    with pytest.raises(AddressRefused):
        await outbound.open_datagram("web.test", 80)
    with pytest.raises(AddressRefused):
        await outbound.resolve("web.test", 80)


async def test_private_targets_are_refused_where_the_operator_says_so(serve_web: ServeWeb) -> None:
    web = await serve_web(GREETING)
    outbound = Outbound(AddressPolicy(private_targets=False))

    for host in ("127.0.0.1", "localhost", "2130706433", "::ffff:127.0.0.1"):
        with pytest.raises(AddressRefused, match="private targets are not allowed"):
            await outbound.open_stream(host, web.port)
    assert web.requests == []


async def test_our_own_listener_is_refused_by_whatever_name(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(GREETING)
    name_server.records = {("db.test", "A"): ["127.0.0.1"], ("other.test", "A"): ["127.0.0.1"]}
    resolver = name_server.resolver(tmp_path)

    for own in ("127.0.0.1", "0.0.0.0", "::", "localhost", "db.test"):
        outbound = Outbound(AddressPolicy(own_endpoints=frozenset({(own, web.port)})), resolver=resolver)
        with pytest.raises(AddressRefused, match="Tocsin's own"):
            await outbound.open_stream("other.test", web.port)
    assert web.requests == []


async def test_a_listener_on_every_address_is_refused_by_each_address_of_this_machine() -> None:
    own = local_address()
    outbound = Outbound(AddressPolicy(own_endpoints=frozenset({("0.0.0.0", 8400)})))

    with pytest.raises(AddressRefused, match="Tocsin's own"):
        await outbound.open_stream(own, 8400)


def local_address() -> str:
    """The address that packets to the outside would come from; none is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        return str(probe.getsockname()[0])


async def test_a_name_that_does_not_exist_is_the_targets_fault(
    name_server: NameServer, tmp_path: Path
) -> None:
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with pytest.raises(NameNotFound):
        await outbound.open_stream("nobody.test", 80)


async def test_time_that_runs_out_before_a_name_is_resolved_is_a_fault_of_ours(
    name_server: NameServer, tmp_path: Path
) -> None:
    name_server.records = {("web.test", "A"): None}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    with pytest.raises(ResolverUnavailable):
        await outbound.open_stream("web.test", 80, timeout_seconds=0.05)


async def test_time_that_runs_out_in_the_handshake_says_so() -> None:
    with silent_listener() as port, pytest.raises(TimedOut) as raised:
        await Outbound().open_stream("127.0.0.1", port, tls=True, timeout_seconds=0.1)

    assert raised.value.phase is Phase.HANDSHAKING
    assert raised.value.message == "timed out in the TLS handshake"


async def test_time_that_runs_out_while_connecting_says_so() -> None:
    with full_listener() as port, pytest.raises(TimedOut) as raised:
        await Outbound().open_stream("127.0.0.1", port, timeout_seconds=0.1)

    assert raised.value.phase is Phase.CONNECTING


async def test_a_cancelled_connection_leaves_nothing_behind() -> None:
    with full_listener() as port:
        task = asyncio.create_task(Outbound().open_stream("127.0.0.1", port))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_cancelled_handshake_leaves_nothing_behind() -> None:
    with silent_listener() as port:
        task = asyncio.create_task(Outbound().open_stream("127.0.0.1", port, tls=True))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@contextmanager
def silent_listener() -> Iterator[int]:
    """A server that accepts and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@contextmanager
def full_listener() -> Iterator[int]:
    """A server whose queue is full, so that connections neither stand nor fail."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_a_process_without_descriptors_blames_itself(closed_port: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    outbound = Outbound()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))
    try:
        with pytest.raises(LocalFault, match="no file descriptors left") as raised:
            await outbound.open_stream("127.0.0.1", closed_port)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert raised.value.local_fault


@pytest.mark.parametrize(
    ("code", "is_ours"),
    [
        (errno.EMFILE, True),
        (errno.ENFILE, True),
        (errno.ENOMEM, True),
        (errno.ENOBUFS, True),
        (errno.EADDRNOTAVAIL, True),
        (errno.ENETUNREACH, True),
        (errno.ENETDOWN, True),
        (errno.EPERM, True),
        (errno.ENOSPC, True),
        (errno.EHOSTUNREACH, True),
        (errno.ECONNREFUSED, False),
        (errno.ECONNRESET, False),
        (errno.ETIMEDOUT, False),
    ],
)
def test_faults_of_ours_are_told_from_faults_of_the_target(code: int, is_ours: bool) -> None:
    error = connect_error(OSError(code, "the system's words"), "192.0.2.1 port 80")

    assert error.local_fault is is_ours
    assert error.message.endswith("(192.0.2.1 port 80)")
    assert error.message[0].islower()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENETUNREACH, "network unreachable (192.0.2.1 port 80)"),
        (errno.EHOSTUNREACH, "host unreachable (192.0.2.1 port 80)"),
        (errno.EACCES, "connection forbidden on the way (192.0.2.1 port 80)"),
    ],
)
def test_what_a_router_says_after_a_packet_left_is_the_targets_fault(code: int, message: str) -> None:
    error = connect_error(OSError(code, "the system's words"), "192.0.2.1 port 80", has_left=True)

    assert (error.local_fault, error.message) == (False, message)


async def test_a_valid_certificate_is_accepted(serve_web: ServeWeb, authority: Authority) -> None:
    web = await serve_web(GREETING, tls=authority.server_context("localhost"))

    assert await ask(Outbound(authorities=authority.path), "localhost", web.port, tls=True) == GREETING
    assert await ask(Outbound(authorities=authority.path), "localhost.", web.port, tls=True) == GREETING


async def test_a_certificate_is_valid_for_an_address_that_it_names(
    serve_web: ServeWeb, authority: Authority
) -> None:
    web = await serve_web(GREETING, tls=authority.server_context("127.0.0.1"))

    for host in ("127.0.0.1", "2130706433", "127.1"):
        assert await ask(Outbound(authorities=authority.path), host, web.port, tls=True) == GREETING


@pytest.mark.parametrize("name", [".web.test", "\ud800", "x" * 300])
async def test_what_is_no_name_of_a_server_is_never_sent(
    serve_web: ServeWeb, authority: Authority, name: str
) -> None:
    web = await serve_web(GREETING, tls=authority.server_context("localhost"))

    with pytest.raises(TlsFailed, match="is not a name of a server"):
        await Outbound().open_stream("127.0.0.1", web.port, tls=True, server_hostname=name)


async def test_another_name_can_be_wanted_in_the_certificate(
    serve_web: ServeWeb, authority: Authority
) -> None:
    web = await serve_web(GREETING, tls=authority.server_context("web.test"))
    outbound = Outbound(authorities=authority.path)

    assert await ask(outbound, "127.0.0.1", web.port, tls=True, server_hostname="web.test") == GREETING


async def test_each_fault_of_a_certificate_is_said_in_plain_words(
    serve_web: ServeWeb, authority: Authority
) -> None:
    now = datetime.now(UTC)
    expired = authority.server_context("localhost", not_after=now - timedelta(days=3, hours=1))
    early = authority.server_context("localhost", not_before=now + timedelta(hours=5, minutes=1))
    faults = {
        "certificate expired 3 days ago": expired,
        "certificate is not valid for another 5 hours": early,
        "certificate is not valid for this name (localhost)": authority.server_context("other.test"),
    }
    outbound = Outbound(authorities=authority.path)

    for reason, context in faults.items():
        web = await serve_web(GREETING, tls=context)
        assert await refusal(outbound, web.port) == reason


async def test_a_certificate_of_an_unknown_authority_is_refused_unless_not_verified(
    serve_web: ServeWeb, authority: Authority
) -> None:
    web = await serve_web(GREETING, tls=authority.server_context("localhost"))
    outbound = Outbound()

    assert "unknown authority" in await refusal(outbound, web.port)
    assert await ask(outbound, "localhost", web.port, tls=True, verify=False) == GREETING


async def test_a_handshake_that_nothing_follows_is_whole_for_the_server(
    serve_stream: ServeStream, authority: Authority
) -> None:
    shaken = asyncio.Event()

    async def note(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        shaken.set()

    port = await serve_stream(note, tls=authority.server_context("localhost"))
    (await Outbound(authorities=authority.path).open_stream("localhost", port, tls=True)).close()

    await asyncio.wait_for(shaken.wait(), 30)


async def test_a_server_without_tls_is_said_to_have_none(serve_stream: ServeStream) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test ESMTP\r\n")
        await reader.read()

    assert (
        await refusal(Outbound(), await serve_stream(greet)) == "the server does not speak TLS at this port"
    )


async def test_a_server_that_hangs_up_in_the_handshake_is_said_so(serve_stream: ServeStream) -> None:
    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    with pytest.raises(OutboundError, match=r"ended the connection during the TLS handshake|reset"):
        await Outbound().open_stream("127.0.0.1", await serve_stream(hang_up), tls=True)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", "the server speaks no TLS version from 1.2 on"),
        ("TLSV1_UNRECOGNIZED_NAME", "the server does not know this name"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "the server wants a client certificate"),
        ("SOME_NEW_ALERT", "TLS handshake failed: some new alert"),
    ],
)
def test_what_a_server_says_in_the_handshake_is_said_in_plain_words(said: str, reason: str) -> None:
    error = ssl.SSLError(1, "[SSL] words of OpenSSL")
    error.reason = said

    assert tls_error(error, "web.test", now=datetime.now(UTC)).message == reason


async def refusal(outbound: Outbound, port: int) -> str:
    with pytest.raises(TlsFailed) as raised:
        await outbound.open_stream("localhost", port, tls=True)
    return raised.value.message


async def test_a_datagram_is_answered_by_its_target_alone() -> None:
    loop = asyncio.get_running_loop()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(data.upper(), addr)

    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    async with await Outbound().open_datagram("localhost", port) as datagram:
        await datagram.send(b"hello")
        assert await datagram.receive() == b"HELLO"
    transport.close()


async def test_a_datagram_to_a_closed_port_is_refused(closed_port: int) -> None:
    async with await Outbound().open_datagram("127.0.0.1", closed_port) as datagram:
        await datagram.send(b"hello")
        with pytest.raises(ConnectionLost, match="connection refused"):
            await datagram.receive()
