"""The kinds that are loaded, and what was left out and why: the only door to pluggy and to plugins.

Hooks only register, once, at start; each plugin is asked by itself, so that a broken one hurts nobody else.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pluggy

from core.plugin_sources import (
    OWN_DISTRIBUTION,
    PluginFailure,
    PluginSource,
    installed_sources,
    one_line,
)
from core.plugin_vocabulary import KindShape, contradiction
from plugins.api import hookspecs
from plugins.api.config import Config
from plugins.api.config.shape import shape_of
from plugins.api.kind_rules import kind_faults
from plugins.api.notifier import Notifier
from plugins.api.probe import Probe


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedProbe:
    """A probe kind, and the distribution that brought it."""

    probe: Probe[Any]
    distribution: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedNotifier:
    """A notifier kind, and the distribution that brought it."""

    notifier: Notifier[Any]
    distribution: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedPlugin:
    """A plugin, and the keys of the kinds that were taken from it."""

    entry_point: str
    distribution: str
    probes: tuple[str, ...]
    notifiers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PluginRegistry:
    """All kinds by key, in the order in which they were loaded: built-ins first."""

    probes_by_key: Mapping[str, LoadedProbe] = field(default_factory=dict)
    notifiers_by_key: Mapping[str, LoadedNotifier] = field(default_factory=dict)
    plugins: tuple[LoadedPlugin, ...] = ()
    failures: tuple[PluginFailure, ...] = ()

    def probe(self, key: str) -> LoadedProbe | None:
        """Return the probe kind of that key, or None if none is loaded."""
        return self.probes_by_key.get(key)

    def notifier(self, key: str) -> LoadedNotifier | None:
        """Return the notifier kind of that key, or None if none is loaded."""
        return self.notifiers_by_key.get(key)

    @property
    def probes(self) -> tuple[LoadedProbe, ...]:
        """The probe kinds."""
        return tuple(self.probes_by_key.values())

    @property
    def notifiers(self) -> tuple[LoadedNotifier, ...]:
        """The notifier kinds."""
        return tuple(self.notifiers_by_key.values())


def load_plugins() -> PluginRegistry:
    """Return the registry of all that is installed."""
    found = installed_sources()
    return build_registry(found.sources, found.failures)


def registry_of(*plugins: object, distribution: str = OWN_DISTRIBUTION) -> PluginRegistry:
    """Return the registry of the given plugin objects (modules, or instances with hooks), in their order."""
    return build_registry(
        PluginSource(
            entry_point=str(getattr(plugin, "__name__", type(plugin).__name__)),
            distribution=distribution,
            load=functools.partial(_itself, plugin),
        )
        for plugin in plugins
    )


def build_registry(sources: Iterable[PluginSource], failures: Iterable[PluginFailure] = ()) -> PluginRegistry:
    """Return the registry of the sources, in their order; what fails is left out and reported."""
    building = _Building(failures)
    for source in sources:
        building.add(source)
    return building.registry()


class PluginRefused(Exception):
    """Why a plugin, or a kind of it, is left out."""


class _Building:
    """A registry in the making."""

    def __init__(self, failures: Iterable[PluginFailure]) -> None:
        self._probes: dict[str, LoadedProbe] = {}
        self._notifiers: dict[str, LoadedNotifier] = {}
        self._shapes: list[KindShape] = []
        self._plugins: list[LoadedPlugin] = []
        self._failures = list(failures)

    def registry(self) -> PluginRegistry:
        """Return what was gathered."""
        return PluginRegistry(
            probes_by_key=MappingProxyType(self._probes),
            notifiers_by_key=MappingProxyType(self._notifiers),
            plugins=tuple(self._plugins),
            failures=tuple(self._failures),
        )

    def add(self, source: PluginSource) -> None:
        """Load one plugin and take its kinds."""
        hooks: Mapping[str, Callable[[], Any]] = {}
        with self._isolated(source):
            hooks = _hooks_of(source.load())
        if not hooks:
            return
        probes, notifiers = len(self._probes), len(self._notifiers)
        self._take_all(source, hooks, "register_probes", Probe, self._take_probe)
        self._take_all(source, hooks, "register_notifiers", Notifier, self._take_notifier)
        self._plugins.append(
            LoadedPlugin(
                entry_point=source.entry_point,
                distribution=source.distribution,
                probes=tuple(self._probes)[probes:],
                notifiers=tuple(self._notifiers)[notifiers:],
            )
        )

    def _take_all(
        self,
        source: PluginSource,
        hooks: Mapping[str, Callable[[], Any]],
        hook: str,
        kind_class: type,
        take: Callable[[Any, str], None],
    ) -> None:
        kinds: Sequence[Any] = ()
        with self._isolated(source):
            kinds = _registered(hooks, hook, kind_class)
        for kind in kinds:
            with self._isolated(source):
                take(kind, source.distribution)

    @contextlib.contextmanager
    def _isolated(self, source: PluginSource) -> Iterator[None]:
        """Turn whatever a stranger's code raises into a failure; stdout belongs to the ready line."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except (Exception, SystemExit) as error:
            told = isinstance(error, PluginRefused)
            self._failures.append(
                PluginFailure(
                    entry_point=source.entry_point,
                    distribution=source.distribution,
                    reason=str(error) if told else one_line(error),
                )
            )

    def _take_probe(self, probe: Probe[Any], distribution: str) -> None:
        label = f'probe kind "{probe.key}"'
        _refuse_repetition(label, self._probes.get(probe.key))
        self._take_shape(label, probe)
        self._probes[probe.key] = LoadedProbe(probe=probe, distribution=distribution)

    def _take_notifier(self, notifier: Notifier[Any], distribution: str) -> None:
        label = f'notifier kind "{notifier.key}"'
        _refuse_repetition(label, self._notifiers.get(notifier.key))
        self._take_shape(label, notifier)
        self._notifiers[notifier.key] = LoadedNotifier(notifier=notifier, distribution=distribution)

    def _take_shape(self, label: str, kind: Probe[Any] | Notifier[Any]) -> None:
        faults = kind_faults(kind)
        if faults:
            raise PluginRefused(f"{label}: {'; '.join(faults)}")
        config: type[Config] = kind.config
        shape = KindShape(label=label, key=kind.key, shape=shape_of(config))
        difference = contradiction(shape, self._shapes)
        if difference is not None:
            raise PluginRefused(difference)
        self._shapes.append(shape)


