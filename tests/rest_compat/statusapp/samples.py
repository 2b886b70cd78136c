"""A request to each of StatusApp's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.rest_compat.requests import MakeRequest, fixed

REQUESTS: Mapping[str, MakeRequest] = {
    "GET /api/v1/server/version": fixed("/api/v1/server/version"),
}
