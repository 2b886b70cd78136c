"""One look at a website or an API."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from importlib import metadata
from time import monotonic
from typing import Any

import httpx

from plugins.api.outbound import HttpTransport, OutboundError, ProtocolFailed
from plugins.api.outcome import Outcome
from plugins.api.probe import ProbeContext
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.redirects import Hop, hop_of, is_redirect, redirected
from plugins.probes.http.statuses import accepted_statuses
from plugins.probes.http.verdict import judged, unreached

MAX_BODY_BYTES = 256 * 1024

# The caller cancels at its deadline; ending a little earlier leaves time to say what took so long.
_MARGIN_SHARE = 0.05
_LONGEST_MARGIN_SECONDS = 0.25
_PREPARED = "prepared"
_USER_AGENT = f"Tocsin/{metadata.version('tocsin')}".encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What follows from a configuration alone, made once: checking an address costs more than sending to it."""

    config: HttpConfig
    request: httpx.Request
    accepted: frozenset[int]


async def check(config: HttpConfig, context: ProbeContext) -> Outcome:
    """Send the request, follow redirects if wanted, and judge the last answer."""
    prepared = _prepared(config, context.memory)
    transport = context.outbound.transport(verify=config.verify_tls)
    seconds = context.timeout_seconds - min(_LONGEST_MARGIN_SECONDS, context.timeout_seconds * _MARGIN_SHARE)
    redirects: list[Hop] = []
    try:
        response = await _last_answer(prepared, transport, seconds, redirects)
    except OutboundError as error:
        return unreached(config, error, redirects, context.timeout_seconds)
    return judged(config, prepared.accepted, response, redirects)


async def _last_answer(
    prepared: Prepared, transport: HttpTransport, seconds: float, redirects: list[Hop]
) -> httpx.Response:
    config, request = prepared.config, prepared.request
    deadline = monotonic() + seconds
    while True:
        response = await transport.send(
            request, timeout_seconds=deadline - monotonic(), max_body_bytes=MAX_BODY_BYTES
        )
        if not config.follow_redirects or not is_redirect(response):
            return response
        redirects.append(hop_of(response))
        if len(redirects) > config.max_redirects:
            raise ProtocolFailed("redirected more often than allowed")
        request = redirected(request, response)


def _prepared(config: HttpConfig, memory: MutableMapping[str, Any]) -> Prepared:
    prepared = memory.get(_PREPARED)
    if isinstance(prepared, Prepared) and prepared.config == config:
        return prepared
    prepared = prepare(config)
    memory[_PREPARED] = prepared
    return prepared


def prepare(config: HttpConfig) -> Prepared:
    """Build the request that the configuration describes."""
    return Prepared(
        config=config,
        request=httpx.Request(
            config.method.value,
            config.url.partition("#")[0],
            headers=_headers(config),
            content=None if config.body is None else config.body.encode(),
        ),
        accepted=accepted_statuses(config.accepted_statuses),
    )


def _headers(config: HttpConfig) -> list[tuple[bytes, bytes]]:
    own = [(each.name.encode("ascii"), each.value.strip().encode("latin-1")) for each in config.headers]
    named = {name.lower() for name, _ in own}
    defaults = [(b"User-Agent", _USER_AGENT), (b"Accept", b"*/*"), (b"Connection", b"close")]
    return [*(pair for pair in defaults if pair[0].lower() not in named), *own]
