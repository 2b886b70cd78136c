"""The route /graphql: a thin handler of our own, as Strawberry's costs more than a small query."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from graphql import GraphQLError, OperationType
from litestar import HttpMethod, Request, Response, get, post, route

from core.errors import Forbidden, OverLimit, QuotaExhausted, TocsinError, Unavailable
from core.long_answer import LongAnswer
from core.usage.quota_headers import exhausted_headers, quota_headers
from core.websocket.handshake import is_upgrade
from graphql_schema.access.visitor import Visitor
from graphql_schema.admission import KindNotAllowed
from graphql_schema.callers import Caller, caller_of
from graphql_schema.errors import ErrorCode, code_of, log_faults
from graphql_schema.ide.page import ide_handlers, page, wants_page
from graphql_schema.live.event_stream import EventStream, wants_events
from graphql_schema.live.web_socket import upgraded
from graphql_schema.operation_request import Operation, RequestRefused, read_body, read_parameters
from graphql_schema.operations import ALL_OPERATIONS, Operations, Result

PATH = "/graphql"
JSON = "application/json"
GRAPHQL_RESPONSE_JSON = "application/graphql-response+json"

_SIGNED_OUT = frozenset({ErrorCode.UNAUTHENTICATED, ErrorCode.API_TOKEN_EXPIRED, ErrorCode.API_TOKEN_REVOKED})
_QUERIES = frozenset({OperationType.QUERY})
_QUERIES_AND_MUTATIONS = frozenset({OperationType.QUERY, OperationType.MUTATION})
_READING = frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION})

AnyRequest = Request[Any, Any, Any]


class GraphQLEndpoint:
    """Runs operations for whoever asks."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._cross_origin = operations.services.people.visits.cross_origin

    async def answer_preflight(self, request: AnyRequest) -> Response[bytes]:
        """Say to a browser what a page of another origin may send."""
        headers = {"Allow": "GET, POST, OPTIONS", **self._cross_origin.preflight_headers(request.headers)}
        return Response(b"", status_code=HTTPStatus.NO_CONTENT, headers=headers)

    async def answer_post(self, request: AnyRequest) -> Response[bytes]:
        """Run the operation in the body."""
        try:
            operation = await read_body(request)
            if wants_events(request):
                return await self._stream(request, operation)
            response = await self._run(request, operation, _QUERIES_AND_MUTATIONS)
        except TocsinError as error:
            response = _refusal(request, error)
        except Exception as error:  # whatever it is, nothing of it is told
            response = _fault(request, error)
        return self._shared(request, response)

    async def answer_get(self, request: AnyRequest) -> Response[bytes]:
        """Run the query in the parameters; a mutation must be a POST. Or begin a WebSocket, or show the page."""
        try:
            if is_upgrade(request.headers):
                return await upgraded(request, self._operations)
            if wants_page(request):
                return page()
            if wants_events(request):
                return await self._stream(request, read_parameters(request), is_changing=False)
            response = await self._run(request, read_parameters(request), _QUERIES)
        except TocsinError as error:
            response = _refusal(request, error)
        except Exception as error:  # whatever it is, nothing of it is told
            response = _fault(request, error)
        return self._shared(request, response)

    def _shared(self, request: AnyRequest, response: Response[bytes]) -> Response[bytes]:
        """Let pages of other origins read the answer, as far as the settings do."""
        response.headers.update(self._cross_origin.answer_headers(request.headers))
        return response

    async def _run(
        self, request: AnyRequest, operation: Operation, allowed: Collection[OperationType]
    ) -> Response[bytes]:
        caller = await self._caller(request)
        caller.visitor = visitor = Visitor(request, self._operations.services.people.visits)
        try:
            result = await self._operations.run(operation, caller, allowed)
        except KindNotAllowed as error:
            raise _not_allowed(error.kind) from error
        headers = {} if caller.quota is None else dict(quota_headers(caller.quota))
        if visitor.set_cookie is not None:
            headers |= {"Set-Cookie": visitor.set_cookie, "Cache-Control": "no-store"}
        return _response(request, result, headers=headers)

    async def _stream(
        self, request: AnyRequest, operation: Operation, *, is_changing: bool = True
    ) -> Response[bytes]:
        caller = await self._caller(request)
        stream = EventStream(
            results=self._operations.stream(operation, caller, ALL_OPERATIONS if is_changing else _READING),
            caller=caller,
            live=self._operations.services.live,
            headers=self._cross_origin.answer_headers(request.headers),
        )
        await stream.begin()
        return LongAnswer(stream)

    async def _caller(self, request: AnyRequest) -> Caller:
        """Return who asks, and count his request.

        Raises Unauthenticated for a wrong token, Forbidden for another site's page, QuotaExhausted or Unavailable.
        """
        caller = caller_of(self._operations.services, request.headers)
        await caller.introduce()
        await caller.spend(self._operations.services.requests)
        return caller


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

    @route(PATH, http_method=HttpMethod.OPTIONS, include_in_schema=False)
    async def graphql_options(request: AnyRequest) -> Response[bytes]:
        """Say what may be sent."""
        return await endpoint.answer_preflight(request)

    # First, as Litestar makes one of its own for a path that is known and has none yet.
    return [graphql_options, graphql_post, graphql_get, *ide_handlers()]


