"""What is kept of an answer that was not good: enough to understand it, and nothing that authorizes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from plugins.api.redaction import redacted_url
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.redaction import printable, redacted_headers
from plugins.probes.http.redirects import Hop
from plugins.probes.http.secrecy import Mask, longest_secret, mask_of

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
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]{1,30})""", re.IGNORECASE)
_PAGE_CHARSET = re.compile(
    r"utf-?8|utf-16(le|be)?|(us-)?ascii|latin-?1|iso-8859-([1-9]|1[013-6])|windows-(125[0-8]|874)|koi8-[ru]"
    r"|shift[_-]jis|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)


def evidence_of(
    config: HttpConfig, response: httpx.Response | None, redirects: Sequence[Hop]
) -> Mapping[str, Any]:
    """Return what is kept of a look: JSON, redacted, bounded. `response` is None where there was no answer."""
    mask = mask_of(config)
    evidence: dict[str, Any] = {"redirects": [_redirect(each, mask) for each in redirects]}
    if response is not None:
        evidence |= {
            "url": mask(redacted_url(str(response.request.url))),
            "address": str(response.extensions["address"]),
            "status": response.status_code,
            "headers": _headers(response, mask),
            "body": _excerpt(response, mask, longest_secret(config)),
        }
    return evidence


def _redirect(hop: Hop, mask: Mask) -> dict[str, Any]:
    return {
        "url": mask(redacted_url(hop.url)),
        "status": hop.status,
        "location": printable(mask(redacted_url(hop.location)))[:LONGEST_HEADER],
    }


def _headers(response: httpx.Response, mask: Mask) -> list[list[str]]:
    # Masked before it is cut: of a secret that is cut in two, neither half would be found.
    items = itertools.islice(redacted_headers(response.headers.multi_items()), MOST_HEADERS)
    return [[mask(name)[:LONGEST_HEADER], mask(value)[:LONGEST_HEADER]] for name, value in items]


def _excerpt(response: httpx.Response, mask: Mask, longest_secret: int) -> str:
    body = response.read()
    declared = response.headers.get("content-type", "")[:LONGEST_HEADER]
    kind = declared.partition(";")[0].strip().lower()
    if body and kind and not (kind.startswith(_TEXT_TYPES) or kind.endswith(_TEXT_SUFFIXES)):
        return f"({len(body)} bytes of {mask(printable(kind))})"
    text = body[:_MOST_EXAMINED_BYTES].decode(_charset(declared), "replace")
    text = mask(text)
    if len(body) > _MOST_EXAMINED_BYTES:
        # The end may be the beginning of a secret.
        text = text[: max(0, len(text) - longest_secret)]
    return printable(text[:LONGEST_EXCERPT])


def _charset(content_type: str) -> str:
    """Return the charset, if it is one that pages are written in.

    Python knows others that take minutes for a page, and looks for a module wherever a server invents one.
    """
    named = _CHARSET.search(content_type)
    charset = named[1].lower() if named else ""
    return charset if _PAGE_CHARSET.fullmatch(charset) else "utf-8"
