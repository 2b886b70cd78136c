"""Passwords are kept as scrypt digests."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from core.access.passwords import hash_password, is_password
from tests.core.access import stored_password

CHEAP = stored_password.cheaply_stored("correct horse")


@pytest.fixture
def scrypt_calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What scrypt was asked to do."""
    calls: list[dict[str, Any]] = []
    really = hashlib.scrypt

    def counted(password: bytes, **how: Any) -> bytes:
        calls.append({name: value for name, value in how.items() if name != "salt"})
        return really(password, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return calls


def test_a_password_is_recognised_and_another_is_not() -> None:
    stored = hash_password("correct horse")

    assert is_password("correct horse", stored)
    assert stored_password.is_password("correct horse", stored)
    assert not is_password("correct horsf", stored)
    assert "correct" not in stored


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert hash_password("correct horse") != hash_password("correct horse")


def test_a_digest_of_other_parameters_is_still_understood() -> None:
    assert is_password("correct horse", CHEAP)
    assert not is_password("correct horse ", CHEAP)


@pytest.mark.parametrize("password", ["", "\ud800", "\0", "ü" * 5_000])
def test_any_text_may_be_tried(password: str) -> None:
    assert not is_password(password, CHEAP)


@pytest.mark.parametrize(
    "stored", [None, "", "-", "scrypt$x$8$1$aa==$aa==", "bcrypt$16$8$1$AAAA$AAAA", "$" * 5]
)
def test_nobodys_password_costs_as_much_as_somebodys_and_is_never_right(
    scrypt_calls: list[dict[str, Any]], stored: str | None
) -> None:
    real = hash_password("correct horse")
    assert is_password("correct horse", real)
    assert not is_password("correct horse", stored)

    made, somebodys, nobodys = scrypt_calls
    assert made == somebodys == nobodys
