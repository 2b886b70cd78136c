"""The top-level names of the code are plain words: they must belong to this distribution alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from core.errors import StartupError
from core.plugin_sources import OWN_DISTRIBUTION

OWN_NAMES = ("core", "plugins", "graphql_schema", "rest_compat", "web")
OWN_ROOT = Path(__file__).resolve().parent.parent


def require_own_names(
    distributions: Iterable[metadata.Distribution] | None = None, own_root: Path = OWN_ROOT
) -> None:
    """Refuse the start, naming the intruder, if somebody else installs or shadows one of our packages."""
    for intruder in _intruders(metadata.distributions() if distributions is None else distributions):
        raise StartupError(intruder)
    for name in OWN_NAMES:
        place = _imported_from(name)
        if place is not None and place != own_root:
            raise StartupError(
                f'the package "{name}" would be imported from {place}, not from {own_root}; '
                "take that folder off the python path"
            )


def _intruders(distributions: Iterable[metadata.Distribution]) -> Iterator[str]:
    for distribution in distributions:
        clashing = sorted(_top_level_names(distribution) & set(OWN_NAMES))
        name = distribution.metadata["Name"] if clashing else OWN_DISTRIBUTION
        if name != OWN_DISTRIBUTION:
            yield (
                f'the distribution {name} installs the package "{clashing[0]}", which is tocsin\'s own; '
                "uninstall it, or install tocsin in an environment of its own"
            )


def _top_level_names(distribution: metadata.Distribution) -> set[str]:
    """Return the top-level names that a distribution's record of installed files gives away."""
    record = distribution.read_text("RECORD") or ""
    installed = {line.split(",", 1)[0] for line in record.splitlines()}
    return {path.split("/", 1)[0].removesuffix(".py") for path in installed if path.endswith(".py")}


def _imported_from(name: str) -> Path | None:
    """Return the folder that holds the package as an import would find it; None if there is none."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin).resolve()
    return origin.parent.parent if spec.submodule_search_locations else origin.parent
