"""Strawberry types from the shape of a configuration class: the input a client writes, the object it reads.

New classes are made for everything, enums too: those of the plugin stay as they are, and two kinds may share them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from core.plugin_vocabulary import type_name, type_prefix
from plugins.api.config import Config, secrets_set
from plugins.api.config.json_schema import first_line
from plugins.api.config.shape import (
    LONGEST_LIST,
    LONGEST_TEXT,
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

# Prefix of the generated classes' attributes: it keeps a plugin's names off Strawberry's own and Python's keywords.
ATTRIBUTE = "field_"
LEAVES: dict[type, Any] = {Text: str, Integer: int, Number: float, Boolean: bool, JsonObject: JSON}
WRITE_ONLY_HELP = "write-only: omitted in an update it is kept, null clears it"


def top_input_name(kind: str, role: str) -> str:
    """Return the name of the input that holds a kind's whole configuration: HttpProbeInput."""
    return f"{type_prefix(kind)}{role}Input"


def top_object_name(kind: str, role: str) -> str:
    """Return the name of the object that shows a kind's whole configuration: HttpProbeConfig."""
    return f"{type_prefix(kind)}{role}Config"


class TypeNames:
    """The names of types that are given away already."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def claim(self, *candidates: str) -> str:
        """Return the first candidate that is free together with its input's name, else the last one numbered."""
        numbered = (f"{candidates[-1]}{number}" for number in range(2, 1_000))
        for name in (*candidates, *numbered):
            if not {name, f"{name}Input"} & self._taken:
                self._taken |= {name, f"{name}Input"}
                return name
        raise ValueError(f"every type name like {candidates[0]} is taken")


class ConfigTypes:
    """The types of one kind, named by its key; `role` is Probe or Notifier."""

    def __init__(self, *, kind: str, role: str, names: TypeNames) -> None:
        self._kind = kind
        self._role = role
        self._names = names
        self._claimed: dict[type[Config] | Choice, str] = {}
        self._enums: dict[Choice, type[enum.Enum]] = {}
        self._inputs: dict[type[Config], type[Any]] = {}
        self._objects: dict[type[Config], type[Any]] = {}

    def top_input(self, group: Group) -> type[Any]:
        """Return the input type of the whole configuration: `HttpProbeInput`."""
        return self._make_input(group, top_input_name(self._kind, self._role))

    def top_object(
        self,
        group: Group,
        interface: type[Any],
        read: Callable[[Any], Config],
        is_type_of: Callable[..., bool],
    ) -> type[Any]:
        """Return the object type of the whole configuration: `HttpProbeConfig implements ProbeConfig`.

        `read` gets the configuration out of what a resolver returned, `is_type_of` tells whether it is of this kind.
        """
        members = {"is_type_of": staticmethod(is_type_of)}
        return self._make_object(group, top_object_name(self._kind, self._role), read, (interface,), members)

    def _nested_name(self, key: type[Config] | Choice, name: str) -> str:
        if key not in self._claimed:
            wanted = type_name(self._kind, name)
            other = type_prefix(self._kind) + self._role + wanted[len(self._kind) :]
            self._claimed[key] = self._names.claim(wanted, other)
        return self._claimed[key]

    def _enum(self, choice: Choice) -> type[enum.Enum]:
        if choice not in self._enums:
            name = self._nested_name(choice, choice.name)
            members = [(option.name, option.value) for option in choice.options]
            # The functional form makes a class; type checkers see a member, as the name is no literal.
            made = cast("type[enum.Enum]", enum.Enum(name, members))
            self._enums[choice] = strawberry.enum(made, name=name, description=_choice_help(choice))
        return self._enums[choice]

    def _nested_input(self, group: Group) -> type[Any]:
        if group.config not in self._inputs:
            name = self._nested_name(group.config, group.config.__name__)
            self._inputs[group.config] = self._make_input(group, f"{name}Input")
        return self._inputs[group.config]

    def _nested_object(self, group: Group) -> type[Any]:
        if group.config not in self._objects:
            name = self._nested_name(group.config, group.config.__name__)
            members: dict[str, Any] = {}
            if any(field.secret for field in group.fields):
                members[f"{ATTRIBUTE}secrets_set"] = _object_field(
                    "secretsSet", "The names of the secrets that are set", secrets_set, list[str]
                )
            self._objects[group.config] = self._make_object(group, name, lambda value: value, (), members)
        return self._objects[group.config]

    def _annotation(self, shape: Shape, nested: Callable[[Group], type[Any]]) -> Any:
        match shape:
            case Group():
                return nested(shape)
            case Items():
                return list[self._annotation(shape.item, nested)]  # type: ignore[misc]  # made at run time
            case Choice():
                return self._enum(shape)
            case _:
                return LEAVES[type(shape)]

    def _make_input(self, group: Group, name: str) -> type[Any]:
        annotations: dict[str, Any] = {}
        members: dict[str, Any] = {}
        for field in group.fields:
            annotation = self._annotation(field.shape, self._nested_input)
            default = self._input_default(field)
            nullable = default is strawberry.UNSET
            annotations[ATTRIBUTE + field.attribute] = annotation | None if nullable else annotation
            members[ATTRIBUTE + field.attribute] = _input_field(field, default)
        made = type(name, (), {**members, "__annotations__": annotations})
        return strawberry.input(made, name=name, description=first_line(group.config), one_of=group.one_of)

    def _input_default(self, field: Field) -> Any:
        """Return the default as the schema prints it; UNSET where absence is told apart, None where required."""
        if field.secret or field.nullable:
            return strawberry.UNSET
        if field.make_default is None:
            return None
        return self._printable(field.shape, field.make_default())

    def _printable(self, shape: Shape, value: Any) -> Any:
        if isinstance(shape, Items) and not (value and isinstance(shape.item, Group | JsonObject | Items)):
            return [self._printable(shape.item, item) for item in value]
        if isinstance(shape, Group | JsonObject | Items):
            return strawberry.UNSET
        return self._shown(shape, value)

    def _make_object(
        self,
        group: Group,
        name: str,
        read: Callable[[Any], Config],
        bases: tuple[type[Any], ...],
        members: dict[str, Any],
    ) -> type[Any]:
        fields = {
            ATTRIBUTE + field.attribute: self._shown_field(field, read)
            for field in group.fields
            if not field.secret
        }
        made = type(name, bases, {**members, **fields, "__annotations__": {}})
        return strawberry.type(made, name=name, description=first_line(group.config))

    def _shown_field(self, field: Field, read: Callable[[Any], Config]) -> Any:
        annotation = self._annotation(field.shape, self._nested_object)
        return _object_field(
            field.name,
            _description(field),
            lambda source: self._shown(field.shape, getattr(read(source), field.attribute)),
            annotation | None if field.nullable else annotation,
        )

    def _shown(self, shape: Shape, value: Any) -> Any:
        """Return the value with the plugin's enum members turned into the generated ones."""
        if value is None:
            return None
        if isinstance(shape, Items):
            return [self._shown(shape.item, item) for item in value]
        if isinstance(shape, Choice):
            wire = {option.member: option.value for option in shape.options}
            return self._enum(shape)(wire[value])
        return value


