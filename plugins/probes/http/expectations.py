"""What is expected of the body of an answer, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from plugins.api.outcome import Assertion
from plugins.api.redaction import MASK, has_key_like_name
from plugins.probes.http.body_text import MAX_BODY_BYTES, text_of
from plugins.probes.http.config import HttpConfig
from plugins.probes.http.json_assertion import (
    AssertionOperator,
    Comparison,
    JsonAssertion,
    as_text,
    read_json,
    text_in,
)
from plugins.probes.http.json_path import ABSENT, JsonPath, parsed_path, selected
from plugins.probes.http.patterns import (
    LONGEST_SUBJECT,
    Automaton,
    TakeTurn,
    compiled,
    found_in,
)
from plugins.probes.http.redaction import printable
from plugins.probes.http.secrecy import Mask

LONGEST_SHOWN = 100
# A text of a name like a key's is one only if it is as long as one.
_SHORTEST_KEY = 8
_WORTH_A_TURN = 8_192
_ITEMS_A_SLICE = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonExpectation:
    """An assertion about JSON, made ready: reading a path or a pattern costs more than following it."""

    label: str
    path: JsonPath
    comparison: Comparison
    automaton: Automaton | None

    @classmethod
    def of(cls, assertion: JsonAssertion) -> JsonExpectation:
        """Make an assertion ready."""
        is_pattern = assertion.operator is AssertionOperator.MATCHES
        return cls(
            label=f"json {assertion.path}",
            path=parsed_path(assertion.path),
            comparison=Comparison.of(assertion),
            automaton=compiled(assertion.value or "") if is_pattern else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectations:
    """All that is expected of a body."""

    contains: str | None
    lacks: str | None
    json: tuple[JsonExpectation, ...]


def expectations_of(config: HttpConfig) -> Expectations | None:
    """Return what the configuration expects of bodies; None where it does not look at them."""
    if config.body_contains is None and config.body_lacks is None and not config.json:
        return None
    return Expectations(
        contains=config.body_contains,
        lacks=config.body_lacks,
        json=tuple(JsonExpectation.of(each) for each in config.json),
    )


async def examined(
    expectations: Expectations, response: httpx.Response, take_turn: TakeTurn, mask: Mask
) -> list[Assertion]:
    """Return each expectation with whether it holds; what is shown of the body is masked.

    What goes on beyond the bound of bodies is not read, and said not to be.
    """
    text = await text_of(response, take_turn)
    is_cut = bool(response.extensions["cut"])
    found = _of_texts(expectations, text, is_cut=is_cut)
    if expectations.json:
        if len(text) > _WORTH_A_TURN:
            await take_turn()
        document, fault = _document(text, is_cut=is_cut)
        for each in expectations.json:
            found.append(
                _failed(each, fault)
                if fault is not None
                else await _of_json(each, selected(each.path, document), take_turn, mask)
            )
    return found


def _of_texts(expectations: Expectations, text: str, *, is_cut: bool) -> list[Assertion]:
    found = []
    if (wanted := expectations.contains) is not None:
        expected, is_there = f'"{wanted}" in the body', wanted in text
        found.append(_of_text("bodyContains", expected, is_there=is_there, is_wanted=True, is_cut=is_cut))
    if (unwanted := expectations.lacks) is not None:
        expected, is_there = f'no "{unwanted}" in the body', unwanted in text
        found.append(_of_text("bodyLacks", expected, is_there=is_there, is_wanted=False, is_cut=is_cut))
    return found


def _of_text(name: str, expected: str, *, is_there: bool, is_wanted: bool, is_cut: bool) -> Assertion:
    where = f"the first {MAX_BODY_BYTES} bytes of a longer body" if is_cut else "a body"
    return Assertion(
        name=name,
        passed=is_there is is_wanted,
        expected=expected,
        actual=f"{where} {'with' if is_there else 'without'} it",
    )


def _document(text: str, *, is_cut: bool) -> tuple[Any, str | None]:
    """Return what the body says, or why that cannot be read."""
    try:
        return read_json(text), None
    except ValueError:
        return None, f"a body of more than {MAX_BODY_BYTES} bytes" if is_cut else "a body that is not JSON"


async def _of_json(each: JsonExpectation, value: Any, take_turn: TakeTurn, mask: Mask) -> Assertion:
    if value is ABSENT:
        return _failed(each, "nothing there")
    passed = await _holds(each, value, take_turn)
    subject = None if each.automaton is None else text_in(value)
    is_cut = subject is not None and len(subject) > LONGEST_SUBJECT
    note = f" (of its first {LONGEST_SUBJECT} characters)" if is_cut else ""
    return Assertion(
        name=each.label,
        passed=passed,
        expected=f"{each.comparison.in_words}{note}",
        actual=_shown(each.path, value, mask),
    )


async def _holds(each: JsonExpectation, value: Any, take_turn: TakeTurn) -> bool:
    if each.automaton is not None:
        subject = text_in(value)
        return subject is not None and await found_in(each.automaton, subject, take_turn)
    if each.comparison.operator is AssertionOperator.CONTAINS and isinstance(value, list):
        return await _is_among(each.comparison, value, take_turn)
    return each.comparison.holds_for(value)


async def _is_among(comparison: Comparison, items: list[Any], take_turn: TakeTurn) -> bool:
    for start in range(0, len(items), _ITEMS_A_SLICE):
        if len(items) > _ITEMS_A_SLICE:
            await take_turn()
        if any(comparison.equals(item) for item in items[start : start + _ITEMS_A_SLICE]):
            return True
    return False


def _failed(each: JsonExpectation, actual: str) -> Assertion:
    return Assertion(name=each.label, passed=False, expected=each.comparison.in_words, actual=actual)


def _shown(path: JsonPath, value: Any, mask: Mask) -> str:
    name = path[-1] if path else ""
    is_key = isinstance(value, str) and len(value) >= _SHORTEST_KEY
    if is_key and isinstance(name, str) and has_key_like_name(name):
        return MASK
    text = as_text(value)
    shown = printable(mask.beginning(text, LONGEST_SHOWN))
    return shown if len(text) <= LONGEST_SHOWN else f"{shown}…"
