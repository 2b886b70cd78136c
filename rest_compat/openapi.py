"""The OpenAPI document of a dialect, made from its routes.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib import metadata
from typing import Any

import msgspec

from core.access.rights import Asker, Right
from core.bounded_body import BodyTooLarge
from core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    TocsinError,
    Unauthenticated,
    Unavailable,
)
from plugins.api.config import Issue, json_schema
from rest_compat.dialect import JSON, Dialect
from rest_compat.reading import NOT_AN_OBJECT
from rest_compat.route import Parameter, Route, path_parameters
from rest_compat.statuses import status_of

VERSION = "3.1.0"
# What answers say beside their body: of every request its id, and of those that are counted what is left of the hour.
_REQUEST_ID = {
    "X-Request-Id": {"description": "Name it to whoever runs the server", "schema": {"type": "string"}}
}
_QUOTA = {
    "X-RateLimit-Limit": "How many requests may be made",
    "X-RateLimit-Remaining": "How many of them are left",
    "X-RateLimit-Reset": "When there are as many again, in Unix seconds",
}
_QUOTA_HEADERS = {
    name: {"description": description, "schema": {"type": "integer"}} for name, description in _QUOTA.items()
}
_REFERENCE = "#/components/schemas/{name}"

# What each status is shown with. Some dialects say two errors of one status in two forms.
_REFUSALS: Sequence[TocsinError] = (
    InvalidInput([Issue(path=("name",), rule="min_length", message="name must not be empty", expected="1")]),
    InvalidInput([NOT_AN_OBJECT]),
    Unauthenticated("the api token is unknown, or its maker has left"),
    Forbidden("the role VIEWER does not allow it: owners and admins only"),
    NotFound(),
    Conflict(),
    BodyTooLarge(),
    RateLimited("the plan allows 1000 requests an hour, and they are made"),
    TocsinError(),
    Unavailable("the database cannot be reached at the moment"),
)
_OF_EVERY_ROUTE = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
_OF_CLOSED_ROUTES = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_OF_BODIES = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def openapi_document(dialect: Dialect, *, server: str) -> dict[str, Any]:
    """Return the document; `server` is the address under which the paths lie."""
    results = {route.result for route in dialect.routes}
    refusals = {type(dialect.error(error)) for error in _REFUSALS}
    types = sorted({*results, *refusals}, key=str)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in dialect.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(dialect, route, by_type)
    return {
        "openapi": VERSION,
        "info": {"title": dialect.title, "version": metadata.version("tocsin")},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {name: dict(scheme) for name, scheme in dialect.security.items()},
        },
    }


def needed_of(route: Route) -> str:
    """Return in words what a route needs of whoever asks, and of the workspace's plan."""
    if route.capability is None:
        return _needed_of(route.right, is_of_session=route.is_of_session)
    needed = _needed_of(route.right, is_of_session=route.is_of_session)
    return f"{needed} The plan must include {route.capability.value}."


def _needed_of(right: Right, *, is_of_session: bool) -> str:
    match right.asker:
        case Asker.ANYBODY:
            return "Open to everybody."
        case Asker.SIGNED_IN:
            return "Any token."
        case Asker.PERSON:
            return "A session of the person himself."
    scopes = " or ".join(scope.value for scope in right.scopes)
    if is_of_session:
        return f"A session of somebody whose role allows {right.permission.name} on {scopes}."
    everywhere = " and READ on everything" if right.opens_everything else ""
    return (
        f"A token needs {right.permission.name} on {scopes}{everywhere}, and its maker a role that allows it."
    )


def _operation(dialect: Dialect, route: Route, by_type: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": needed_of(route),
        "security": _security(dialect, route),
        "parameters": [
            *(_parameter(each, "path") for each in path_parameters(route.path)),
            *(_parameter(each, "query") for each in route.query),
        ],
        "responses": _responses(dialect, route, by_type),
    }
    if route.body is not None:
        schema = json_schema(route.body)
        del schema["$schema"]
        operation["requestBody"] = {
            "required": not route.is_body_free,
            "content": {JSON: _content(schema, route.body_example)},
        }
    return operation


def _security(dialect: Dialect, route: Route) -> list[dict[str, list[str]]]:
    """Return the schemes of which one is enough; an empty list for a route that is open."""
    if route.is_open:
        return []
    names = dialect.session_security if route.is_of_session else dialect.security
    return [{name: []} for name in sorted(names)]


def _responses(dialect: Dialect, route: Route, by_type: Mapping[Any, Any]) -> dict[str, Any]:
    refusals = {*_OF_EVERY_ROUTE, *route.refusals}
    refusals |= set() if route.is_open else {*_OF_CLOSED_ROUTES}
    refusals |= set() if route.body is None or route.is_body_free else {*_OF_BODIES}
    answered = {
        route.status: _response(route.status.phrase, [by_type[route.result]], dict(route.example)),
        **{status: _refusal(dialect, status, by_type) for status in refusals},
    }
    is_counted = dialect.standing is not None or not route.is_open
    headers = {**_REQUEST_ID, **(_QUOTA_HEADERS if is_counted else {})}
    return {str(status.value): {**answered[status], "headers": headers} for status in sorted(answered)}


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _refusal(dialect: Dialect, status: HTTPStatus, by_type: Mapping[Any, Any]) -> dict[str, Any]:
    bodies = [dialect.error(error) for error in _REFUSALS if status_of(error) is status]
    schemas = [by_type[kind] for kind in dict.fromkeys(map(type, bodies))]
    return _response(status.phrase, schemas, msgspec.to_builtins(bodies[0]))


def _response(description: str, schemas: Sequence[Any], example: Any) -> dict[str, Any]:
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    return {"description": description, "content": {JSON: _content(schema, example)}}


def _content(schema: Any, example: Any) -> dict[str, Any]:
    return {"schema": schema, "example": example}