def _input_field(field: Field, default: Any) -> Any:
    description = _description(field)
    if default is None:
        return strawberry.field(name=field.name, description=description)
    if isinstance(default, list):
        return strawberry.field(name=field.name, description=description, default_factory=default.copy)
    return strawberry.field(name=field.name, description=description, default=default)


def _object_field(name: str, description: str | None, read: Callable[[Any], Any], annotation: Any) -> Any:
    def resolve(root):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  (annotated below)
        return read(root)

    resolve.__annotations__ = {"root": Any, "return": annotation}
    return strawberry.field(resolver=resolve, name=name, description=description)


def _choice_help(choice: Choice) -> str | None:
    """Return how the author's enum is documented; a Literal cannot be."""
    first = choice.options[0].member
    return first_line(type(first)) if isinstance(first, enum.Enum) else None


def _description(field: Field) -> str | None:
    notes = [WRITE_ONLY_HELP] if field.secret else []
    notes += _bounds(field.shape)
    told = f"({'; '.join(notes)})" if notes else ""
    return " ".join(part for part in (field.description, told) if part) or None


def _bounds(shape: Shape) -> list[str]:
    match shape:
        case Integer():
            return [f"{shape.minimum}..{shape.maximum}"]
        case Number():
            least = [] if shape.minimum is None else [f"at least {shape.minimum}"]
            return least + ([] if shape.maximum is None else [f"at most {shape.maximum}"])
        case Text() | Items():
            unit, longest = (
                ("characters", LONGEST_TEXT) if isinstance(shape, Text) else ("items", LONGEST_LIST)
            )
            least = [f"at least {shape.min_length} {unit}"] if shape.min_length else []
            return least + ([f"at most {shape.max_length} {unit}"] if shape.max_length != longest else [])
        case _:
            return []
