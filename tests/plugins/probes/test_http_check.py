"""Looks at real servers: what is good, what is not, and what is a fault of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.api.outbound import AddressPolicy, Outbound
from plugins.api.outcome import CheckStatus, Outcome, RootCause
from plugins.api.probe import ProbeContext
from plugins.probes.http import HTTP, Header, HttpConfig, Method
from tests.plugins.conftest import Authority, NameServer, ServeWeb

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def run_blocking(function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
    return asyncio.to_thread(function, *arguments)


async def look(
    url: str, *, outbound: Outbound | None = None, timeout_seconds: float = 5.0, **fields: Any
) -> Outcome:
    context = ProbeContext(
        timeout_seconds=timeout_seconds, outbound=outbound or Outbound(), run_blocking=run_blocking, memory={}
    )
    return await HTTP.check(HttpConfig(url=url, **fields), context)


def evidence(outcome: Outcome) -> dict[str, Any]:
    assert outcome.evidence is not None
    return dict(outcome.evidence)


async def test_a_good_answer_is_up_with_its_phases(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"hello"))

    outcome = await look(web.url())

    assert outcome.status is CheckStatus.UP
    assert (outcome.message, outcome.evidence, outcome.root_cause) == (None, None, None)
    assert outcome.status_code == 200
    assert outcome.timings is not None
    assert outcome.response_time_ms == outcome.timings.total_ms
    assert outcome.timings.connect_ms is not None
    assert [(each.name, each.passed, each.actual) for each in outcome.assertions] == [("status", True, "200")]


async def test_the_request_is_the_configured_one(serve_web: ServeWeb) -> None:
    web = await serve_web(answer())
    headers = (Header(name="X-Key", value="sésame"), Header(name="user-agent", value="Mine"))

    await look(web.url("/a?b=c#d"), method=Method.PUT, headers=headers, body="käse")

    head, _, body = web.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PUT /a?b=c HTTP/1.1"
    assert "X-Key: sésame".encode("latin-1") in lines
    assert b"user-agent: Mine" in lines
    assert not any(line.startswith(b"User-Agent: Tocsin") for line in lines)
    assert b"Connection: close" in lines
    assert body == "käse".encode()


async def test_a_status_that_is_not_accepted_is_down_with_evidence(serve_web: ServeWeb) -> None:
    web = await serve_web(
        answer(
            b"database gone", "Content-Type: text/plain", "Set-Cookie: id=1", status="503 Service Unavailable"
        )
    )

    outcome = await look(web.url("/?token=abc&page=2"))

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == "answered with HTTP 503 Service Unavailable, expected 200-299"
    assert outcome.root_cause is RootCause.SERVER_ERROR
    assert outcome.status_code == 503
    assert not outcome.assertions[0].passed
    assert evidence(outcome) == {
        "redirects": [],
        "url": f"http://127.0.0.1:{web.port}/?token=***&page=2",
        "address": "127.0.0.1",
        "status": 503,
        "headers": [["content-type", "text/plain"], ["content-length", "13"]],
        "body": "database gone",
    }


async def test_a_status_can_be_accepted(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(status="404 Not Found"))

    assert (await look(web.url(), accepted_statuses=("200-299", "404"))).status is CheckStatus.UP
    assert (await look(web.url())).root_cause is RootCause.APPLICATION_ERROR


async def test_a_slow_answer_is_degraded(serve_web: ServeWeb) -> None:
    async def slowly(_request: bytes) -> bytes:
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - started < 0.02:
            await asyncio.sleep(0)
        return answer()

    web = await serve_web(slowly)

    outcome = await look(web.url(), degraded_above_ms=10)

    assert outcome.status is CheckStatus.DEGRADED
    assert outcome.message is not None
    assert outcome.message.endswith("ms, slower than 10 ms")
    assert [(each.name, each.passed) for each in outcome.assertions] == [("status", True), ("latency", False)]
    assert (await look(web.url(), degraded_above_ms=60_000)).status is CheckStatus.UP


async def test_a_secret_that_the_server_repeats_is_not_kept(serve_web: ServeWeb) -> None:
    web = await serve_web(lambda request: answer(request, "X-Echo: open sesame", status="500 Oops"))

    outcome = await look(web.url(), headers=(Header(name="X-Key", value="open sesame"),))

    assert "open sesame" not in json.dumps(outcome.evidence)
    assert "X-Key: ***" in evidence(outcome)["body"]


@pytest.mark.parametrize(
    ("kind", "body", "excerpt"),
    [
        ("text/html; charset=latin-1", "käse".encode("latin-1"), "käse"),
        ("text/html; charset=nonsense", b"abc", "abc"),
        ("application/json", b'{"a":1}', '{"a":1}'),
        ("image/png", b"\x89PNG", "(4 bytes of image/png)"),
        ("text/plain", b"a\x00b\xff", "a\ufffdb\ufffd"),
        ("text/plain", b"x" * 10_000, "x" * 2_048),
    ],
)
async def test_an_excerpt_is_short_and_printable(
    serve_web: ServeWeb, kind: str, body: bytes, excerpt: str
) -> None:
    web = await serve_web(answer(body, f"Content-Type: {kind}", status="500 Oops"))

    assert evidence(await look(web.url()))["body"] == excerpt


async def test_redirects_are_followed_to_the_answer_that_is_judged(serve_web: ServeWeb) -> None:
    def redirecting(request: bytes) -> bytes:
        path = request.split(b" ")[1]
        if path == b"/start?key=abc":
            return answer(b"", "Location: /middle?token=abc", status="301 Moved")
        return (
            answer(b"", "Location: end", status="302 Found") if path != b"/end" else answer(status="500 Oops")
        )

    web = await serve_web(redirecting)

    outcome = await look(web.url("/start?key=abc"))

    assert outcome.message == "answered with HTTP 500 Internal Server Error, expected 200-299"
    assert evidence(outcome)["redirects"] == [
        {"url": web.url("/start?key=***"), "status": 301, "location": "/middle?token=***"},
        {"url": web.url("/middle?token=***"), "status": 302, "location": "end"},
    ]
    assert len(web.requests) == 3


async def test_a_redirect_that_is_not_followed_is_judged_itself(serve_web: ServeWeb) -> None:
    web = await serve_web(answer(b"", "Location: /next", status="302 Found"))

    assert (await look(web.url(), follow_redirects=False)).status_code == 302
    assert (
        await look(web.url(), follow_redirects=False, accepted_statuses=("302",))
    ).status is CheckStatus.UP
    assert len(web.requests) == 2


@pytest.mark.parametrize("most", [0, 3])
async def test_a_redirect_too_many_is_down(serve_web: ServeWeb, most: int) -> None:
    web = await serve_web(answer(b"", "Location: /", status="302 Found"))

    outcome = await look(web.url(), max_redirects=most)

    assert outcome.status is CheckStatus.DOWN
    assert (outcome.message or "").startswith("redirected more often than allowed, after")
    assert len(web.requests) == most + 1


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, Method.POST, "GET"),
        (302, Method.POST, "GET"),
        (303, Method.PUT, "GET"),
        (303, Method.HEAD, "HEAD"),
        (307, Method.POST, "POST"),
        (308, Method.PUT, "PUT"),
        (302, Method.GET, "GET"),
    ],
)
async def test_a_redirect_keeps_or_changes_the_method_as_browsers_do(
    serve_web: ServeWeb, status: int, method: Method, then: str
) -> None:
    web = await serve_web(
        lambda request: (
            answer() if b"/end" in request else answer(b"", "Location: /end", status=f"{status} Go")
        )
    )

    outcome = await look(web.url(), method=method, body="content")

    assert outcome.status is CheckStatus.UP
    assert web.requests[1].startswith(f"{then} /end ".encode())
    assert web.requests[1].endswith(b"content") == (then == method.value)


async def test_headers_follow_to_the_same_site_and_to_no_other(serve_web: ServeWeb) -> None:
    other = await serve_web(answer())
    web = await serve_web(
        lambda request: answer(
            b"", f"Location: {other.url() if b'/same' in request else '/same'}", status="302 Found"
        )
    )
    headers = (Header(name="Authorization", value="Bearer x"), Header(name="Accept-Language", value="de"))

    await look(web.url(), headers=headers)

    assert b"Authorization: Bearer x" in web.requests[1]
    assert b"Authorization" not in other.requests[0]
    assert b"Accept-Language: de" in other.requests[0]
    assert f"Host: 127.0.0.1:{other.port}".encode() in other.requests[0]


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/", "http://[::ffff:169.254.169.254]/", "http://2852039166/", "//0/"],
)
async def test_a_redirect_to_a_forbidden_address_is_refused_with_that_reason(
    serve_web: ServeWeb, location: str
) -> None:
    web = await serve_web(answer(b"", f"Location: {location}", status="302 Found"))

    outcome = await look(web.url())

    assert outcome.status is CheckStatus.DOWN
    assert (outcome.message or "").startswith("target refused: ")
    assert (outcome.message or "").endswith(", after 1 redirect")
    assert outcome.root_cause is RootCause.CONFIGURATION_ERROR


@pytest.mark.parametrize(
    ("location", "cause", "shown"),
    [
        ("file:///etc/passwd", "an address that must start with http:// or https://", "file:///etc/passwd"),
        ("ftp://web.test/", "an address that must start with http:// or https://", "ftp://web.test/"),
        (
            "http://me:word@web.test/",
            "an address that must not contain a user name or password",
            "http://***@web.test/",
        ),
        ("http://web.test:0/", "an address that must have a port from 1 to 65535", "http://web.test:0/"),
        (
            "http://me@web.test:70000/",
            "an address that must not contain a user name or password and must have a port from 1 to 65535",
            "http://***@web.test:70000/",
        ),
        ("http://./", "an address that must name a valid host", "http://./"),
        ("http://web.test:x/", "what is not an address", "http://web.test:x/"),
    ],
)
async def test_a_redirect_to_what_is_no_web_address_is_down_with_the_cause(
    serve_web: ServeWeb, location: str, cause: str, shown: str
) -> None:
    web = await serve_web(answer(b"", f"Location: {location}", status="302 Found"))

    outcome = await look(web.url())

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == f"redirected to {cause}, after 1 redirect"
    assert (outcome.evidence or {})["redirects"][0]["location"] == shown


async def test_a_name_that_changes_its_answer_between_checks_is_refused_with_that_reason(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(answer())
    name_server.records, name_server.ttl = {("web.test", "A"): ["127.0.0.1"]}, 0
    outbound = Outbound(resolver=name_server.resolver(tmp_path))
    first = await look(web.url(host="web.test"), outbound=outbound)
    name_server.records["web.test", "A"] = ["169.254.169.254"]

    second = await look(web.url(host="web.test"), outbound=outbound)

    assert first.status is CheckStatus.UP
    assert second.status is CheckStatus.DOWN
    assert second.message == "target refused: 169.254.169.254 is a cloud metadata address"
    assert len(web.requests) == 1


async def test_a_redirect_to_our_own_listener_is_refused(serve_web: ServeWeb) -> None:
    own = await serve_web(answer())
    web = await serve_web(answer(b"", f"Location: {own.url()}", status="302 Found"))
    outbound = Outbound(AddressPolicy(own_endpoints=frozenset({("127.0.0.1", own.port)})))

    outcome = await look(web.url(), outbound=outbound)

    assert "Tocsin's own" in (outcome.message or "")
    assert own.requests == []


async def test_a_name_that_does_not_exist_is_down(name_server: NameServer, tmp_path: Path) -> None:
    outcome = await look("http://nobody.test/", outbound=Outbound(resolver=name_server.resolver(tmp_path)))

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == "nobody.test does not exist"
    assert outcome.root_cause is RootCause.DNS_FAILURE


@pytest.mark.parametrize("timeout_seconds", [0.2, 5.0])
async def test_a_resolver_that_does_not_answer_says_nothing_of_the_target(
    name_server: NameServer, tmp_path: Path, timeout_seconds: float
) -> None:
    name_server.records = {("web.test", "A"): None, ("web.test", "AAAA"): None}
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    outcome = await look("http://web.test/", outbound=outbound, timeout_seconds=timeout_seconds)

    assert outcome.status is CheckStatus.UNKNOWN
    assert outcome.root_cause is RootCause.DNS_FAILURE


async def test_a_server_that_does_not_answer_in_time_is_down_before_the_deadline(serve_web: ServeWeb) -> None:
    released = asyncio.Event()

    async def late(_request: bytes) -> bytes:
        await released.wait()
        return answer()

    web = await serve_web(late)
    async with asyncio.timeout(0.5):
        outcome = await look(web.url(), timeout_seconds=0.5)
    released.set()

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == "timed out while waiting for the answer (limit 0.5 s)"
    assert outcome.root_cause is RootCause.NETWORK_TIMEOUT


async def test_an_expired_certificate_is_down_unless_not_verified(
    serve_web: ServeWeb, authority: Authority
) -> None:
    expired = authority.server_context("localhost", not_after=datetime.now(UTC) - timedelta(days=3, hours=1))
    web = await serve_web(answer(), tls=expired)
    url = web.url(scheme="https", host="localhost")
    outbound = Outbound(authorities=authority.path)

    outcome = await look(url, outbound=outbound)

    assert outcome.status is CheckStatus.DOWN
    assert outcome.message == "certificate expired 3 days ago"
    assert outcome.root_cause is RootCause.SSL_CERTIFICATE
    assert (await look(url, outbound=outbound, verify_tls=False)).status is CheckStatus.UP


async def test_what_is_prepared_of_one_configuration_is_not_used_for_another(serve_web: ServeWeb) -> None:
    web = await serve_web(answer())
    context = ProbeContext(timeout_seconds=5, outbound=Outbound(), run_blocking=run_blocking, memory={})

    for path in ("/a", "/a", "/b"):
        await HTTP.check(HttpConfig(url=web.url(path)), context)

    assert [request.split(b" ")[1] for request in web.requests] == [b"/a", b"/a", b"/b"]
