"""Show which plugins are loaded, from which distribution, and what failed and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from core.plugin_registry import LoadedPlugin, PluginRegistry, load_plugins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line: there is nothing to choose."""


def run(_arguments: argparse.Namespace) -> int:
    """Print one line a plugin."""
    sys.stdout.writelines(f"{line}\n" for line in lines(load_plugins()))
    return 0


def lines(registry: PluginRegistry) -> Iterator[str]:
    """Yield what is shown of a registry: what is loaded first, then what failed."""
    for plugin in registry.plugins:
        yield f"{plugin.entry_point} ({plugin.distribution}): {_kinds(plugin)}"
    for failure in registry.failures:
        name = failure.entry_point or "unnamed"
        yield f"{name} ({failure.distribution}): failed: {failure.reason}"


def _kinds(plugin: LoadedPlugin) -> str:
    kinds = [f"probe {key}" for key in plugin.probes] + [f"notifier {key}" for key in plugin.notifiers]
    return ", ".join(kinds) or "nothing"
