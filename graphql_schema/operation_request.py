"""A GraphQL operation as it comes in over HTTP, by the GraphQL-over-HTTP specification."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request

from core.bounded_body import MOST_BODY_BYTES, BodyTooLarge, bounded_body
from core.errors import TocsinError


class Operation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be run. Of `extensions` none is known; they are taken, as the specification asks."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class RequestRefused(TocsinError):
    """What came in is not a GraphQL request."""

    code = "INVALID_INPUT"

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


async def read_body(request: Request[Any, Any, Any]) -> Operation:
    """Return the operation in the body of a POST; raise RequestRefused."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise RequestRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type must be application/json")
    return _decoded(await _body(request))


def read_parameters(request: Request[Any, Any, Any]) -> Operation:
    """Return the operation in the parameters of a GET; raise RequestRefused."""
    parameters = request.query_params
    query = parameters.get("query")
    if query is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "query is required")
    return Operation(
        query=query,
        operation_name=parameters.get("operationName") or None,
        variables=_object_in(parameters, "variables"),
        extensions=_object_in(parameters, "extensions"),
    )


def _object_in(parameters: Mapping[str, str], name: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(parameters.get(name) or "null", type=dict[str, Any] | None)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"{name} must be a json object") from error


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await bounded_body(request.stream())
    except BodyTooLarge:
        limit = f"the body must have at most {MOST_BODY_BYTES} bytes"
        raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit) from None


def _decoded(body: bytes) -> Operation:
    try:
        operation = msgspec.json.decode(body, type=Operation)
    except msgspec.ValidationError as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"not a graphql request: {error}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the body is not valid json") from error
    return operation
