"""The mail server that the operator names, as one address.

smtps://user:password@mail.example.org            TLS from the first byte, port 465 (RFC 8314)
smtp://user:password@mail.example.org             STARTTLS, port 587 (RFC 3207)
smtp://relay.internal:25?starttls=never           neither: only where nobody can listen
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_HIGHEST_PORT = 65_535


class MailSecurity(enum.StrEnum):
    """How the connection is protected.

    TLS from the first byte. STARTTLS before anything else is said; a server on this machine that does not
    offer it is spoken to without. NONE: never.
    """

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    NONE = "NONE"


_DEFAULT_PORTS = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    security: MailSecurity
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_mail_url(url: str) -> MailServer:
    """Return the server of an smtp or smtps address; raise ValueError saying what is wrong, without quoting it."""
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError("must not have a path; write @, :, / and # in the password as %40, %3A, %2F and %23")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    if not f"{user}{password}".isascii():
        raise ValueError("must have a user and a password of ASCII characters")
    return MailServer(
        host=parts.hostname,
        port=_port(parts),
        security=_security(parts),
        user=user,
        password=password,
    )


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return _DEFAULT_PORTS[parts.scheme]
    if port == 0:
        raise ValueError(f"must have a port from 1 to {_HIGHEST_PORT}")
    return port


def _security(parts: SplitResult) -> MailSecurity:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = options.pop("starttls", None)
    if options:
        raise ValueError(f"has an unknown option {min(options)}; starttls=never is the only one")
    if starttls is None:
        return MailSecurity.TLS if parts.scheme == "smtps" else MailSecurity.STARTTLS
    if starttls != "never" or parts.scheme == "smtps":
        raise ValueError("may only say starttls=never, and only after smtp://")
    return MailSecurity.NONE
