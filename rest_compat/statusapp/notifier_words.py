"""StatusApp's words for notifiers: a type for each kind that is loaded, and `config` for its configuration.

A kind's configuration has in every API the names that the page writes, but for the headers of a webhook: those are
`{name: value}` here, and a list elsewhere. A header's value is a secret, so that null stands for the stored one, and
headers that are left out of an update stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.issues import Issues, Path
from core.kind_choice import KindChoice
from core.plugin_registry import PluginRegistry
from plugins.api.config import Config, ConfigErrors, load, redact, secrets_set
from plugins.api.config.issues import kind_of, shown
from rest_compat.renaming import Names

# The types of the page, in its order.
DOCUMENTED_TYPES: Final = (
    "EMAIL",
    "SMS",
    "SLACK",
    "DISCORD",
    "TELEGRAM",
    "PAGERDUTY",
    "OPSGENIE",
    "MICROSOFT_TEAMS",
    "WEBHOOK",
)

_WEBHOOK: Final = "webhook"
_HEADERS: Final = "headers"
_NEW_WORD = re.compile("(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenNotifier:
    """What services take, and where the dialect has what they may have against it: below their `notifier`."""

    choice: KindChoice
    names: Names


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredNotifier:
    """A kind and its configuration as a channel has them."""

    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownNotifier:
    """The same as it may be shown. `secrets_set` names the secrets that there are, by dotted path."""

    type: str
    config: Mapping[str, Any]
    secrets_set: list[str]


def type_of(kind: str) -> str:
    """Return what the dialect calls a kind: its key in capitals, `MICROSOFT_TEAMS` for `microsoftTeams`."""
    return _NEW_WORD.sub("_", kind).upper()


def kind_of_type(registry: PluginRegistry, named: str, path: Path, issues: Issues) -> str | None:
    """Return the kind that a type names; note an issue, and return None, if no such notifier is installed."""
    kinds = {type_of(each.notifier.key): each.notifier.key for each in reversed(registry.notifiers)}
    if named in kinds:
        return kinds[named]
    installed = ", ".join(type_of(each.notifier.key) for each in registry.notifiers)
    if named in DOCUMENTED_TYPES:
        cause = f"must be of a notifier that is installed, which the one of {named} is not: {installed}"
    else:
        cause = f"must be one of {installed}"
    issues.refuse_value(path, "enum", cause, named, expected=installed)
    return None


def chosen_notifier(
    kind: str,
    config: Mapping[str, Any],
    path: Path,
    issues: Issues,
    *,
    stored: StoredNotifier | None = None,
) -> ChosenNotifier | None:
    """Return the choice that a `config` makes at a path of the body; note an issue, and return None, for wrong headers.

    `stored` is what an update replaces: headers that the config leaves out stay as they are there.
    """
    names: dict[Path, Path] = {("notifier", kind): path}
    if kind != _WEBHOOK:
        return ChosenNotifier(choice=KindChoice(kind=kind, config=config), names=names)
    given = config.get(_HEADERS, {})
    if given is not None and not isinstance(given, Mapping):
        headers_path = (*path, _HEADERS)
        issues.refuse_value(
            headers_path, "type", "must be an object: names and values", kind_of(given), expected="object"
        )
        return None
    if _HEADERS not in config and stored is not None and stored.kind == kind:
        given = dict.fromkeys(_header_names(stored.config))
    items = [_header(name, value) for name, value in (given or {}).items()]
    for place, name in enumerate(given or ()):
        of_item = ("notifier", kind, _HEADERS, str(place))
        names |= dict.fromkeys(
            [of_item, (*of_item, "name"), (*of_item, "value")], (*path, _HEADERS, shown(name))
        )
    return ChosenNotifier(choice=KindChoice(kind=kind, config={**config, _HEADERS: items}), names=names)


def shown_notifier(registry: PluginRegistry, stored: StoredNotifier) -> ShownNotifier:
    """Return a configuration without its secrets; of a kind that is not loaded any more, an empty one."""
    config = _loaded(registry, stored)
    if config is None:
        return ShownNotifier(type=type_of(stored.kind), config={}, secrets_set=[])
    without_secrets = redact(config)
    secrets = secrets_set(config)
    if stored.kind == _WEBHOOK:
        without_secrets[_HEADERS] = {header["name"]: None for header in without_secrets[_HEADERS]}
        secrets = [f"{_HEADERS}.{name}" for name in without_secrets[_HEADERS]]
    return ShownNotifier(type=type_of(stored.kind), config=without_secrets, secrets_set=secrets)


def _header(name: str, value: Any) -> dict[str, Any]:
    return {"name": name} if value is None else {"name": name, "value": value}


def _header_names(config: Mapping[str, Any]) -> Iterator[str]:
    return (header["name"] for header in config.get(_HEADERS, ()))


def _loaded(registry: PluginRegistry, stored: StoredNotifier) -> Config | None:
    """A stored configuration that no longer fits its class is shown as that of an unknown kind."""
    loaded = registry.notifier(stored.kind)
    if loaded is None:
        return None
    try:
        config: Config = load(loaded.notifier.config, stored.config)
    except ConfigErrors:
        return None
    return config
