"""The shape of a configuration class: the one description that parsing, schemas and redaction walk."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from plugins.api.config.declaration import Config

LONGEST_TEXT = 10_000
LONGEST_LIST = 1_000
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
NAME = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*\Z")
NOT_AN_ENUM_MEMBER = {"TRUE", "FALSE", "NULL"}
RESERVED_EVERYWHERE = frozenset({"secretsSet"})
RESERVED_AT_TOP = frozenset({"kind", "summary"})


class UnsupportedConfig(TypeError):
    """The configuration class cannot be offered in every API; the message says which field, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text; `pattern` is searched for, not anchored."""

    min_length: int = 0
    max_length: int = LONGEST_TEXT
    pattern: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Integer:
    """An integer of at most 32 bits, bounds included."""

    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A finite number, bounds included."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One value of a choice: its name in GraphQL, its value in JSON, and the Python object."""

    name: str
    value: str | int
    member: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of several named values."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """A list; `make` builds the author's own type from a list."""

    item: Shape
    make: Callable[[list[Any]], Any]
    min_length: int = 0
    max_length: int = LONGEST_LIST


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonObject:
    """An object with free keys; `value` is None where anything may stand."""

    value: Text | Integer | Number | Boolean | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A configuration class with its fields, in the order of their declaration."""

    config: type[Config]
    fields: tuple[Field, ...]
    one_of: bool


Shape = Text | Integer | Number | Boolean | Choice | Items | JsonObject | Group


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field: `attribute` in Python, `name` in every API. `make_default` is None where it is required."""

    attribute: str
    name: str
    shape: Shape
    nullable: bool
    secret: bool
    description: str | None
    make_default: Callable[[], Any] | None
    check: Callable[[Any], None] | None

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.make_default is None


@functools.cache
def shape_of(config: type[Config]) -> Group:
    """Return the shape of a configuration class; raise UnsupportedConfig if some API could not offer it."""
    try:
        info = inspect.type_info(config)
    except (TypeError, NameError, ValueError) as error:
        raise UnsupportedConfig(f"{config.__name__}: {error}") from error
    if not isinstance(info, inspect.StructType):
        raise UnsupportedConfig(f"{config!r} is not a Config")
    group = _group(info, config.__name__, ())
    for field in group.fields:
        if field.name in RESERVED_AT_TOP:
            raise UnsupportedConfig(f'field name "{field.name}" is reserved')
    _refuse_names_used_twice(group)
    return group


def nested_types(shape: Shape) -> list[Group | Choice]:
    """Return the groups and choices below a shape, each once, in the order in which they stand."""
    found: dict[type[Config] | Choice, Group | Choice] = {}
    for inner in _inner_shapes(shape):
        found.setdefault(inner.config if isinstance(inner, Group) else inner, inner)
    return list(found.values())


