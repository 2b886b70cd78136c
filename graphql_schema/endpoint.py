"""The route /graphql: a thin handler of our own, as Strawberry's costs more than a small query."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from graphql import GraphQLError
from litestar import Request, Response, get, post
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from core.access.principal import Principal
from core.errors import TocsinError, Unauthenticated, Unavailable
from core.log import get_logger
from core.services import Services
from graphql_schema.context import Context
from graphql_schema.errors import DATABASE_AWAY, ErrorCode, code_of, database_away, formatted
from graphql_schema.node_queries import NODE_KINDS
from graphql_schema.operation_request import Operation, RequestRefused, read_body, read_parameters
from graphql_schema.schema import TocsinSchema

PATH = "/graphql"
JSON = "application/json"
GRAPHQL_RESPONSE_JSON = "application/graphql-response+json"

_SIGNED_OUT = frozenset({ErrorCode.UNAUTHENTICATED, ErrorCode.API_TOKEN_EXPIRED})
_QUERIES = frozenset({OperationType.QUERY})
_QUERIES_AND_MUTATIONS = frozenset({OperationType.QUERY, OperationType.MUTATION})

AnyRequest = Request[Any, Any, Any]

_log = get_logger(__name__)


class GraphQLEndpoint:
    """Runs operations for whoever asks."""

    def __init__(self, *, schema: TocsinSchema, services: Services) -> None:
        self._schema = schema
        self._services = services
        self._started_at: datetime = services.clock.now()

    async def answer_post(self, request: AnyRequest) -> Response[bytes]:
        """Run the operation in the body."""
        try:
            operation = await read_body(request)
            return await self._run(request, operation, _QUERIES_AND_MUTATIONS)
        except TocsinError as error:
            return _refusal(request, error)

    async def answer_get(self, request: AnyRequest) -> Response[bytes]:
        """Run the query in the parameters; a mutation must be a POST."""
        try:
            return await self._run(request, read_parameters(request), _QUERIES)
        except TocsinError as error:
            return _refusal(request, error)

    async def _run(
        self, request: AnyRequest, operation: Operation, allowed: Collection[OperationType]
    ) -> Response[bytes]:
        context = Context(
            services=self._services,
            node_kinds=NODE_KINDS,
            now=self._services.clock.now(),
            started_at=self._started_at,
            known_principal=await self._principal(request),
            operation_name=operation.operation_name,
        )
        try:
            result = await self._schema.execute(
                operation.query,
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.operation_name,
                allowed_operation_types=allowed,
            )
        except (MissingQueryError, CannotGetOperationTypeError) as error:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "query holds no operation to run") from error
        except InvalidOperationTypeError as error:
            raise _not_allowed(error.operation_type) from error
        finally:
            context.end()
        return _response(request, _status(result.data, result.errors or ()), result.data, result.errors or ())

    async def _principal(self, request: AnyRequest) -> Principal | None:
        """Return who asks, or None if no credentials came along; raise Unauthenticated for wrong ones."""
        secret = request.headers.get("x-api-key")
        authorization = request.headers.get("authorization", "").strip()
        if authorization:
            scheme, _, secret = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthenticated("authorization must be: Bearer, and an api token")
        if secret is None:
            return None
        try:
            return await self._services.authentication.authenticate(secret.strip())
        except DATABASE_AWAY as error:
            _log.debug("graphql.database_away", error=repr(error))
            raise database_away() from error


def handlers(endpoint: GraphQLEndpoint) -> Sequence[Any]:
    """Return the routes."""

    @post(PATH, request_max_body_size=None, include_in_schema=False)
    async def graphql_post(request: AnyRequest) -> Response[bytes]:
        """Run the operation in the body."""
        return await endpoint.answer_post(request)

    @get(PATH, include_in_schema=False)
    async def graphql_get(request: AnyRequest) -> Response[bytes]:
        """Run the query in the parameters."""
        return await endpoint.answer_get(request)

    return [graphql_post, graphql_get]


def _not_allowed(operation_type: OperationType) -> RequestRefused:
    if operation_type is OperationType.SUBSCRIPTION:
        return RequestRefused(HTTPStatus.BAD_REQUEST, "subscriptions are not served here")
    return RequestRefused(HTTPStatus.METHOD_NOT_ALLOWED, "a mutation must be a POST")


def _status(data: Any, errors: Sequence[GraphQLError]) -> HTTPStatus:
    """Return 401 if somebody must sign in, 400 if nothing was run, else 200: the errors say the rest."""
    if any(code_of(error) in _SIGNED_OUT for error in errors):
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.OK if _has_run(data, errors) else HTTPStatus.BAD_REQUEST


def _has_run(data: Any, errors: Sequence[GraphQLError]) -> bool:
    """Tell whether the operation began: an error of a field has that field's path."""
    return data is not None or any(error.path is not None for error in errors)


def _refusal(request: AnyRequest, error: TocsinError) -> Response[bytes]:
    status = HTTPStatus.UNAUTHORIZED
    if isinstance(error, RequestRefused):
        status = error.status
    elif isinstance(error, Unavailable):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return _response(request, status, None, [GraphQLError(error.message, original_error=error)])


def _response(
    request: AnyRequest, status: HTTPStatus, data: Any, errors: Sequence[GraphQLError]
) -> Response[bytes]:
    body: dict[str, Any] = {"data": data} if _has_run(data, errors) else {}
    if errors:
        body["errors"] = [formatted(error) for error in errors]
    accepted = request.headers.get("accept", "")
    media_type = GRAPHQL_RESPONSE_JSON if GRAPHQL_RESPONSE_JSON in accepted else JSON
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return Response(msgspec.json.encode(body), status_code=status, media_type=media_type, headers=headers)
