"""What is wrong with an input: a value for each broken rule."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_SHOWN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One broken rule.

    `path` is in the names of the API, list positions as decimal strings. `rule` is stable: required,
    unknown_field, type, minimum, maximum, min_length, max_length, pattern, enum, one_of, invalid, or an
    author's own. `expected` and `received` are short texts, never a secret.
    """

    path: tuple[str, ...]
    rule: str
    message: str
    expected: str | None = None
    received: str | None = None


class ConfigErrors(ValueError):
    """A configuration was refused; `issues` holds every reason."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("; ".join(issue.message for issue in issues))
        self.issues = issues


def shown(value: object) -> str:
    """Return the value as an issue may quote it: short, printable, and encodable."""
    text = value if isinstance(value, str) else _described(value)
    printable = "".join(
        character if character.isprintable() else "\ufffd" for character in text[: LONGEST_SHOWN + 1]
    )
    return printable if len(printable) <= LONGEST_SHOWN else printable[: LONGEST_SHOWN - 1] + "…"


def kind_of(value: object) -> str:
    """Return the JSON name of the value's type."""
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "text",
        type(None): "null",
        dict: "object",
    }
    return names.get(type(value), "list" if isinstance(value, list | tuple) else type(value).__name__)


def _described(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > LONGEST_SHOWN:
        return "an integer of more than 30 digits"
    return str(value) if isinstance(value, int | float) else kind_of(value)
