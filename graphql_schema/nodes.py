"""The interface of all that has an id of its own."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="Whatever `node(id)` can find")
class Node:
    """An object with a public id, of which the prefix says the type."""

    id: strawberry.ID = strawberry.field(description="Opaque, prefixed by type; the same in every API")
