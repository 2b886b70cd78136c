"""Rules for what people say of themselves."""

from __future__ import annotations

import functools
import re
import zoneinfo

from core.issues import Issues, Path
from core.text_rules import LONGEST_SECRET, secret_of
from plugins.api.config import FieldError
from plugins.api.mail import require_email_address

SHORTEST_PASSWORD = 8
LONGEST_EMAIL = 254
DEFAULT_LANGUAGE = "en"
DEFAULT_TIMEZONE = "UTC"

# E.164, in the form in which people write it into settings.
_PHONE_NUMBER = re.compile(r"\+[0-9]{6,15}")
# The shape of RFC 5646: a language, and what narrows it down.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@functools.cache
def _timezones() -> set[str]:
    """Return the names in the database, of which a process has one: it is walked through only once."""
    return zoneinfo.available_timezones()


def email_of(value: str, path: Path, issues: Issues) -> str:
    """Return an address that mail can be sent to, without the space around it; note each rule it breaks."""
    address = value.strip()
    if len(address) > LONGEST_EMAIL:
        cause = f"must have at most {LONGEST_EMAIL} characters"
        issues.refuse_value(path, "max_length", cause, len(address), expected=str(LONGEST_EMAIL))
        return address
    try:
        require_email_address(address)
    except FieldError as fault:
        issues.refuse(path, "email", str(fault))
    return address


def findable_email(value: str) -> str:
    """Return what an account is looked up by: nothing where PostgreSQL could not hold what was given."""
    address = value.strip()
    return "" if "\0" in address or _LONE_SURROGATE.search(address) else address


def password_of(value: str, path: Path, issues: Issues) -> str:
    """Return a password exactly as it was given; note each rule it breaks, without quoting it."""
    if len(value) < SHORTEST_PASSWORD:
        cause = f"must have at least {SHORTEST_PASSWORD} characters"
        issues.refuse(path, "min_length", cause, expected=str(SHORTEST_PASSWORD))
        return value
    return secret_of(value, path, issues, longest=LONGEST_SECRET)


def phone_number_of(value: str, path: Path, issues: Issues) -> str:
    """Return a phone number without what is written between its digits; note an issue if it is none."""
    number = re.sub(r"[ ().-]", "", value)
    if not _PHONE_NUMBER.fullmatch(number):
        issues.refuse(path, "phone_number", "must be a phone number with its country: +441632960961")
    return number


def language_of(value: str, path: Path, issues: Issues) -> str:
    """Return a language by its tag; note an issue if it has not the shape of one."""
    if not _LANGUAGE.fullmatch(value):
        issues.refuse(path, "language", "must be a language tag, such as en or pt-BR")
    return value


def timezone_of(value: str, path: Path, issues: Issues) -> str:
    """Return a time zone by its name in the IANA database; note an issue if it has none."""
    if value != DEFAULT_TIMEZONE and value not in _timezones():
        issues.refuse(path, "timezone", "must be a time zone, such as Europe/Berlin")
    return value
