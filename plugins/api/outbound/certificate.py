"""The dates of a certificate, read from its DER form.

Python hands out the parsed form of accepted certificates only, and the dates are wanted for refused ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

_UTC_TIME = 0x17
_EXPLICIT_VERSION = 0xA0
_LONG_LENGTH = 0x80


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """From when until when a certificate is valid."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Element:
    tag: int
    start: int
    end: int


def validity_of(der: bytes) -> Validity | None:
    """Return the dates of an X.509 certificate in DER form, or None where it cannot be read."""
    try:
        return _validity(der)
    except (IndexError, ValueError):
        return None


def _validity(der: bytes) -> Validity:
    certificate = _element(der, 0)
    to_be_signed = _element(der, certificate.start)
    field = _element(der, to_be_signed.start)
    if field.tag == _EXPLICIT_VERSION:
        field = _element(der, field.end)
    # Serial number, signature algorithm and issuer stand before the dates.
    for _ in range(3):
        field = _element(der, field.end)
    not_before = _element(der, field.start)
    not_after = _element(der, not_before.end)
    return Validity(not_before=_time(der, not_before), not_after=_time(der, not_after))


def _element(der: bytes, offset: int) -> _Element:
    tag, length, start = der[offset], der[offset + 1], offset + 2
    if length & _LONG_LENGTH:
        octets = length & ~_LONG_LENGTH
        length = int.from_bytes(der[start : start + octets], "big")
        start += octets
    if start + length > len(der):
        raise ValueError("certificate is cut short")
    return _Element(tag=tag, start=start, end=start + length)


def _time(der: bytes, element: _Element) -> datetime:
    text = der[element.start : element.end].decode("ascii")
    if element.tag == _UTC_TIME:
        # RFC 5280: two-digit years from 50 on are of the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
