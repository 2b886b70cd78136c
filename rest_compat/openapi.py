"""The OpenAPI document of a dialect, made from its routes.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from importlib import metadata
from typing import Any

import msgspec

from core.access.rights import Asker, Right
from core.bounded_body import BodyTooLarge
from core.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    RateLimited,
    TocsinError,
    Unauthenticated,
    Unavailable,
)
from plugins.api.config import Issue, json_schema
from rest_compat.dialect import Dialect
from rest_compat.route import Parameter, Route, path_parameters

VERSION = "3.1.0"
_JSON = "application/json"
_REFERENCE = "#/components/schemas/{name}"
_SECURITY = "token"

_REFUSALS: Mapping[HTTPStatus, TocsinError] = {
    HTTPStatus.BAD_REQUEST: InvalidInput(
        [Issue(path=("name",), rule="min_length", message="name must not be empty", expected="1")]
    ),
    HTTPStatus.UNAUTHORIZED: Unauthenticated("the api token is unknown, or its maker has left"),
    HTTPStatus.FORBIDDEN: Forbidden("the role VIEWER does not allow WRITE on TOKENS"),
    HTTPStatus.NOT_FOUND: NotFound("api token not found"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BodyTooLarge(),
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited("the plan allows 1000 requests an hour, and they are made"),
    HTTPStatus.INTERNAL_SERVER_ERROR: TocsinError(),
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable("the database cannot be reached at the moment"),
}
_OF_EVERY_ROUTE = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def openapi_document(dialect: Dialect, *, server: str) -> dict[str, Any]:
    """Return the document; `server` is the address under which the paths lie."""
    results = [route.result for route in dialect.routes]
    refused = type(dialect.error(TocsinError())[1])
    schemas, components = msgspec.json.schema_components([*results, refused], ref_template=_REFERENCE)
    by_type = dict(zip([*results, refused], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in dialect.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(dialect, route, by_type, refused)
    return {
        "openapi": VERSION,
        "info": {"title": dialect.title, "version": metadata.version("tocsin")},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {_SECURITY: {"type": "http", "scheme": "bearer"}},
        },
        "security": [{_SECURITY: []}],
    }


def needed_of(right: Right) -> str:
    """Return in words what a token needs for a route."""
    if right.asker is Asker.SIGNED_IN:
        return "Any token."
    scopes = " or ".join(scope.value for scope in right.scopes)
    return f"The token needs {right.permission.name} on {scopes}, and its maker a role that allows it."


def _operation(
    dialect: Dialect, route: Route, by_type: Mapping[Any, Any], refused: type[msgspec.Struct]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": needed_of(route.right),
        "parameters": [
            *(_parameter(each, "path") for each in path_parameters(route.path)),
            *(_parameter(each, "query") for each in route.query),
        ],
        "responses": {
            str(route.status.value): _response(
                route.status.phrase, by_type[route.result], dict(route.example)
            ),
            **{
                str(status.value): _refusal(dialect, status, by_type[refused])
                for status in sorted({*_OF_EVERY_ROUTE, *route.refusals})
            },
        },
    }
    if route.body is not None:
        schema = json_schema(route.body)
        del schema["$schema"]
        operation["requestBody"] = {
            "required": True,
            "content": {_JSON: _content(schema, route.body_example)},
        }
    return operation


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.description,
        "schema": schema,
    }


def _refusal(dialect: Dialect, status: HTTPStatus, schema: Any) -> dict[str, Any]:
    _, body = dialect.error(_REFUSALS[status])
    return _response(status.phrase, schema, msgspec.to_builtins(body))


def _response(description: str, schema: Any, example: Any) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: _content(schema, example)}}


def _content(schema: Any, example: Any) -> dict[str, Any]:
    return {"schema": schema, "example": example}
