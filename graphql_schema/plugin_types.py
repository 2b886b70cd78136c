"""The GraphQL types that the loaded kinds bring: `ProbeInput`, `HttpProbeConfig implements ProbeConfig`, …"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.types.base import get_object_definition

from core.errors import StartupError
from core.kind_choice import KindChoice
from core.plugin_registry import PluginRegistry
from core.plugin_sources import PluginFailure, one_line
from graphql_schema.config_types import ATTRIBUTE, ConfigTypes, TypeNames, top_input_name, top_object_name
from plugins.api.config import Config, secrets_set
from plugins.api.config.shape import shape_of
from plugins.api.notifier import Notifier
from plugins.api.probe import Probe

OWN_NAMES = frozenset(
    {
        *("String", "Int", "Float", "Boolean", "ID", "JSON", "DateTime"),
        *("Query", "Mutation", "Subscription"),
        *("ProbeInput", "ProbeConfig", "UnknownProbeConfig"),
        *("NotifierInput", "NotifierConfig", "UnknownNotifierConfig"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredConfig:
    """What a resolver returns for a ProbeConfig or a NotifierConfig.

    `summary` is one line without secrets. `config` is None if the kind is not loaded, or if what is stored does
    not fit its class any more.
    """

    kind: str
    summary: str
    config: Config | None


def _kind(root: StoredConfig) -> str:
    return root.kind


def _summary(root: StoredConfig) -> str:
    return root.summary


def _secrets_set(root: StoredConfig) -> list[str]:
    return [] if root.config is None else secrets_set(root.config)


KIND_HELP = "The plugin's key"
SUMMARY_HELP = "The configuration in a few words, without its secrets"
SECRETS_SET_HELP = "The dotted paths of the secrets that are set; their values never come back"


@strawberry.interface(description="How a monitor looks: one object type for each loaded kind of probe")
class ProbeConfig:
    """Fields of every probe's configuration; resolved from a StoredConfig."""

    kind: str = strawberry.field(resolver=_kind, description=KIND_HELP)
    summary: str = strawberry.field(resolver=_summary, description=SUMMARY_HELP)
    secrets_set: list[str] = strawberry.field(resolver=_secrets_set, description=SECRETS_SET_HELP)


