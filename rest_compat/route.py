"""What one route of a dialect is: from this its handler, its page and its place among the rights are made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import Any

import msgspec

from core.access.principal import Principal
from core.access.rights import Right
from core.services import Services
from plugins.api.config import Config

PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request to a route, by somebody who was let in. `path` and `query` hold texts as they were sent."""

    services: Services
    principal: Principal
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of the path or the query, as the page tells it."""

    name: str
    description: str
    default: str | None = None


def path_parameters(path: str) -> list[Parameter]:
    """Return the parameters that a path names in braces."""
    return [
        Parameter(name=name, description=f"The {name.replace('_', ' ')}") for name in PARAMETER.findall(path)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method of one path.

    `path` names its parameters in braces, as the reference pages do. `answer` returns what is sent as JSON, of the
    type `result`; it raises the errors of `core.errors`, and `refusals` are the statuses that those come to beside
    the ones that every route knows.
    """

    method: HTTPMethod
    path: str
    name: str
    summary: str
    right: Right
    answer: Callable[[Call], Awaitable[msgspec.Struct]]
    result: type[msgspec.Struct]
    example: Mapping[str, Any]
    status: HTTPStatus = HTTPStatus.OK
    body: type[Config] | None = None
    body_example: Mapping[str, Any] | None = None
    query: Sequence[Parameter] = field(default=())
    refusals: Sequence[HTTPStatus] = field(default=())

    @property
    def template(self) -> str:
        """By what the route's requests are counted: its method and path."""
        return f"{self.method} {self.path}"
