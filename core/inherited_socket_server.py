"""Granian inside this process's loop, on a socket that somebody else has bound."""

from __future__ import annotations

from collections.abc import Callable

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar.types import ASGIApp

# Granian configures logging anew; it is told to leave ours, through which its lines go, as it is.
_LOGGING = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"level": "WARNING"}},
}


class InheritedSocketServer(Server):
    """Serves one application; `run` ends after `end`."""

    def __init__(self, app: ASGIApp, descriptor: int, backlog: int) -> None:
        # The logger that granian warns on that its embedding is new.
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            backlog=backlog,
            # Proxies speak this to those behind them. To find out which version comes would cost 9 KB a connection.
            http=HTTPModes.http1,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            websockets=False,  # they leave it with the handshake: see core/websocket/handshake.py
        )
        self._descriptor = descriptor

    def _init_shared_socket(self) -> None:
        # Its stubs leave out the constructor's arguments: descriptor, whether it is a unix socket, backlog.
        holder = SocketHolder(self._descriptor, False, self.backlog)  # type: ignore[call-arg]
        self._shd = holder  # type: ignore[assignment]  # declared by its None alone

    async def run(self, listening: Callable[[], None]) -> None:
        """Serve until `end` is called; `listening` is called once requests are taken."""
        self.on_startup(listening)
        await self.serve()

    def end(self) -> None:
        """Take no more requests."""
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian annotates no signal handlers
