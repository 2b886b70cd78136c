"""Whether a certificate that a look has seen nears its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from plugins.api.outbound import validity_of
from plugins.api.outcome import Assertion

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateEnd:
    """Until when the certificate of a host is valid."""

    host: str
    at: datetime

    def days_left(self, now: datetime) -> int:
        """Return how many whole days are left; negative once it has ended."""
        return (self.at - now) // _ONE_DAY


def certificate_end(response: httpx.Response) -> CertificateEnd | None:
    """Return until when the certificate is valid that the answer came under; None on a plain connection."""
    session = response.extensions["tls"]
    der = None if session is None else session.getpeercert(binary_form=True)
    validity = None if der is None else validity_of(der)
    return None if validity is None else CertificateEnd(host=response.request.url.host, at=validity.not_after)


def first_end(ends: Sequence[CertificateEnd]) -> CertificateEnd | None:
    """Return which of the certificates ends first."""
    return min(ends, key=lambda each: each.at, default=None)


def held_against(end: CertificateEnd, days: int, now: datetime) -> Assertion:
    """Return whether the certificate is valid for so many days."""
    return Assertion(
        name="certificate",
        passed=end.at - now >= days * _ONE_DAY,
        expected=f"valid for at least {days} days",
        actual=_left(end, now),
    )


def ending(end: CertificateEnd, now: datetime) -> str:
    """Say when the certificate ends."""
    return f"certificate of {end.host} ends on {end.at:%Y-%m-%d} ({_left(end, now)})"


def _left(end: CertificateEnd, now: datetime) -> str:
    days = end.days_left(now)
    return "ended" if days < 0 else f"{days} day{'' if days == 1 else 's'} left"
