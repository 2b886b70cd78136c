"""Where plugins come from: the entry points of what is installed, our own first, the rest in a fixed order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata

GROUP = "tocsin"
OWN_DISTRIBUTION = "tocsin"


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginSource:
    """A plugin that is not loaded yet; `load` imports it, and may raise anything."""

    entry_point: str
    distribution: str
    load: Callable[[], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginFailure:
    """What was left out, and why, in one line."""

    entry_point: str
    distribution: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundSources:
    """What the installed distributions offer, and which of them could not be read."""

    sources: tuple[PluginSource, ...]
    failures: tuple[PluginFailure, ...]


def installed_sources(distributions: Iterable[metadata.Distribution] | None = None) -> FoundSources:
    """Return the plugins among the distributions, by default all that are installed.

    Of two distributions of one name the first on the path counts, as it does for imports.
    """
    sources: dict[str, list[PluginSource]] = {}
    failures: list[PluginFailure] = []
    for distribution in metadata.distributions() if distributions is None else distributions:
        try:
            entry_points = list(distribution.entry_points.select(group=GROUP))
            name = _normalised(distribution.metadata["Name"]) if entry_points else ""
        except Exception as error:
            failures.append(PluginFailure(entry_point="", distribution="unknown", reason=one_line(error)))
            continue
        if entry_points:
            sources.setdefault(name, list(_sources(entry_points, name)))
    found = [source for offered in sources.values() for source in offered]
    return FoundSources(sources=tuple(sorted(found, key=_order)), failures=tuple(failures))


def one_line(error: BaseException) -> str:
    """Return the error as a reason of one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__


def _sources(entry_points: Iterable[metadata.EntryPoint], distribution: str) -> Iterator[PluginSource]:
    for entry_point in entry_points:
        yield PluginSource(entry_point=entry_point.name, distribution=distribution, load=entry_point.load)


def _order(source: PluginSource) -> tuple[bool, str, str]:
    return source.distribution != OWN_DISTRIBUTION, source.entry_point, source.distribution


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
