"""Which of the REST routes are served, told on a page.

`python tests/contract/test_rest_contract.py` writes the page anew.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rest_compat.plugin import DIALECTS

ROOT = Path(__file__).parents[2]
ROUTES = Path(__file__).with_name("routes.tsv")
PAGE = ROOT / "docs" / "reference" / "rest.md"

INTRODUCTION = """\
# REST routes

Three REST APIs are served beside GraphQL, as their authors documented them: Dashmon, OnlineOrNot (tokens) and
StatusApp. These are all their routes, and which of them are served by now; the others answer 404, and come with the
engine behind them. What is served is described at `/docs/{dialect}` of your server, with an OpenAPI document beside it.

Made by `python tests/contract/test_rest_contract.py`, and held by a test.
"""
TITLES = {"dashmon": "Dashmon", "onlineornot": "OnlineOrNot", "statusapp": "StatusApp"}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A route of the reference pages."""

    dialect: str
    method: str
    path: str


def documented() -> list[Documented]:
    with ROUTES.open(newline="") as lines:
        return [
            Documented(dialect=row["dialect"], method=row["method"], path=row["path"])
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def served() -> set[Documented]:
    """Return what the dialects serve."""
    return {
        Documented(dialect=dialect.name, method=route.method.value, path=route.path)
        for dialect in DIALECTS
        for route in dialect.routes
    }


def page() -> str:
    return INTRODUCTION + "".join(_section(dialect) for dialect in TITLES)


def _section(dialect: str) -> str:
    routes = [each for each in documented() if each.dialect == dialect]
    here = [each for each in routes if each in served()]
    return (
        f"\n## {TITLES[dialect]}\n\n{len(here)} of {len(routes)} are served.\n\n"
        "| | route | |\n|---|---|---|\n" + "".join(_lines(routes))
    )


def _lines(routes: list[Documented]) -> Iterator[str]:
    for each in routes:
        yield f"| {each.method} | `{each.path}` | {'served' if each in served() else 'not yet'} |\n"


def test_the_page_tells_which_routes_are_served() -> None:
    assert PAGE.read_text() == page(), f"run `python {Path(__file__).relative_to(ROOT)}`"


def test_nothing_is_served_that_the_reference_pages_do_not_have() -> None:
    assert served() <= set(documented())


def test_there_are_118_routes_to_serve() -> None:
    assert len(documented()) == 118


if __name__ == "__main__":
    PAGE.write_text(page())
