"""Which pages of other sites may read answers."""

from __future__ import annotations

import pytest

from core.cross_origin import CrossOrigin, origins_of

APP = "https://app.example.org"
OURS = CrossOrigin(origins=origins_of(f"{APP}, http://localhost:3000"))


def test_a_page_that_is_named_reads_answers_and_sends_cookies() -> None:
    headers = OURS.answer_headers({"origin": APP})

    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Vary"] == "Origin"
    assert "X-RateLimit-Remaining" in headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "http://app.example.org",
        "https://app.example.org.evil.example",
        "https://app.example.org:8443",
        "null",
        "*",
        "",
    ],
)
def test_no_other_page_is_told_anything(origin: str) -> None:
    assert OURS.answer_headers({"origin": origin}) == {"Vary": "Origin"}
    assert OURS.preflight_headers({"origin": origin}) == {"Vary": "Origin"}


def test_what_is_no_page_is_told_nothing_either() -> None:
    assert OURS.answer_headers({}) == {"Vary": "Origin"}


def test_without_the_setting_answers_say_nothing_of_it() -> None:
    closed = CrossOrigin(origins=origins_of(""))

    assert closed.answer_headers({"origin": APP}) == closed.preflight_headers({"origin": APP}) == {}


def test_a_browser_that_asks_first_is_told_what_it_may_send() -> None:
    headers = OURS.preflight_headers({"origin": "http://localhost:3000"})

    assert headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "app.example.org",
        "https://",
        "https://a.example/",
        "https://a.example/x",
        "ftp://a.example",
        "https://A.example",
        "https://a.example:443",
        "http://a.example:80",
        "https://u@a.example",
        "null",
        "https://a.example:99999",
    ],
)
def test_what_browsers_never_send_is_refused_in_the_setting(text: str) -> None:
    with pytest.raises(ValueError, match=r"origin|browsers|ort"):
        origins_of(text)
