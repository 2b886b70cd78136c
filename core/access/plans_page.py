"""The reference page of the plans, made from their table: `python -m core.access.plans_page`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from core.access.plans import TERMS, UNLIMITED, Capability, Plan, PlanTerms

_HEAD = """# Plans

What a workspace may have, by its plan. How one is booked, what is refused beyond it and what is not yet asked for:
[plans](../how-to/plans.md).
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
    rows += [(each.value, *(_mark(TERMS[plan], each) for plan in Plan)) for each in Capability]
    header = ("", *(plan.value for plan in Plan))
    lines = [header, ("---", *("---:" for _ in Plan)), *rows]
    return _HEAD + "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _number(number: int) -> str:
    return "no limit" if number == UNLIMITED else f"{number:,}"


def _mark(terms: PlanTerms, capability: Capability) -> str:
    return "yes" if capability in terms.capabilities else ""


if __name__ == "__main__":
    sys.stdout.write(plans_page())