def _not_allowed(operation_type: OperationType) -> RequestRefused:
    if operation_type is OperationType.SUBSCRIPTION:
        return RequestRefused(
            HTTPStatus.BAD_REQUEST, "a subscription needs a websocket, or accept: text/event-stream"
        )
    return RequestRefused(HTTPStatus.METHOD_NOT_ALLOWED, "a mutation must be a POST")


def _status(result: Result, media_type: str) -> HTTPStatus:
    """Return 401 if somebody must sign in, 400 if nothing was run, 503 if it was given up, else 200.

    In application/json what was not run is a 200 too: a client that asks for no more than that takes a 4xx for
    an answer of something between it and us. GraphQL over HTTP, 6.4.1.
    """
    codes = {code_of(error) for error in result.errors}
    if codes & _SIGNED_OUT:
        return HTTPStatus.UNAUTHORIZED
    if ErrorCode.UNAVAILABLE in codes and not result.has_run:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.OK if result.has_run or media_type == JSON else HTTPStatus.BAD_REQUEST


def _refusal(request: AnyRequest, error: TocsinError) -> Response[bytes]:
    status, headers = HTTPStatus.UNAUTHORIZED, None
    if isinstance(error, RequestRefused):
        status, headers = error.status, error.headers
    elif isinstance(error, Forbidden):
        status = HTTPStatus.FORBIDDEN
    elif isinstance(error, Unavailable):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    elif isinstance(error, OverLimit):
        status = HTTPStatus.TOO_MANY_REQUESTS
    elif isinstance(error, QuotaExhausted):
        status, headers = HTTPStatus.TOO_MANY_REQUESTS, exhausted_headers(error)
    result = Result(data=None, errors=[GraphQLError(error.message, original_error=error)])
    return _response(request, result, status, headers)


def _fault(request: AnyRequest, error: Exception) -> Response[bytes]:
    fault = GraphQLError(str(error), original_error=error)
    log_faults([fault])
    is_absence = code_of(fault) is ErrorCode.UNAVAILABLE
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_absence else HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(request, Result(data=None, errors=[fault]), status)


def _response(
    request: AnyRequest,
    result: Result,
    status: HTTPStatus | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    accepted = request.headers.get("accept", "")
    media_type = GRAPHQL_RESPONSE_JSON if GRAPHQL_RESPONSE_JSON in accepted else JSON
    status = status or _status(result, media_type)
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {**(headers or {}), "WWW-Authenticate": "Bearer"}
    return Response(
        msgspec.json.encode(result.body), status_code=status, media_type=media_type, headers=headers
    )
