"""The answer to what leaves nothing to be shown."""

from __future__ import annotations

import msgspec


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    message: str
    success: bool = True
