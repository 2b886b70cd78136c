"""The face of the REST dialects: found by its entry point, given the services, returns route handlers."""

from __future__ import annotations

from collections.abc import Sequence

from litestar.handlers import ASGIRouteHandler

from core.services import Services
from rest_compat.statusapp.heartbeat import heartbeat_route


def face(services: Services) -> Sequence[ASGIRouteHandler]:
    """Return the handlers of every REST route."""
    return (heartbeat_route(services.pings),)
