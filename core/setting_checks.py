"""What may be wrong with the value of a setting: each check returns the fault, to follow the setting's name, or None."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from plugins.api.config import FieldError
from plugins.api.mail import parse_mail_url, require_email_address


def no_fault(_value: Any) -> str | None:
    """Take any value."""
    return None


def public_url_fault(value: str) -> str | None:
    """Take the address of a page or server, to which more can be added at the end."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an http or https address, such as https://tocsin.example.org"
    return "must not end in a query or a fragment" if parts.query or parts.fragment else None


def database_url_fault(value: str) -> str | None:
    """Take the address of a PostgreSQL."""
    if urlsplit(value).scheme in {"postgresql", "postgres"}:
        return None
    return "must look like postgresql://user:password@host:5432/database"


def cookie_name_fault(value: str) -> str | None:
    """Take a name that a cookie can have, which RFC 6265 lets be a token of HTTP."""
    fits = re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", value)
    return None if fits else "must have letters, digits and any of !#$%&'*+.^_`|~- only, at most 64"


def email_fault(value: str) -> str | None:
    """Take an e-mail address, be it one that no mail can be sent to."""
    name, _, host = value.rpartition("@")
    return None if name and host and not re.search(r"\s", value) else "must be an e-mail address"


def smtp_url_fault(value: str) -> str | None:
    """Take the address of a mail server."""
    try:
        parse_mail_url(value)
    except ValueError as error:
        return str(error)
    return None


def sender_fault(value: str) -> str | None:
    """Take an e-mail address, with a name before it or without."""
    name, address = parseaddr(value)
    try:
        require_email_address(address)
    except FieldError:
        return "must be an e-mail address, or a name and an address: Tocsin <tocsin@example.org>"
    return None if name.isprintable() and value.isprintable() else "must be one line"


def parsed_by(parse: Callable[[str], object], expected: str) -> Callable[[str], str | None]:
    """Return a check of what a parser takes; it raises ValueError with the cause, which follows what is expected."""

    def fault(value: str) -> str | None:
        try:
            parse(value)
        except ValueError as error:
            return f"{expected}: {error}"
        return None

    return fault


def at_least(characters: int) -> Callable[[str], str | None]:
    """Return a check of how long a text is."""
    return lambda value: None if len(value) >= characters else f"must have {characters} characters or more"


def between(low: int, high: int) -> Callable[[int], str | None]:
    """Return a check of a number's bounds, which are within."""
    return lambda value: None if low <= value <= high else f"must be from {low} to {high}"
