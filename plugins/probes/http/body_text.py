"""The text of a body, by the charset that its answer names."""

from __future__ import annotations

import codecs
import re

import httpx

from plugins.probes.http.patterns import TakeTurn

# As much of a body as is read.
MAX_BODY_BYTES = 256 * 1024
LONGEST_TYPE = 500

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]{1,30})""", re.IGNORECASE)
_PAGE_CHARSET = re.compile(
    r"utf-?8|utf-16(le|be)?|(us-)?ascii|latin-?1|iso-8859-([1-9]|1[013-6])|windows-(125[0-8]|874)|koi8-[ru]"
    r"|shift[_-]jis|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)
# As pages call it, and as Python does.
_OTHERWISE_CALLED = {"windows-874": "cp874"}
# Decoded at once; the slowest charset takes some three milliseconds for as much of what does not belong in it.
_SLICE_BYTES = 32_768


def content_type(response: httpx.Response) -> str:
    """Return the declared type of the body, with its parameters, cut."""
    return str(response.headers.get("content-type", ""))[:LONGEST_TYPE]


def charset_of(declared: str) -> str:
    """Return the charset of a content type, if it is one that pages are written in.

    Python knows others that take minutes for a page, and looks for a module wherever a server invents one.
    """
    named = _CHARSET.search(declared)
    charset = named[1].lower() if named else ""
    return _OTHERWISE_CALLED.get(charset, charset) if _PAGE_CHARSET.fullmatch(charset) else "utf-8"


async def text_of(response: httpx.Response, take_turn: TakeTurn) -> str:
    """Return the body as text, what does not belong in its charset replaced; `take_turn` before each slice."""
    body = response.read()
    charset = charset_of(content_type(response))
    if charset == "utf-16":
        # Python's own refuses what does not say its order; the WHATWG's reads the low byte first.
        charset = "utf-16-be" if body.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    decoder = codecs.getincrementaldecoder(charset)("replace")
    parts = []
    for start in range(0, len(body), _SLICE_BYTES):
        if len(body) > _SLICE_BYTES:
            await take_turn()
        parts.append(decoder.decode(body[start : start + _SLICE_BYTES]))
    parts.append(decoder.decode(b"", final=True))
    return "".join(parts).removeprefix("\ufeff")
