"""The rule for the addresses that the kind sends requests to."""

from __future__ import annotations

import httpx

from plugins.api.config import FieldError
from plugins.api.outbound import MalformedAddress, literal_address
from plugins.api.web_address import require_web_address

LONGEST_ADDRESS = 2_048


def require_url(url: str) -> None:
    """Raise FieldError, or an ExceptionGroup of them, unless requests can be sent to the URL."""
    require_web_address(url)
    try:
        literal_address(httpx.URL(url).host)
    except (httpx.InvalidURL, MalformedAddress) as error:
        raise FieldError("", "must name a valid host") from error
