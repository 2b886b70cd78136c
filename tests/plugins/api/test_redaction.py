"""What of addresses is shown."""

from __future__ import annotations

import pytest

from plugins.api.redaction import redacted_url


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


def test_a_parameter_that_is_named_as_secret_is_masked_whatever_it_looks_like() -> None:
    assert redacted_url("http://web.test/?a+b=x&c=y", ["a b"]) == "http://web.test/?a+b=***&c=y"
    assert redacted_url("http://web.test/?a%20b=x&c=y", ["a b"]) == "http://web.test/?a%20b=***&c=y"
