"""The language of patterns: the part of regular expressions that can be searched for in linear time."""

from __future__ import annotations

from plugins.probes.http.patterns.nodes import (
    Alternatives,
    Characters,
    Node,
    Place,
    Ranges,
    Repeat,
    Sequence,
    complement,
    in_any_case,
)

LONGEST_PATTERN = 200
DEEPEST_GROUP = 20
MOST_REPEATS = 1_000

_ANY_CASE = "(?i)"
_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_NEWLINE: Ranges = ((0x0A, 0x0A),)
_CLASSES = {
    "d": _DIGITS,
    "w": _WORD,
    "s": _SPACE,
    "D": complement(_DIGITS),
    "W": complement(_WORD),
    "S": complement(_SPACE),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_SIGNS: dict[str, Node] = {
    ".": Characters(complement(_NEWLINE)),
    "^": Place.BEGINNING,
    "$": Place.END,
}
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class PatternError(ValueError):
    """The pattern is not one of this language; the message says what is wrong, and at which character."""


def parsed(pattern: str) -> Node:
    """Return what the pattern is made of; raise PatternError."""
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"must be a pattern of at most {LONGEST_PATTERN} characters")
    ignores_case = pattern.startswith(_ANY_CASE)
    reading = _Reading(pattern, len(_ANY_CASE) if ignores_case else 0, ignores_case)
    node = reading.alternatives(0)
    if reading.place < len(pattern):
        raise reading.error("a group is closed that was not opened")
    return node


class _Reading:
    """One pass over a pattern, by recursive descent."""

    def __init__(self, pattern: str, place: int, ignores_case: bool) -> None:
        self._pattern = pattern
        self.place = place
        self._ignores_case = ignores_case

    def error(self, cause: str) -> PatternError:
        return PatternError(
            f"is not a pattern that can be searched for: {cause} (at character {self.place + 1})"
        )

    def alternatives(self, depth: int) -> Node:
        options = [self._sequence(depth)]
        while self._takes("|"):
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Alternatives(tuple(options))

    def _takes(self, text: str) -> bool:
        if not self._pattern.startswith(text, self.place):
            return False
        self.place += len(text)
        return True

    def _next(self) -> str:
        if self.place >= len(self._pattern):
            raise self.error("it ends too early")
        self.place += 1
        return self._pattern[self.place - 1]

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.place < len(self._pattern) and self._pattern[self.place] not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self, depth: int) -> Node:
        character = self._next()
        match character:
            case "(":
                return self._group(depth)
            case "[":
                return self._set()
            case "." | "^" | "$":
                return _SIGNS[character]
            case "\\":
                return self._characters(self._escaped())
            case "*" | "+" | "?" | "{":
                self.place -= 1
                raise self.error("there is nothing to repeat; write \\ before a sign that stands for itself")
            case _:
                return self._characters(_single(character))

    def _characters(self, ranges: Ranges) -> Characters:
        return Characters(in_any_case(ranges) if self._ignores_case else ranges)

    def _group(self, depth: int) -> Node:
        if depth == DEEPEST_GROUP:
            raise self.error(f"groups are nested deeper than {DEEPEST_GROUP}")
        if not self._takes("?:") and self._pattern.startswith("?", self.place):
            raise self.error("of groups that begin with ? there is only (?:, and (?i) at the very beginning")
        node = self.alternatives(depth + 1)
        if not self._takes(")"):
            raise self.error("a group is not closed")
        return node

    def _repeated(self, part: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return part
        if isinstance(part, Place):
            raise self.error("a place cannot be repeated")
        # Whether as few or as many as can be are wanted makes no difference to whether there is a match at all.
        self._takes("?")
        if self._pattern[self.place : self.place + 1] in ("*", "+", "?", "{"):
            raise self.error("a repetition is repeated")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in _REPEATS.items():
            if self._takes(sign):
                return bounds
        return self._braces() if self._takes("{") else None

    def _braces(self) -> tuple[int, int | None]:
        least = self._number()
        most: int | None = least
        if self._takes(","):
            most = None if self._pattern.startswith("}", self.place) else self._number()
        if not self._takes("}"):
            raise self.error("a repetition is {2}, {2,} or {2,5}")
        if most is not None and most < least:
            raise self.error("a repetition goes from the lower to the higher number")
        return least, most

    def _number(self) -> int:
        start = self.place
        while self._pattern[self.place : self.place + 1] in tuple("0123456789"):
            self.place += 1
        digits = self._pattern[start : self.place]
        if not digits or len(digits) > len(str(MOST_REPEATS)) or int(digits) > MOST_REPEATS:
            raise self.error(f"a repetition has a number from 0 to {MOST_REPEATS}")
        return int(digits)

    def _set(self) -> Characters:
        is_negated = self._takes("^")
        ranges: list[tuple[int, int]] = []
        while not (ranges and self._takes("]")):
            ranges += self._member()
        found = in_any_case(tuple(ranges)) if self._ignores_case else tuple(ranges)
        return Characters(complement(found) if is_negated else found)

    def _member(self) -> Ranges:
        """Read a character, a class such as \\d, or a range; a hyphen at either end stands for itself."""
        first = self._set_item()
        if not self._pattern.startswith("-", self.place) or self._pattern.startswith("-]", self.place):
            return first
        self.place += 1
        last = self._set_item()
        low, high = first[0][0], last[0][0]
        if first != ((low, low),) or last != ((high, high),) or low > high:
            raise self.error("a range goes from one character to a later one")
        return ((low, high),)

    def _set_item(self) -> Ranges:
        character = self._next()
        if character == "[":
            raise self.error("a [ in a set is written \\[")
        return self._escaped() if character == "\\" else _single(character)

    def _escaped(self) -> Ranges:
        character = self._next()
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return _single(_CONTROLS[character])
        if character.isascii() and character.isalnum():
            raise self.error(
                f"\\{character} is not known; there are \\d \\w \\s \\D \\W \\S \\n \\r \\t \\f \\v"
            )
        return _single(character)


def _single(character: str) -> Ranges:
    return ((ord(character), ord(character)),)
