"""Which statuses are accepted: single ones and ranges, in text form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from plugins.api.config import FieldError

LOWEST, HIGHEST = 100, 599

_STATUS = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")


def require_statuses(texts: Sequence[str]) -> None:
    """Raise an ExceptionGroup of FieldErrors, one for each text that is no status and no range."""
    faults = [FieldError(str(place), fault) for place, text in enumerate(texts) for fault in _faults(text)]
    if faults:
        raise ExceptionGroup("not statuses", faults)


def _faults(text: str) -> Iterable[str]:
    match = _STATUS.fullmatch(text)
    if match is None:
        yield f"must be a status from {LOWEST} to {HIGHEST}, or a range of them such as 200-299"
    elif match[2] is not None and match[2] < match[1]:
        yield "must be a range from the lower to the higher status"


def accepted_statuses(texts: Sequence[str]) -> frozenset[int]:
    """Return each status that one of the texts stands for."""
    bounds = (_STATUS.fullmatch(text) for text in texts)
    ranges = (range(int(match[1]), int(match[2] or match[1]) + 1) for match in bounds if match)
    return frozenset(status for statuses in ranges for status in statuses)
