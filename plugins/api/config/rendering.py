"""A configuration as others see it: as it is stored, as it is shown, and which secrets it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from plugins.api.config.declaration import Config
from plugins.api.config.shape import Group, Items, JsonObject, Shape, shape_of
from plugins.api.redaction import has_key_like_name


def to_json(config: Config) -> dict[str, Any]:
    """Return the configuration as it is stored: JSON-able, secrets included, every default written out."""
    stored: dict[str, Any] = plain(config)
    return stored


def redact(config: Config) -> dict[str, Any]:
    """Return the configuration as it may be shown: JSON-able, without its secrets."""
    return _shown_group(shape_of(type(config)), config)


def masked(config: Config, mask: Callable[[str], Any]) -> dict[str, Any]:
    """Return the configuration with whatever `mask` makes of each secret that is set, in the secret's place.

    In objects with free keys, texts that are named like keys are secrets too.
    """
    return _masked_group(shape_of(type(config)), config, mask)


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


def _masked(shape: Shape, value: Any, mask: Callable[[str], Any]) -> Any:
    if isinstance(shape, Group) and value is not None:
        return _masked_group(shape, value, mask)
    if isinstance(shape, Items) and value is not None:
        return [_masked(shape.item, item, mask) for item in value]
    if isinstance(shape, JsonObject):
        return _masked_by_name(plain(value), mask)
    return plain(value)


def _masked_group(group: Group, value: Config, mask: Callable[[str], Any]) -> dict[str, Any]:
    shown = {}
    for field in group.fields:
        inner = getattr(value, field.attribute)
        is_hidden = field.secret and inner is not None
        shown[field.name] = mask(inner) if is_hidden else _masked(field.shape, inner, mask)
    return shown


def _masked_by_name(value: Any, mask: Callable[[str], Any]) -> Any:
    """Return JSON in which texts that are named like keys are masked, at any depth."""
    if isinstance(value, list):
        return [_masked_by_name(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: mask(inner)
        if isinstance(inner, str) and has_key_like_name(name)
        else _masked_by_name(inner, mask)
        for name, inner in value.items()
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
