"""Fields, mutations and subscriptions as they are declared: with a description, and what the door must know of them.

Strawberry's own decorators lose the function's type on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import strawberry

ResolverT = TypeVar("ResolverT", bound=Callable[..., Any])

SIZE: Final = "size"
IS_OPEN: Final = "is_open"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListSize:
    """How many objects a list without pages may hold.

    With an `argument`, as many as that says (a number, or a list of as many), at most `most`, and `unsaid` without it.
    """

    most: int
    argument: str | None = None
    unsaid: int = 1


def field(
    description: str, *, size: ListSize | None = None, is_open: bool = False
) -> Callable[[ResolverT], ResolverT]:
    """Make a method the resolver of a field. One that is open answers whoever is not signed in, too."""
    metadata = {SIZE: size, IS_OPEN: is_open}
    return cast(
        "Callable[[ResolverT], ResolverT]", strawberry.field(description=description, metadata=metadata)
    )


def mutation(description: str, *, is_open: bool = False) -> Callable[[ResolverT], ResolverT]:
    """Make a method a mutation. One that is open may be called by whoever is not signed in, too."""
    metadata = {IS_OPEN: is_open}
    return cast(
        "Callable[[ResolverT], ResolverT]", strawberry.mutation(description=description, metadata=metadata)
    )


def subscription(description: str) -> Callable[[ResolverT], ResolverT]:
    """Make a method that yields a subscription."""
    return cast("Callable[[ResolverT], ResolverT]", strawberry.subscription(description=description))
