"""The JSON Schema of a configuration class, in one piece and without references, ready to make a form from."""

from __future__ import annotations

from typing import Any

from plugins.api.config.declaration import Config
from plugins.api.config.rendering import plain
from plugins.api.config.shape import (
    Boolean,
    Choice,
    Field,
    Group,
    Integer,
    Items,
    JsonObject,
    Number,
    Shape,
    Text,
    shape_of,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(config: type[Config]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what `parse` takes; secrets are marked writeOnly."""
    return {"$schema": DIALECT, "title": config.__name__, **_schema(shape_of(config))}


def _schema(shape: Shape) -> dict[str, Any]:
    match shape:
        case Group():
            return _group_schema(shape)
        case Items():
            bounds = _given(minItems=shape.min_length or None, maxItems=shape.max_length)
            return {"type": "array", "items": _schema(shape.item), **bounds}
        case JsonObject():
            return {"type": "object", "additionalProperties": shape.value is None or _schema(shape.value)}
        case _:
            return _leaf_schema(shape)


def _leaf_schema(leaf: Choice | Text | Integer | Number | Boolean) -> dict[str, Any]:
    match leaf:
        case Choice():
            return {"enum": [option.value for option in leaf.options]}
        case Text():
            bounds = _given(
                minLength=leaf.min_length or None, maxLength=leaf.max_length, pattern=leaf.pattern
            )
            return {"type": "string", **bounds}
        case Integer():
            return {"type": "integer", "minimum": leaf.minimum, "maximum": leaf.maximum}
        case Number():
            return {"type": "number", **_given(minimum=leaf.minimum, maximum=leaf.maximum)}
        case Boolean():
            return {"type": "boolean"}


def _group_schema(group: Group) -> dict[str, Any]:
    required = [field.name for field in group.fields if field.required]
    return {
        "type": "object",
        **_given(description=first_line(group.config)),
        "properties": {field.name: _field_schema(field) for field in group.fields},
        **_given(required=required or None),
        "additionalProperties": False,
        **({"oneOf": [_is_given(field.name) for field in group.fields]} if group.one_of else {}),
    }


def _is_given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _field_schema(field: Field) -> dict[str, Any]:
    schema = _schema(field.shape)
    if field.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    if field.make_default is not None and not field.secret:
        schema["default"] = plain(field.make_default())
    return {**schema, **_given(description=field.description, writeOnly=field.secret or None)}


def first_line(named: type[Any]) -> str | None:
    """Return the first line of the class's own docstring, if it has one."""
    documented = named.__dict__.get("__doc__") or ""
    return documented.strip().split("\n")[0] or None


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
