"""A pattern as an automaton without output: from each step one goes on to one or two others."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.probes.http.patterns.nodes import Alternatives, Characters, Node, Place, Repeat, Sequence
from plugins.probes.http.patterns.syntax import PatternError

MOST_STEPS = 250
# Parts gone through while building: one that is empty adds no step, however often it is repeated.
_MOST_PARTS = 5_000


class TooComplex(PatternError):
    """The pattern would need more steps than a search may have."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Goes on at several steps at once."""

    nexts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Takes a character of the set with that number."""

    charset: int
    next: int


@dataclass(frozen=True, slots=True)
class Require:
    """Goes on only at a place."""

    place: Place
    next: int


@dataclass(frozen=True, slots=True)
class Accept:
    """The pattern was found."""


Step = Fork | Take | Require | Accept


@dataclass(frozen=True, kw_only=True, slots=True)
class Automaton:
    """All steps; `charsets` are the sets that they take characters of, each once."""

    steps: tuple[Step, ...]
    start: int
    charsets: tuple[Characters, ...]


def automaton_of(node: Node) -> Automaton:
    """Return the automaton; raise TooComplex."""
    building = _Building()
    start = building.before(node, building.add(Accept()))
    return Automaton(steps=tuple(building.steps), start=start, charsets=tuple(building.charsets))


class _Building:
    """Adds steps from the last to the first, so that each knows where to go on."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.parts = 0
        self.charsets: dict[Characters, int] = {}

    def add(self, step: Step) -> int:
        if len(self.steps) == MOST_STEPS:
            raise TooComplex(f"is too complex a pattern: it has more than {MOST_STEPS} steps")
        self.steps.append(step)
        return len(self.steps) - 1

    def before(self, node: Node, after: int) -> int:
        """Add the steps of a node that goes on at `after`; return the first of them."""
        self.parts += 1
        if self.parts > _MOST_PARTS:
            raise TooComplex("is too complex a pattern: its repetitions unfold without end")
        match node:
            case Characters():
                charset = self.charsets.setdefault(node, len(self.charsets))
                return self.add(Take(charset, after))
            case Place():
                return self.add(Require(node, after))
            case Sequence():
                for part in reversed(node.parts):
                    after = self.before(part, after)
                return after
            case Alternatives():
                return self.add(Fork(tuple(self.before(option, after) for option in node.options)))
            case Repeat():
                return self._repeated(node, after)

    def _repeated(self, node: Repeat, after: int) -> int:
        if node.most is None:
            after = self._loop(node.part, after)
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self.add(Fork((self.before(node.part, after), end)))
        for _ in range(node.least):
            after = self.before(node.part, after)
        return after

    def _loop(self, part: Node, after: int) -> int:
        loop = self.add(Fork(()))
        self.steps[loop] = Fork((self.before(part, loop), after))
        return loop
