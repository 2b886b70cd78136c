"""The addresses that requests are sent to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.issues import Issues
from core.web_address import web_address


def refusals(address: str | None) -> list[str]:
    issues = Issues()
    web_address(address, ("url",), issues)
    return [issue.message for issue in issues.found]


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "https://example.com:65535/path?query=1#fragment",
        "http://127.0.0.1:1/",
        "http://[::1]:8080/x",
        "HTTPS://EXAMPLE.com",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost",
        "http://example.com./",
        "http://_service.my_host.test/",
        "http://a--b.xn--bcher-kva.test/",
        "http://b\u00fccher.test/",
        "http://B\u00dcCHER.test/",
        "http://\u4f8b\u3048\u3002\u30c6\u30b9\u30c8/",
        "http://" + "x" * 63 + ".test/",
        "http://" + "x." * 126 + "x",
    ],
)
def test_an_http_address_is_taken(address: str) -> None:
    assert refusals(address) == []


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        (None, "url is required"),
        ("", "url is required"),
        ("example.com/hook", "url must start with http:// or https://"),
        ("file:///etc/passwd", "url must start with http:// or https://"),
        ("javascript:alert(1)", "url must start with http:// or https://"),
        ("http://", "url must name a host"),
        ("http://./", "url must name a valid host"),
        ("http://../", "url must name a valid host"),
        ("http://-/", "url must name a valid host"),
        ("http://*/", "url must name a valid host"),
        ("http://*.example.com/", "url must name a valid host"),
        ("http://.example.com/", "url must name a valid host"),
        ("http://example..com/", "url must name a valid host"),
        ("http://-example.com/", "url must name a valid host"),
        ("http://example-.com/", "url must name a valid host"),
        ("http://exa%6dple.com/", "url must name a valid host"),
        ("http://" + "x" * 64 + ".test/", "url must name a valid host"),
        ("http://" + "x" * 300 + "/", "url must name a valid host"),
        ("http://" + "x." * 126 + "xx", "url must name a valid host"),
        ("http://" + "\u00fc" * 64 + ".test/", "url must name a valid host"),
        ("http://me@example.com", "url must not contain a user name or password"),
        ("http://:pw@example.com", "url must not contain a user name or password"),
        ("http://example.com:0", "url must have a port from 1 to 65535"),
        ("http://example.com:70000", "url must have a port from 1 to 65535"),
        ("http://example.com:eighty", "url must have a port from 1 to 65535"),
        ("http://[::1", "url is not an address"),
        ("http://example.com/a b", "url must not contain spaces or control characters"),
        ("http://example.com/\0", "url must not contain spaces or control characters"),
        ("http://example.com/\ud800", "url must not contain spaces or control characters"),
        ("http://example.com/" + "x" * 2_048, "url must have at most 2048 characters"),
    ],
)
def test_anything_else_is_refused_with_its_cause(address: str | None, cause: str) -> None:
    assert refusals(address) == [cause]


def test_several_wrong_things_of_one_address_are_told_at_once() -> None:
    assert len(refusals("http://user@example.com:99999/")) == 2


@given(st.text())
def test_no_text_makes_the_rule_crash(text: str) -> None:
    refusals(text)
    refusals("http://" + text)
