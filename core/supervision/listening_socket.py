"""The listening socket: the supervisor's, so that callers wait while a dead API process is replaced."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

from core.errors import StartupError

BACKLOG = 1024
# A supervisor that was killed leaves its API process a moment to notice.
_PATIENCE_SECONDS = 2.0
_POLL_SECONDS = 0.05


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a host and port; port 0 takes a free one.

    Raises StartupError if the host is not one of this machine's or the port is taken.
    """
    family, address = _resolve(host, port)
    return _patiently(lambda: _bind(family, address), f"{host}:{port}")


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise StartupError(f"cannot listen on {host}: {error}: choose another --host") from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _bind(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _patiently(bind: Callable[[], socket.socket], shown: str) -> socket.socket:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return bind()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StartupError(
                    f"cannot listen on {shown}: {error.strerror}: choose another --host or --port"
                ) from error
            if time.monotonic() > give_up_at:
                raise StartupError(
                    f"port taken: something else listens on {shown}: stop it, or choose another --port"
                ) from error
        time.sleep(_POLL_SECONDS)
