"""Looks of the http kind, configured as a client writes it."""

from __future__ import annotations

import asyncio
from typing import Any

from plugins.api.config import parse
from plugins.api.outbound import Outbound
from plugins.api.outcome import Outcome
from plugins.api.probe import ProbeContext
from plugins.probes.http import HTTP, HttpConfig


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def context(outbound: Outbound | None = None, timeout_seconds: float = 5.0) -> ProbeContext:
    """Return what the looks of one monitor share."""
    return ProbeContext(
        timeout_seconds=timeout_seconds,
        outbound=outbound or Outbound(),
        run_blocking=asyncio.to_thread,
        memory={},
    )


async def look(url: str, shared: ProbeContext | None = None, /, **fields: Any) -> Outcome:
    """Look once with a configuration in the names of the API."""
    return await HTTP.check(parse(HttpConfig, {"url": url, **fields}), shared or context())


def sent_line(request: bytes, name: str) -> str | None:
    """Return what a request says in a header, or None."""
    lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    found = [
        value.strip() for key, _, value in (line.partition(":") for line in lines) if key.lower() == name
    ]
    return found[0] if found else None


def target_of(request: bytes) -> str:
    """Return the path and query that a request asks for."""
    return request.split(b" ")[1].decode()
