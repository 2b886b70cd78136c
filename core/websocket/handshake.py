"""The opening handshake (RFC 6455, 4.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from litestar.types import Send

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
VERSION = "13"


def is_upgrade(headers: Mapping[str, str]) -> bool:
    """Return whether a request asks for the WebSocket protocol."""
    asked = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    return "upgrade" in asked and headers.get("upgrade", "").lower() == "websocket"


def accept_key(headers: Mapping[str, str]) -> bytes | None:
    """Return what proves that the handshake was understood, or None if there is no proper key."""
    key = headers.get("sec-websocket-key", "")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (ValueError, binascii.Error):
        is_key = False
    if not is_key:
        return None
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())


def subprotocols(headers: Mapping[str, str]) -> list[str]:
    """Return what the client can speak, what it likes best first."""
    return [word for word in headers.get("sec-websocket-protocol", "").replace(",", " ").split() if word]


async def switch_protocols(send: Send, *, key: bytes, subprotocol: str | None) -> None:
    """Answer the handshake: with this the HTTP server lets go of the connection."""
    headers = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-accept", key)]
    if subprotocol is not None:
        headers.append((b"sec-websocket-protocol", subprotocol.encode()))
    await send({"type": "http.response.start", "status": HTTPStatus.SWITCHING_PROTOCOLS, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
