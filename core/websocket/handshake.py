"""The opening handshake, and how a connection leaves the HTTP server with it.

Granian would speak the protocol itself, with a read buffer of 128 KiB for every connection and no way to see or to
cut off a peer that stops reading. So the server is told nothing of WebSockets: it answers the handshake as any
request, and lets go of the connection with the status 101. What goes on is a duplicate of its socket.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import socket
import stat
from collections.abc import Mapping
from http import HTTPStatus

from litestar.types import HTTPScope, Send

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_VERSION = "13"
_DESCRIPTORS = "/dev/fd"


def is_upgrade(headers: Mapping[str, str]) -> bool:
    """Return whether a request asks for the WebSocket protocol."""
    asked = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    return "upgrade" in asked and headers.get("upgrade", "").lower() == "websocket"


def accept_key(headers: Mapping[str, str]) -> bytes | None:
    """Return what proves that the handshake was understood, or None if the request is none of version 13."""
    key = headers.get("sec-websocket-key", "")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (ValueError, binascii.Error):
        is_key = False
    if not is_key or headers.get("sec-websocket-version") != _VERSION:
        return None
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())


def subprotocols(headers: Mapping[str, str]) -> list[str]:
    """Return what the client can speak, what it likes best first."""
    return [word for word in headers.get("sec-websocket-protocol", "").replace(",", " ").split() if word]


def connection_of(scope: HTTPScope) -> socket.socket | None:
    """Return a duplicate of the connection that a request came over, or None if it is not one of this process."""
    client, server = scope["client"], scope["server"]
    if client is None or server is None:
        return None
    wanted = (_address(client[0]), int(client[1])), int(server[1] or 0)
    with os.scandir(_DESCRIPTORS) as entries:
        for entry in entries:
            found = _socket(int(entry.name))
            if found is None:
                continue
            if _ends(found) == wanted:
                found.setblocking(False)
                return found
            found.close()
    return None


def _socket(descriptor: int) -> socket.socket | None:
    """Return a duplicate, or None if the descriptor is no socket, or closed by now."""
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return socket.socket(fileno=os.dup(descriptor))
    return None


def _ends(candidate: socket.socket) -> object:
    """Return the peer's address and port, and our own port; None if it is no connected TCP socket."""
    try:
        peer, own = candidate.getpeername(), candidate.getsockname()
        return (_address(peer[0]), peer[1]), own[1]
    except (OSError, TypeError, IndexError):
        return None


def _address(text: str) -> str:
    """Return an IPv4 address in its own form, however a socket for both families tells it."""
    return text.removeprefix("::ffff:")


async def switch_protocols(send: Send, *, key: bytes, subprotocol: str | None) -> None:
    """Answer the handshake: with this the HTTP server lets go of the connection."""
    headers = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-accept", key)]
    if subprotocol is not None:
        headers.append((b"sec-websocket-protocol", subprotocol.encode()))
    await send({"type": "http.response.start", "status": HTTPStatus.SWITCHING_PROTOCOLS, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
