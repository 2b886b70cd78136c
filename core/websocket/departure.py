"""How a connection leaves the HTTP server.

Granian would speak WebSockets itself, with a read buffer of 128 KiB for every connection and no way to see or to cut
off a peer that stops reading. So the server is told nothing of them: it answers the handshake as any request, and
lets go of the connection with the status 101. What goes on is a duplicate of its socket.
"""

from __future__ import annotations

import asyncio
import os
import socket
import weakref

from litestar.types import HTTPScope

_DESCRIPTORS = "/dev/fd"
_LOOK_SECONDS = 0.001
_LET_GO_SECONDS = 3.0


# Sockets of ours, over which no request comes: to ask each for its ends again and again would cost too much.
_left: weakref.WeakSet[socket.socket] = weakref.WeakSet()


class LeavingConnection:
    """A connection whose request is answered: a duplicate of the socket, and which descriptor the server's own is."""

    def __init__(self, own: socket.socket, descriptor: int) -> None:
        self._own = own
        self._descriptor = descriptor
        self._is_taken = False

    async def hand_over(self, protocol: asyncio.BaseProtocol) -> bool:
        """Go on with the connection once the server has let go of it, its answer written; False if it does not."""
        try:
            async with asyncio.timeout(_LET_GO_SECONDS):
                # Nothing tells when it closes it: a few turns later.
                while self._is_held():  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            return False
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, self._own)
        self._is_taken = True
        return True

    def close(self) -> None:
        """Close the duplicate, unless it was handed over."""
        if not self._is_taken:
            self._own.close()

    def _is_held(self) -> bool:
        try:
            return os.path.sameopenfile(self._descriptor, self._own.fileno())
        except OSError:
            return False


def leave(scope: HTTPScope) -> LeavingConnection | None:
    """Return the connection that a request came over, or None if it is not one of this process, or not clearly.

    It is told by the peer's address and port and our own port: the server does not know at which of our addresses
    it was reached. Should a peer use one port for two of them, neither connection may leave.
    """
    client, server = scope["client"], scope["server"]
    if client is None or server is None:
        return None
    wanted = _address(client[0]), int(client[1]), int(server[1] or 0)
    left = {own.fileno() for own in _left}
    candidates = map(int, os.listdir(_DESCRIPTORS))  # noqa: PTH208  (an object for each would cost too much)
    found = [each for each in candidates if each not in left and _ends(each) == wanted]
    return _duplicate(found[0], wanted) if len(found) == 1 else None


def _duplicate(descriptor: int, wanted: object) -> LeavingConnection | None:
    """Return the connection, if the descriptor still is what it was."""
    try:
        own = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return None
    if _ends(own.fileno()) != wanted:
        own.close()
        return None
    own.setblocking(False)
    _left.add(own)
    return LeavingConnection(own, descriptor)


def _ends(descriptor: int) -> object:
    """Return the peer's address and port, and our own port; None if it is no connected TCP socket."""
    try:
        # The family is not that of every descriptor; it matters for none of what is asked.
        borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    except OSError:
        return None
    try:
        peer = borrowed.getpeername()
        return _address(peer[0]), peer[1], borrowed.getsockname()[1]
    except (OSError, TypeError, IndexError):
        return None
    finally:
        borrowed.detach()


def _address(text: str) -> str:
    """Return an IPv4 address in its own form, however a socket for both families tells it."""
    return text.removeprefix("::ffff:")
