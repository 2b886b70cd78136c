"""Says what services have against an input in the names that a dialect has for its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from core.errors import InvalidInput, OverLimit
from plugins.api.config import Issue

Names = Mapping[tuple[str, ...], tuple[str, ...]]


@contextmanager
def renamed(names: Names) -> Iterator[None]:
    """Raise the InvalidInput of what is done within anew, each issue at the dialect's place for it; OverLimit alike.

    `names` leads from the beginning of a path in the domain's names to that in the dialect's; of several that fit the
    longest counts, and what no name fits stays as it is.
    """
    try:
        yield
    except InvalidInput as refusal:
        raise InvalidInput([_renamed(issue, names) for issue in refusal.issues]) from refusal
    except OverLimit as refusal:
        path = _translated(refusal.path, names)
        raise type(refusal)(_retold(refusal.message, refusal.path, path), path=path) from refusal


def _renamed(issue: Issue, names: Names) -> Issue:
    path = _translated(issue.path, names)
    return dataclasses.replace(issue, path=path, message=_retold(issue.message, issue.path, path))


def _retold(message: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    """Return a message that begins with a place, or with the end of it, as one that begins with the other place."""
    for start in range(len(before)):
        told = ".".join(before[start:])
        if message.startswith(f"{told} "):
            return (".".join(after) + message.removeprefix(told)).lstrip()
    return message


def _translated(path: tuple[str, ...], names: Names) -> tuple[str, ...]:
    for length in range(len(path), 0, -1):
        beginning = names.get(path[:length])
        if beginning is not None:
            return (*beginning, *path[length:])
    return path
