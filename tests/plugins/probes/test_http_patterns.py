"""Patterns find what Python's own find, in a time that no pattern and no text can stretch."""

from __future__ import annotations

import asyncio
import random
import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.outbound.turns import Turns
from plugins.probes.http.patterns import (
    LONGEST_SUBJECT,
    PatternError,
    TooComplex,
    compiled,
    found_in,
)

LONGEST_STALL_SECONDS = 0.25


async def no_turn() -> None:
    pass


def finds(pattern: str, text: str) -> bool:
    return asyncio.run(found_in(compiled(pattern), text, no_turn))


def texts() -> st.SearchStrategy[str]:
    return st.text(alphabet="abcAB019_ -\n.é", max_size=12)


def atoms() -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            *"abcAB0_",
            "é",
            ".",
            "\\d",
            "\\W",
            "\\s",
            "\\.",
            "\\n",
            "[ab]",
            "[^ab]",
            "[a-c0-9]",
            "[\\d_]",
            "[^\\w]",
        ]
    )


def patterns() -> st.SearchStrategy[str]:
    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds(
                "({}){}".format, inner, st.sampled_from(["", "*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"])
            ),
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map("|".join).map("(?:{})".format),
        )

    plain = st.recursive(atoms(), wider, max_leaves=6)
    return st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "(?i)"]),
        st.sampled_from(["", "^"]),
        plain,
        st.sampled_from(["", "$"]),
    )


@given(patterns(), texts())
def test_a_pattern_finds_what_the_standard_library_finds(pattern: str, text: str) -> None:
    # Our $ is the end of the text and nothing else; letters that are not ASCII have one case.
    theirs = re.compile(pattern.replace("$", "\\Z") if pattern.endswith("$") else pattern, re.ASCII)

    assert finds(pattern, text) is (theirs.search(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "cause"),
    [
        ("(", "not closed"),
        ("a)", "not opened"),
        ("[ab", "ends too early"),
        ("*a", "nothing to repeat"),
        ("a**", "repetition is repeated"),
        ("^*", "place cannot be repeated"),
        ("a{2,1}", "lower to the higher"),
        ("a{1001}", "from 0 to 1000"),
        ("a{99999999999999999999}", "from 0 to 1000"),
        ("a{x}", "from 0 to 1000"),
        ("[z-a]", "to a later one"),
        ("[\\d-z]", "to a later one"),
        ("\\b", "\\b is not known"),
        (r"(a)\1", "\\1 is not known"),
        ("(?=a)", "there is only (?:"),
        ("(?P<name>a)", "there is only (?:"),
        ("a(?i)", "there is only (?:"),
        ("(" * 30, "nested deeper"),
        ("a" * 201, "at most 200 characters"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_the_cause(pattern: str, cause: str) -> None:
    with pytest.raises(PatternError, match=re.escape(cause)):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", ["((a{1000}){1000}){1000}", "((){1000}){1000}", "(((){0,1000}){1000}){1000}"]
)
def test_a_pattern_that_unfolds_beyond_all_bounds_is_refused(pattern: str) -> None:
    with pytest.raises(TooComplex):
        compiled(pattern)


def test_what_lies_beyond_the_longest_text_is_not_read_and_the_cut_is_not_the_end() -> None:
    text = "a" * LONGEST_SUBJECT + "b"

    assert not finds("b", text)
    assert not finds("a$", text)
    assert finds("a$", text[:LONGEST_SUBJECT])


GENERATOR = random.Random(7)
NASTY = [
    ("(a*)*b", "a" * LONGEST_SUBJECT),
    ("(a|a)*(a|aa)*b", "a" * LONGEST_SUBJECT),
    ("(?:.*a){40}b", "a" * LONGEST_SUBJECT),
    ("(.*.*.*.*.*)*x", "".join(chr(0x200 + number) for number in range(LONGEST_SUBJECT))),
    ("[ab]*a[ab]{120}c", "".join(GENERATOR.choices("ab", k=LONGEST_SUBJECT))),
    ("(a?){60}a{60}$x", "a" * LONGEST_SUBJECT),
]


@pytest.mark.parametrize(("pattern", "text"), NASTY)
async def test_no_pattern_keeps_the_loop_from_turning(pattern: str, text: str) -> None:
    turns, gaps, searching = Turns(), [0.0], True

    async def watch() -> None:
        before = thread_time()
        while searching:
            await asyncio.sleep(0)
            gaps.append(thread_time() - before)
            before = thread_time()

    watching = asyncio.create_task(watch())
    try:
        found = await found_in(compiled(pattern), text, turns.take)
    finally:
        searching = False
        await watching

    assert not found
    assert max(gaps) < LONGEST_STALL_SECONDS


async def test_a_long_search_takes_turns_and_a_short_one_none() -> None:
    turns = 0

    async def take_turn() -> None:
        nonlocal turns
        turns += 1

    assert not await found_in(compiled("x$"), "short", take_turn)
    assert turns == 0

    pattern, text = NASTY[4]
    assert not await found_in(compiled(pattern), text, take_turn)
    assert turns > 10
