"""One vocabulary over all kinds: a field name means one shape, so that a query may ask for it across kinds.

GraphQL merges `... on HttpProbeConfig { port } ... on MqttProbeConfig { port }` only if both agree on list or not,
nullable or not, and the leaf type; objects must agree field by field. An enum belongs to its kind alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KindShape:
    """A kind, as messages call it (`probe kind "http"`), and the shape of its configuration."""

    label: str
    key: str
    shape: Group


def type_prefix(key: str) -> str:
    """Return what the names of all types of a kind begin with."""
    return key[:1].upper() + key[1:]


def type_name(key: str, class_name: str) -> str:
    """Return the GraphQL name of a class nested in a kind's configuration: (http, Header) and (http, HttpHeader)
    are both HttpHeader.
    """
    prefix = type_prefix(key)
    name = class_name.lstrip("_")
    own = name.removeprefix(prefix)
    return prefix + (own if own[:1].isupper() else name)


def contradiction(kind: KindShape, loaded: Iterable[KindShape]) -> str | None:
    """Return how the kind contradicts one that is already loaded, or None."""
    for other in loaded:
        difference = _difference(kind, other, kind.shape, other.shape, "")
        if difference is not None:
            return difference
    return None


def _difference(
    kind: KindShape, other_kind: KindShape, group: Group, other_group: Group, prefix: str
) -> str | None:
    their_fields = {field.name: field for field in other_group.fields}
    for field in group.fields:
        other = their_fields.get(field.name)
        if other is None:
            continue
        ours, known = notation(field, kind.key), notation(other, other_kind.key)
        if ours != known:
            return (
                f'field "{prefix}{field.name}" is {ours} in {kind.label}, but {known} in {other_kind.label}'
            )
        inner, other_inner = _group_below(field.shape), _group_below(other.shape)
        if inner is not None and other_inner is not None:
            nested = _difference(kind, other_kind, inner, other_inner, f"{prefix}{field.name}.")
            if nested is not None:
                return nested
    return None


def notation(field: Field, key: str) -> str:
    """Return the field's type as GraphQL writes it, objects in words."""
    nullable = field.secret or field.nullable
    return _named(field.shape, key) + ("" if nullable else "!")


def _named(shape: Shape, key: str) -> str:
    match shape:
        case Items():
            return f"[{_named(shape.item, key)}!]"
        case Group():
            return "an object"
        case Choice():
            return type_name(key, shape.name)
        case _:
            return {Text: "String", Integer: "Int", Number: "Float", Boolean: "Boolean", JsonObject: "JSON"}[
                type(shape)
            ]


def _group_below(shape: Shape) -> Group | None:
    while isinstance(shape, Items):
        shape = shape.item
    return shape if isinstance(shape, Group) else None
