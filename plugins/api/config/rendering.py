"""A configuration as others see it: as it is stored, as it is shown, and which secrets it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from plugins.api.config.declaration import Config
from plugins.api.config.shape import Group, Items, Shape, shape_of


def to_json(config: Config) -> dict[str, Any]:
    """Return the configuration as it is stored: JSON-able, secrets included, every default written out."""
    stored: dict[str, Any] = plain(config)
    return stored


def redact(config: Config) -> dict[str, Any]:
    """Return the configuration as it may be shown: JSON-able, without its secrets."""
    return _shown_group(shape_of(type(config)), config)


def secrets_set(config: Config) -> list[str]:
    """Return the dotted paths of the secrets that the configuration holds: "auth.bearer.token".

    An item of a list is named by its field `name` where it has one ("headers.X-Key.value"), else by its place.
    """
    return list(dict.fromkeys(path for path, _ in _secrets(shape_of(type(config)), config)))


def secret_values(config: Config) -> list[str]:
    """Return the secrets themselves, so that texts from elsewhere can be searched for them."""
    return [secret for _, secret in _secrets(shape_of(type(config)), config)]


def plain(value: Any) -> Any:
    """Return a value of a configuration as JSON has it: names of the API, lists, values of enums."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _shown(shape: Shape, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(shape, Group):
        return _shown_group(shape, value)
    if isinstance(shape, Items):
        return [_shown(shape.item, item) for item in value]
    return plain(value)


def _shown_group(group: Group, value: Config) -> dict[str, Any]:
    return {
        field.name: _shown(field.shape, getattr(value, field.attribute))
        for field in group.fields
        if not field.secret
    }


def _secrets(shape: Shape, value: Any) -> Iterator[tuple[str, str]]:
    """Yield path and value of each secret that is set."""
    if value is None:
        return
    if isinstance(shape, Group):
        for field in shape.fields:
            inner = getattr(value, field.attribute)
            if field.secret and inner is not None:
                yield field.name, inner
            yield from ((f"{field.name}.{path}", secret) for path, secret in _secrets(field.shape, inner))
    elif isinstance(shape, Items):
        for place, item in enumerate(value):
            name = _item_name(item, place)
            yield from ((f"{name}.{path}", secret) for path, secret in _secrets(shape.item, item))


def _item_name(item: Any, place: int) -> str:
    name = getattr(item, "name", None)
    return name if isinstance(name, str) else str(place)
