"""Guards an update against overwriting a change its sender has not seen."""

from __future__ import annotations

from core.errors import Conflict
from core.unset import UNSET, Unset


def require_revision(expected: int | Unset | None, present: int) -> None:
    """Raise Conflict if the input names a revision that is not the present one."""
    if expected is UNSET or expected is None or expected == present:
        return
    raise Conflict(f"revision {expected} is stale: it is {present} now", path=("revision",))
