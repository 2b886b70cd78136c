"""How much of a change is written down: whatever a kind's configuration holds, an entry stays small enough to be listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

LARGEST_VIEW_BYTES: Final = 65_536
_LARGEST_PART_BYTES: Final = 4_096


def bounded_view(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view as it is; of one that is too large, the parts that make it so are told by their size alone."""
    if _size_bytes(view) <= LARGEST_VIEW_BYTES:
        return dict(view)
    shortened = {name: _shortened(part) for name, part in view.items()}
    size_bytes = _size_bytes(shortened)
    return shortened if size_bytes <= LARGEST_VIEW_BYTES else {"omitted": f"{_size_bytes(view)} bytes"}


def _shortened(part: Any) -> Any:
    size_bytes = _size_bytes(part)
    if size_bytes <= _LARGEST_PART_BYTES:
        return part
    if isinstance(part, Mapping):
        return {name: _shortened(inner) for name, inner in part.items()}
    return f"[{size_bytes} bytes]"


def _size_bytes(value: Any) -> int:
    return len(msgspec.json.encode(value))
