"""From JSON-able data to a configuration: every issue is reported, and kept secrets are carried over."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from plugins.api.config.declaration import Config, FieldError
from plugins.api.config.issues import ConfigErrors, Issue, kind_of, shown
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

ConfigT = TypeVar("ConfigT", bound=Config)
Path = tuple[str, ...]

MOST_ISSUES = 100
DEEPEST_JSON = 20
LONGEST_JSON = 1_000
SAFE_NUMBER = Number(minimum=-(2**53) + 1, maximum=2**53 - 1)  # what every JSON reader keeps exactly
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_ABSENT: Any = object()
_REFUSED: Any = object()


def parse(config_class: type[ConfigT], data: Any, *, stored: Config | None = None) -> ConfigT:
    """Return the configuration that the data describe; raise ConfigErrors with all that is wrong with them.

    `data` is JSON-able, keyed by the names of the API. `stored` is the configuration to be replaced: a secret
    that the data omit keeps what is stored there (items of a list are matched by their field `name`), and null
    clears it. For other fields null means the default.
    """
    reading = _Reading()
    kept = stored if type(stored) is config_class else None
    config: ConfigT = reading.read(shape_of(config_class), data, kept, ())
    if reading.issues:
        raise ConfigErrors(tuple(reading.issues))
    return config


def load(config_class: type[ConfigT], stored: Any) -> ConfigT:
    """Return the configuration that `to_json` gave; raise ConfigErrors if the class has changed beneath it."""
    try:
        return msgspec.convert(stored, config_class)
    except msgspec.ValidationError as error:
        parse(config_class, stored)
        raise ConfigErrors((Issue(path=(), rule="invalid", message=str(error)),)) from error


def default_issues(config_class: type[Config]) -> tuple[Issue, ...]:
    """Return what is wrong with the defaults that a class declares for its own fields, nested ones included."""
    reading = _Reading()
    _check_defaults(reading, shape_of(config_class), ())
    return tuple(reading.issues)


def _check_defaults(reading: _Reading, shape: Shape, path: Path) -> None:
    if isinstance(shape, Items):
        _check_defaults(reading, shape.item, path)
    if isinstance(shape, Group):
        for field in shape.fields:
            _check_defaults(reading, field.shape, (*path, field.name))
            if field.make_default is not None:
                _check_default(reading, field, field.make_default(), (*path, field.name))


def _check_default(reading: _Reading, field: Field, default: Any, path: Path) -> None:
    if default is not None:
        reading.read(field.shape, plain(default), None, path)
    elif not field.nullable:
        reading.refuse(path, "required", "cannot be None by default")


class _Reading:
    """One pass over the data: values come back as they are read, issues gather beside."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.refusals = 0

    def refuse(
        self, path: Path, rule: str, cause: str, expected: str | None = None, received: str | None = None
    ) -> Any:
        """Note an issue, unless there are too many; return the mark of a refused value."""
        self.refusals += 1
        if not self.full:
            message = f"{'.'.join(path) or 'configuration'} {cause}"
            self.issues.append(
                Issue(path=path, rule=rule, message=message, expected=expected, received=received)
            )
        return _REFUSED

    @property
    def full(self) -> bool:
        """Whether no more issues are noted."""
        return len(self.issues) >= MOST_ISSUES

    def read(self, shape: Shape, data: Any, stored: Any, path: Path) -> Any:
        """Return the value of a shape, or the mark of a refused one."""
        match shape:
            case Group():
                return self._group(shape, data, stored, path)
            case Items():
                return self._items(shape, data, stored, path)
            case JsonObject():
                return self._json_object(shape, data, path)
            case _:
                return self._leaf(shape, data, path)

    def _leaf(self, leaf: Choice | Text | Integer | Number | Boolean, data: Any, path: Path) -> Any:
        match leaf:
            case Choice():
                return self._choice(leaf, data, path)
            case Text():
                return self._text(leaf, data, path)
            case Integer() | Number():
                return self._number(leaf, data, path)
            case Boolean():
                return data if isinstance(data, bool) else self._wrong_type(path, "boolean", data)

    def _wrong_type(self, path: Path, expected: str, data: Any) -> Any:
        article = "an" if expected[0] in "aeiou" else "a"
        return self.refuse(path, "type", f"must be {article} {expected}", expected, kind_of(data))

    def _group(self, group: Group, data: Any, stored: Any, path: Path) -> Any:
        if not isinstance(data, Mapping):
            return self._wrong_type(path, "object", data)
        before = self.refusals
        self._refuse_unknown_fields(group, data, path)
        if group.one_of:
            self._require_exactly_one(group, data, path)
        values = {
            field.attribute: self._field(field, data.get(field.name, _ABSENT), stored, (*path, field.name))
            for field in group.fields
        }
        if self.refusals > before:
            return _REFUSED
        given = {attribute: value for attribute, value in values.items() if value is not _ABSENT}
        return self._guarded(lambda: group.config(**given), path, group)

    def _refuse_unknown_fields(self, group: Group, data: Mapping[Any, Any], path: Path) -> None:
        known = [field.name for field in group.fields]
        for key in data:
            if key in known:
                continue
            if self.full:
                self.refusals += 1
                return
            close = difflib.get_close_matches(shown(key), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            expected = close[0] if close else None
            self.refuse((*path, shown(key)), "unknown_field", f"is not a known field{hint}", expected)

    def _require_exactly_one(self, group: Group, data: Mapping[Any, Any], path: Path) -> None:
        names = [field.name for field in group.fields]
        given = [name for name in names if data.get(name) is not None]
        if len(given) != 1:
            expected = "exactly one of " + ", ".join(names)
            self.refuse(path, "one_of", f"must have {expected}", expected, ", ".join(given) or "none")

    def _field(self, field: Field, data: Any, stored: Any, path: Path) -> Any:
        """Return the field's value, or the mark of an absent one: then the class's default holds."""
        kept = getattr(stored, field.attribute, None)
        if field.secret:
            return self._secret(field, data, kept, path)
        if data is _ABSENT or data is None:
            return self._missing(field, data, path)
        return self._checked(field, self.read(field.shape, data, kept, path), path)

    def _secret(self, field: Field, data: Any, kept: str | None, path: Path) -> Any:
        if data is _ABSENT and kept is not None:
            return kept
        if data is _ABSENT or data is None:
            return self._missing(field, data, path)
        noted = len(self.issues)
        value = self._checked(field, self.read(field.shape, data, None, path), path)
        self.issues[noted:] = [dataclasses.replace(issue, received=None) for issue in self.issues[noted:]]
        return value

    def _missing(self, field: Field, data: Any, path: Path) -> Any:
        if data is None and field.nullable:
            return None
        if not field.required:
            return _ABSENT
        received = None if data is _ABSENT else kind_of(data)
        return self.refuse(path, "required", "is required", _name_of(field.shape), received)

    def _checked(self, field: Field, value: Any, path: Path) -> Any:
        check = field.check
        if check is None or value is _REFUSED:
            return value
        refused = self._guarded(lambda: check(value), path, None) is _REFUSED
        return _REFUSED if refused else value

    def _guarded(self, step: Callable[[], Any], path: Path, group: Group | None) -> Any:
        """Return what the author's code returns; what it raises on purpose becomes issues."""
        try:
            return step()
        except ExceptionGroup as errors:
            refused, rest = errors.split(ValueError)
            if rest is not None:
                raise
            for error in _leaves(refused):
                self._refuse_with(error, path, group)
        except ValueError as error:
            self._refuse_with(error, path, group)
        return _REFUSED

    def _refuse_with(self, error: BaseException, path: Path, group: Group | None) -> None:
        if not isinstance(error, FieldError):
            self.refuse(path, "invalid", str(error))
            return
        where = (*path, *_in_api_names(error.path, group))
        self.refuse(where, error.rule, error.message, error.expected, error.received)

    def _items(self, items: Items, data: Any, stored: Any, path: Path) -> Any:
        if not isinstance(data, list | tuple):
            return self._wrong_type(path, "list", data)
        if not self._length_fits(len(data), items, path, "items"):
            return _REFUSED
        kept = _KeptItems(items, stored)
        before = self.refusals
        values = [
            self.read(items.item, item, kept.take(item), (*path, str(place)))
            for place, item in enumerate(data)
        ]
        return _REFUSED if self.refusals > before else items.make(values)

    def _length_fits(self, length: int, shape: Items | Text, path: Path, unit: str) -> bool:
        if length < shape.min_length:
            cause = f"must have at least {shape.min_length} {unit}"
            self.refuse(path, "min_length", cause, str(shape.min_length), str(length))
        elif length > shape.max_length:
            cause = f"must have at most {shape.max_length} {unit}"
            self.refuse(path, "max_length", cause, str(shape.max_length), str(length))
        else:
            return True
        return False

    def _text(self, text: Text, data: Any, path: Path) -> Any:
        if not isinstance(data, str):
            return self._wrong_type(path, "text", data)
        if not (self._length_fits(len(data), text, path, "characters") and self._storable(data, path)):
            return _REFUSED
        if text.pattern is not None and re.search(text.pattern, data) is None:
            return self.refuse(path, "pattern", f"must match {text.pattern}", text.pattern, shown(data))
        return data

    def _storable(self, text: str, path: Path) -> bool:
        """Neither PostgreSQL nor UTF-8 can hold what is refused here."""
        if "\0" in text:
            self.refuse(path, "invalid", "must not contain a NUL character")
        elif LONE_SURROGATE.search(text):
            self.refuse(path, "invalid", "must not contain a lone surrogate")
        else:
            return True
        return False

    def _number(self, number: Integer | Number, data: Any, path: Path) -> Any:
        whole = isinstance(number, Integer)
        if isinstance(data, bool) or not isinstance(data, int if whole else int | float):
            return self._wrong_type(path, "integer" if whole else "number", data)
        if not (whole or _is_finite(data)):
            return self.refuse(path, "type", "must be a finite number", "finite number")
        if number.minimum is not None and data < number.minimum:
            cause = f"must be at least {number.minimum}"
            return self.refuse(path, "minimum", cause, str(number.minimum), shown(data))
        if number.maximum is not None and data > number.maximum:
            cause = f"must be at most {number.maximum}"
            return self.refuse(path, "maximum", cause, str(number.maximum), shown(data))
        return data if whole else float(data)

    def _choice(self, choice: Choice, data: Any, path: Path) -> Any:
        for option in choice.options:
            if type(data) is not bool and data == option.value:
                return option.member
        expected = ", ".join(str(option.value) for option in choice.options)
        return self.refuse(path, "enum", f"must be one of {expected}", expected, shown(data))

    def _json_object(self, shape: JsonObject, data: Any, path: Path) -> Any:
        if not isinstance(data, Mapping):
            return self._wrong_type(path, "object", data)
        if len(data) > LONGEST_JSON:
            return self.refuse(path, "max_length", f"must have at most {LONGEST_JSON} members")
        before = self.refusals
        for key, value in data.items():
            where = (*path, shown(key))
            if self._text(Text(), key, where) is not _REFUSED:
                self._json_value(shape, value, where)
        return _REFUSED if self.refusals > before else dict(data)

    def _json_value(self, shape: JsonObject, value: Any, path: Path) -> None:
        if shape.value is not None:
            self.read(shape.value, value, None, path)
        elif isinstance(value, Mapping | list | tuple):
            self._json_members(shape, value, path)
        elif isinstance(value, str):
            self._text(Text(), value, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._number(SAFE_NUMBER, value, path)
        elif not (value is None or isinstance(value, bool)):
            self._wrong_type(path, "JSON value", value)

    def _json_members(self, shape: JsonObject, value: Any, path: Path) -> None:
        if len(path) > DEEPEST_JSON:
            self.refuse(path, "max_length", f"must not be nested deeper than {DEEPEST_JSON} levels")
        elif isinstance(value, Mapping):
            self._json_object(shape, value, path)
        elif self._length_fits(len(value), Items(item=Text(), make=list), path, "items"):
            for place, item in enumerate(value):
                self._json_value(shape, item, (*path, str(place)))


def _name_of(shape: Shape) -> str:
    """Return the JSON name of what a shape takes, as `kind_of` says it of values."""
    match shape:
        case Group() | JsonObject():
            return "object"
        case Items():
            return "list"
        case Integer():
            return "integer"
        case Number():
            return "number"
        case Boolean():
            return "boolean"
        case Choice() | Text():
            return "text"


class _KeptItems:
    """The stored items of a list, to be taken by name; of several with one name, in their order."""

    def __init__(self, items: Items, stored: Any) -> None:
        self._by_name: defaultdict[str, list[Any]] = defaultdict(list)
        if isinstance(items.item, Group):
            for item in stored or ():
                self._by_name[getattr(item, "name", "")].append(item)

    def take(self, data: Any) -> Any:
        """Return the stored item that the data replace, or None."""
        name = data.get("name") if isinstance(data, Mapping) else None
        kept = self._by_name.get(name) if isinstance(name, str) and name else None
        return kept.pop(0) if kept else None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _leaves(errors: BaseException | None) -> Iterable[BaseException]:
    if not isinstance(errors, BaseExceptionGroup):
        return [errors] if errors is not None else []
    return [leaf for inner in errors.exceptions for leaf in _leaves(inner)]


def _in_api_names(dotted: str, group: Group | None) -> Iterable[str]:
    """Return the path of attribute names as a path in the names of the API."""
    shape: Shape | None = group
    for step in dotted.split(".") if dotted else ():
        field = (
            next((each for each in shape.fields if each.attribute == step), None)
            if isinstance(shape, Group)
            else None
        )
        yield field.name if field else step
        shape = shape.item if isinstance(shape, Items) else field.shape if field else None
