"""Which stretch of a list is asked for, where the page shows no pagination: its answers have no place to tell of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.issues import Issues
from rest_compat.reading import FURTHEST_PAGE, number_parameter, whole_number
from rest_compat.route import Parameter


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """So many rows after the first ones."""

    skipped: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Paging:
    """How many rows a list gives at once, unless less is asked for, and at most."""

    default: int
    most: int

    @property
    def parameters(self) -> Sequence[Parameter]:
        """The parameters of the query that `wanted` reads."""
        return (
            number_parameter("page", "Page number", default=1, most=FURTHEST_PAGE),
            number_parameter("limit", "Results per page", default=self.default, most=self.most),
        )

    def wanted(self, query: Mapping[str, str]) -> Stretch:
        """Return the stretch that a query asks for; raise InvalidInput."""
        issues = Issues()
        page = whole_number(query, "page", default=1, most=FURTHEST_PAGE, issues=issues)
        size = whole_number(query, "limit", default=self.default, most=self.most, issues=issues)
        issues.raise_if_any()
        return Stretch(skipped=(page - 1) * size, size=size)


# What people have set up comes whole, so that whoever knows the page alone misses nothing of it.
WHOLE = Paging(default=1_000, most=1_000)
HISTORY = Paging(default=50, most=100)
