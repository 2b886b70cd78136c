"""The reference page of the plans, made from their table: `python -m core.access.plans_page`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from core.access.plans import OF_DASHMON_ALONE, TERMS, TO_COME, UNLIMITED, Capability, Plan, PlanTerms

_HEAD = """# Plans

What a workspace may have, by its plan. How one is booked, and what is refused beyond it: [plans](../how-to/plans.md).
What is marked by a star is asked for on [Dashmon's routes](../how-to/dashmon.md) alone, and open to every plan through
GraphQL and the other APIs; what is in brackets is still to come.
"""

_ROWS: Sequence[tuple[str, Callable[[PlanTerms], str]]] = (
    ("monitors", lambda terms: _number(terms.monitors)),
    ("members", lambda terms: _number(terms.members)),
    ("status pages", lambda terms: _number(terms.status_pages)),
    ("least interval", lambda terms: f"{terms.min_interval_seconds} s"),
    ("history included", lambda terms: f"{terms.retention_days} days"),
    ("requests an hour", lambda terms: _number(terms.requests_per_hour)),
)


def plans_page() -> str:
    """Return the page in Markdown."""
    rows = [(what, *(shown(TERMS[plan]) for plan in Plan)) for what, shown in _ROWS]
    rows += [(_named(each), *(_mark(TERMS[plan], each) for plan in Plan)) for each in Capability]
    header = ("", *(plan.value for plan in Plan))
    lines = [header, ("---", *("---:" for _ in Plan)), *rows]
    return _HEAD + "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _named(capability: Capability) -> str:
    if capability in TO_COME:
        return f"({capability.value})"
    return f"{capability.value} \\*" if capability in OF_DASHMON_ALONE else capability.value


def _number(number: int) -> str:
    return "no limit" if number == UNLIMITED else f"{number:,}"


def _mark(terms: PlanTerms, capability: Capability) -> str:
    return "yes" if capability in terms.capabilities else ""


if __name__ == "__main__":
    sys.stdout.write(plans_page())
