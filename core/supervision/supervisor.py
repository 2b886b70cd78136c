"""`tocsin serve`: starts everything, says when it is ready, keeps it alive, and stops it in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from typing import Any

from core.errors import StartupError
from core.log import get_logger
from core.settings import PREFIX, Settings
from core.supervision.child import Child
from core.supervision.data_directory import hold
from core.supervision.embedded_server import EmbeddedServer
from core.supervision.lifeline import EXIT_CODE_TOLD
from core.supervision.listening_socket import listen

log = get_logger(__name__)

# All must stop within ten seconds; the database has its share after the children.
_CHILDREN_STOP_SECONDS = 7.2
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  (compared with, never bound)


class ChildFailed(Exception):
    """A child ended while everything was starting, and has said why."""


class Supervisor:
    """The processes of one Tocsin, in the order of their need."""

    def __init__(self, settings: Settings, listener: socket.socket, *, with_worker: bool) -> None:
        self._server = None if settings.database_url else EmbeddedServer(settings.data_dir)
        environment = _environment(settings, None if self._server is None else self._server.url)
        setup_environment = environment | _owner(settings)
        self._setup = Child("setup", _module("core.supervision.database_setup"), setup_environment)
        descriptor = listener.fileno()
        api = _module("core.api_process", str(descriptor))
        self._children = [Child("api", api, environment, descriptors=(descriptor,))]
        if with_worker:
            self._children.append(Child("worker", _module("core.worker"), environment))

    async def start(self) -> None:
        """Start everything and return when all of it is ready.

        The children prepare while the database starts. Raises StartupError, or ChildFailed.
        """
        if self._server is not None:
            await self._server.start()
        for child in (self._setup, *self._children):
            await child.start()
        if self._server is not None:
            await self._server.wait_until_ready()
        await _begin(self._setup)
        results = await asyncio.gather(*(_begin(child) for child in self._children), return_exceptions=True)
        for failure in filter(None, results):
            raise failure

    async def keep_alive(self) -> None:
        """Replace whatever dies; never returns."""
        parts = [child.keep_alive() for child in self._children]
        parts += [] if self._server is None else [self._server.keep_alive()]
        await asyncio.gather(*parts)

    async def stop(self) -> None:
        """Stop the children, then the database."""
        children = (self._setup, *self._children)
        await asyncio.gather(*(child.stop(_CHILDREN_STOP_SECONDS) for child in children))
        if self._server is not None:
            await self._server.stop()


async def _begin(child: Child) -> None:
    if await child.go():
        return
    code = await child.exit_code()
    if code == EXIT_CODE_TOLD:
        raise ChildFailed
    raise StartupError(f"the {child.name} process ended with {code} while starting: see the log above")


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "core.supervision.launch", name, *arguments)


def _environment(settings: Settings, embedded_url: str | None) -> dict[str, str]:
    """Return a child's environment: this one's, with the settings as they were decided, without the owner's."""
    decided = dataclasses.replace(
        settings,
        database_url=settings.database_url or embedded_url,
        owner_password=None,
        owner_token=None,
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | decided.environment()


def _owner(settings: Settings) -> dict[str, str]:
    return {
        name: value for name, value in settings.environment().items() if name.startswith(f"{PREFIX}OWNER_")
    }


async def serve(settings: Settings, *, with_worker: bool) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Raises StartupError where something is missing that a person can put right.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for order in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(order) is not signal.SIG_IGN:  # as nohup has it
            loop.add_signal_handler(order, stopping.set)
    with (
        hold(settings.data_dir) as data_dir,
        contextlib.closing(listen(settings.listen_host, settings.listen_port)) as listener,
    ):
        port = listener.getsockname()[1]
        address = _address(settings.listen_host, port)
        if settings.public_url is None and settings.listen_host in _WILDCARDS:
            log.warning("settings.public_url_missing", links_begin_with=address)
        decided = dataclasses.replace(
            settings, data_dir=data_dir, listen_port=port, public_url=settings.public_url or address
        )
        supervisor = Supervisor(decided, listener, with_worker=with_worker)
        return await _supervise(supervisor, address, stopping)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _supervise(supervisor: Supervisor, address: str, stopping: asyncio.Event) -> int:
    ended = asyncio.ensure_future(stopping.wait())
    try:
        began = time.monotonic()
        if await _finishes_before(supervisor.start(), ended):
            log.info("tocsin.ready", address=address, seconds=_since(began))
            print(f"tocsin ready {address}", flush=True)  # noqa: T201  (the one line that callers wait for)
            await _finishes_before(supervisor.keep_alive(), ended)
    except ChildFailed:
        return 1
    finally:
        began = time.monotonic()
        await supervisor.stop()
        if ended.done():
            log.info("tocsin.stopped", seconds=_since(began))
        ended.cancel()
    return 0


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)


async def _finishes_before(work: Coroutine[Any, Any, None], ended: asyncio.Future[Any]) -> bool:
    """Do the work unless the end comes first, which cancels it; return whether it was done."""
    task = asyncio.ensure_future(work)
    await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
        return True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return False
