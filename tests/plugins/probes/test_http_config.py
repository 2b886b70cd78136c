"""What the http kind takes, and each rule that a configuration breaks."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.api.config import ConfigErrors, parse
from plugins.probes.http import HTTP, Header, HttpConfig, Method, Presentation
from plugins.probes.http.statuses import accepted_statuses


def issues_of(**fields: Any) -> list[tuple[str, ...]]:
    with pytest.raises(ConfigErrors) as raised:
        parse(HttpConfig, {"url": "https://web.test/", **fields})
    return [issue.path for issue in raised.value.issues]


def test_only_the_url_is_required_and_the_defaults_are_the_contracts() -> None:
    assert parse(HttpConfig, {"url": "https://web.test/"}) == HttpConfig(
        url="https://web.test/",
        method=Method.GET,
        headers=(),
        body=None,
        accepted_statuses=("200-299",),
        follow_redirects=True,
        max_redirects=10,
        verify_tls=True,
        degraded_above_ms=None,
        presentation=Presentation.WEBSITE,
        auth=None,
        body_contains=None,
        body_lacks=None,
        json=(),
        certificate_days_left=None,
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://web.test",
        "https://web.test:8443/path?query=1#fragment",
        "http://127.0.0.1:65535/",
        "http://[::1]:8080/",
        "http://2130706433/",
        "https://bücher.test/",
        "HTTPS://WEB.TEST/",
    ],
)
def test_a_web_address_is_taken(url: str) -> None:
    assert parse(HttpConfig, {"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "web.test",
        "//web.test/",
        "file:///etc/passwd",
        "ftp://web.test/",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@web.test/",
        "http://user:password@web.test/",
        "http://web.test:0/",
        "http://web.test:70000/",
        "http://web.test:-1/",
        "http://web.test:x/",
        "http://web.test/\x00",
        "http://web.test/a b",
        "http://web.test/\r\nX: y",
        "http://[::1/",
        "http://[fe80::1%25eth0]:x/",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://web.test/\ud800",
        "http://web.test/" + "x" * 2_048,
    ],
)
def test_what_is_no_web_address_is_refused_at_its_path(url: str) -> None:
    assert set(issues_of(url=url)) == {("url",)}


def test_all_that_is_wrong_is_told_at_once() -> None:
    paths = issues_of(
        url="file:///etc/passwd",
        method="BREW",
        headers=[{"name": "X Key", "value": "v"}, {"name": "X-Key", "value": "a\nb"}],
        acceptedStatuses=["200-299", "999", "300-200", "ok"],
        maxRedirects=21,
        degradedAboveMs=0,
        surprise=1,
    )

    assert sorted(paths) == sorted(
        [
            ("url",),
            ("method",),
            ("headers", "0", "name"),
            ("headers", "1", "value"),
            ("acceptedStatuses", "1"),
            ("acceptedStatuses", "2"),
            ("acceptedStatuses", "3"),
            ("maxRedirects",),
            ("degradedAboveMs",),
            ("surprise",),
        ]
    )


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "", "X:", "X\n", "Ü"])
def test_a_header_that_frames_the_request_or_is_malformed_is_refused(name: str) -> None:
    assert issues_of(headers=[{"name": name, "value": "x"}]) == [("headers", "0", "name")]


@pytest.mark.parametrize(
    "bounds", [{"maxRedirects": -1}, {"acceptedStatuses": []}, {"degradedAboveMs": 10**9}]
)
def test_numbers_and_lists_have_bounds(bounds: dict[str, Any]) -> None:
    assert issues_of(**bounds) == [tuple(bounds)]


def test_statuses_and_ranges_are_joined() -> None:
    assert accepted_statuses(["204", "300-302"]) == {204, 300, 301, 302}


def test_the_target_shows_no_secret() -> None:
    config = HttpConfig(url="https://web.test/path?token=s3cret&page=2#top")

    assert HTTP.target(config) == "https://web.test/path?token=***&page=2"
    assert HTTP.host(config) == "web.test"


def test_the_presentation_is_a_website_or_an_api() -> None:
    assert HTTP.presentation is not None
    assert HTTP.presentation(HttpConfig(url="http://web.test/")) == "WEBSITE"
    assert HTTP.presentation(HttpConfig(url="http://web.test/", presentation=Presentation.API)) == "API"


def test_a_headers_value_is_not_shown() -> None:
    config = HttpConfig(url="http://web.test/", headers=(Header(name="X-Key", value="open sesame"),))

    assert "open sesame" not in repr(config)
