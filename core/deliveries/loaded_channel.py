"""A stored channel together with the notifier kind and the configuration that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.deliveries.canonical_json import clean_text
from core.plugin_registry import PluginRegistry
from plugins.api.config import Config, ConfigErrors, load
from plugins.api.notifier import Notifier

# The recipient of a message that is owed while the channel's kind is not loaded.
UNKNOWN_RECIPIENT = ""


class ChannelUnusable(Exception):
    """The channel's kind is not loaded, or does not take its configuration any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedChannel:
    """A notifier and a configuration that fits it."""

    notifier: Notifier[Any]
    config: Config

    def recipients(self) -> tuple[str, ...]:
        """Return whom a message is owed to, each once; raise ChannelUnusable if the kind cannot say."""
        try:
            named = self.notifier.recipients(self.config)
            return tuple(dict.fromkeys(clean_text(recipient) for recipient in named if recipient))
        except Exception as error:
            raise ChannelUnusable(
                f"notifier kind {self.notifier.key} names no recipients: {error!r}"
            ) from error


def load_channel(registry: PluginRegistry, kind: str, config: Any) -> LoadedChannel:
    """Return the channel of a kind and its stored configuration; raise ChannelUnusable with the reason."""
    loaded = registry.notifier(kind)
    if loaded is None:
        raise ChannelUnusable(f"notifier kind {kind} is not loaded")
    try:
        return LoadedChannel(notifier=loaded.notifier, config=load(loaded.notifier.config, config))
    except ConfigErrors as error:
        raise ChannelUnusable(
            f"notifier kind {kind} does not take the stored configuration: {error}"
        ) from error
