"""A response that speaks ASGI by itself: one that goes on, or gives the connection away."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.types import ASGIApp


class ApplicationResponse(Response[bytes]):
    """Hands the request over to an ASGI application."""

    def __init__(self, application: ASGIApp) -> None:
        super().__init__(b"")
        self._application = application

    def to_asgi_response(self, *_arguments: Any, **_named: Any) -> Any:
        """Return the application: none of what Litestar would add is wanted."""
        return self._application