def _inner_shapes(shape: Shape) -> Iterator[Group | Choice]:
    below = [shape.item] if isinstance(shape, Items) else []
    if isinstance(shape, Group):
        below = [field.shape for field in shape.fields]
    for inner in below:
        if isinstance(inner, Group | Choice):
            yield inner
        yield from _inner_shapes(inner)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A type without its wrapping."""

    type: inspect.Type
    marks: dict[str, Any]
    extra: dict[str, Any]
    nullable: bool


def _unwrap(wrapped: inspect.Type, label: str) -> _Bare:
    marks: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    nullable = False
    while True:
        if isinstance(wrapped, inspect.Metadata):
            marks = {**(wrapped.extra_json_schema or {}), **marks}
            extra = {**(wrapped.extra or {}), **extra}
            wrapped = wrapped.type
        elif isinstance(wrapped, inspect.UnionType):
            rest = [member for member in wrapped.types if not isinstance(member, inspect.NoneType)]
            if len(rest) != 1:
                raise UnsupportedConfig(f"{label}: a union of several types has no form in every API")
            nullable = nullable or len(rest) < len(wrapped.types)
            wrapped = rest[0]
        else:
            return _Bare(wrapped, marks, extra, nullable)


def _shape(bare: inspect.Type, label: str, above: tuple[type, ...]) -> Shape:
    """Return the shape of a type without its wrapping; `above` are the classes that it stands in."""
    match bare:
        case inspect.StrType() | inspect.IntType() | inspect.FloatType() | inspect.BoolType():
            return _leaf(bare, label)
        case inspect.EnumType():
            return _choice_of_enum(bare.cls, label)
        case inspect.LiteralType():
            return _choice_of_literal(bare.values, label)
        case inspect.ListType() | inspect.VarTupleType():
            return _items(bare, label, above)
        case inspect.DictType():
            return _json_object(bare, label)
        case inspect.StructType():
            return _group(bare, label, above)
        case _:
            raise UnsupportedConfig(
                f"{label}: {type(bare).__name__.removesuffix('Type').lower()} is not supported"
            )


def _leaf(bare: inspect.Type, label: str) -> Text | Integer | Number | Boolean:
    match bare:
        case inspect.StrType():
            longest = LONGEST_TEXT if bare.max_length is None else bare.max_length
            return Text(min_length=bare.min_length or 0, max_length=longest, pattern=bare.pattern)
        case inspect.IntType():
            return _integer(bare, label)
        case inspect.FloatType(gt=None, lt=None, multiple_of=None):
            return Number(minimum=bare.ge, maximum=bare.le)
        case inspect.BoolType():
            return Boolean()
        case _:
            raise UnsupportedConfig(
                f"{label}: only ge and le can bound a number; use check_with for the rest"
            )


def _integer(bare: inspect.IntType, label: str) -> Integer:
    if bare.gt is not None or bare.lt is not None or bare.multiple_of is not None:
        raise UnsupportedConfig(f"{label}: only ge and le can bound an int; use check_with for the rest")
    minimum = INT32_MIN if bare.ge is None else bare.ge
    if bare.le is None or bare.le > INT32_MAX or minimum < INT32_MIN:
        raise UnsupportedConfig(f"{label}: an int needs bounds of 32 bits, such as Meta(ge=0, le=1000)")
    return Integer(minimum=minimum, maximum=bare.le)


def _choice_of_enum(cls: type[enum.Enum], label: str) -> Choice:
    if not all(isinstance(member.value, str | int) for member in cls):
        raise UnsupportedConfig(f"{label}: the values of {cls.__name__} must be texts or integers")
    options = [Option(name=member.name, value=member.value, member=member) for member in cls]
    return _choice(cls.__name__, options, label)


def _choice_of_literal(values: tuple[object, ...], label: str) -> Choice:
    texts = [value for value in values if isinstance(value, str) and NAME.match(value)]
    if len(texts) < len(values):
        raise UnsupportedConfig(f"{label}: the values of a Literal must be names; use an Enum for others")
    options = [Option(name=text.upper(), value=text, member=text) for text in texts]
    name = label.rsplit(".", 1)[-1]
    return _choice(name[:1].upper() + name[1:], options, label)


def _choice(name: str, options: list[Option], label: str) -> Choice:
    if not options or not NAME.match(name):
        raise UnsupportedConfig(f"{label}: {name} has no members, or cannot name a type")
    names = [option.name for option in options]
    for member in names:
        if not NAME.match(member) or member.upper() in NOT_AN_ENUM_MEMBER:
            raise UnsupportedConfig(f'{label}: "{member}" cannot name a member of an enum')
    if len(set(names)) < len(names):
        raise UnsupportedConfig(f"{label}: the members of {name} differ in case only")
    return Choice(name=name, options=tuple(options))


def _items(bare: inspect.ListType | inspect.VarTupleType, label: str, above: tuple[type, ...]) -> Items:
    item = _unwrap(bare.item_type, label)
    if item.nullable:
        raise UnsupportedConfig(f"{label}: the items of a list cannot be null")
    if item.marks.get("writeOnly"):
        raise UnsupportedConfig(f"{label}: a secret in a list must be a field of a class of its own")
    return Items(
        item=_shape(item.type, label, above),
        make=tuple if isinstance(bare, inspect.VarTupleType) else list,
        min_length=bare.min_length or 0,
        max_length=LONGEST_LIST if bare.max_length is None else bare.max_length,
    )


def _json_object(bare: inspect.DictType, label: str) -> JsonObject:
    value = _unwrap(bare.value_type, label)
    if not isinstance(bare.key_type, inspect.StrType):
        raise UnsupportedConfig(f"{label}: the keys of a dict must be texts")
    if value.marks.get("writeOnly"):
        raise UnsupportedConfig(
            f"{label}: a secret cannot stand in a dict; use a list of classes with a name"
        )
    if isinstance(value.type, inspect.AnyType):
        return JsonObject(value=None)
    return JsonObject(value=_leaf(value.type, label))


def _group(info: inspect.StructType, label: str, above: tuple[type, ...]) -> Group:
    config = _config_class(info, label)
    if config in above:
        raise UnsupportedConfig(f"{label}: {config.__name__} contains itself")
    prefix = f"{label}." if above else ""
    fields = tuple(_field(field, prefix, (*above, config)) for field in info.fields)
    if not fields:
        raise UnsupportedConfig(f"{label}: {config.__name__} has no fields")
    if config.__one_of__ and not all(field.nullable and not field.required for field in fields):
        raise UnsupportedConfig(f"{label}: every field of a one-of class must be `| None = None`")
    return Group(config=config, fields=fields, one_of=config.__one_of__)


def _config_class(info: inspect.Type, label: str) -> type[Config]:
    cls = info.cls if isinstance(info, inspect.StructType) else None
    if not isinstance(cls, type) or not issubclass(cls, Config):
        raise UnsupportedConfig(f"{label}: a nested class must be a Config")
    if not NAME.match(cls.__name__):
        raise UnsupportedConfig(f"{label}: {cls.__name__} cannot name a type")
    return cls


def _field(info: inspect.Field, prefix: str, above: tuple[type, ...]) -> Field:
    label = prefix + info.encode_name
    if not NAME.match(info.encode_name) or info.encode_name in RESERVED_EVERYWHERE:
        raise UnsupportedConfig(f'field name "{info.encode_name}" cannot be used')
    bare = _unwrap(info.type, label)
    shape = _shape(bare.type, label, above)
    secret = bool(bare.marks.get("writeOnly"))
    if secret and not isinstance(shape, Text):
        raise UnsupportedConfig(f"{label}: only a text can be a secret")
    return Field(
        attribute=info.name,
        name=info.encode_name,
        shape=shape,
        nullable=bare.nullable,
        secret=secret,
        description=bare.marks.get("description"),
        make_default=_default_maker(info),
        check=bare.extra.get("check"),
    )


def _default_maker(info: inspect.Field) -> Callable[[], Any] | None:
    if info.required:
        return None
    if info.default_factory is not msgspec.NODEFAULT:
        factory: Callable[[], Any] = info.default_factory
        return factory
    return lambda: info.default


def _refuse_names_used_twice(group: Group) -> None:
    """Two classes of one name would become one type in GraphQL."""
    names: set[str] = {group.config.__name__}
    for nested in nested_types(group):
        name = nested.name if isinstance(nested, Choice) else nested.config.__name__
        if name in names:
            raise UnsupportedConfig(f"two classes below {group.config.__name__} are called {name}")
        names.add(name)
