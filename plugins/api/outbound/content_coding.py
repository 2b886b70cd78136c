"""Bodies decompressed within a bound."""

from __future__ import annotations

import zlib

from plugins.api.outbound.errors import ProtocolFailed

_GZIP = 16 + zlib.MAX_WBITS
_MOST_CODINGS = 3
_DEFLATE_WITHOUT_HEADER = -zlib.MAX_WBITS


def decoded(body: bytes, content_encoding: str, most_bytes: int) -> tuple[bytes, bool]:
    """Undo the codings of a Content-Encoding header.

    Returns at most `most_bytes`, and whether there was more. What is coded in a way that is not gzip or
    deflate is returned as it came. Raises ProtocolFailed where the body is not what its header says.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    cut = False
    for name in reversed(names[-_MOST_CODINGS:]):
        if name in {"", "identity"}:
            continue
        if name not in {"gzip", "x-gzip", "deflate"}:
            return body, cut
        body, more = _inflated(body, name, most_bytes)
        cut = cut or more
    return body, cut


def _inflated(body: bytes, name: str, most_bytes: int) -> tuple[bytes, bool]:
    window = _window(body, name)
    try:
        inflater = zlib.decompressobj(window)
        data = inflater.decompress(body, most_bytes)
        return data, bool(inflater.unconsumed_tail)
    except zlib.error as error:
        raise ProtocolFailed(f"body is not valid {name}") from error


def _window(body: bytes, name: str) -> int:
    if name != "deflate":
        return _GZIP
    # RFC 9110 wants the zlib format; servers that send the bare one are well known.
    has_header = (
        len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    )
    return zlib.MAX_WBITS if has_header else _DEFLATE_WITHOUT_HEADER
