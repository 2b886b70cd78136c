"""On whose behalf a request comes: what is taken, what is sent, and what stays with the host that it is meant for."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from plugins.api.config import ConfigErrors, parse, secrets_set, to_json
from plugins.api.outcome import CheckStatus
from plugins.probes.http import HTTP, HttpConfig
from tests.plugins.conftest import ServeWeb
from tests.plugins.probes.http_looks import answer, look, sent_line, target_of

pytestmark = pytest.mark.usefixtures("no_descriptor_is_left_open")

SECRET = "s3cr/t+Value&x=="
OAUTH2 = {"tokenUrl": "https://id.test/token", "clientId": "tocsin", "clientSecret": SECRET}
WAYS: dict[str, dict[str, Any]] = {
    "bearer": {"token": SECRET},
    # Four bytes before the password: its Base64 alone is no part of that of the pair.
    "basic": {"username": "ada", "password": SECRET},
    "apiKey": {"key": SECRET, "name": "X-Key"},
    "oauth2": OAUTH2,
    "jwt": {"token": SECRET},
}
SECRET_PATHS = {
    "bearer": ["auth.bearer.token"],
    "basic": ["auth.basic.password"],
    "apiKey": ["auth.apiKey.key"],
    "oauth2": ["auth.oauth2.clientSecret"],
    "jwt": ["auth.jwt.token"],
}


def config(url: str = "https://web.test/", /, **fields: Any) -> HttpConfig:
    return parse(HttpConfig, {"url": url, **fields})


def issues_of(url: str = "https://web.test/", /, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigErrors) as raised:
        config(url, **fields)
    return [(".".join(issue.path), issue.message) for issue in raised.value.issues]


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_named_kept_when_omitted_and_never_shown(way: str) -> None:
    stored = config(auth={way: WAYS[way]})
    secret_name = SECRET_PATHS[way][0].rpartition(".")[2]
    rest = {name: value for name, value in WAYS[way].items() if name != secret_name}

    assert secrets_set(stored) == SECRET_PATHS[way]
    assert SECRET not in repr(stored)
    assert parse(HttpConfig, {"url": stored.url, "auth": {way: rest}}, stored=stored) == stored
    assert parse(HttpConfig, to_json(stored)) == stored
    # What belongs to one way is no secret of another.
    other = "jwt" if way == "bearer" else "bearer"
    with pytest.raises(ConfigErrors, match="is required"):
        parse(HttpConfig, {"url": stored.url, "auth": {other: {}}}, stored=stored)


@pytest.mark.parametrize(
    ("auth", "name", "expected"),
    [
        ({"bearer": {"token": SECRET}}, "authorization", f"Bearer {SECRET}"),
        (
            {"basic": {"username": "Ünal", "password": "open sesame: käse"}},
            "authorization",
            "Basic " + b64encode("Ünal:open sesame: käse".encode()).decode(),
        ),
        ({"apiKey": {"key": SECRET, "name": "X-Key"}}, "x-key", SECRET),
        ({"jwt": {"token": SECRET}}, "authorization", f"Bearer {SECRET}"),
        ({"jwt": {"token": SECRET, "header": "X-Jwt", "prefix": ""}}, "x-jwt", SECRET),
        ({"jwt": {"token": SECRET, "header": "X-Jwt", "prefix": "JWT"}}, "x-jwt", f"JWT {SECRET}"),
    ],
)
async def test_a_request_carries_its_header(
    serve_web: ServeWeb, auth: dict[str, Any], name: str, expected: str
) -> None:
    web = await serve_web(answer())

    assert (await look(web.url(), auth=auth)).status is CheckStatus.UP
    assert sent_line(web.requests[0], name) == expected


async def test_a_key_stands_in_the_query_and_nowhere_that_is_shown(serve_web: ServeWeb) -> None:
    web = await serve_web(lambda request: answer(request, status="500 Oops"))
    auth = {"apiKey": {"key": "abc", "name": "k", "location": "QUERY"}}

    outcome = await look(web.url("/?page=2"), auth=auth)

    assert target_of(web.requests[0]) == "/?page=2&k=abc"
    assert outcome.evidence is not None
    assert outcome.evidence["url"] == web.url("/?page=2&k=***")
    assert HTTP.target(config(web.url("/?page=2"), auth=auth)) == web.url("/?page=2")


@pytest.mark.parametrize("way", ["bearer", "basic", "apiKey", "jwt"])
@pytest.mark.parametrize("location", ["HEADER", "QUERY"])
async def test_a_server_that_repeats_everything_has_nothing_kept(
    serve_web: ServeWeb, way: str, location: str
) -> None:
    def repeat(request: bytes) -> bytes:
        line = request.replace(b"\r\n", b" ")
        body = b'{"said": %b}' % json.dumps(request.decode("latin-1")).encode()
        return answer(body, f"X-Said: {line.decode('latin-1')}", status="500 Oops")

    web = await serve_web(repeat)
    auth = {way: WAYS[way] | ({"location": location} if way == "apiKey" else {})}

    outcome = await look(
        web.url(), auth=auth, bodyLacks="HTTP", json=[{"path": "$.said", "operator": "EQUALS", "value": "x"}]
    )

    told = f"{outcome.message} {json.dumps(outcome.evidence)} {outcome.assertions}"
    assert "***" in told
    assert SECRET not in told
    assert SECRET[:8] not in told
    pair = b64encode(f"ada:{SECRET}".encode()).decode().rstrip("=")
    assert pair not in told


@pytest.mark.parametrize(
    "auth",
    [
        {"bearer": {"token": SECRET}},
        {"basic": {"username": "me", "password": SECRET}},
        {"apiKey": {"key": SECRET, "name": "X-Key"}},
        {"apiKey": {"key": SECRET, "name": "k", "location": "QUERY"}},
        {"jwt": {"token": SECRET, "header": "X-Jwt"}},
    ],
)
async def test_nothing_of_it_crosses_to_another_host_and_all_of_it_stays_on_the_same(
    serve_web: ServeWeb, auth: dict[str, Any]
) -> None:
    stranger = await serve_web(answer())
    web = await serve_web(lambda request: _redirect(request, stranger.url("/in?of=web")))

    outcome = await look(web.url("/here"), auth=auth)

    assert outcome.status is CheckStatus.UP
    first, second = web.requests
    (elsewhere,) = stranger.requests
    secret_lines = [
        {line for line in request.split(b"\r\n")[1:] if not line.startswith(b"Host")}
        for request in web.requests
    ]
    assert secret_lines[0] == secret_lines[1]
    assert target_of(first).partition("?")[2] == target_of(second).partition("?")[2]
    for form in (SECRET, "s3cr", b64encode(f"me:{SECRET}".encode()).decode()):
        assert form.encode() not in elsewhere
    assert target_of(elsewhere).startswith("/in?of=web")


def _redirect(request: bytes, elsewhere: str) -> bytes:
    """Redirect to the same host first, without the query, and then to another, with all that came in it."""
    path, _, query = target_of(request).partition("?")
    location = "/there" if path == "/here" else f"{elsewhere}&{query}"
    return answer(b"", f"Location: {location}", status="302 Found")


def test_exactly_one_way_is_taken() -> None:
    assert issues_of(auth={})[0][0] == "auth"
    assert issues_of(auth={"bearer": {"token": "x"}, "jwt": {"token": "y"}})[0][0] == "auth"
    assert config(auth=None).auth is None


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ({"bearer": {"token": "two words"}}, "auth.bearer.token"),
        ({"bearer": {"token": "a\r\nb"}}, "auth.bearer.token"),
        ({"bearer": {"token": ""}}, "auth.bearer.token"),
        ({"bearer": {"token": None}}, "auth.bearer.token"),
        ({"bearer": {"token": "x" * 8_193}}, "auth.bearer.token"),
        ({"basic": {"username": "a:b", "password": "x"}}, "auth.basic.username"),
        ({"basic": {"username": "a", "password": "x\ny"}}, "auth.basic.password"),
        ({"apiKey": {"key": "x", "name": "Content-Length"}}, "auth.apiKey.name"),
        ({"apiKey": {"key": "x", "name": "User-Agent"}}, "auth.apiKey.name"),
        ({"apiKey": {"key": "x", "name": "Host"}}, "auth.apiKey.name"),
        ({"apiKey": {"key": "x", "name": "a b", "location": "QUERY"}}, "auth.apiKey.name"),
        ({"apiKey": {"key": "x", "name": "key", "location": "COOKIE"}}, "auth.apiKey.location"),
        ({"jwt": {"token": "x", "header": "Accept"}}, "auth.jwt.header"),
        ({"jwt": {"token": "x", "prefix": "two words"}}, "auth.jwt.prefix"),
        ({"oauth2": OAUTH2 | {"tokenUrl": "ftp://id.test/"}}, "auth.oauth2.tokenUrl"),
        ({"oauth2": OAUTH2 | {"grantType": "implicit"}}, "auth.oauth2.grantType"),
        ({"oauth2": OAUTH2 | {"clientSecret": None}}, "auth.oauth2.clientSecret"),
        ({"oauth2": OAUTH2 | {"grantType": "password", "username": "me"}}, "auth.oauth2.password"),
        ({"oauth2": OAUTH2 | {"grantType": "password", "password": "x"}}, "auth.oauth2.username"),
        ({"oauth2": OAUTH2 | {"scope": "naïve"}}, "auth.oauth2.scope"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_path(auth: dict[str, Any], path: str) -> None:
    issues = issues_of(auth=auth)

    assert [where for where, _ in issues] == [path]
    assert SECRET not in str(issues)


def test_what_contradicts_the_rest_of_the_configuration_is_refused_at_its_path() -> None:
    twice = issues_of(auth={"bearer": {"token": "x"}}, headers=[{"name": "authorization", "value": "y"}])
    query = issues_of(
        "https://web.test/?k=1", auth={"apiKey": {"key": "x", "name": "k", "location": "QUERY"}}
    )

    assert twice == [("headers.0.name", "headers.0.name is set by auth")]
    assert query == [("auth.apiKey.name", "auth.apiKey.name is a parameter that the url has already")]
