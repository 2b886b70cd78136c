"""The secrets of a configuration, masked wherever a server repeats them: some answer with what they were sent."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote

from plugins.api.config import secret_values
from plugins.api.redaction import MASK, has_key_like_name
from plugins.probes.http.auth import Auth
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.token_request import client_pair

_SHORTEST_SECRET = 4
# A word of a secret header ("Bearer", "Basic") is only a secret itself where it is long.
_SHORTEST_WORD = 8
_EXAMINED_TIMES = 4
# name=value and "name": "value", in addresses, forms and JSON.
_NAMED = re.compile(r"""([\w.-]+)["']?\s*[=:]\s*["']?([^"'&\s,;}]+)""")

# Their values are secret as a whole, like all that a client writes there, but their words are everybody's.
_PUBLIC_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "content-type", "pragma", "user-agent"}
)


@dataclass(frozen=True, slots=True)
class Mask:
    """Masks secrets in texts, in every form that they may have there; `longest` is the length of the longest form."""

    pattern: re.Pattern[str] | None
    longest: int

    def __call__(self, text: str) -> str:
        """Return the text with its secrets masked."""
        return text if self.pattern is None else self.pattern.sub(MASK, text)

    def beginning(self, text: str, most: int) -> str:
        """Return at most so many characters of the beginning, which takes no longer than that much text."""
        examined = text[: _EXAMINED_TIMES * most + self.longest]
        masked = self(examined)
        if len(text) > len(examined):
            # The end may be the beginning of a secret, of which neither half would be found.
            masked = masked[: max(0, len(masked) - self.longest)]
        return masked[:most]


def mask_of(config: HttpConfig, further: Iterable[str] = ()) -> Mask:
    """Return the mask of the configuration's secrets, and of `further` ones that a look has come by."""
    forms = {form for secret in (*secrets_of(config), *further) for form in _forms(secret)}
    known = [form for form in forms if len(form) >= _SHORTEST_SECRET]
    # The longest first: one may begin like another. Hosts come back in lower case.
    known.sort(key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None
    return Mask(pattern, max(map(len, forms), default=0))


def secrets_of(config: HttpConfig) -> Iterator[str]:
    """Yield what must not be shown: secret headers, their words, and values named like keys in address and body."""
    yield from secret_values(config)
    yield from _pairs_of(config.auth)
    for header in config.headers:
        if header.name.lower() not in _PUBLIC_HEADERS:
            yield from _words(header.value)
    query = config.url.partition("?")[2].partition("#")[0]
    for text in (query, config.body or ""):
        for name, value in _NAMED.findall(text):
            if has_key_like_name(name):
                yield value
                yield unquote(value)


def _pairs_of(auth: Auth | None) -> Iterator[str]:
    """Yield names with their passwords, which are encoded as one."""
    if auth is not None and auth.basic is not None:
        yield f"{auth.basic.username}:{auth.basic.password}"
    if auth is not None and auth.oauth2 is not None:
        yield client_pair(auth.oauth2)


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
