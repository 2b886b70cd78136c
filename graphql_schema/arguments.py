"""Arguments that many fields have, each described once."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import strawberry

# What a mutation takes, whatever its type: `Annotated[CreateProjectInput, INPUT]`.
INPUT: Final = strawberry.argument(
    name="input",
    description="What is wanted. All that is wrong with it is told at once, in `userErrors`",
)

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="How many from the beginning, or from behind `after`: 0..100. With neither first nor last: 50"
    ),
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Only what stands behind this cursor of the same list in the same order"),
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="How many up to the end, or up to `before`: 0..100. Not together with first"
    ),
]
Before: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Only what stands before this cursor of the same list in the same order"),
]

# A query by id.
ById: TypeAlias = Annotated[
    strawberry.ID,
    strawberry.argument(description="One that is malformed, unknown or another workspace's finds null"),
]

# A list's filter, whatever its type: `Annotated[MonitorFilter | None, WHICH]`.
WHICH: Final = strawberry.argument(description="Which of them; null or absent: all")

# What a subscription follows from.
AfterEvent: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last change that was seen, or an `eventCursor`; null or absent: from now on"
    ),
]
