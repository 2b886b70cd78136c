"""httpx's transport interface over our own connections: a new one for each request, guarded and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

import h11
import httpx

from plugins.api.outbound.content_coding import decoded
from plugins.api.outbound.errors import OutboundError, ProtocolFailed, say_when
from plugins.api.outbound.gateway import timed_out_towards
from plugins.api.outbound.http_exchange import Answer, Progress, exchange
from plugins.api.outbound.stream import Stream
from plugins.api.outbound.turns import Turns
from plugins.api.outcome import Timings

DEFAULT_TIMEOUT_SECONDS = 30.0
DEFAULT_MAX_BODY_BYTES = 1024 * 1024
_PORTS = {"http": 80, "https": 443}

Connect = Callable[[httpx.Request, Progress], Awaitable[Stream]]


class HttpTransport(httpx.AsyncBaseTransport):
    """Sends requests over connections that `connect` makes.

    Callers that need no client (cookies, redirects, pooling) call `send` directly.
    Responses carry `extensions["timings"]` (Timings), `["address"]` (the one connected to), `["tls"]` (the
    session, for its certificate; None on a plain connection), `["cut"]` (the body went on beyond the bound)
    and `["content_encoding"]` (what the body was coded in: it is decoded already, within the bound, and the
    header is gone).
    """

    def __init__(self, connect: Connect, turns: Turns) -> None:
        self._connect = connect
        self._turns = turns

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, as a client calls it; its read timeout bounds the whole. Raises OutboundError."""
        await request.aread()
        timeout = request.extensions.get("timeout", {}).get("read")
        return await self.send(
            request, timeout_seconds=DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout
        )

    async def send(
        self,
        request: httpx.Request,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> httpx.Response:
        """Send one request whose content is bytes, and return the response, its body bounded.

        Raises OutboundError, which says whether the request may have been received: TimedOut with the phase
        that took too long.
        """
        progress = Progress()
        try:
            return await self._send_in_time(request, progress, timeout_seconds, max_body_bytes)
        except OutboundError as error:
            error.may_be_received = progress.phase.is_after_sending
            say_when(error, progress.phase)
            raise

    async def _send_in_time(
        self, request: httpx.Request, progress: Progress, timeout_seconds: float, max_body_bytes: int
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._send(request, progress, max_body_bytes)
        except TimeoutError:
            raise timed_out_towards(progress.addresses, progress.phase, request.url.host) from None

    async def _send(self, request: httpx.Request, progress: Progress, max_body_bytes: int) -> httpx.Response:
        stream = await self._connect(request, progress)
        try:
            answer = await exchange(
                stream,
                request,
                request.content,
                max_body_bytes=max_body_bytes,
                progress=progress,
                turns=self._turns,
            )
        finally:
            stream.close()
        timings = _timings(progress)
        if answer.body and _content_encoding(answer.head) is not None:
            await self._turns.take()
        return _response(request, answer, stream, timings, max_body_bytes)


def _timings(progress: Progress) -> Timings:
    ended = perf_counter()
    after_name = progress.resolved or progress.started
    return Timings(
        total_ms=(ended - progress.started) * 1000,
        dns_ms=None if progress.resolved is None else (progress.resolved - progress.started) * 1000,
        connect_ms=(progress.connected - after_name) * 1000,
        tls_ms=None if progress.secured is None else (progress.secured - progress.connected) * 1000,
        first_byte_ms=(progress.first_byte - (progress.secured or progress.connected)) * 1000,
        transfer_ms=(ended - progress.first_byte) * 1000,
    )


def _response(
    request: httpx.Request, answer: Answer, stream: Stream, timings: Timings, max_body_bytes: int
) -> httpx.Response:
    headers = answer.head.headers.raw_items()
    extensions: dict[str, object] = {
        "timings": timings,
        "address": stream.address,
        "tls": stream.tls,
        "http_version": b"HTTP/" + answer.head.http_version,
        "reason_phrase": answer.head.reason,
    }
    body, cut = answer.body, answer.cut
    coding = _content_encoding(answer.head)
    if coding is not None:
        body, more = decoded(body, coding, max_body_bytes)
        cut = cut or more
        # httpx would decompress again, and without a bound.
        headers = [(name, value) for name, value in headers if name.lower() != b"content-encoding"]
        extensions["content_encoding"] = coding
    extensions["cut"] = cut
    return httpx.Response(
        answer.head.status_code,
        headers=headers,
        stream=httpx.ByteStream(body),
        extensions=extensions,
        request=request,
    )


def _content_encoding(head: h11.Response | h11.InformationalResponse) -> str | None:
    values = [value for name, value in head.headers if name == b"content-encoding"]
    return b",".join(values).decode("latin-1") if values else None


def target_of(request: httpx.Request) -> tuple[str, int, bool]:
    """Return the host, the port, and whether it is TLS. Raises ProtocolFailed for what is not HTTP."""
    url = request.url
    if url.scheme not in _PORTS or not url.host:
        raise ProtocolFailed(f"not an HTTP address: scheme {url.scheme!r}")
    return url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme], url.scheme == "https"
