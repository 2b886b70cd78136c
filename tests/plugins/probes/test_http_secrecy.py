"""What a server repeats of the secrets that it was sent is never kept."""

from __future__ import annotations

import asyncio
import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import ProbeContext
from plugins.probes.http import HTTP, Header, HttpConfig, Method
from plugins.probes.http.secrecy import mask_of
from tests.plugins.conftest import NameServer, ServeWeb

TOKEN = 'Zq7/+"<k>&9 mXy'


def config(*headers: Header, url: str = "http://web.test/", body: str | None = None) -> HttpConfig:
    return HttpConfig(url=url, headers=headers, body=body)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=8, max_size=30), st.text(), st.text())
def test_a_secret_that_is_repeated_is_masked(secret: str, before: str, after: str) -> None:
    mask = mask_of(config(Header(name="X-Key", value=secret)))

    assert secret not in mask(f"{before}{secret}{after}")


@pytest.mark.parametrize(
    "encoded",
    [
        quote(TOKEN, safe=""),
        quote_plus(TOKEN),
        html.escape(TOKEN),
        json.dumps(TOKEN),
        base64.b64encode(TOKEN.encode()).decode(),
        TOKEN.lower(),
        TOKEN.upper(),
    ],
)
def test_a_secret_is_masked_in_every_form_that_texts_give_it(encoded: str) -> None:
    mask = mask_of(config(Header(name="X-Key", value=TOKEN)))

    assert "***" in mask(f"before {encoded} after")
    assert "mxy" not in mask(f"before {encoded} after").lower()


@pytest.mark.parametrize(
    ("header", "repeated"),
    [
        (Header(name="Authorization", value="Bearer abcdefgh12345678"), "abcdefgh12345678"),
        (
            Header(name="Authorization", value="Basic " + base64.b64encode(b"me:open sesame").decode()),
            "open sesame",
        ),
        (Header(name="Cookie", value="theme=dark; session=abcdefgh12345678"), "abcdefgh12345678"),
        (Header(name="X-Login", value='Digest response="abcdefgh12345678"'), "abcdefgh12345678"),
    ],
)
def test_a_part_of_a_secret_header_is_a_secret_too(header: Header, repeated: str) -> None:
    assert mask_of(config(header))(f"you sent {repeated}!") == "you sent ***!"


def test_what_is_named_like_a_key_in_the_address_or_the_body_is_a_secret() -> None:
    masks = (
        mask_of(config(url="http://web.test/?page=seven&api_key=open%20sesame#x")),
        mask_of(config(body="user=somebody&password=open%20sesame")),
        mask_of(config(body='{"user": "somebody", "accessToken": "open%20sesame"}')),
    )

    for mask in masks:
        assert mask("open%20sesame seven somebody") == "*** seven somebody"
    assert masks[0]("open sesame") == "***"


def test_words_that_everybody_sends_are_no_secrets() -> None:
    mask = mask_of(config(Header(name="Accept", value="application/json, text/html")))

    assert mask("text/html; charset=utf-8") == "text/html; charset=utf-8"


async def look(url: str, *, outbound: Outbound | None = None, **fields: object) -> Outcome:
    context = ProbeContext(
        timeout_seconds=5, outbound=outbound or Outbound(), run_blocking=asyncio.to_thread, memory={}
    )
    return await HTTP.check(HttpConfig(url=url, **fields), context)  # type: ignore[arg-type]


def told(outcome: Outcome) -> str:
    return f"{outcome.message} {json.dumps(outcome.evidence)}"


SECRET_HEADERS = (
    Header(name="Authorization", value="Bearer abcdefgh12345678"),
    Header(name="Cookie", value="session=opensesame42"),
)


async def test_a_server_that_repeats_everything_has_nothing_kept(serve_web: ServeWeb) -> None:
    def repeat(request: bytes) -> bytes:
        line = request.replace(b"\r\n", b" ")
        body = request * 20
        return b"HTTP/1.1 500 %b\r\nX-Said: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            line,
            line,
            len(body),
            body,
        )

    web = await serve_web(repeat)

    outcome = await look(
        web.url("/?token=queryvalue&page=2"),
        method=Method.POST,
        headers=SECRET_HEADERS,
        body="password=formvalue",
    )

    assert outcome.status is CheckStatus.DOWN
    for secret in ("abcdefgh12345678", "opensesame42", "queryvalue", "formvalue"):
        assert secret not in told(outcome)


@pytest.mark.parametrize("ahead", [*range(2_030, 2_052), *range(8_170, 8_196)])
async def test_a_secret_at_the_end_of_an_excerpt_is_not_kept_by_half(serve_web: ServeWeb, ahead: int) -> None:
    body = b"x" * ahead + b"abcdefgh12345678" + b"y" * 9_000
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body)
    web = await serve_web(answer + body)

    outcome = await look(web.url(), headers=SECRET_HEADERS)

    assert "abcd" not in told(outcome)


@pytest.mark.parametrize("ahead", range(480, 502, 3))
async def test_a_secret_at_the_end_of_a_header_is_not_kept_by_half(serve_web: ServeWeb, ahead: int) -> None:
    value = b"x" * ahead + b" abcdefgh12345678"
    web = await serve_web(b"HTTP/1.1 500 Oops\r\nX-Said: %b\r\nContent-Length: 0\r\n\r\n" % value)

    outcome = await look(web.url(), headers=SECRET_HEADERS)

    assert "abcd" not in told(outcome)


async def test_a_redirect_cannot_put_a_secret_into_the_reason(
    serve_web: ServeWeb, name_server: NameServer, tmp_path: Path
) -> None:
    web = await serve_web(
        b"HTTP/1.1 302 Found\r\nLocation: http://ABCDEFGH12345678.test\r\nContent-Length: 0\r\n\r\n"
    )
    outbound = Outbound(resolver=name_server.resolver(tmp_path))

    outcome = await look(web.url(), outbound=outbound, headers=SECRET_HEADERS)

    assert outcome.message == "***.test does not exist, after 1 redirect"
    assert "abcdefgh12345678" not in told(outcome).lower()
