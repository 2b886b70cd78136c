"""Inputs and mutations that take a ProbeInput or a NotifierInput: types that are only known at start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from core.kind_choice import KindChoice
from core.unset import UNSET, Unset
from graphql_schema.arguments import INPUT
from graphql_schema.context import Info
from graphql_schema.plugin_types import chosen_kind


def with_kind(
    base: type[Any], attribute: str, kind_input: type[Any], description: str, *, is_required: bool
) -> type[Any]:
    """Return an input type that has the fields of `base`, under the same name, and a described one for the kind."""
    annotation = kind_input if is_required else kind_input | None
    default = {} if is_required else {"default": strawberry.UNSET}
    members: dict[str, Any] = {
        "__annotations__": {attribute: annotation},
        "__doc__": base.__doc__,
        attribute: strawberry.field(description=description, **default),
    }
    return strawberry.input(
        type(base.__name__, (base,), members),
        name=base.__name__,
        description=base.__strawberry_definition__.description,
    )


def mutation_taking(
    input_type: type[Any],
    resolver: Callable[[Info, Any], Awaitable[Any]],
    payload: type[Any],
    description: str,
) -> Any:
    """Return a mutation of which `input` is of a type made at start."""

    async def resolve(info, wanted):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  (annotated below)
        return await resolver(info, wanted)

    resolve.__annotations__ = {
        "info": Info,
        "wanted": Annotated[input_type, INPUT],
        "return": payload,
    }
    return strawberry.mutation(resolver=resolve, description=description)


def choice_or_unset(written: Any) -> KindChoice | Unset | None:
    """Return the kind that was chosen, null included, or UNSET if nothing was written."""
    if written is strawberry.UNSET:
        return UNSET
    return None if written is None else chosen_kind(written)
