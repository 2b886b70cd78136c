"""Canaries: hosts that are always up, asked whether a failure of many targets is one of this network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from core.blindness.canary_targets import CanaryTarget
from plugins.api.outbound import Outbound, OutboundError

# A first packet that is lost is sent again after one second.
ANSWER_WITHIN_SECONDS = 2.0


class Canaries:
    """Asks all targets at once, by the same way out as every look."""

    def __init__(self, targets: Sequence[CanaryTarget], outbound: Outbound) -> None:
        self.targets = tuple(targets)
        self._outbound = outbound

    async def any_answers(self) -> bool:
        """Return whether one of them answers in time; the others are not waited for."""
        asking = [asyncio.create_task(self._answers(target)) for target in self.targets]
        try:
            for answer in asyncio.as_completed(asking):
                if await answer:
                    return True
            return False
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _answers(self, target: CanaryTarget) -> bool:
        try:
            if target.url is not None:
                request = httpx.Request("GET", target.url, headers={"Connection": "close"})
                await self._outbound.request(request, timeout_seconds=ANSWER_WITHIN_SECONDS)
            else:
                stream = await self._outbound.open_stream(
                    target.host, target.port, timeout_seconds=ANSWER_WITHIN_SECONDS
                )
                stream.close()
        except (OutboundError, OSError, MemoryError):
            return False
        return True
