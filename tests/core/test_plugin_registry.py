"""Broken plugins are named and left out; good ones are loaded in a fixed order and speak one vocabulary."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import pluggy
import pytest

from core.plugin_registry import PluginRegistry, build_registry, registry_of
from core.plugin_sources import OWN_DISTRIBUTION, PluginSource, installed_sources
from plugins.api.config import Config, Meta, Secret
from plugins.api.hookspecs import hookimpl
from plugins.api.notifier import Message, Notifier, Receipt, SendContext
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Expectation, Probe, ProbeContext, ProbeMode

Port = Annotated[int, Meta(ge=1, le=65_535)]


class DoorConfig(Config):
    host: str
    port: Port = 80


async def look(_config: Config, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


async def deliver(_config: Config, _message: Message, _context: SendContext) -> Receipt:
    return Receipt()


def probe(key: str, config: type[Config] = DoorConfig, **changes: Any) -> Probe[Any]:
    return Probe(
        **{
            "key": key,
            "title": key,
            "description": key,
            "config": config,
            "check": look,
            "target": lambda _config: key,
            **changes,
        }
    )


def notifier(key: str, config: type[Config] = DoorConfig) -> Notifier[Any]:
    return Notifier(
        key=key,
        title=key,
        description=key,
        config=config,
        send=deliver,
        recipients=lambda _config: [key],
    )


class Brings:
    """A plugin that brings what it was made with."""

    def __init__(self, *kinds: Any) -> None:
        self.kinds = kinds

    @hookimpl
    def register_probes(self) -> Sequence[Any]:
        return [kind for kind in self.kinds if not isinstance(kind, Notifier)]

    @hookimpl
    def register_notifiers(self) -> Sequence[Any]:
        return [kind for kind in self.kinds if isinstance(kind, Notifier)]


def source(name: str, load: Callable[[], object], distribution: str = "stranger") -> PluginSource:
    return PluginSource(entry_point=name, distribution=distribution, load=load)


def reasons(registry: PluginRegistry) -> list[str]:
    return [failure.reason for failure in registry.failures]


def test_kinds_are_found_by_key_with_the_distribution_that_brought_them() -> None:
    door, bell = probe("door"), notifier("bell")

    registry = registry_of(Brings(door, bell), distribution="cellar")

    loaded = registry.probe("door")
    assert loaded is not None
    assert loaded.probe is door
    assert loaded.distribution == "cellar"
    loaded_bell = registry.notifier("bell")
    assert loaded_bell is not None
    assert loaded_bell.notifier is bell
    assert registry.probe("bell") is None
    assert registry.notifier("door") is None
    assert [plugin.probes for plugin in registry.plugins] == [("door",)]
    assert [plugin.notifiers for plugin in registry.plugins] == [("bell",)]
    assert registry.failures == ()


def test_hook_register_probes() -> None:
    class Plugin:
        @hookimpl
        def register_probes(self) -> Sequence[Probe[Any]]:
            return (probe("door"), probe("gate"))

    assert [each.probe.key for each in registry_of(Plugin()).probes] == ["door", "gate"]


def test_hook_register_notifiers() -> None:
    class Plugin:
        @hookimpl
        def register_notifiers(self) -> Sequence[Notifier[Any]]:
            return (notifier("bell"),)

    assert [each.notifier.key for each in registry_of(Plugin()).notifiers] == ["bell"]


# ---- plugins that fail ---------------------------------------------------------


class UnknownHook:
    @hookimpl
    def register_probez(self) -> Sequence[Any]:
        return []


class WrongArguments:
    @hookimpl
    def register_probes(self, settings: Any) -> Sequence[Any]:
        return [settings]


class Raises:
    @hookimpl
    def register_probes(self) -> Sequence[Any]:
        raise RuntimeError("no broker\nin sight")

    @hookimpl
    def register_notifiers(self) -> Sequence[Any]:
        return [notifier("survivor")]


class Exits:
    @hookimpl
    def register_probes(self) -> Sequence[Any]:
        raise SystemExit(3)


class ReturnsNothing:
    @hookimpl
    def register_probes(self) -> Any:
        return None


class ReturnsOne:
    @hookimpl
    def register_probes(self) -> Any:
        return probe("door")


class IsAsync:
    @hookimpl
    async def register_probes(self) -> Any:
        return []


class Generates:
    @hookimpl(wrapper=True)
    def register_probes(self) -> Any:
        return (yield)


class ForeignMark:
    @pluggy.HookimplMarker("someoneElse")
    def register_probes(self) -> Any:
        return []


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (42, "has no hooks"),
        (object(), "has no hooks"),
        (ForeignMark(), "has no hooks"),
        (UnknownHook(), "unknown hook register_probez"),
        (WrongArguments(), "settings"),
        (Raises(), "RuntimeError: no broker in sight"),
        (Exits(), "SystemExit: 3"),
        (ReturnsNothing(), "register_probes must return a list of Probe, not NoneType"),
        (ReturnsOne(), "register_probes must return a list of Probe, not Probe"),
        (IsAsync(), "register_probes must return a list of Probe, not coroutine"),
        (Generates(), "register_probes must return a list of Probe, not generator"),
        (Brings("door"), "register_probes must return a list of Probe, not of str"),
        (Brings(probe("Door")), 'probe kind "Door": key must be lowerCamelCase'),
        (Brings(probe("a-b")), 'probe kind "a-b": key must be lowerCamelCase'),
        (Brings(probe("door", description="")), 'probe kind "door": description is empty'),
        (Brings(probe("door", config=dict)), 'probe kind "door": config must be a Config class'),
        (Brings(probe("door", mode=ProbeMode.PASSIVE)), 'probe kind "door": expect belongs to PASSIVE'),
    ],
)
def test_a_broken_plugin_is_named_and_hurts_nobody_else(plugin: object, reason: str) -> None:
    registry = build_registry(
        [
            source("broken", lambda: plugin, "broken-package"),
            source("good", lambda: Brings(probe("gate"))),
        ]
    )

    (failure,) = registry.failures
    assert reason in failure.reason
    assert "\n" not in failure.reason
    assert (failure.entry_point, failure.distribution) == ("broken", "broken-package")
    assert registry.probe("gate") is not None


def test_a_plugin_that_cannot_be_imported_is_named() -> None:
    def load() -> object:
        raise ModuleNotFoundError("No module named 'paho'")

    assert reasons(build_registry([source("mqtt", load)])) == ["ModuleNotFoundError: No module named 'paho'"]


def test_one_failing_hook_leaves_the_plugins_other_hook() -> None:
    assert registry_of(Raises()).notifier("survivor") is not None


def test_a_refused_kind_leaves_the_plugins_other_kinds() -> None:
    registry = registry_of(Brings(probe("bad", config=dict), probe("door")))

    assert [each.probe.key for each in registry.probes] == ["door"]
    assert len(registry.failures) == 1


def test_what_a_plugin_prints_while_it_loads_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> object:
        print("hello")  # noqa: T201
        return Brings(probe("door"))

    build_registry([source("chatty", load)])

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "hello\n"


def test_a_passive_kind_with_expect_is_loaded() -> None:
    passive = probe(
        "job",
        mode=ProbeMode.PASSIVE,
        expect=lambda _config, since: Expectation(due_at=since + timedelta(seconds=9), grace_seconds=1),
    )

    assert registry_of(Brings(passive)).failures == ()


# ---- one key, one vocabulary ----------------------------------------------------


def test_a_repeated_key_is_refused_and_says_who_has_it() -> None:
    registry = build_registry(
        [
            source("own", lambda: Brings(probe("http")), "tocsin"),
            source("http", lambda: Brings(probe("http"), notifier("http")), "stranger"),
        ]
    )

    assert reasons(registry) == ['probe kind "http" is already brought by tocsin']
    loaded = registry.probe("http")
    assert loaded is not None
    assert loaded.distribution == "tocsin"
    assert registry.notifier("http") is not None


class Level(enum.StrEnum):
    LOW = "LOW"


class Header(Config):
    name: str
    value: Secret


class KnownConfig(Config):
    host: str
    port: Port
    note: str | None = None
    labels: tuple[str, ...] = ()
    level: Level = Level.LOW
    headers: tuple[Header, ...] = ()
    token: Secret | None = None
    ratio: float = 0.5


class OptionalHost(Config):
    host: str | None = None


class ListedHost(Config):
    host: tuple[str, ...]


class NumericHost(Config):
    host: float


class TextPort(Config):
    port: str


class OwnLevel(Config):
    level: Level = Level.LOW


class RequiredToken(Config):
    token: str


class FlatHeaders(Config):
    headers: tuple[str, ...] = ()


class NamelessHeader(Config):
    name: str | None = None


class NamelessHeaders(Config):
    headers: tuple[NamelessHeader, ...] = ()


class SingleHeader(Config):
    headers: Header


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (OptionalHost, 'field "host" is String in probe kind "mine", but String! in probe kind "known"'),
        (ListedHost, 'field "host" is [String!]! in probe kind "mine", but String! in probe kind "known"'),
        (NumericHost, 'field "host" is Float! in probe kind "mine", but String! in probe kind "known"'),
        (TextPort, 'field "port" is String! in probe kind "mine", but Int! in probe kind "known"'),
        (OwnLevel, 'field "level" is MineLevel! in probe kind "mine", but KnownLevel! in probe kind "known"'),
        (RequiredToken, 'field "token" is String! in probe kind "mine", but String in probe kind "known"'),
        (
            FlatHeaders,
            'field "headers" is [String!]! in probe kind "mine", but [an object!]! in probe kind "known"',
        ),
        (
            NamelessHeaders,
            'field "headers.name" is String in probe kind "mine", but String! in probe kind "known"',
        ),
        (
            SingleHeader,
            'field "headers" is an object! in probe kind "mine", but [an object!]! in probe kind "known"',
        ),
    ],
)
def test_a_kind_that_contradicts_the_vocabulary_is_refused_naming_both(
    config: type[Config], reason: str
) -> None:
    registry = registry_of(Brings(probe("known", KnownConfig)), Brings(probe("mine", config)))

    assert reasons(registry) == [reason]
    assert registry.probe("mine") is None


class AgreeingHeader(Config):
    name: str
    value: Secret
    comment: str | None = None


class AgreeingConfig(Config):
    host: Annotated[str, Meta(min_length=3)] = "localhost"
    port: Annotated[int, Meta(ge=5, le=9)] = 7
    note: Annotated[str, Meta(max_length=9)] | None = None
    labels: list[str]
    headers: tuple[AgreeingHeader, ...]
    token: Secret
    other: str


def test_bounds_defaults_and_further_fields_contradict_nothing() -> None:
    registry = registry_of(
        Brings(probe("known", KnownConfig)),
        Brings(probe("mine", AgreeingConfig), notifier("bell", DoorConfig)),
    )

    assert registry.failures == ()


def test_a_kind_that_was_refused_leaves_no_word_behind() -> None:
    registry = registry_of(
        Brings(probe("known", KnownConfig), probe("refused", OptionalHost), probe("later", DoorConfig))
    )

    assert [each.probe.key for each in registry.probes] == ["known", "later"]


def test_probes_and_notifiers_share_one_vocabulary() -> None:
    registry = registry_of(Brings(probe("known", KnownConfig), notifier("bell", TextPort)))

    assert reasons(registry) == [
        'field "port" is String! in notifier kind "bell", but Int! in probe kind "known"'
    ]


# ---- what is installed ------------------------------------------------------------


def install(folder: Path, name: str, entry_points: str, version: str = "1.0") -> metadata.Distribution:
    """Lay down what pip would leave of a package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)
    return metadata.PathDistribution(info)


