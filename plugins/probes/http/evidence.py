"""What is kept of an answer that was not good: enough to understand it, and nothing that authorizes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx

from plugins.api.redaction import redacted_url
from plugins.probes.http.body_text import charset_of, content_type
from plugins.probes.http.redaction import printable, redacted_headers
from plugins.probes.http.redirects import Hop
from plugins.probes.http.secrecy import Mask

LONGEST_EXCERPT = 2_048
LONGEST_HEADER = 500
MOST_HEADERS = 50
_MOST_EXAMINED_BYTES = 4 * LONGEST_EXCERPT

_TEXT_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/problem",
    "application/javascript",
)
_TEXT_SUFFIXES = ("+json", "+xml")


def evidence_of(
    response: httpx.Response | None, redirects: Sequence[Hop], mask: Mask, secret_names: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return what is kept of a look: JSON, redacted, bounded. `response` is None where there was no answer.

    `secret_names` are parameters of addresses whose values are secret.
    """
    evidence: dict[str, Any] = {"redirects": [_redirect(each, mask, secret_names) for each in redirects]}
    if response is not None:
        evidence |= {
            "url": mask(redacted_url(str(response.request.url), secret_names)),
            "address": str(response.extensions["address"]),
            "status": response.status_code,
            "headers": _headers(response, mask),
            "body": _excerpt(response, mask),
        }
    return evidence


def _redirect(hop: Hop, mask: Mask, secret_names: Collection[str]) -> dict[str, Any]:
    return {
        "url": mask(redacted_url(hop.url, secret_names)),
        "status": hop.status,
        "location": printable(mask(redacted_url(hop.location, secret_names)))[:LONGEST_HEADER],
    }


def _headers(response: httpx.Response, mask: Mask) -> list[list[str]]:
    # Masked before it is cut: of a secret that is cut in two, neither half would be found.
    items = itertools.islice(redacted_headers(response.headers.multi_items()), MOST_HEADERS)
    return [[mask(name)[:LONGEST_HEADER], mask(value)[:LONGEST_HEADER]] for name, value in items]


def _excerpt(response: httpx.Response, mask: Mask) -> str:
    body = response.read()
    declared = content_type(response)
    kind = declared.partition(";")[0].strip().lower()
    if body and kind and not (kind.startswith(_TEXT_TYPES) or kind.endswith(_TEXT_SUFFIXES)):
        return f"({len(body)} bytes of {mask(printable(kind))})"
    text = body[:_MOST_EXAMINED_BYTES].decode(charset_of(declared), "replace")
    text = mask(text)
    if len(body) > _MOST_EXAMINED_BYTES:
        # The end may be the beginning of a secret.
        text = text[: max(0, len(text) - mask.longest)]
    return printable(text[:LONGEST_EXCERPT])
