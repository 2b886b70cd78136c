"""Searches a text for a pattern: all steps at once, a slice of work at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from plugins.probes.http.patterns.automaton import Accept, Automaton, Fork, Require, Take
from plugins.probes.http.patterns.nodes import Place

LONGEST_SUBJECT = 4_000
# Steps visited before others get their turn; a few milliseconds.
_VISITS_A_SLICE = 5_000
# Each character costs at least this much, though its way may be known already.
_VISITS_A_CHARACTER = 2
_MOST_KNOWN_STATES = 500

TakeTurn = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _State:
    """Where one may be between two characters: steps that take one, and whether the pattern was found.

    `accepts_at_end`: it was, if the text ends here.
    """

    takes: frozenset[int]
    accepts: bool
    accepts_at_end: bool


async def found_in(automaton: Automaton, text: str, take_turn: TakeTurn) -> bool:
    """Say whether the pattern is found anywhere in the text, or in its first LONGEST_SUBJECT characters.

    Takes at most a product of the two lengths, in slices before each of which `take_turn` is awaited.
    """
    search = _Search(automaton)
    state = search.beginning()
    for character in text[:LONGEST_SUBJECT]:
        if state.accepts:
            return True
        if search.visits >= _VISITS_A_SLICE:
            search.visits = 0
            await take_turn()
        state = search.after(state, character)
    return state.accepts or (state.accepts_at_end and len(text) <= LONGEST_SUBJECT)


class _Search:
    """The states of one search, each made when it is come to first."""

    def __init__(self, automaton: Automaton) -> None:
        self.visits = 0
        self._automaton = automaton
        self._charsets_of: dict[str, frozenset[int]] = {}
        self._known: dict[tuple[_State, frozenset[int]], _State] = {}

    def beginning(self) -> _State:
        """Return the state before the first character."""
        return self._state((self._automaton.start,), at_beginning=True)

    def after(self, state: _State, character: str) -> _State:
        """Return the state that a character leads to; the pattern may begin anew behind it."""
        self.visits += _VISITS_A_CHARACTER
        charsets = self._charsets_of.get(character)
        if charsets is None:
            charsets = self._charsets(character)
        known = self._known.get((state, charsets))
        if known is not None:
            return known
        made = self._state((*self._taken(state, charsets), self._automaton.start), at_beginning=False)
        if len(self._known) >= _MOST_KNOWN_STATES:
            self._known.clear()
        self._known[state, charsets] = made
        return made

    def _charsets(self, character: str) -> frozenset[int]:
        charsets = self._automaton.charsets
        found = frozenset(number for number, each in enumerate(charsets) if character in each)
        self.visits += sum(len(each.ranges) for each in charsets)
        self._charsets_of[character] = found
        return found

    def _taken(self, state: _State, charsets: frozenset[int]) -> Iterable[int]:
        self.visits += len(state.takes)
        steps = self._automaton.steps
        for place in state.takes:
            step = steps[place]
            if isinstance(step, Take) and step.charset in charsets:
                yield step.next

    def _state(self, places: Iterable[int], *, at_beginning: bool) -> _State:
        here = self._reached(places, Place.BEGINNING if at_beginning else None)
        steps = self._automaton.steps
        accepts = any(isinstance(steps[place], Accept) for place in here)
        needs_end = [
            step.next
            for step in (steps[place] for place in here)
            if isinstance(step, Require) and step.place is Place.END
        ]
        at_end = self._reached(needs_end, Place.END, *([Place.BEGINNING] if at_beginning else []))
        return _State(
            takes=frozenset(place for place in here if isinstance(steps[place], Take)),
            accepts=accepts,
            accepts_at_end=accepts or any(isinstance(steps[place], Accept) for place in at_end),
        )

    def _reached(self, places: Iterable[int], *here: Place | None) -> set[int]:
        """Return all steps that are come to without taking a character, where the places of the text are `here`."""
        waiting, reached = list(places), set[int]()
        while waiting:
            place = waiting.pop()
            if place in reached:
                continue
            reached.add(place)
            step = self._automaton.steps[place]
            if isinstance(step, Fork):
                waiting += step.nexts
            elif isinstance(step, Require) and step.place in here:
                waiting.append(step.next)
        self.visits += len(reached)
        return reached
