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
    shape: Group


def contradiction(kind: KindShape, loaded: Iterable[KindShape]) -> str | None:
    """Return how the kind contradicts one that is already loaded, or None."""
    for other in loaded:
        difference = _difference(kind.shape, other.shape, kind.label, other.label, "")
        if difference is not None:
            return difference
    return None


def _difference(mine: Group, theirs: Group, label: str, other_label: str, prefix: str) -> str | None:
    their_fields = {field.name: field for field in theirs.fields}
    for field in mine.fields:
        other = their_fields.get(field.name)
        if other is None:
            continue
        ours, known = notation(field, label), notation(other, other_label)
        if ours != known:
            return f'field "{prefix}{field.name}" is {ours} in {label}, but {known} in {other_label}'
        inner, other_inner = _group_below(field.shape), _group_below(other.shape)
        if inner is not None and other_inner is not None:
            nested = _difference(inner, other_inner, label, other_label, f"{prefix}{field.name}.")
            if nested is not None:
                return nested
    return None


def notation(field: Field, owner: str) -> str:
    """Return the field's type as GraphQL writes it, objects and enums in words."""
    nullable = field.secret or field.nullable
    return _named(field.shape, owner) + ("" if nullable else "!")


def _named(shape: Shape, owner: str) -> str:
    match shape:
        case Items():
            return f"[{_named(shape.item, owner)}!]"
        case Group():
            return "an object"
        case Choice():
            return f"the enum {shape.name} of {owner}"
        case _:
            return {Text: "String", Integer: "Int", Number: "Float", Boolean: "Boolean", JsonObject: "JSON"}[
                type(shape)
            ]


def _group_below(shape: Shape) -> Group | None:
    while isinstance(shape, Items):
        shape = shape.item
    return shape if isinstance(shape, Group) else None
