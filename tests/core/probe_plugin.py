"""A probe kind whose looks the test decides, registered as any plugin's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from core.plugin_registry import PluginRegistry, registry_of
from plugins.api import hookspecs
from plugins.api.config import Config, Meta
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Probe, ProbeContext

Look = Callable[["BellConfig", ProbeContext], Awaitable[Outcome]]
GONE_KIND = "whistle"


class BellConfig(Config):
    """A bell to ring."""

    tower: Annotated[str, Meta(min_length=1)] = "north"


async def _rings(_config: BellConfig, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


class Bell:
    """A kind `bell`; `look` is what it does."""

    def __init__(self) -> None:
        self.look: Look = _rings
        self.contexts: list[ProbeContext] = []
        self.rung = asyncio.Event()

    def registry(self) -> PluginRegistry:
        registry = registry_of(self)
        assert registry.failures == ()
        return registry

    @hookspecs.hookimpl
    def register_probes(self) -> list[Probe[Any]]:
        async def check(config: BellConfig, context: ProbeContext) -> Outcome:
            self.contexts.append(context)
            self.rung.set()
            return await self.look(config, context)

        return [
            Probe(
                key="bell",
                title="Bell",
                description="Rings a bell",
                config=BellConfig,
                check=check,
                target=lambda config: f"the bell of the {config.tower} tower",
            )
        ]
