"""The embedded PostgreSQL under its guardian: set up, started, kept running, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

from core.db.embedded import dsn, find_binaries, initialise, server_command
from core.db.postmaster import (
    make_socket_folder,
    read_note,
    remove_socket_folder,
    running_note,
    starting_environment,
    stop_orphan,
)
from core.errors import StartupError
from core.log import get_logger
from core.supervision.backoff import next_delay
from core.supervision.data_directory import CLUSTER

log = get_logger(__name__)

_LOG = "postgres.log"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
_RECOVERY_SECONDS = 10.0
_RETRY_SECONDS = 0.25
_STOP_SECONDS = 1.6
# What the guardian needs beside the server's own stop: the cut, and its own end.
_STOP_MARGIN_SECONDS = 0.8
_SHOWN_LOG_BYTES = 2000

_SERVER_SETTINGS = {
    "timezone": "UTC",
    "max_connections": "60",
    "jit": "off",  # its compiling costs more than our short queries
    # Errors come back to the client that caused them, and are logged there.
    "log_min_messages": "fatal",
    "log_checkpoints": "off",
}


class EmbeddedServer:
    """A PostgreSQL of the data directory's own."""

    def __init__(self, data_dir: Path) -> None:
        self._cluster = data_dir / CLUSTER
        self._log = data_dir / _LOG
        self._binaries = find_binaries(self._cluster)
        previous = read_note(self._cluster)
        stop_orphan(self._cluster)
        if previous is not None:
            remove_socket_folder(self._cluster, previous.socket_folder)
        self._retries_until = time.monotonic() + (_RECOVERY_SECONDS if previous is not None else 0)
        self._socket_folder = make_socket_folder(self._cluster)
        self._guardian: asyncio.subprocess.Process | None = None
        self._started_at = 0.0

    @property
    def url(self) -> str:
        """The address of the database that this server is for."""
        return dsn(self._socket_folder)

    async def start(self) -> None:
        """Set the cluster up if there is none, and start the server without waiting for it."""
        if not (self._cluster / "PG_VERSION").exists():
            await asyncio.to_thread(initialise, self._binaries, self._cluster)
        command = server_command(self._binaries, self._cluster, self._socket_folder, _SERVER_SETTINGS)
        guardian = (sys.executable, "-m", "core.supervision.guardian", str(self._log), str(_STOP_SECONDS))
        self._started_at = time.monotonic()
        self._guardian = await asyncio.create_subprocess_exec(
            *guardian,
            *command,
            env=os.environ | starting_environment(self._cluster),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def wait_until_ready(self) -> None:
        """Wait until the server takes connections; raises StartupError if it ends or takes too long."""
        began = time.monotonic()
        while not self._is_ready():
            if self._running().returncode is not None:
                await self._start_once_more()
            if time.monotonic() - began > _START_SECONDS:
                raise StartupError(f"PostgreSQL did not start within {_START_SECONDS:.0f} s: see {self._log}")
            await asyncio.sleep(_POLL_SECONDS)

    async def _start_once_more(self) -> None:
        """Try again while what is left of a killed server may still be ending; else say why it failed."""
        if time.monotonic() > self._retries_until:
            raise StartupError(f"PostgreSQL did not start: {self._last_words()}: see {self._log}")
        await asyncio.sleep(_RETRY_SECONDS)
        await self.start()

    async def keep_alive(self) -> None:
        """Start the server again whenever it ends, with growing pauses; never returns."""
        delay = 0.0
        while True:
            await self._running().wait()
            delay = next_delay(delay, time.monotonic() - self._started_at)
            log.error("postgres.died", restart_in_seconds=delay, last_words=self._last_words())
            await asyncio.sleep(delay)
            await asyncio.to_thread(stop_orphan, self._cluster)
            await self.start()

    async def stop(self) -> None:
        """Stop the server, within a few seconds, and remove its socket."""
        guardian = self._guardian
        if guardian is not None and guardian.returncode is None:
            assert guardian.stdin is not None  # noqa: S101  (it is a pipe)
            guardian.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(guardian.wait(), _STOP_SECONDS + _STOP_MARGIN_SECONDS)
        remove_socket_folder(self._cluster, self._socket_folder)

    def _is_ready(self) -> bool:
        note = read_note(self._cluster)
        return note is not None and note.is_ready and running_note(self._cluster) is not None

    def _last_words(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - _SHOWN_LOG_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return "it said nothing"
        return next(
            (line for line in reversed(lines) if "FATAL" in line), lines[-1] if lines else "it said nothing"
        )

    def _running(self) -> asyncio.subprocess.Process:
        if self._guardian is None:
            raise RuntimeError("PostgreSQL: not started")
        return self._guardian
