"""A database URL names one server, or several of which one can be written to."""

from __future__ import annotations

import pytest

from core.db.connector import addresses


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://one/name", ["postgresql://one/name"]),
        (
            "postgresql://user:p%2Cw@one:5433,two/name?sslmode=require",
            [
                "postgresql://user:p%2Cw@one:5433/name?sslmode=require",
                "postgresql://user:p%2Cw@two/name?sslmode=require",
            ],
        ),
        (
            "postgresql://user@[2001:db8::1]:5432,[2001:db8::2]/name",
            ["postgresql://user@[2001:db8::1]:5432/name", "postgresql://user@[2001:db8::2]/name"],
        ),
        ("postgresql://user@/name?host=/run/postgres", ["postgresql://user@/name?host=/run/postgres"]),
        (
            "postgresql://user@/name?host=one,two&port=1,2",
            ["postgresql://user@/name?host=one&port=1", "postgresql://user@/name?host=two&port=2"],
        ),
        (
            "postgresql://user@/name?host=one,two&port=1",
            ["postgresql://user@/name?host=one&port=1", "postgresql://user@/name?host=two&port=1"],
        ),
        (
            "postgresql://user@/name?host=one,two",
            ["postgresql://user@/name?host=one", "postgresql://user@/name?host=two"],
        ),
    ],
)
def test_a_url_is_taken_apart_into_one_for_each_server(url: str, expected: list[str]) -> None:
    assert addresses(url) == expected
