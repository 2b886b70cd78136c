"""Gathers what is wrong with an input, so that all of it is told at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from core.errors import InvalidInput
from plugins.api.config import Issue
from plugins.api.config.issues import shown

Path = tuple[str, ...]


class Issues:
    """The issues of one input. A message is the field's name and the cause: "name must not be empty"."""

    def __init__(self) -> None:
        self.found: list[Issue] = []

    def refuse(self, path: Path, rule: str, cause: str, *, expected: str | None = None) -> None:
        """Note a broken rule without quoting what was received."""
        self._note(path, rule, cause, expected, None)

    def refuse_value(
        self, path: Path, rule: str, cause: str, received: object, *, expected: str | None = None
    ) -> None:
        """Note a broken rule and quote the value that broke it."""
        self._note(path, rule, cause, expected, shown(received))

    def bound(self, path: Path, number: int, least: int, most: int) -> bool:
        """Return whether a number lies within its bounds; note an issue if not."""
        if number < least:
            self.refuse_value(path, "minimum", f"must be at least {least}", number, expected=str(least))
        elif number > most:
            self.refuse_value(path, "maximum", f"must be at most {most}", number, expected=str(most))
        return least <= number <= most

    def take(self, prefix: Path, issues: Sequence[Issue]) -> None:
        """Note the issues of a part of the input, below `prefix`."""
        self.found += [dataclasses.replace(issue, path=(*prefix, *issue.path)) for issue in issues]

    def raise_if_any(self) -> None:
        """Raise InvalidInput with every issue noted so far."""
        if self.found:
            raise InvalidInput(self.found)

    def _note(self, path: Path, rule: str, cause: str, expected: str | None, received: str | None) -> None:
        message = f"{'.'.join(path)} {cause}"
        self.found.append(Issue(path=path, rule=rule, message=message, expected=expected, received=received))
