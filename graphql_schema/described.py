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
IS_ALONE: Final = "is_alone"


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


def mutation(
    description: str, *, is_open: bool = False, is_alone: bool = False
) -> Callable[[ResolverT], ResolverT]:
    """Make a method a mutation. One that is open may be called by whoever is not signed in, too.

    After one that is to be alone somebody else asks, or in another workspace: nothing may follow it in the same
    operation, which was let in, and is counted, for who asked at first.
    """
    metadata = {IS_OPEN: is_open, IS_ALONE: is_alone}
    return cast(
        "Callable[[ResolverT], ResolverT]", strawberry.mutation(description=description, metadata=metadata)
    )


def subscription(description: str) -> Callable[[ResolverT], ResolverT]:
    """Make a method that yields a subscription."""
    return cast("Callable[[ResolverT], ResolverT]", strawberry.subscription(description=description))
