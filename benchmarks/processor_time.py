"""How long processors worked for us, and how long they did nothing: figures that hold on a busy machine too.

From Linux's /proc: proc(5), of /proc/pid/stat and /proc/stat.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

_PROC = Path("/proc")
_IDLE = slice(4, 6)  # idle, iowait
_PARENT = 1
_WORK = slice(11, 15)  # utime, stime, cutime, cstime

IS_KNOWN = (_PROC / "stat").exists()


def seconds_of(pid: int) -> float:
    """Return the processor seconds of a process, with those of its children that have ended."""
    return _worked(_fields(pid))


def seconds_of_family(pid: int) -> float:
    """Return the processor seconds of a process and of its children, ended or not."""
    return seconds_of(pid) + sum(_worked(fields) for fields in _children(pid).values())


def children_of(pid: int) -> Collection[int]:
    """Return the processes that a process has started and that live."""
    return _children(pid).keys()


def idle_seconds(cores: Collection[int]) -> float:
    """Return how long these cores had nothing to do for anybody, since the machine started."""
    lines = (line.split() for line in (_PROC / "stat").read_text().splitlines())
    wanted = {f"cpu{core}" for core in cores}
    return sum(_seconds(*line[_IDLE]) for line in lines if line[0] in wanted)


def resident_mb(pid: int) -> float:
    """Return the megabytes of memory that a process holds at the moment, shared libraries included."""
    pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _fields(pid: int) -> list[str]:
    """Return the fields from the third on: the second is a name, which may hold anything."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _seconds(*ticks: str) -> float:
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _worked(fields: list[str]) -> float:
    return _seconds(*fields[_WORK])


def _children(pid: int) -> dict[int, list[str]]:
    found = ((each, _fields_if_alive(each)) for each in _pids())
    return {each: fields for each, fields in found if fields is not None and int(fields[_PARENT]) == pid}


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _fields_if_alive(pid: int) -> list[str] | None:
    try:
        return _fields(pid)
    except OSError:  # it has ended, and its parent counts it from now on
        return None
