"""The data directory: made, tried and locked by whoever serves from it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import StartupError

CLUSTER = "postgres"
_LOCK = "lock"


@contextlib.contextmanager
def hold(path: Path) -> Iterator[Path]:
    """Make the directory if it is missing, lock it, and give its absolute path.

    The lock ends with this process, however it ends. Raises StartupError if the directory cannot be
    written or another process holds it.
    """
    directory = path.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartupError(
            f"cannot write the data directory {directory}: {error.strerror}: "
            "make it writable, or choose another --data-dir"
        ) from error
    try:
        _lock(lock, directory)
        yield directory.resolve()
    finally:
        os.close(lock)


def _lock(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
        raise StartupError(
            f"another tocsin serves from {directory} (process {holder or 'unknown'}): "
            "stop it, or choose another --data-dir"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
