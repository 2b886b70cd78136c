"""The rule for an e-mail address that messages are sent to."""

from __future__ import annotations

import re
from email.headerregistry import Address

from plugins.api.config import FieldError

LONGEST_ADDRESS = 254

_LONGEST_LOCAL_PART = 64
# An unquoted local part of RFC 5321, with the letters that RFC 6531 adds; quoted ones are nobody's.
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def require_email_address(address: str) -> None:
    """Raise a FieldError unless mail can be addressed to it: `name@host`, without a display name.

    The host may be written in any script; it may be a bare name such as `localhost`.
    """
    fault = _fault(address)
    if fault is not None:
        raise FieldError("", fault)


def wire_address(address: str) -> str:
    """Return the address as mail servers are told it: its host as the DNS knows it (RFC 5890)."""
    local_part, _, host = address.rpartition("@")
    return f"{local_part}@{_ascii_host(host) or host}"


def header_address(address: str, *, name: str = "") -> Address:
    """Return what stands in a header such as To: an encoded word must not be part of it (RFC 2047, 5)."""
    local_part, _, host = wire_address(address).rpartition("@")
    return Address(display_name=name, username=local_part, domain=host)


def _fault(address: str) -> str | None:
    local_part, at, host = address.rpartition("@")
    if not (at and local_part and host):
        return "must be an e-mail address, such as ops@example.org"
    if not _LOCAL_PART.fullmatch(local_part) or len(local_part.encode()) > _LONGEST_LOCAL_PART:
        return "must have a plain name before the @, without spaces, quotes or control characters"
    ascii_host = _ascii_host(host)
    if ascii_host is None or not all(_LABEL.fullmatch(label) for label in ascii_host.split(".")):
        return "must have a host name after the @"
    return None


def _ascii_host(host: str) -> str | None:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
