"""The reference page of the settings, made from their table: `python -m core.settings_page`."""

from __future__ import annotations

import enum
import sys

from core.settings import SettingRow, table

_HEAD = """# Settings

Tocsin reads its settings from the environment, once, when it starts.
A value that cannot be is refused with the name of its setting; an unknown `TOCSIN_` name is warned of.
An empty value counts as none.
A setting marked *secret* can also be read from a file, named by the same variable with `_FILE` at its end.
The options of `tocsin serve` stand above the environment.

What Kubernetes injects beside a service called tocsin (`TOCSIN_PORT…`, `TOCSIN_SERVICE_…`) is ignored.
"""


def settings_page() -> str:
    """Return the page in Markdown."""
    return "\n".join([_HEAD, *(_section(row) for row in table())])


def _section(row: SettingRow) -> str:
    facts = [_type(row)]
    facts += [] if row.default is None else [f"default `{row.default}`"]
    facts += ["secret"] if row.about.is_secret else []
    return f"## `{row.variable}`\n\n{row.about.help}\n\n{' · '.join(facts)}\n"


def _type(row: SettingRow) -> str:
    if issubclass(row.type, enum.Enum):
        return "one of " + ", ".join(f"`{member.value}`" for member in row.type)
    return {"int": "a whole number", "Path": "a path"}.get(row.type.__name__, "text")


if __name__ == "__main__":
    sys.stdout.write(settings_page())
