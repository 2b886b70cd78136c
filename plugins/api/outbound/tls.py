"""TLS as a client: the contexts, and refusals in words that people understand."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi

from plugins.api.outbound.certificate import Validity
from plugins.api.outbound.errors import LocalFault, TlsFailed, reason_of


class TlsContexts:
    """The TLS contexts of one process: building one costs 20 ms and more, so there is one for each setting.

    `authorities` is a file of further certificate authorities to trust, in PEM. `protocols` are what may be spoken
    within, by the names of ALPN (RFC 7301); none where a protocol has no such name.
    """

    def __init__(self, authorities: str | None = None, *, protocols: Sequence[str] = ("http/1.1",)) -> None:
        self._authorities = authorities
        self._protocols = protocols

    @functools.cached_property
    def verifying(self) -> ssl.SSLContext:
        """The context that accepts only certificates that are valid for the name."""
        # The system's authorities know what the operator added; certifi's are there on a bare system too.
        context = ssl.create_default_context()
        for authorities in (ssl.get_default_verify_paths().cafile, certifi.where(), self._authorities):
            # The system's once more, since a default that could not be opened is passed over in silence.
            if authorities is not None:
                context.load_verify_locations(cafile=authorities)
        return self._configured(context)

    @functools.cached_property
    def trusting(self) -> ssl.SSLContext:
        """The context that accepts every certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._configured(context)

    def get(self, *, verify: bool) -> ssl.SSLContext:
        """Return the context for the verify setting. Raises LocalFault where it cannot be made."""
        try:
            return self.verifying if verify else self.trusting
        except OSError as error:
            raise LocalFault(f"cannot read the certificate authorities: {reason_of(error)}") from error

    def _configured(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # RFC 9525, 2: a name counts only where certificates have names, and browsers look nowhere else.
        context.hostname_checks_common_name = False
        if self._protocols:
            context.set_alpn_protocols(self._protocols)
        return context


_EXPIRED = 10
_NOT_YET_VALID = 9

# The codes are OpenSSL's X509_V_ERR_*.
_CERTIFICATE_REASONS = {
    _NOT_YET_VALID: "certificate is not valid yet",
    _EXPIRED: "certificate has expired",
    18: "certificate is self-signed",
    19: "certificate chain ends in a self-signed certificate that is not trusted",
    20: "certificate is from an unknown authority, or the server leaves out an intermediate certificate",
    21: "certificate is from an unknown authority, or the server leaves out an intermediate certificate",
    23: "certificate was revoked",
    24: "certificate chain holds a certificate that may not issue others",
    79: "certificate chain holds a certificate that may not issue others",
    26: "certificate is not meant for servers",
    28: "certificate is rejected by its authority",
    66: "certificate key is too weak",
    67: "certificate of the authority is too weak",
    68: "certificate is signed with a weak digest",
}
_WRONG_NAME_CODES = {62, 64}
_UNKNOWN_ISSUER_CODES = {2, 19, 20, 21, 27}

_HANDSHAKE_REASONS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS at this port",
    "HTTP_REQUEST": "the server does not speak TLS at this port",
    "PACKET_LENGTH_TOO_LONG": "the server does not speak TLS at this port",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS at this port",
    "UNSUPPORTED_PROTOCOL": "the server speaks no TLS version from 1.2 on",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server speaks no TLS version from 1.2 on",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know this name",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server shares no TLS parameters with us, or wants a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate",
    "NO_PROTOCOLS_AVAILABLE": "the server shares no TLS version with us",
    "DH_KEY_TOO_SMALL": "the server's key exchange is too weak",
    "EXCESSIVE_MESSAGE_SIZE": "the server sends more than a TLS handshake may hold",
    "NO_RENEGOTIATION": "the server sends warnings instead of a TLS handshake",
}


def is_about_time(error: ssl.SSLError) -> bool:
    """Say whether the certificate was refused because of its dates."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in {_EXPIRED, _NOT_YET_VALID}


def is_about_issuer(error: ssl.SSLError) -> bool:
    """Say whether the certificate was refused since its authority is not known."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _UNKNOWN_ISSUER_CODES


def require_descriptor() -> None:
    """Raise LocalFault if no file can be opened: authorities in a directory are read only when asked for."""
    try:
        Path(os.devnull).open("rb").close()
    except OSError as error:
        raise LocalFault(f"cannot read the certificate authorities: {reason_of(error)}") from error


def tls_error(
    error: ssl.SSLError, name: str, validity: Validity | None = None, *, now: datetime
) -> TlsFailed:
    """Say why the handshake with the server called `name` failed, with the certificate's dates where known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(_certificate_reason(error, name, validity, now))
    known = _HANDSHAKE_REASONS.get(error.reason or "")
    return TlsFailed(
        known or f"TLS handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
    )


def _certificate_reason(
    error: ssl.SSLCertVerificationError, name: str, validity: Validity | None, now: datetime
) -> str:
    if error.verify_code in _WRONG_NAME_CODES:
        return f"certificate is not valid for this name ({name})"
    if error.verify_code == _EXPIRED and validity is not None and validity.not_after <= now:
        return f"certificate expired {_about(now - validity.not_after)} ago"
    if error.verify_code == _EXPIRED and validity is not None:
        return "a certificate in the server's chain has expired"
    if error.verify_code == _NOT_YET_VALID and validity is not None and validity.not_before > now:
        return f"certificate is not valid for another {_about(validity.not_before - now)}"
    return _CERTIFICATE_REASONS.get(error.verify_code, f"certificate refused: {error.verify_message}")


def _about(span: timedelta) -> str:
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        count = span // size
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def utc_now() -> datetime:
    """Return the present moment, by which OpenSSL judged the certificate too."""
    return datetime.now(UTC)
