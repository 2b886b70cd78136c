"""Named SQL: every statement that is not Piccolo's lives in a file beside this one, under a name.

A file is a run of statements, each headed by `-- name: what` and a comment that says what it is for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@functools.cache
def named_sql(topic: str) -> Mapping[str, str]:
    """Return the statements of `sql/<topic>.sql` by name."""
    text = (resources.files("core.db") / "sql" / f"{topic}.sql").read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    return MappingProxyType({name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)})


def topics() -> tuple[str, ...]:
    """Return the names of all files of statements, sorted."""
    folder = resources.files("core.db") / "sql"
    return tuple(
        sorted(path.name.removesuffix(".sql") for path in folder.iterdir() if path.name.endswith(".sql"))
    )