def test_our_own_come_first_and_the_rest_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = installed_sources(
        [
            install(tmp_path, "zebra", "[tocsin]\nalpha = z\n"),
            install(tmp_path, "Aard_Vark", "[tocsin]\nbeta = b\nalpha = a\n"),
            install(tmp_path, "unrelated", "[console_scripts]\nx = y:z\n"),
            install(tmp_path, OWN_DISTRIBUTION, "[tocsin]\nwebhook = w\nhttp = h\n"),
        ]
    )

    assert [(each.entry_point, each.distribution) for each in found.sources] == [
        ("http", "tocsin"),
        ("webhook", "tocsin"),
        ("alpha", "aard-vark"),
        ("alpha", "zebra"),
        ("beta", "aard-vark"),
    ]
    assert found.failures == ()


def test_of_two_distributions_of_one_name_the_first_on_the_path_counts(tmp_path: Path) -> None:
    found = installed_sources(
        [
            install(tmp_path / "a", "mine", "[tocsin]\nnew = n\n"),
            install(tmp_path / "b", "Mine", "[tocsin]\nold = o\n"),
        ]
    )

    assert [each.entry_point for each in found.sources] == ["new"]


def test_metadata_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    found = installed_sources(
        [
            install(tmp_path, "bad", "[tocsin]\n=\n[[["),
            install(tmp_path, "good", "[tocsin]\ngood = g\n"),
        ]
    )

    assert [each.entry_point for each in found.sources if each.distribution == "good"] == ["good"]


def test_a_registry_is_frozen() -> None:
    registry = registry_of(Brings(probe("door")))

    with pytest.raises(dataclasses.FrozenInstanceError):
        registry.plugins = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        registry.probes_by_key["x"] = registry.probes[0]  # type: ignore[index]
