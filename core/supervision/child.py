"""A process below the supervisor: started, told to go, and started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator, Mapping, Sequence

from core.log import get_logger
from core.supervision.backoff import next_delay
from core.supervision.lifeline import GO, READY

log = get_logger(__name__)


class Child:
    """One module run as a process, its standard input the pipe that ends with the supervisor."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._descriptors = descriptors
        self._process: asyncio.subprocess.Process | None = None
        self._started_at = 0.0

    async def start(self) -> None:
        """Start the process; it prepares, and waits for the word to go."""
        self._started_at = time.monotonic()
        with _interrupts_blocked():
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=self._descriptors,
            )

    async def go(self) -> bool:
        """Tell it to begin; return whether it got ready, or False if it ended before."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101  (both are pipes)
        with contextlib.suppress(ConnectionError):
            process.stdin.write(GO)
            await process.stdin.drain()
        return await process.stdout.readline() == READY

    async def exit_code(self) -> int:
        """Wait for its end and return its exit code."""
        return await self._running().wait()

    async def keep_alive(self) -> None:
        """Start it again whenever it ends, with growing pauses; never returns."""
        delay = 0.0
        while True:
            code = await self.exit_code()
            lived = time.monotonic() - self._started_at
            delay = next_delay(delay, lived)
            log.error("child.died", child=self.name, exit_code=code, restart_in_seconds=delay)
            await asyncio.sleep(delay)
            await self.start()
            if await self.go():
                log.info("child.restarted", child=self.name)

    async def stop(self, within_seconds: float) -> None:
        """Ask it to stop; kill it when its time is up."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within_seconds)
        except TimeoutError:
            log.warning("child.killed", child=self.name, after_seconds=within_seconds)
            process.kill()
            await process.wait()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"child {self.name}: not started")
        return self._process


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Let what is started meanwhile never see Ctrl-C or a closed terminal: the supervisor says when to stop."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})
