"""`tocsin serve` as a process, in a data directory that is set up once and copied."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

PATIENCE_SECONDS = 60


@dataclass
class Served:
    """One `tocsin serve`, and what it wrote."""

    data_dir: Path
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    url: str = ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def launch(self, *arguments: str, **streams: Any) -> asyncio.subprocess.Process:
        """Start a command of tocsin's on this data directory, in a session of its own."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "core.cli", *arguments, "--data-dir", str(self.data_dir)),
            env=os.environ | self.environment,
            **{"stdout": PIPE, "stderr": PIPE, "start_new_session": True} | streams,
        )

    async def start(self, **streams: Any) -> None:
        """Serve, on the port of the last time if there was one, and wait for the ready line."""
        port = self.url.rpartition(":")[2] or "0"
        self.process = await self.launch("serve", "--port", port, *self.arguments, **streams)
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_SECONDS)
        if not line.startswith(b"tocsin ready http://"):
            _, errors = await self.process.communicate()
            pytest.fail((errors or b"").decode())
        self.url = line.decode().split()[-1]

    async def stop(self) -> tuple[float, str]:
        """Ask it to stop; return the seconds that took and what else it printed on standard output."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.returncode is None:
            self.process.terminate()
        rest, _ = await asyncio.wait_for(self.process.communicate(), PATIENCE_SECONDS)
        return time.monotonic() - began, rest.decode()

    async def refused(self, *arguments: str) -> str:
        """Run a command that must fail at its start; return the one line in which it says why."""
        process = await self.launch(*arguments)
        output, errors = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        assert (process.returncode, output) == (1, b"")
        (line,) = errors.decode().splitlines()
        return line

    async def status(self, path: str = "/readyz") -> int:
        """Return the status of a request, 0 where there is no answer."""
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(self.url + path)).status_code
        except httpx.HTTPError:
            return 0

    def below(self, words: str = "") -> list[int]:
        """Return the processes below the supervisor whose command line has the words."""
        return [pid for pid in descendants(self.pid) if words in command_line(pid)]

    @staticmethod
    def kill(*pids: int) -> None:
        """`kill -9` processes, those that are gone already too."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @staticmethod
    def alive(*pids: int) -> list[int]:
        """Return those of the processes that are still there."""
        return [pid for pid in pids if command_line(pid)]

    @staticmethod
    async def until(condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, plain or a coroutine."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"waited {PATIENCE_SECONDS} s in vain for {what}")


def descendants(pid: int) -> list[int]:
    """Return all processes below `pid`, nearest first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found[1:]


def command_line(pid: int) -> str:
    """Return the words that a process was started with; none of one that is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


@pytest.fixture(scope="session")
def set_up_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that one `tocsin serve` has set up and left in order."""
    data_dir = tmp_path_factory.mktemp("first") / "data"

    async def serve_once() -> None:
        served = Served(data_dir)
        await served.start()
        await served.stop()

    asyncio.run(serve_once())
    return data_dir


@pytest.fixture
async def served(set_up_data_dir: Path, tmp_path: Path) -> AsyncIterator[Served]:
    """A copy of a data directory, not served yet; whatever runs on it at the end is ended."""
    shutil.copytree(set_up_data_dir, tmp_path / "data")
    one = Served(tmp_path / "data")
    try:
        yield one
    finally:
        if one.process is not None:
            everything = [one.pid, *descendants(one.pid)]
            await one.stop()
            assert [pid for pid in everything if "tocsin" in command_line(pid)] == []
