"""The secrets of a configuration, masked wherever a server repeats them: some answer with what they were sent."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote

from plugins.api.config import secret_values
from plugins.api.redaction import MASK, has_key_like_name
from plugins.probes.http.config import HttpConfig

_SHORTEST_SECRET = 4
# A word of a secret header ("Bearer", "Basic") is only a secret itself where it is long.
_SHORTEST_WORD = 8
# name=value and "name": "value", in addresses, forms and JSON.
_NAMED = re.compile(r"""([\w.-]+)["']?\s*[=:]\s*["']?([^"'&\s,;}]+)""")

# Their values are secret as a whole, like all that a client writes there, but their words are everybody's.
_PUBLIC_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "content-type", "pragma", "user-agent"}
)

Mask = Callable[[str], str]


def mask_of(config: HttpConfig) -> Mask:
    """Return the function that masks the configuration's secrets in a text, in every form they may have there."""
    forms = {
        form for secret in secrets_of(config) for form in _forms(secret) if len(form) >= _SHORTEST_SECRET
    }
    if not forms:
        return lambda text: text
    # The longest first: one may begin like another. Hosts come back in lower case.
    pattern = re.compile(
        "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE
    )
    return lambda text: pattern.sub(MASK, text)


def longest_secret(config: HttpConfig) -> int:
    """Return how many characters the longest form of a secret has."""
    return max((len(form) for secret in secrets_of(config) for form in _forms(secret)), default=0)


def secrets_of(config: HttpConfig) -> Iterator[str]:
    """Yield what must not be shown: secret headers, their words, and values named like keys in address and body."""
    yield from secret_values(config)
    for header in config.headers:
        if header.name.lower() not in _PUBLIC_HEADERS:
            yield from _words(header.value)
    query = config.url.partition("?")[2].partition("#")[0]
    for text in (query, config.body or ""):
        for name, value in _NAMED.findall(text):
            if has_key_like_name(name):
                yield value
                yield unquote(value)


def _words(value: str) -> Iterator[str]:
    for word in re.split(r"[\s,;]+", value):
        for part in (word, word.partition("=")[2].strip('"')):
            if len(part) >= _SHORTEST_WORD:
                yield part
                yield from _credentials(part)


def _credentials(word: str) -> Iterable[str]:
    """Return the name and the password that Basic authentication holds, in case the word is that."""
    try:
        text = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    _, colon, password = text.partition(":")
    return (text, password) if colon else ()


def _forms(secret: str) -> tuple[str, ...]:
    return (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode().rstrip("="),
    )
