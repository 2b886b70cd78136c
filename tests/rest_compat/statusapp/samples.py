"""A request to each of StatusApp's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.rest_compat.requests import MakeRequest, fixed
from tests.rest_compat.statusapp.team_and_alerts_samples import OF_TEAM_AND_ALERTS

REQUESTS: Mapping[str, MakeRequest] = {
    "GET /api/v1/server/version": fixed("/api/v1/server/version"),
    **OF_TEAM_AND_ALERTS,
}
