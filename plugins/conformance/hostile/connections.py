"""Peers that are hostile to whatever connects to them, by TCP and in the TLS handshake."""

from __future__ import annotations

import random

from plugins.conformance.hostile.behaviour import (
    Behaviour,
    drip,
    flood,
    in_turn,
    keep_silent,
    listen,
    reset,
    say,
)
from plugins.conformance.hostile.peer import HostilePeer

NOISE = random.Random(1).randbytes(100_000)  # noqa: S311 - the same each time


def _peer(name: str, *steps: Behaviour, keeps_waiting: bool = False) -> HostilePeer:
    return HostilePeer(name=name, behave=in_turn(*steps), keeps_waiting=keeps_waiting)


CONNECTION_PEERS = (
    HostilePeer(name="never accepts", behave=None, keeps_waiting=True),
    _peer("accepts and says nothing", keep_silent, keeps_waiting=True),
    _peer("closes at once"),
    _peer("resets at once", reset),
    _peer("listens, and closes", listen),
    _peer("listens, and resets", listen, reset),
    _peer("says random bytes", say(NOISE)),
    _peer("says zeros without end", flood(bytes(65536))),
    _peer("says a line without end", flood(b"x" * 65536)),
    _peer("says empty lines without end", flood(b"\r\n" * 32768)),
    _peer("drips a byte a second", drip(NOISE), keeps_waiting=True),
)


def _record(kind: int, content: bytes, version: bytes = b"\x03\x03") -> bytes:
    """Return a TLS record: 21 is an alert, 22 a handshake message."""
    return bytes((kind,)) + version + len(content).to_bytes(2, "big") + content


_ALERT, _HANDSHAKE = 21, 22
_WARNING, _FATAL = 1, 2
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _NO_RENEGOTIATION, _UNRECOGNIZED_NAME = 40, 70, 100, 112
_SERVER_HELLO = 2
# TLS 1.0, a random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
_OLD_HELLO = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"


def _message(kind: int, content: bytes, length: int | None = None) -> bytes:
    return bytes((kind,)) + (len(content) if length is None else length).to_bytes(3, "big") + content


HANDSHAKE_PEERS = (
    _peer("says nothing in the handshake", keep_silent, keeps_waiting=True),
    _peer(
        "drips a byte a second in the handshake",
        listen,
        drip(_record(_HANDSHAKE, _message(_SERVER_HELLO, bytes(1000)))),
        keeps_waiting=True,
    ),
    _peer("closes in the handshake", listen),
    _peer("resets in the handshake", listen, reset),
    _peer("closes in its hello", listen, say(_record(_HANDSHAKE, bytes(100))[:20])),
    _peer("answers TLS with a web page", listen, say(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    _peer("answers TLS with a mail server's greeting", listen, say(b"220 mail.test ESMTP\r\n")),
    _peer("answers TLS with random bytes", listen, say(NOISE)),
    _peer("answers TLS with zeros without end", listen, flood(bytes(65536))),
    _peer(
        "announces a hello of 16 MB",
        listen,
        flood(_record(_HANDSHAKE, _message(_SERVER_HELLO, bytes(16000), 0xFFFFFF))),
    ),
    _peer(
        "warns without end in the handshake",
        listen,
        flood(_record(_ALERT, bytes((_WARNING, _NO_RENEGOTIATION)))),
    ),
    _peer(
        "speaks TLS 1.0 at most",
        listen,
        say(_record(_HANDSHAKE, _message(_SERVER_HELLO, _OLD_HELLO), b"\x03\x01")),
        keep_silent,
    ),
    _peer("refuses our TLS versions", listen, say(_record(_ALERT, bytes((_FATAL, _PROTOCOL_VERSION))))),
    _peer("shares no cipher with us", listen, say(_record(_ALERT, bytes((_FATAL, _HANDSHAKE_FAILURE))))),
    _peer("does not know the name", listen, say(_record(_ALERT, bytes((_FATAL, _UNRECOGNIZED_NAME))))),
)
