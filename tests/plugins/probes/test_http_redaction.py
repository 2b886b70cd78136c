"""What of addresses, headers and bodies is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.probes.http.redaction import printable, redacted_headers, redacted_url, without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://web.test/", "http://web.test/"),
        ("http://web.test/a?page=2&sort=name", "http://web.test/a?page=2&sort=name"),
        ("http://web.test/?token=abc", "http://web.test/?token=***"),
        ("http://web.test/?api_key=abc&x=1", "http://web.test/?api_key=***&x=1"),
        ("http://web.test/?X-Amz-Signature=abc", "http://web.test/?X-Amz-Signature=***"),
        ("http://web.test/?password=", "http://web.test/?password="),
        ("http://web.test/?v=0123456789abcdef0123", "http://web.test/?v=***"),
        ("http://web.test/?0123456789abcdef0123", "http://web.test/?***"),
        ("http://user:pass@web.test:81/", "http://***@web.test:81/"),
        ("//user@web.test/", "//***@web.test/"),
        ("http://web.test/#access_token=abc", "http://web.test/"),
        ("/path?code=1", "/path?code=***"),
        ("http://[::1/", "***"),
    ],
)
def test_query_values_that_look_like_keys_are_masked(url: str, shown: str) -> None:
    assert redacted_url(url) == shown


def test_headers_that_authorize_are_left_out_and_addresses_redacted() -> None:
    headers = [
        ("content-type", "text/html"),
        ("set-cookie", "id=1"),
        ("www-authenticate", "Basic"),
        ("x-api-key", "1"),
        ("location", "/next?token=abc"),
    ]

    assert redacted_headers(headers) == [["content-type", "text/html"], ["location", "/next?token=***"]]


def test_control_characters_are_replaced_and_lines_kept() -> None:
    assert printable("a\x00b\x1b[31m\nc\td\ud800") == "a\ufffdb\ufffd[31m\nc\td\ufffd"


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=8, max_size=30), st.text(), st.text())
def test_a_secret_that_is_repeated_is_masked(secret: str, before: str, after: str) -> None:
    assert secret not in without_secrets(f"{before}{secret}{after}", [secret])
