"""What one route of a dialect is: from this its handler, its page and its place among the rights are made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import Any

import msgspec

from core.access.plans import Capability
from core.access.principal import Principal
from core.access.rights import Asker, Right
from core.errors import Unauthenticated
from core.services import Services
from plugins.api.config import Config

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request to a route that was let in. `path` and `query` hold texts as they were sent.

    `known_principal` is None of a route that is open to anybody, and of no other. `body` is empty where the route
    takes none.
    """

    services: Services
    known_principal: Principal | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @property
    def principal(self) -> Principal:
        """Who asks."""
        if self.known_principal is None:
            raise Unauthenticated
        return self.known_principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer with a status of its own; a route that always answers with its one status returns the body alone."""

    body: msgspec.Struct
    status: HTTPStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of the path or the query, as the page tells it; `schema` is its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


def path_parameters(path: str) -> list[Parameter]:
    """Return the parameters that a path names in braces."""
    return [Parameter(name=name, description=f"The {_in_words(name)}") for name in _PARAMETER.findall(path)]


def _in_words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method of one path.

    `path` names its parameters in braces, as the reference pages do. `answer` returns what is sent as JSON, of the
    type `result`; it raises the errors of `core.errors`, and `refusals` are the statuses that those come to beside
    the ones that every route knows. `is_of_session` closes it to tokens, whatever its right, and `capability` is what the
    workspace's plan must include. With `is_body_free` the body may be absent, or anything else, and none is refused.
    """

    method: HTTPMethod
    path: str
    name: str
    summary: str
    right: Right
    answer: Callable[[Call], Awaitable[msgspec.Struct | Reply]]
    result: type[msgspec.Struct]
    example: Mapping[str, Any]
    status: HTTPStatus = HTTPStatus.OK
    body: type[Config] | None = None
    body_example: Mapping[str, Any] | None = None
    is_body_free: bool = False
    query: Sequence[Parameter] = field(default=())
    refusals: Sequence[HTTPStatus] = field(default=())
    is_of_session: bool = False
    capability: Capability | None = None

    @property
    def template(self) -> str:
        """By what the route's requests are counted: its method and path."""
        return f"{self.method} {self.path}"

    @property
    def is_open(self) -> bool:
        """Whether nobody needs to say who he is."""
        return self.right.asker is Asker.ANYBODY
