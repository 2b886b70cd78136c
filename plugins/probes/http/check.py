"""One look at a website or an API."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

from plugins.api.outbound import HttpTransport, OutboundError, ProtocolFailed
from plugins.api.outcome import Outcome
from plugins.api.probe import ProbeContext
from plugins.probes.http.body_text import MAX_BODY_BYTES
from plugins.probes.http.certificate_end import certificate_end
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.credentials import Credentials, bearer_header, credentials_of
from plugins.probes.http.expectations import Expectations, examined, expectations_of
from plugins.probes.http.redirects import hop_of, is_redirect, redirected
from plugins.probes.http.secrecy import mask_of
from plugins.probes.http.statuses import accepted_statuses
from plugins.probes.http.token_request import Token, TokenUnavailable
from plugins.probes.http.tokens import Tokens
from plugins.probes.http.trail import Trail
from plugins.probes.http.user_agent import USER_AGENT
from plugins.probes.http.verdict import judged, unreached

# The caller cancels at its deadline; ending a little earlier leaves time to say what took so long.
_MARGIN_SHARE = 0.05
_LONGEST_MARGIN_SECONDS = 0.25
_PREPARED = "prepared"
_UNAUTHORIZED = 401


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What follows from a configuration alone, made once: checking an address costs more than sending to it.

    `tokens` is set where a token must be asked for before the request can be sent.
    """

    config: HttpConfig
    request: httpx.Request
    accepted: frozenset[int]
    credentials: Credentials
    expectations: Expectations | None
    tokens: Tokens | None


async def check(config: HttpConfig, context: ProbeContext) -> Outcome:
    """Send the request, follow redirects if wanted, and judge the last answer."""
    prepared = _prepared(config, context.memory)
    transport = context.outbound.transport(verify=config.verify_tls)
    seconds = context.timeout_seconds - min(_LONGEST_MARGIN_SECONDS, context.timeout_seconds * _MARGIN_SHARE)
    trail = Trail()
    try:
        response = await _answer(prepared, transport, monotonic() + seconds, trail)
    except (OutboundError, TokenUnavailable) as error:
        return unreached(config, error, trail, context.timeout_seconds)
    found = []
    if prepared.expectations is not None:
        mask = mask_of(config, trail.secrets)
        found = await examined(prepared.expectations, response, context.outbound.take_turn, mask)
    return judged(config, prepared.accepted, response, trail, found)


async def _answer(
    prepared: Prepared, transport: HttpTransport, deadline: float, trail: Trail
) -> httpx.Response:
    """Return the last answer, with a token where one is wanted: a known one that is refused is renewed once."""
    if prepared.tokens is None:
        return await _last_answer(prepared, prepared.request, transport, deadline, trail)
    known = prepared.tokens.known()
    token = known or await prepared.tokens.asked(transport, deadline)
    response = await _answer_to(token, prepared, transport, deadline, trail)
    if known is None or _UNAUTHORIZED in prepared.accepted or not _is_refusal(response):
        return response
    token = await prepared.tokens.asked(transport, deadline, refused=known)
    return await _answer_to(token, prepared, transport, deadline, trail)


def _is_refusal(response: httpx.Response) -> bool:
    # A site to which a redirect led was not sent the token.
    return response.status_code == _UNAUTHORIZED and "authorization" in response.request.headers


async def _answer_to(
    token: Token, prepared: Prepared, transport: HttpTransport, deadline: float, trail: Trail
) -> httpx.Response:
    trail.begin_anew(token.value)
    request = _request(prepared.config, prepared.request.url, bearer_header(token.value))
    return await _last_answer(prepared, request, transport, deadline, trail)


async def _last_answer(
    prepared: Prepared, request: httpx.Request, transport: HttpTransport, deadline: float, trail: Trail
) -> httpx.Response:
    config = prepared.config
    while True:
        response = await transport.send(
            request, timeout_seconds=deadline - monotonic(), max_body_bytes=MAX_BODY_BYTES
        )
        if config.certificate_days_left is not None and (end := certificate_end(response)):
            trail.certificates.append(end)
        if not config.follow_redirects or not is_redirect(response):
            return response
        trail.redirects.append(hop_of(response))
        if len(trail.redirects) > config.max_redirects:
            raise ProtocolFailed("redirected more often than allowed")
        request = redirected(request, response, prepared.credentials.query_key)


def _prepared(config: HttpConfig, memory: MutableMapping[str, Any]) -> Prepared:
    prepared = memory.get(_PREPARED)
    if isinstance(prepared, Prepared) and prepared.config == config:
        return prepared
    prepared = prepare(config)
    memory[_PREPARED] = prepared
    return prepared


def prepare(config: HttpConfig) -> Prepared:
    """Build what the configuration describes: the request, and what is expected of its answer."""
    credentials = credentials_of(config.auth)
    url = httpx.URL(config.url.partition("#")[0])
    if credentials.query_key is not None:
        url = credentials.query_key.put_in(url)
    oauth2 = None if config.auth is None else config.auth.oauth2
    return Prepared(
        config=config,
        request=_request(config, url, credentials.header),
        accepted=accepted_statuses(config.accepted_statuses),
        credentials=credentials,
        expectations=expectations_of(config),
        tokens=None if oauth2 is None else Tokens(oauth2),
    )


def _request(config: HttpConfig, url: httpx.URL, auth_header: tuple[str, str] | None) -> httpx.Request:
    return httpx.Request(
        config.method.value,
        url,
        headers=_headers(config, auth_header),
        content=None if config.body is None else config.body.encode(),
    )


def _headers(config: HttpConfig, auth_header: tuple[str, str] | None) -> list[tuple[bytes, bytes]]:
    own = [(each.name, each.value.strip()) for each in config.headers]
    if auth_header is not None:
        own.append(auth_header)
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in own]
    named = {name.lower() for name, _ in encoded}
    defaults = [(b"User-Agent", USER_AGENT.encode()), (b"Accept", b"*/*"), (b"Connection", b"close")]
    return [*(pair for pair in defaults if pair[0].lower() not in named), *encoded]
