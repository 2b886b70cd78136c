"""Which of the documented paths a path is."""

from __future__ import annotations

import pytest

from rest_compat.path_table import PathTable

TABLE = PathTable(
    [
        "/api/devices/{deviceId}",
        "/api/devices/refresh-all",
        "/api/devices/tags/bulk",
        "/api/devices/{deviceId}/tags",
        "/api/projects/{projectId}/devices/{deviceId}",
    ]
)


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/api/devices/mon_1", "/api/devices/{deviceId}", {"deviceId": "mon_1"}),
        ("/api/devices/mon_1/", "/api/devices/{deviceId}", {"deviceId": "mon_1"}),
        ("/api/devices/refresh-all", "/api/devices/refresh-all", {}),
        ("/api/devices/tags", "/api/devices/{deviceId}", {"deviceId": "tags"}),
        ("/api/devices/tags/tags", "/api/devices/{deviceId}/tags", {"deviceId": "tags"}),
        ("/api/devices/tags/bulk", "/api/devices/tags/bulk", {}),
        (
            "/api/projects/a/devices/b",
            "/api/projects/{projectId}/devices/{deviceId}",
            {"projectId": "a", "deviceId": "b"},
        ),
    ],
)
def test_a_literal_stands_above_a_parameter_and_what_leads_nowhere_is_tried_anew(
    path, template, parameters
) -> None:
    found = TABLE.find(path)

    assert found is not None
    assert (found.template, found.parameters) == (template, parameters)


@pytest.mark.parametrize(
    "path", ["", "/", "/api", "/api/devices", "/api/devices/a/b", "/api/devices/a/tags/b"]
)
def test_what_is_none_of_them_is_not_found(path) -> None:
    assert TABLE.find(path) is None
