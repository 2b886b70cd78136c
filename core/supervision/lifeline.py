"""A child's tie to its supervisor: it waits for the word to go, says that it is ready, and dies with it.

Standard input is the watched pipe, standard output the way back; both are taken over at the start, so
that nothing which the child prints or runs can meddle with them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading

GO = b"go\n"
READY = b"ready\n"
# The child said itself, in one line, why it cannot start.
EXIT_CODE_TOLD = 78
# It logged what it failed on; another may fare better.
EXIT_CODE_FAILED = 1
# The supervisor is gone: nobody reads this.
_EXIT_CODE_ORPHANED = 70


class Lifeline:
    """The child's end."""

    def __init__(self) -> None:
        self._orders = _take_over(0, os.O_RDONLY)
        self._answers = _take_over(1, os.O_WRONLY)
        os.dup2(2, 1)  # whatever prints goes where the log goes
        self._go = asyncio.Event()

    async def wait_to_go(self) -> None:
        """Wait until the child may begin; from here on the process ends at once when its supervisor does."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, args=(loop,), name="lifeline", daemon=True).start()
        await self._go.wait()

    def say_ready(self) -> None:
        """Tell the supervisor that this child does its work, and let the garbage collector begin its own.

        It passes over what was made until now, which stays.
        """
        gc.freeze()
        gc.enable()
        os.write(self._answers, READY)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        # A thread, so that a stalled loop cannot keep an orphan alive.
        while os.read(self._orders, len(GO)):
            loop.call_soon_threadsafe(self._go.set)
        os._exit(_EXIT_CODE_ORPHANED)


def _take_over(descriptor: int, replacement_mode: int) -> int:
    """Return a private copy of a standard stream, whose place is taken by the null device."""
    private = os.dup(descriptor)
    null = os.open(os.devnull, replacement_mode)
    os.dup2(null, descriptor)
    os.close(null)
    return private
