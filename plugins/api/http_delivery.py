"""Delivering a message by one HTTP request: which answers mean what."""

from __future__ import annotations

import math
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from plugins.api.notifier import DeliveryError, Receipt
from plugins.api.outbound import Outbound, OutboundError

# The request itself is wrong, or the address will never answer again.
PERMANENT_STATUSES = frozenset({400, 401, 410, 413, 422})
# An address that is not known yet, or a key that is not in force yet: put right within the hour, or never.
REFUSED_STATUSES = frozenset({403, 404})
RETRY_REFUSED_FOR_SECONDS = 3600.0

_MOST_ANSWER_BYTES = 64 * 1024


async def deliver(outbound: Outbound, request: httpx.Request, *, timeout_seconds: float) -> Receipt:
    """Send the request; return the receipt of a 2xx answer, or raise DeliveryError for anything else."""
    response = await exchange(outbound, request, timeout_seconds=timeout_seconds)
    return receipt_of(response)


async def exchange(outbound: Outbound, request: httpx.Request, *, timeout_seconds: float) -> httpx.Response:
    """Send the request and return its answer, of whatever status; raise DeliveryError if there is none."""
    try:
        return await outbound.request(
            request, timeout_seconds=timeout_seconds, max_body_bytes=_MOST_ANSWER_BYTES
        )
    except OutboundError as error:
        raise DeliveryError(error.message, may_be_received=error.may_be_received) from error


def receipt_of(response: httpx.Response) -> Receipt:
    """Return the receipt of a 2xx answer; raise DeliveryError for any other status."""
    if response.is_success:
        return Receipt(status_code=response.status_code)
    status = response.status_code
    raise DeliveryError(
        f"answered with HTTP {status}" + (", and redirects are not followed" if response.is_redirect else ""),
        permanent=status in PERMANENT_STATUSES,
        retry_after_seconds=retry_after_seconds(response),
        retry_for_seconds=RETRY_REFUSED_FOR_SECONDS if status in REFUSED_STATUSES else None,
        status_code=status,
    )


def retry_after_seconds(response: httpx.Response) -> float | None:
    """Return when the answer asks to come back, in seconds; a date is read against the answer's own Date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < len(str(2**53)) else math.inf
    at, sent_at = _http_date(text), _http_date(response.headers.get("date", ""))
    return None if at is None or sent_at is None else max(0.0, (at - sent_at).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # RFC 5322 writes "-0000" for a time without a zone; HTTP dates are always UTC.
    return date if date.tzinfo is not None else None
