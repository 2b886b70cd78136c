"""What a pattern is made of."""

from __future__ import annotations

import enum
from dataclasses import dataclass

HIGHEST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]


class Place(enum.Enum):
    """A place in the text, which takes no character."""

    BEGINNING = enum.auto()
    END = enum.auto()


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set, given as ranges of code points."""

    ranges: Ranges

    def __contains__(self, character: str) -> bool:
        """Say whether the character is of the set."""
        code = ord(character)
        return any(low <= code <= high for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; the empty text where there are none."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again; without bound where `most` is None."""

    part: Node
    least: int
    most: int | None


Node = Characters | Place | Sequence | Alternatives | Repeat


def complement(ranges: Ranges) -> Ranges:
    """Return all characters that are in none of the ranges."""
    left, lowest = [], 0
    for low, high in sorted(ranges):
        if low > lowest:
            left.append((lowest, low - 1))
        lowest = max(lowest, high + 1)
    return (*left, (lowest, HIGHEST)) if lowest <= HIGHEST else tuple(left)


def in_any_case(ranges: Ranges) -> Ranges:
    """Return the ranges with the other case of their ASCII letters."""
    folded = list(ranges)
    for low, high in ranges:
        for first, last, shift in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
            if low <= last and high >= first:
                folded.append((max(low, first) + shift, min(high, last) + shift))
    return tuple(folded)
