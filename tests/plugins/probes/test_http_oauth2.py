"""A token is asked for at a token endpoint, shared, renewed, and never shown."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from plugins.api.outbound import AddressPolicy, Outbound
from plugins.api.outcome import CheckStatus, Outcome, RootCause
from plugins.api.probe import ProbeContext
from plugins.probes.http.token_request import (
    DEFAULT_LIFETIME_SECONDS,
    LONGEST_LIFETIME_SECONDS,
    TokenUnavailable,
    token_of,
)
from tests.plugins.conftest import Authority, NameServer, ServeWeb, WebServer
from tests.plugins.probes.http_looks import answer, context, look, sent_line

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

SECRET = "cl1ent s3cret/+"


@dataclass
class TokenEndpoint:
    """Hands out a new token each time, and knows which are good; `takes` is how clients may say their secret."""

    takes: str = "header"
    expires_in: Any = 3_600
    good: set[str] = field(default_factory=set)
    asked: list[bytes] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        form = form_of(request)
        way = (
            "header" if sent_line(request, "authorization") else "body" if "client_secret" in form else "none"
        )
        if way != self.takes:
            return answer(b'{"error": "invalid_client"}', status="401 Unauthorized")
        token = f"t0ken-{len(self.asked)}-abcdefgh"
        self.good.add(token)
        body = {"access_token": token, "token_type": "bearer", "expires_in": self.expires_in}
        return answer(json.dumps(body).encode())

    def protects(self, request: bytes) -> bytes:
        """Answer as the API that the tokens are for."""
        token = (sent_line(request, "authorization") or "").removeprefix("Bearer ")
        return answer() if token in self.good else answer(request, status="401 Unauthorized")


def form_of(request: bytes) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(request.partition(b"\r\n\r\n")[2].decode()).items()}


def oauth2(endpoint: WebServer, **more: Any) -> dict[str, Any]:
    return {
        "oauth2": {
            "tokenUrl": endpoint.url("/token"),
            "clientId": "toc:sin",
            "clientSecret": SECRET,
            **more,
        }
    }


async def test_a_token_is_asked_for_once_and_used_by_every_look(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint()
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()

    looks = [await look(api.url(), shared, auth=oauth2(endpoint, scope="read write")) for _ in range(3)]

    assert [outcome.status for outcome in looks] == [CheckStatus.UP] * 3
    (asked,) = tokens.asked
    assert asked.startswith(b"POST /token HTTP/1.1\r\n")
    # RFC 6749, 2.3.1: each of the two is encoded as in a form before they are joined.
    pair = b64encode(b"toc%3Asin:cl1ent+s3cret%2F%2B").decode()
    assert sent_line(asked, "authorization") == f"Basic {pair}"
    assert form_of(asked) == {"grant_type": "client_credentials", "scope": "read write"}


async def test_looks_at_the_same_time_share_one_question(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint()
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()

    looks = await asyncio.gather(*(look(api.url(), shared, auth=oauth2(endpoint)) for _ in range(5)))

    assert {outcome.status for outcome in looks} == {CheckStatus.UP}
    assert len(tokens.asked) == 1


async def test_a_look_that_is_cancelled_leaves_the_question_to_the_next(serve_web: ServeWeb) -> None:
    tokens, begun, released = TokenEndpoint(), asyncio.Event(), asyncio.Event()

    async def slowly(request: bytes) -> bytes:
        begun.set()
        await released.wait()
        return tokens.answer(request)

    endpoint, api = await serve_web(slowly), await serve_web(tokens.protects)
    shared = context()
    first = asyncio.create_task(look(api.url(), shared, auth=oauth2(endpoint)))
    await begun.wait()
    second = asyncio.create_task(look(api.url(), shared, auth=oauth2(endpoint)))
    first.cancel()
    released.set()

    assert (await second).status is CheckStatus.UP
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_look_that_waits_for_anothers_question_ends_at_its_own_deadline(serve_web: ServeWeb) -> None:
    begun, released = asyncio.Event(), asyncio.Event()

    async def slowly(request: bytes) -> bytes:
        begun.set()
        await released.wait()
        return TokenEndpoint().answer(request)

    endpoint, api = await serve_web(slowly), await serve_web(answer())
    patient = context()
    hasty = ProbeContext(
        timeout_seconds=0.3,
        outbound=patient.outbound,
        run_blocking=patient.run_blocking,
        memory=patient.memory,
    )
    first = asyncio.create_task(look(api.url(), patient, auth=oauth2(endpoint)))
    await begun.wait()

    outcome = await look(api.url(), hasty, auth=oauth2(endpoint))
    released.set()

    assert (outcome.status, outcome.root_cause) == (CheckStatus.DOWN, RootCause.NETWORK_TIMEOUT)
    assert outcome.message == "token endpoint: timed out while another check was asking it"
    assert (await first).status is CheckStatus.UP


async def test_a_token_that_is_refused_is_renewed_once(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint()
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()
    await look(api.url(), shared, auth=oauth2(endpoint))
    tokens.good.clear()

    renewed = await look(api.url(), shared, auth=oauth2(endpoint))

    assert renewed.status is CheckStatus.UP
    assert len(tokens.asked) == 2
    assert len(api.requests) == 3

    tokens.good = _NeverGood()
    refused = await look(api.url(), shared, auth=oauth2(endpoint))

    assert (refused.status, refused.status_code) == (CheckStatus.DOWN, 401)
    assert len(tokens.asked) == 3
    assert len(api.requests) == 5
    assert "t0ken" not in f"{refused.message} {json.dumps(refused.evidence)}"


class _NeverGood(set[str]):
    def add(self, _element: str) -> None:
        pass


async def test_a_token_that_was_just_got_is_not_renewed_and_an_accepted_refusal_is_none(
    serve_web: ServeWeb,
) -> None:
    tokens = TokenEndpoint(good=_NeverGood())
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()

    first = await look(api.url(), shared, auth=oauth2(endpoint), acceptedStatuses=["401"])
    second = await look(api.url(), shared, auth=oauth2(endpoint), acceptedStatuses=["401"])
    fresh = await look(api.url(), auth=oauth2(endpoint))

    assert [first.status, second.status, fresh.status] == [CheckStatus.UP, CheckStatus.UP, CheckStatus.DOWN]
    assert len(tokens.asked) == 2
    assert len(api.requests) == 3


async def test_a_token_that_ends_is_asked_for_anew(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint(expires_in=1e-9)
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()

    for _ in range(2):
        assert (await look(api.url(), shared, auth=oauth2(endpoint))).status is CheckStatus.UP

    assert len(tokens.asked) == 2


async def test_a_server_that_wants_the_secret_in_the_body_gets_it_there_from_then_on(
    serve_web: ServeWeb,
) -> None:
    tokens = TokenEndpoint(takes="body", expires_in=1e-9)
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    shared = context()

    for _ in range(2):
        assert (await look(api.url(), shared, auth=oauth2(endpoint))).status is CheckStatus.UP

    ways = [sent_line(request, "authorization") is not None for request in tokens.asked]
    assert ways == [True, False, False]
    assert form_of(tokens.asked[-1]) == {
        "grant_type": "client_credentials",
        "client_id": "toc:sin",
        "client_secret": SECRET,
    }


async def test_the_grant_password_sends_the_user_and_a_public_client_its_name(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint(takes="none")
    endpoint, api = await serve_web(tokens.answer), await serve_web(tokens.protects)
    person = {"grantType": "password", "username": "ada", "password": "open sesame & käse"}

    outcome = await look(api.url(), auth=oauth2(endpoint, clientSecret=None, **person))

    assert outcome.status is CheckStatus.UP
    assert form_of(tokens.asked[0]) == {
        "grant_type": "password",
        "username": "ada",
        "password": "open sesame & käse",
        "client_id": "toc:sin",
    }


@pytest.mark.parametrize(
    ("said", "message", "root_cause"),
    [
        (answer(b"oops", status="503 Busy"), "answered with HTTP 503", RootCause.SERVER_ERROR),
        (
            answer(b'{"error": "invalid_scope"}', status="400 Bad Request"),
            "answered with HTTP 400, invalid_scope",
            RootCause.CONFIGURATION_ERROR,
        ),
        (
            answer(b'{"error": "cl1ent s3cret/+"}', status="400 Bad Request"),
            "answered with HTTP 400",
            RootCause.CONFIGURATION_ERROR,
        ),
        (
            answer(b"", "Location: http://web.test/", status="302 Found"),
            "answered with HTTP 302, and redirects are not followed",
            RootCause.CONFIGURATION_ERROR,
        ),
        (answer(b"<html>"), "answered with what is not a JSON object", RootCause.SERVER_ERROR),
        (answer(b"[" * 50_000), "answered with what is not a JSON object", RootCause.SERVER_ERROR),
        (answer(b"[]"), "answered with what is not a JSON object", RootCause.SERVER_ERROR),
        (answer(b"{}"), "answered without an access_token", RootCause.SERVER_ERROR),
        (
            answer(b'{"access_token": "a\\r\\nX: y"}'),
            "answered with a token that no header can carry",
            RootCause.SERVER_ERROR,
        ),
        (
            answer(b'{"access_token": "abc", "token_type": "mac"}'),
            "answered with a token that is not of type Bearer",
            RootCause.SERVER_ERROR,
        ),
        (b"SSH-2.0-x\r\n\r\n", "the server does not speak HTTP at this port", RootCause.SERVER_ERROR),
        (
            b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 100_000 + b"{}",
            "answered with what is not a JSON object",
            RootCause.SERVER_ERROR,
        ),
    ],
)
async def test_a_token_endpoint_that_fails_is_named_as_what_is_down(
    serve_web: ServeWeb, said: bytes, message: str, root_cause: RootCause
) -> None:
    endpoint, api = await serve_web(said), await serve_web(answer())

    outcome = await look(api.url(), auth=oauth2(endpoint))

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == f"token endpoint: {message}"
    assert outcome.root_cause is root_cause
    assert api.requests == []
    assert "s3cret" not in _told(outcome)


def _told(outcome: Outcome) -> str:
    return f"{outcome.message} {json.dumps(outcome.evidence)}"


async def test_a_token_endpoint_that_does_not_answer_is_down_within_the_checks_time(
    serve_web: ServeWeb,
) -> None:
    released = asyncio.Event()

    async def never(_request: bytes) -> bytes:
        await released.wait()
        return answer()

    endpoint, api = await serve_web(never), await serve_web(answer())

    async with asyncio.timeout(0.5):
        outcome = await look(api.url(), context(timeout_seconds=0.5), auth=oauth2(endpoint))
    released.set()

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == "token endpoint: timed out while waiting for the answer"


async def test_a_resolver_that_does_not_answer_says_nothing_of_the_token_endpoint(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Any
) -> None:
    name_server.records = {("id.test", "A"): None, ("id.test", "AAAA"): None}
    api = await serve_web(answer())
    outbound = Outbound(resolver=name_server.resolver(tmp_path))
    auth = {"oauth2": {"tokenUrl": "http://id.test/", "clientId": "tocsin", "clientSecret": SECRET}}

    outcome = await look(api.url(), context(outbound), auth=auth)

    assert outcome.status is CheckStatus.UNKNOWN
    assert (outcome.message or "").startswith("token endpoint: no answer from the resolver")


async def test_a_token_endpoint_is_guarded_like_any_target(serve_web: ServeWeb) -> None:
    own, api = await serve_web(answer()), await serve_web(answer())
    outbound = Outbound(AddressPolicy(own_endpoints=frozenset({("127.0.0.1", own.port)})))

    outcome = await look(api.url(), context(outbound), auth=oauth2(own))

    assert outcome.status is CheckStatus.DOWN
    assert "token endpoint: target refused" in (outcome.message or "")
    assert own.requests == []


async def test_a_token_stays_with_its_host_and_what_repeats_it_has_nothing_kept(serve_web: ServeWeb) -> None:
    tokens = TokenEndpoint()
    stranger = await serve_web(answer())

    def echo(request: bytes) -> bytes:
        if b"/leave" in request:
            return answer(b"", f"Location: {stranger.url()}", status="302 Found")
        token = sent_line(request, "authorization") or ""
        return answer(b'{"said": "%b"}' % token.encode(), f"X-Said: {token}", status="500 Oops")

    endpoint, api = await serve_web(tokens.answer), await serve_web(echo)
    said = [{"path": "$.said", "operator": "EQUALS", "value": "x"}]

    outcome = await look(api.url(), auth=oauth2(endpoint), json=said)
    left = await look(api.url("/leave"), auth=oauth2(endpoint))

    assert left.status is CheckStatus.UP
    assert sent_line(stranger.requests[0], "authorization") is None
    assert "t0ken" not in f"{_told(outcome)} {outcome.assertions}"
    assert "Bearer ***" in str(outcome.assertions)


async def test_the_certificate_of_the_endpoint_must_be_valid_as_that_of_the_target(
    serve_web: ServeWeb, authority: Authority
) -> None:
    tokens = TokenEndpoint()
    tls = authority.server_context("localhost")
    endpoint = await serve_web(tokens.answer, tls=tls)
    api = await serve_web(tokens.protects)
    auth = oauth2(endpoint, tokenUrl=endpoint.url(scheme="https", host="localhost"))

    distrusted = await look(api.url(), auth=auth)
    trusted = await look(api.url(), context(Outbound(authorities=authority.path)), auth=auth)

    assert distrusted.root_cause is RootCause.SSL_CERTIFICATE
    assert (distrusted.message or "").startswith("token endpoint: certificate")
    assert trusted.status is CheckStatus.UP


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (3_600, 3_600),
        ("3600", 3_600),
        (60, 60),
        (None, DEFAULT_LIFETIME_SECONDS),
        ("soon", DEFAULT_LIFETIME_SECONDS),
        ([], DEFAULT_LIFETIME_SECONDS),
        (-5, DEFAULT_LIFETIME_SECONDS),
        ("NaN", DEFAULT_LIFETIME_SECONDS),
        (1e300, LONGEST_LIFETIME_SECONDS),
    ],
)
def test_a_token_is_used_until_shortly_before_its_end(expires_in: Any, lifetime: float) -> None:
    body = json.dumps({"access_token": "abc", "expires_in": expires_in}).encode()

    token = token_of(httpx.Response(200, content=body))

    assert token.usable_seconds == lifetime - min(30, lifetime / 10)
    assert "abc" not in repr(token)


def test_the_reason_that_is_shown_is_the_endpoints_and_short() -> None:
    with pytest.raises(TokenUnavailable) as raised:
        token_of(httpx.Response(400, content=b'{"error": "%b"}' % (b"x" * 100)))

    assert raised.value.message == "token endpoint: answered with HTTP 400"
