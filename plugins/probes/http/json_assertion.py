"""What is expected of a value in a JSON body."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from plugins.api.config import Config, FieldError, Meta, check_with
from plugins.probes.http.json_path import LONGEST_PATH, parsed_path
from plugins.probes.http.patterns import PatternError, compiled

LONGEST_EXPECTED = 1_000


class AssertionOperator(enum.StrEnum):
    """How a value in the body is held against the expected one."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT_EQUALS"
    CONTAINS = "CONTAINS"
    EXISTS = "EXISTS"
    GREATER_THAN = "GREATER_THAN"
    LESS_THAN = "LESS_THAN"
    MATCHES = "MATCHES"


_IN_WORDS = {
    AssertionOperator.EQUALS: "{}",
    AssertionOperator.NOT_EQUALS: "anything but {}",
    AssertionOperator.CONTAINS: "something that contains {}",
    AssertionOperator.EXISTS: "anything",
    AssertionOperator.GREATER_THAN: "more than {}",
    AssertionOperator.LESS_THAN: "less than {}",
    AssertionOperator.MATCHES: "something that matches {}",
}
_OF_NUMBERS = frozenset({AssertionOperator.GREATER_THAN, AssertionOperator.LESS_THAN})


class JsonAssertion(Config):
    """A value in the JSON body of the answer, and what it must be."""

    path: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_PATH,
            description="Where the value stands, as in $.checks[0]['disk space'] (RFC 9535, singular queries)",
        ),
        check_with(parsed_path),
    ]
    operator: Annotated[AssertionOperator, Meta(description="How the value is held against the expected one")]
    value: (
        Annotated[
            str,
            Meta(
                max_length=LONGEST_EXPECTED,
                description="The expected text, number, JSON, or pattern; none for EXISTS",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Require the value that the operator takes."""
        fault = _fault(self.operator, self.value)
        if fault is not None:
            raise fault


def _fault(operator: AssertionOperator, value: str | None) -> FieldError | None:
    if operator is AssertionOperator.EXISTS:
        return None if value is None else FieldError("value", "is not compared by EXISTS")
    if value is None:
        return FieldError("value", f"is required by {operator}", rule="required")
    if operator in _OF_NUMBERS and number_in(value) is None:
        return FieldError("value", f"must be a number for {operator}", expected="number")
    if operator is AssertionOperator.MATCHES:
        try:
            compiled(value)
        except PatternError as error:
            return FieldError("value", str(error), rule="pattern")
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """An assertion's operator with its value, as it is compared."""

    operator: AssertionOperator
    text: str
    json_value: Any

    @classmethod
    def of(cls, assertion: JsonAssertion) -> Comparison:
        """Prepare the comparison of an assertion."""
        text = assertion.value or ""
        return cls(operator=assertion.operator, text=text, json_value=_as_json(text))

    @property
    def in_words(self) -> str:
        """What is expected, for people."""
        return _IN_WORDS[self.operator].format(self.text)

    def holds_for(self, value: Any) -> bool:
        """Say whether a value is as expected.

        MATCHES, and whether a list CONTAINS something, are found out elsewhere: they take time.
        """
        match self.operator:
            case AssertionOperator.EQUALS:
                return self.equals(value)
            case AssertionOperator.NOT_EQUALS:
                return not self.equals(value)
            case AssertionOperator.CONTAINS:
                return isinstance(value, str) and self.text in value
            case AssertionOperator.GREATER_THAN | AssertionOperator.LESS_THAN:
                return self._is_beyond(value)
            case _:
                return True

    def equals(self, value: Any) -> bool:
        """Say whether a value is the expected text, or the JSON that it writes."""
        return value == self.text if isinstance(value, str) else _is_same(value, self.json_value)

    def _is_beyond(self, value: Any) -> bool:
        found, limit = number_in(value), number_in(self.text)
        if found is None or limit is None:
            return False
        return found > limit if self.operator is AssertionOperator.GREATER_THAN else found < limit


_NOT_JSON: Any = object()


def read_json(text: str) -> Any:
    """Return what a JSON text says, its numbers exact; raise ValueError where it is none."""
    try:
        return json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse_constant)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("nested too deep, or a number beyond all bounds") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _as_json(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return _NOT_JSON


def number_in(value: Any) -> Decimal | None:
    """Return a number, be it written as a text, as many services write amounts; None for anything else."""
    read = _as_json(value[:LONGEST_EXPECTED]) if isinstance(value, str) else value
    return read if isinstance(read, Decimal) else None


def _is_same(one: Any, other: Any) -> bool:
    """Compare two JSON values, however deep they are; Python alone would take true for 1."""
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            waiting += ((left[name], right[name]) for name in left)
        elif isinstance(left, list):
            if len(left) != len(right):
                return False
            waiting += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def text_in(value: Any) -> str | None:
    """Return the text that a pattern is searched in; None for an object or a list."""
    if isinstance(value, str):
        return value
    return None if isinstance(value, dict | list) else as_text(value)


def as_text(value: Any) -> str:
    """Return a JSON value as people read it: texts bare, all else as JSON writes it, not more than is shown."""
    match value:
        case str():
            return value
        case Decimal():
            return str(value)
        case dict():
            return f"an object of {len(value)} members"
        case list():
            return f"a list of {len(value)} items"
        case _:
            return json.dumps(value)
