"""What the embedded server notes of itself in `postmaster.pid`, and what an earlier one has left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import StartupError

_SOCKET_NAME = ".s.PGSQL.5432"
# sun_path holds 108 bytes on Linux and 104 elsewhere, with the closing NUL.
_LONGEST_SOCKET_PATH = 103
_SHORT_PREFIX = "tocsin-"
_NOTE = "postmaster.pid"
_STATUS_LINE = 7
_FAST_STOP_SECONDS = 6.0
_IMMEDIATE_STOP_SECONDS = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PostmasterNote:
    """The server's own note: its process, where its socket is, and whether it takes connections."""

    pid: int
    socket_folder: Path
    is_ready: bool


def read_note(cluster: Path) -> PostmasterNote | None:
    """Return the note of the server that runs, or ran, on a cluster; None if there is none or it is half-written."""
    try:
        lines = (cluster / _NOTE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    with contextlib.suppress(IndexError, ValueError):
        is_ready = len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"
        return PostmasterNote(pid=int(lines[0]), socket_folder=Path(lines[4]), is_ready=is_ready)
    return None


def running_note(cluster: Path) -> PostmasterNote | None:
    """Return the note of the server that runs on a cluster now, or None."""
    note = read_note(cluster)
    return note if note is not None and _is_server_of(note.pid, cluster) else None


def make_socket_folder(cluster: Path) -> Path:
    """Return the folder for the server's socket: the cluster itself, which nobody else may enter.

    Where its path is too long for a socket, it is a new folder with a short path, mode 0700.
    """
    if len(os.fsencode(cluster / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        return cluster
    places = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108  (mkdtemp follows)
    for place in filter(None, places):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX, dir=place))
            if len(os.fsencode(folder / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
                return folder
            folder.rmdir()
    raise StartupError(f"the path of {cluster} is too long for a socket: choose a shorter --data-dir")


def remove_socket_folder(cluster: Path, folder: Path) -> None:
    """Remove a folder that `make_socket_folder` made outside the cluster."""
    if folder != cluster and folder.name.startswith(_SHORT_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def stop_orphan(cluster: Path) -> None:
    """Stop a server that outlived its supervisor. The caller holds the data directory's lock."""
    note = running_note(cluster)
    if note is not None:
        _stop(note.pid)


def starting_environment(cluster: Path) -> dict[str, str]:
    """Return variables for a server that starts where another one has left its note.

    PostgreSQL refuses to start while the noted process exists, be it a zombie that nobody collects or,
    after a reboot, somebody else's. It disregards the number of the process that its starter names as its
    own, and still looks in the note for the memory that an earlier server's children may be using.
    """
    note = read_note(cluster)
    return {} if note is None else {"PG_GRANDPARENT_PID": str(note.pid)}


def _stop(pid: int) -> None:
    for order, seconds in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, order)
        if _wait_until(lambda: not _is_alive(pid), seconds):
            return
    raise StartupError(f"an earlier PostgreSQL does not stop: end process {pid}, then start again")


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    return False


def _is_server_of(pid: int, cluster: Path) -> bool:
    """Tell whether a process is a PostgreSQL on this cluster, by the words that it was started with."""
    words = _command_line(pid)
    return "postgres" in words and str(cluster) in words


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    listed = subprocess.run(  # noqa: S603
        ["ps", "-p", str(pid), "-o", "command="],  # noqa: S607  (where it lies differs by system)
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout
