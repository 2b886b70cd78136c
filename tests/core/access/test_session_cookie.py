"""The cookie of a session, and the requests on which it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.access.session_cookie import SessionCookie

SECURE = SessionCookie(name="dashmon_session", public_url="https://tocsin.example.org")
PLAIN = SessionCookie(name="dashmon_session", public_url="http://127.0.0.1:8400")


def test_it_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    assert SECURE.holding("s3cret") == (
        "dashmon_session=s3cret; Max-Age=7776000; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    assert SECURE.cleared() == "dashmon_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"


def test_it_is_secure_only_behind_https() -> None:
    assert "Secure" not in PLAIN.holding("s3cret")


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("dashmon_session=abc", "abc"),
        ("theme=dark; dashmon_session=abc; x=y", "abc"),
        ("xdashmon_session=abc", None),
        ("dashmon_session=", None),
        ("dashmon_session", None),
        ("", None),
    ],
)
def test_its_secret_is_found_among_others(header: str, secret: str | None) -> None:
    assert SECURE.secret_in({"cookie": header}) == secret


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no browser
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8400"},  # under another of its names
        {"origin": "https://tocsin.example.org"},
        {"origin": "https://tocsin.example.org:443"},
        {"origin": "https://inside.example.org", "host": "inside.example.org"},
    ],
)
def test_it_counts_for_the_servers_own_pages(headers: dict[str, str]) -> None:
    assert SECURE.counts_in(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://tocsin.example.org"},
        {"sec-fetch-site": ""},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://evil.example.org"},
        {"origin": "https://tocsin.example.org.evil.example"},
        {"origin": "https://tocsin.example.org:8443"},
        {
            "origin": "http://tocsin.example.org",
            "host": "tocsin.example.org",
        },  # on the way, anybody can be that
        {"origin": "https://[", "host": "["},
        {"origin": "null", "host": ""},
    ],
)
def test_it_does_not_count_for_pages_of_others(headers: dict[str, str]) -> None:
    assert not SECURE.counts_in(headers)


def test_it_counts_for_pages_of_an_origin_that_may_use_it() -> None:
    cookie = replace(SECURE, trusted_origins=frozenset({"https://app.example.org"}))

    for headers in ({}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site"}):
        assert cookie.counts_in({**headers, "origin": "https://app.example.org"})
    assert not cookie.counts_in({"sec-fetch-site": "same-site", "origin": "https://evil.example.org"})
    assert not cookie.counts_in({"sec-fetch-site": "same-site"})
