"""An API process that does not know the time yet answers health, and asks all others to come again."""

from __future__ import annotations

import httpx
from litestar import Litestar, route

from core.closed_at_first import ClosedAtFirst


async def test_only_health_is_answered_until_it_opens() -> None:
    @route(["/healthz", "/readyz", "/graphql"], http_method=["GET", "HEAD", "POST"])
    async def answer() -> str:
        return "within"

    is_open = False
    app = ClosedAtFirst(Litestar([answer], openapi_config=None, logging_config=None), is_open=lambda: is_open)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        refused = await client.post("/graphql")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"]["code"] == "UNAVAILABLE"
        assert (await client.head("/graphql")).content == b""
        assert {(await client.get(path)).text for path in ("/healthz", "/readyz")} == {"within"}

        is_open = True
        assert (await client.get("/graphql")).text == "within"
