"""Finds which of the documented paths a request's path is.

Here and not in the framework's tree of paths, which takes no step back: below a known path it answers in its own form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPath:
    """A documented path, and the texts that stand in place of its parameters."""

    template: str
    parameters: Mapping[str, str]


@dataclass(kw_only=True, slots=True)
class _Place:
    """What may follow the segments so far; `template` if they are a documented path as they stand."""

    literals: dict[str, _Place] = field(default_factory=dict)
    parameter: _Place | None = None
    template: str | None = None

    def add(self, segments: Sequence[str], template: str) -> None:
        if not segments:
            self.template = template
            return
        first, *rest = segments
        if first.startswith("{"):
            self.parameter = self.parameter or _Place()
            self.parameter.add(rest, template)
        else:
            self.literals.setdefault(first, _Place()).add(rest, template)

    def find(self, segments: Sequence[str]) -> str | None:
        """Return the template; a literal stands above a parameter."""
        if not segments:
            return self.template
        first, *rest = segments
        literal = self.literals.get(first)
        found = None if literal is None else literal.find(rest)
        if found is None and self.parameter is not None:
            found = self.parameter.find(rest)
        return found


class PathTable:
    """Paths with their parameters in braces, as `/v1/tokens/{token_id}`."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._root = _Place()
        for template in templates:
            self._root.add(_segments(template), template)

    def find(self, path: str) -> FoundPath | None:
        """Return which of the paths it is; None if it is none."""
        segments = _segments(path)
        template = self._root.find(segments)
        if template is None:
            return None
        pairs = zip(_segments(template), segments, strict=True)
        return FoundPath(
            template=template,
            parameters={name[1:-1]: text for name, text in pairs if name.startswith("{")},
        )


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")
