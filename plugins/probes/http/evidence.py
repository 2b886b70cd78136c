"""What is kept of an answer that was not good: enough to understand it, and nothing that authorizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from plugins.api.config import secret_values
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.redaction import printable, redacted_headers, redacted_url, without_secrets

LONGEST_EXCERPT = 2_048
LONGEST_HEADER = 500
MOST_HEADERS = 50

_TEXT_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/problem",
    "application/javascript",
)
_TEXT_SUFFIXES = ("+json", "+xml")


def evidence_of(
    config: HttpConfig, response: httpx.Response | None, redirects: Sequence[httpx.Response]
) -> Mapping[str, Any]:
    """Return what is kept of a look: JSON, redacted, bounded. `response` is None where there was no answer."""
    evidence: dict[str, Any] = {"redirects": [_redirect(each) for each in redirects]}
    if response is not None:
        evidence |= {
            "url": redacted_url(str(response.request.url)),
            "address": str(response.extensions["address"]),
            "status": response.status_code,
            "headers": redacted_headers(_headers(response)),
            "body": _excerpt(response),
        }
    secrets = secret_values(config)
    return {name: _cleaned(value, secrets) for name, value in evidence.items()}


def _redirect(response: httpx.Response) -> dict[str, Any]:
    return {
        "url": redacted_url(str(response.request.url)),
        "status": response.status_code,
        "location": printable(redacted_url(response.headers["location"])[:LONGEST_HEADER]),
    }


def _headers(response: httpx.Response) -> list[tuple[str, str]]:
    items = [(name, value[:LONGEST_HEADER]) for name, value in response.headers.multi_items()]
    return items[:MOST_HEADERS]


def _excerpt(response: httpx.Response) -> str:
    body = response.read()
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind and not (kind.startswith(_TEXT_TYPES) or kind.endswith(_TEXT_SUFFIXES)):
        return f"({len(body)} bytes of {printable(kind)})"
    return printable(_decoded(body, response.charset_encoding or "utf-8")[:LONGEST_EXCERPT])


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("latin-1")


def _cleaned(value: Any, secrets: Sequence[str]) -> Any:
    match value:
        case str():
            return without_secrets(value, secrets)
        case list():
            return [_cleaned(each, secrets) for each in value]
        case dict():
            return {key: _cleaned(each, secrets) for key, each in value.items()}
        case _:
            return value
