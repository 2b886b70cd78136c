"""What a request to a route is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from tests.graphql_schema.samples import World

# A path and a JSON body, if any.
Request: TypeAlias = tuple[str, Any]
MakeRequest: TypeAlias = Callable[[World], Awaitable[Request]]


def fixed(path: str, body: Any = None) -> MakeRequest:
    """Return what asks for the same each time."""

    async def request(_world: World) -> Request:
        return path, body

    return request
