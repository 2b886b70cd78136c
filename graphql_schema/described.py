"""Fields, mutations and subscriptions with a description: Strawberry's own decorators lose the function's type on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

ResolverT = TypeVar("ResolverT", bound=Callable[..., Any])


def field(description: str) -> Callable[[ResolverT], ResolverT]:
    """Make a method the resolver of a field."""
    return cast("Callable[[ResolverT], ResolverT]", strawberry.field(description=description))


def mutation(description: str) -> Callable[[ResolverT], ResolverT]:
    """Make a method a mutation."""
    return cast("Callable[[ResolverT], ResolverT]", strawberry.mutation(description=description))


def subscription(description: str) -> Callable[[ResolverT], ResolverT]:
    """Make a method that yields a subscription."""
    return cast("Callable[[ResolverT], ResolverT]", strawberry.subscription(description=description))
