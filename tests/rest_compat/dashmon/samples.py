"""A request to each of Dashmon's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.rest_compat.requests import MakeRequest, fixed

REQUESTS: Mapping[str, MakeRequest] = {
    "GET /api/health": fixed("/api/health"),
}