def _hooks_of(plugin: object) -> Mapping[str, Callable[[], Any]]:
    """Return the plugin's hook functions by the name of the hook; a manager of its own sees nobody else's."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise PluginRefused("has no hooks")
    unknown = [caller.name for caller in callers if not caller.has_spec()]
    if unknown:
        raise PluginRefused(f"unknown hook {', '.join(unknown)}")
    return {caller.name: caller.get_hookimpls()[0].function for caller in callers}


def _registered(hooks: Mapping[str, Callable[[], Any]], hook: str, kind_class: type) -> Sequence[Any]:
    """Return what one hook of one plugin registers."""
    if hook not in hooks:
        return ()
    kinds = hooks[hook]()
    if inspect.iscoroutine(kinds):
        kinds.close()
    expected = f"{hook} must return a list of {kind_class.__name__}"
    if not isinstance(kinds, list | tuple):
        raise PluginRefused(f"{expected}, not {type(kinds).__name__}")
    strays = [type(kind).__name__ for kind in kinds if not isinstance(kind, kind_class)]
    if strays:
        raise PluginRefused(f"{expected}, not of {', '.join(strays)}")
    return kinds


def _refuse_repetition(label: str, known: LoadedProbe | LoadedNotifier | None) -> None:
    if known is not None:
        raise PluginRefused(f"{label} is already brought by {known.distribution}")


def _itself(plugin: object) -> object:
    return plugin
