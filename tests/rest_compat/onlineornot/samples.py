"""A request to each of OnlineOrNot's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.graphql_schema.samples import World
from tests.rest_compat.requests import MakeRequest, Request, fixed


async def _a_token(world: World) -> Request:
    return f"/v1/tokens/{await world.token()}", None


REQUESTS: Mapping[str, MakeRequest] = {
    "GET /v1/tokens/verify": fixed("/v1/tokens/verify"),
    "GET /v1/tokens/permissions": fixed("/v1/tokens/permissions"),
    "GET /v1/tokens": fixed("/v1/tokens"),
    "POST /v1/tokens": fixed(
        "/v1/tokens", {"name": "ci", "grants": [{"scope": "TOKENS", "permission": "READ"}]}
    ),
    "GET /v1/tokens/{token_id}": _a_token,
    "DELETE /v1/tokens/{token_id}": _a_token,
}
