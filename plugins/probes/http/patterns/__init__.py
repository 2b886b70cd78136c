"""Regular expressions whose search takes a time that is linear in the text, whatever the pattern.

Patterns are a tenant's and texts a stranger's, and Python's own engine can be made to run for hours by the two,
without letting go of the interpreter. Here a pattern becomes an automaton whose states are all followed at once
(Thompson 1968): nothing is ever tried again, so there is nothing to blow up. What cannot be had that way (back
references, look-around) is not in the language.
"""

from plugins.probes.http.patterns.automaton import Automaton, TooComplex, automaton_of
from plugins.probes.http.patterns.search import LONGEST_SUBJECT, TakeTurn, found_in
from plugins.probes.http.patterns.syntax import PatternError, parsed

__all__ = [
    "LONGEST_SUBJECT",
    "Automaton",
    "PatternError",
    "TakeTurn",
    "TooComplex",
    "automaton_of",
    "compiled",
    "found_in",
    "parsed",
]


def compiled(pattern: str) -> Automaton:
    """Return the automaton of a pattern; raise PatternError, which says what is wrong and where."""
    return automaton_of(parsed(pattern))
