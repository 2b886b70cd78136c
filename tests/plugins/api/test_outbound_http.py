"""HTTP over guarded connections: bounded in time and size, nothing followed, nothing left open."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from pathlib import Path

import httpx
import pytest

from plugins.api.outbound import (
    AddressRefused,
    ConnectFailed,
    ConnectionLost,
    NameNotFound,
    Outbound,
    OutboundError,
    Phase,
    ProtocolFailed,
    TimedOut,
    TlsFailed,
)
from plugins.api.outcome import Timings
from tests.plugins.conftest import Authority, NameServer, ServeStream, ServeWeb

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def get(url: str, **options: object) -> httpx.Response:
    request = httpx.Request("GET", url)
    return await Outbound().request(request, timeout_seconds=5, **options)  # type: ignore[arg-type]


async def test_a_request_arrives_as_it_was_built_and_its_answer_comes_back(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"hello", "Content-Type: text/plain", "X-Twice: 1", "X-Twice: 2"))
    request = httpx.Request("POST", web.url("/a%20b?c=d"), headers={"X-Key": "value"}, content=b"body")

    response = await Outbound().request(request, timeout_seconds=5)

    assert response.status_code == 200
    assert response.text == "hello"
    assert response.headers.get_list("x-twice") == ["1", "2"]
    assert response.request is request
    head, _, body = web.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%20b?c=d HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{web.port}".encode() in head
    assert b"X-Key: value" in head
    assert body == b"body"


async def test_each_phase_is_measured(serve_web: ServeWeb, authority: Authority) -> None:
    web = await serve_web(answer(b"hello"), tls=authority.server_context("localhost"))
    outbound = Outbound(authorities=authority.path)
    request = httpx.Request("GET", web.url(scheme="https", host="localhost"))

    timings = (await outbound.request(request, timeout_seconds=5)).extensions["timings"]

    assert isinstance(timings, Timings)
    phases = [
        timings.dns_ms,
        timings.connect_ms,
        timings.tls_ms,
        timings.first_byte_ms,
        timings.transfer_ms,
    ]
    assert all(phase is not None and phase >= 0 for phase in phases)
    assert sum(phase or 0 for phase in phases) == pytest.approx(timings.total_ms, rel=0.01)


async def test_phases_that_did_not_happen_are_absent(serve_web: ServeWeb) -> None:
    web = await serve_web(answer())

    timings = (await get(web.url())).extensions["timings"]

    assert (timings.dns_ms, timings.tls_ms) == (None, None)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", "old"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            "x",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", "ok"),
    ],
)
async def test_a_body_is_read_however_its_end_is_marked(serve_web: ServeWeb, raw: bytes, text: str) -> None:
    web = await serve_web(raw)

    assert (await get(web.url())).text == text


async def test_lines_of_the_body_are_no_headers(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"\n" * 2_000, *["a: b"] * 300))

    assert len((await get(web.url())).content) == 2_000


async def test_chunks_that_are_mostly_frame_are_read_no_further_than_the_bound(serve_web: ServeWeb) -> None:
    web = await serve_web(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;abcdefgh\r\nx\r\n" * 100_000
    )

    response = await get(web.url(), max_body_bytes=50_000)

    assert 0 < len(response.content) < 50_000
    assert response.extensions["cut"] is True


async def test_an_answer_to_head_has_no_body(serve_web: ServeWeb) -> None:
    web = await serve_web(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")

    response = await Outbound().request(httpx.Request("HEAD", web.url()), timeout_seconds=5)

    assert response.content == b""
    assert response.headers["content-length"] == "500"


async def test_a_switch_of_protocols_is_the_answer(serve_web: ServeWeb) -> None:
    web = await serve_web(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    )
    request = httpx.Request("GET", web.url(), headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    assert (await Outbound().request(request, timeout_seconds=5)).status_code == 101


async def test_a_redirect_is_not_followed(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"", "Location: /elsewhere", status="302 Found"))

    assert (await get(web.url())).status_code == 302
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"x" * 100_000),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n" + b"x" * 2_000,
    ],
)
async def test_a_body_beyond_its_bound_is_cut(serve_web: ServeWeb, raw: bytes) -> None:
    web = await serve_web(raw)

    response = await get(web.url(), max_body_bytes=1_000)

    assert response.content == b"x" * 1_000
    assert response.extensions["cut"] is True


async def test_a_body_of_exactly_its_bound_is_whole(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"x" * 1_000))

    response = await get(web.url(), max_body_bytes=1_000)

    assert (len(response.content), response.extensions["cut"]) == (1_000, False)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
        ("identity", bytes),
    ],
)
async def test_a_compressed_body_is_read(serve_web: ServeWeb, coding: str, encode: object) -> None:
    assert callable(encode)
    web = await serve_web(answer(encode(b"hello" * 10), f"Content-Encoding: {coding}"))

    response = await get(web.url())

    assert response.text == "hello" * 10
    assert response.extensions["content_encoding"] == coding


async def test_a_bomb_is_decompressed_no_further_than_the_bound(serve_web: ServeWeb) -> None:
    bomb = gzip.compress(gzip.compress(bytes(100_000_000), 9), 9)
    web = await serve_web(answer(bomb, "Content-Encoding: gzip, gzip"))

    response = await get(web.url(), max_body_bytes=100_000)

    assert len(response.content) <= 100_000
    assert response.extensions["cut"] is True


async def test_what_is_not_compressed_as_it_says_is_refused(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"plain", "Content-Encoding: gzip"))

    with pytest.raises(ProtocolFailed, match=r"^body is not valid gzip$"):
        await get(web.url())


async def test_a_coding_that_is_not_known_leaves_the_body_as_it_came(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"\x0b\x02\x80", "Content-Encoding: br"))

    assert (await get(web.url())).content == b"\x0b\x02\x80"


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (b"", ConnectionLost, "the server closed the connection without an answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Le",
            ConnectionLost,
            "the server closed the connection without an answer",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            ConnectionLost,
            "the server closed the connection in the middle of the answer",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
            ConnectionLost,
            "the server closed the connection in the middle of the answer",
        ),
        (b"220 mail.test ESMTP\r\n\r\n", ProtocolFailed, "the server does not speak HTTP at this port"),
        (b"HTTP/1.1 OK\r\n\r\n", ProtocolFailed, "not a valid HTTP answer: illegal status line"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            ProtocolFailed,
            "not a valid HTTP answer: conflicting Content-Length headers",
        ),
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
            ProtocolFailed,
            "headers of the answer are larger than 65536 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * 501 + b"\r\n",
            ProtocolFailed,
            "answer has more than 500 headers",
        ),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20, ProtocolFailed, "too many interim responses"),
    ],
)
async def test_a_broken_answer_is_said_in_plain_words(
    serve_web: ServeWeb, raw: bytes, kind: type[OutboundError], reason: str
) -> None:
    web = await serve_web(raw)

    with pytest.raises(kind) as raised:
        await get(web.url())

    assert raised.value.message == reason
    assert raised.value.may_be_received


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
async def test_a_request_whose_connection_is_reset_may_have_been_received(
    serve_stream: ServeStream, beginning: bytes
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(beginning)
        await writer.drain()
        writer.transport.abort()

    port = await serve_stream(reset)
    with pytest.raises(ConnectionLost) as raised:
        await get(f"http://127.0.0.1:{port}/")

    assert raised.value.may_be_received


async def test_a_request_that_was_never_sent_cannot_have_been_received(
    serve_web: ServeWeb, authority: Authority, name_server: NameServer, tmp_path: Path
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unheard.getsockname()[1]}/"
        distrusted = await serve_web(answer(), tls=authority.server_context("localhost"))
        outbound = Outbound(resolver=name_server.resolver(tmp_path))
        for url, kind in (
            (closed, ConnectFailed),
            (distrusted.url(scheme="https"), TlsFailed),
            ("http://nobody.test/", NameNotFound),
            ("http://169.254.169.254/", AddressRefused),
        ):
            with pytest.raises(kind) as raised:
                await outbound.request(httpx.Request("GET", url), timeout_seconds=5)

            assert not raised.value.may_be_received


async def test_a_handshake_that_does_not_end_in_time_leaves_the_request_unsent(
    serve_stream: ServeStream,
) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    port = await serve_stream(silent)
    with pytest.raises(TimedOut) as raised:
        await Outbound().request(httpx.Request("GET", f"https://127.0.0.1:{port}/"), timeout_seconds=0.1)

    assert raised.value.phase is Phase.HANDSHAKING
    assert not raised.value.may_be_received


async def test_an_answer_that_does_not_come_in_time_says_so(serve_web: ServeWeb) -> None:
    released = asyncio.Event()

    async def late(_request: bytes) -> bytes:
        await released.wait()
        return answer()

    web = await serve_web(late)
    with pytest.raises(TimedOut) as raised:
        await Outbound().request(httpx.Request("GET", web.url()), timeout_seconds=0.1)
    released.set()

    assert raised.value.phase is Phase.WAITING
    assert raised.value.message == "timed out while waiting for the answer"
    assert raised.value.may_be_received


async def test_an_answer_that_trickles_is_given_up_in_time(serve_stream: ServeStream) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        await reader.read()

    port = await serve_stream(trickle)
    with pytest.raises(TimedOut, match="while reading the answer"):
        await Outbound().request(httpx.Request("GET", f"http://127.0.0.1:{port}/"), timeout_seconds=0.1)


async def test_a_cancelled_request_leaves_nothing_behind(serve_web: ServeWeb) -> None:
    arrived, released = asyncio.Event(), asyncio.Event()

    async def late(_request: bytes) -> bytes:
        arrived.set()
        await released.wait()
        return answer()

    web = await serve_web(late)
    task = asyncio.create_task(get(web.url()))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()


async def test_many_requests_at_once_are_kept_apart(serve_web: ServeWeb) -> None:
    web = await serve_web(lambda request: answer(request.split(b" ")[1]))

    texts = await asyncio.gather(*(get(web.url(f"/{number}")) for number in range(200)))

    assert [response.text for response in texts] == [f"/{number}" for number in range(200)]


async def test_a_client_of_httpx_can_use_the_transport(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"hello"))

    async with httpx.AsyncClient(transport=Outbound().transport()) as client:
        response = await client.post(web.url(), json={"a": 1})

    assert response.text == "hello"
    assert web.requests[0].endswith(b'{"a":1}')


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]", "[fe80::1]", "0", "0x0", "[::]"]
)
async def test_a_url_of_a_forbidden_address_is_refused_in_every_form(host: str) -> None:
    with pytest.raises(AddressRefused):
        await get(f"http://{host}/")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "/relative", "data:,x"])
async def test_what_is_not_http_is_never_sent(url: str) -> None:
    with pytest.raises(ProtocolFailed, match="not an HTTP address"):
        await get(url)


async def test_a_header_that_would_break_the_request_is_never_sent(serve_web: ServeWeb) -> None:
    web = await serve_web(answer())
    request = httpx.Request("GET", web.url(), headers=[(b"X-Key", b"a\r\nX-Other: b")])

    with pytest.raises(ProtocolFailed, match=r"^request cannot be sent: illegal header value$"):
        await Outbound().request(request, timeout_seconds=5)
    assert web.requests == []


def test_the_transport_works_on_uvloop_as_well(authority: Authority) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def talk() -> list[str]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b"x" * 500_000))
            await writer.drain()
            writer.close()

        outbound = Outbound(authorities=authority.path)
        texts = []
        for tls in (None, authority.server_context("localhost")):
            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
            port = server.sockets[0].getsockname()[1]
            request = httpx.Request("GET", f"http{'s' if tls else ''}://localhost:{port}/")
            texts.append((await outbound.request(request, timeout_seconds=5)).text)
            server.close()
        return texts

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == ["x" * 500_000] * 2
