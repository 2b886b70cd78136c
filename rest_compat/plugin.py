"""The face of the REST dialects: found by its entry point, given the services, returns route handlers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.services import Services
from rest_compat.dashmon.dialect import DASHMON
from rest_compat.dialect import handler
from rest_compat.documentation import documentation
from rest_compat.exchange import Exchanges
from rest_compat.onlineornot.dialect import ONLINEORNOT
from rest_compat.statusapp.dialect import STATUSAPP
from rest_compat.statusapp.heartbeat import heartbeat_route

DIALECTS = (DASHMON, ONLINEORNOT, STATUSAPP)


def face(services: Services) -> Sequence[Any]:
    """Return the handlers of every REST route."""
    return (
        heartbeat_route(services.pings),
        *(handler(dialect, Exchanges(dialect, services).answer) for dialect in DIALECTS),
        *documentation(DIALECTS, services),
    )