@strawberry.interface(description="How a channel delivers: one object type for each loaded kind of notifier")
class NotifierConfig:
    """Fields of every notifier's configuration; resolved from a StoredConfig."""

    kind: str = strawberry.field(resolver=_kind, description=KIND_HELP)
    summary: str = strawberry.field(resolver=_summary, description=SUMMARY_HELP)
    secrets_set: list[str] = strawberry.field(resolver=_secrets_set, description=SECRETS_SET_HELP)


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginTypes:
    """The types to build a schema with.

    `object_types` go into `Schema(types=…)`, as nothing else leads to them. Kinds in `failures` have no types:
    they cannot be written through GraphQL, and are read as unknown.
    """

    probe_input: type[Any]
    notifier_input: type[Any]
    object_types: tuple[type[Any], ...]
    failures: tuple[PluginFailure, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _KindToType:
    role: str
    key: str
    description: str
    config: type[Config]
    distribution: str

    @classmethod
    def of(cls, role: str, kind: Probe[Any] | Notifier[Any], distribution: str) -> _KindToType:
        return cls(
            role=role,
            key=kind.key,
            description=kind.description,
            config=kind.config,
            distribution=distribution,
        )

    @property
    def top_names(self) -> tuple[str, str]:
        return top_input_name(self.key, self.role), top_object_name(self.key, self.role)


@dataclass(frozen=True, kw_only=True, slots=True)
class _TypedKind:
    key: str
    description: str
    input_type: type[Any]
    object_type: type[Any]


def build_plugin_types(registry: PluginRegistry, taken_names: Collection[str] = ()) -> PluginTypes:
    """Return the types of all loaded kinds; `taken_names` are those of the types that the schema has already.

    Raises StartupError if there is no kind of probe, or none of notifier: GraphQL has no empty input.
    """
    probe_kinds = [_KindToType.of("Probe", each.probe, each.distribution) for each in registry.probes]
    notifier_kinds = [
        _KindToType.of("Notifier", each.notifier, each.distribution) for each in registry.notifiers
    ]
    own_names = (name for kind in (*probe_kinds, *notifier_kinds) for name in kind.top_names)
    names = TypeNames({*taken_names, *OWN_NAMES, *own_names})
    probes, probe_failures = _typed_kinds(ProbeConfig, probe_kinds, names)
    notifiers, notifier_failures = _typed_kinds(NotifierConfig, notifier_kinds, names)
    return PluginTypes(
        probe_input=_one_of_input("ProbeInput", probes),
        notifier_input=_one_of_input("NotifierInput", notifiers),
        object_types=(
            *(each.object_type for each in (*probes, *notifiers)),
            _unknown_type("Probe", ProbeConfig, probes),
            _unknown_type("Notifier", NotifierConfig, notifiers),
        ),
        failures=(*probe_failures, *notifier_failures),
    )


def chosen_kind(written: Any) -> KindChoice:
    """Return what a ProbeInput or NotifierInput holds; GraphQL saw to it that exactly one kind is given."""
    data = _plain(written)
    ((key, config),) = data.items()
    return KindChoice(kind=key, config=config)


def _plain(value: Any) -> Any:
    """Return the data that an input stands for; what was absent stays absent."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    definition = get_object_definition(value)
    if definition is None:
        return value
    given = {field: getattr(value, field.python_name) for field in definition.fields}
    return {
        field.graphql_name: _plain(member)
        for field, member in given.items()
        if member is not strawberry.UNSET
    }


def _typed_kinds(
    interface: type[Any], kinds: Collection[_KindToType], names: TypeNames
) -> tuple[list[_TypedKind], list[PluginFailure]]:
    typed: list[_TypedKind] = []
    failures: list[PluginFailure] = []
    for kind in kinds:
        try:
            made = _typed_kind(interface, kind, names)
            _try(made)
        except Exception as error:
            reason = f'{kind.role.lower()} kind "{kind.key}" has no graphql types: {one_line(error)}'
            failures.append(PluginFailure(entry_point="", distribution=kind.distribution, reason=reason))
        else:
            typed.append(made)
    return typed, failures


def _typed_kind(interface: type[Any], kind: _KindToType, names: TypeNames) -> _TypedKind:
    def is_type_of(row: object, _info: object) -> bool:
        return isinstance(row, StoredConfig) and row.kind == kind.key and row.config is not None

    types = ConfigTypes(kind=kind.key, role=kind.role, names=names)
    group = shape_of(kind.config)
    return _TypedKind(
        key=kind.key,
        description=kind.description,
        input_type=types.top_input(group),
        object_type=types.top_object(group, interface, _config_of, is_type_of),
    )


def _unknown_type(role: str, interface: type[Any], typed: Collection[_TypedKind]) -> type[Any]:
    """Return the type of what is stored for a kind that is not loaded, or that has no type of its own."""
    keys = {kind.key for kind in typed}

    def is_type_of(row: object, _info: object) -> bool:
        return isinstance(row, StoredConfig) and (row.config is None or row.kind not in keys)

    name = f"Unknown{role}Config"
    made = type(name, (interface,), {"is_type_of": staticmethod(is_type_of), "__annotations__": {}})
    return strawberry.type(
        made, name=name, description=f"The configuration of a {role.lower()} that is not loaded"
    )


def _config_of(row: StoredConfig) -> Config:
    if row.config is None:
        raise LookupError(f'nothing is known of the configuration of kind "{row.kind}"')
    return row.config


def _try(kind: _TypedKind) -> None:
    """Build a schema of the kind alone: what GraphQL refuses must not take the others down with it."""

    def accepts(given):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001  (annotated below)
        return True

    accepts.__annotations__ = {"given": kind.input_type, "return": bool}
    query = strawberry.type(type("Query", (), {"accepts": strawberry.field(resolver=accepts)}), name="Query")
    strawberry.Schema(query=query, types=[kind.object_type]).as_str()


def _one_of_input(name: str, kinds: Collection[_TypedKind]) -> type[Any]:
    if not kinds:
        raise StartupError(f"no kind for {name} is loaded; see `tocsin plugins`")
    members: dict[str, Any] = {
        ATTRIBUTE + kind.key: strawberry.field(
            name=kind.key, default=strawberry.UNSET, description=kind.description
        )
        for kind in kinds
    }
    annotations = {ATTRIBUTE + kind.key: kind.input_type | None for kind in kinds}
    made = type(name, (), {**members, "__annotations__": annotations})
    return strawberry.input(made, name=name, description="Exactly one of the loaded kinds", one_of=True)
