"""StatusApp's routes about the server, and its regions."""

from __future__ import annotations

from datetime import timedelta
from importlib import metadata

from core.moments import write_moment
from tests.rest_compat.statusapp.asking import told

GRAPHQL = "{ regions { id city country countryCode latitude longitude isActive } }"


async def test_health_is_open_and_says_since_when_the_process_runs(owner, clock) -> None:
    now = clock.advance(90)

    answer = await owner.client.get("/api/v1/health")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "version": metadata.version("tocsin"),
        "uptime": 90,
        "checks": {"database": "healthy", "redis": "healthy"},
        "timestamp": write_moment(now),
    }
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_without_a_database_it_is_unhealthy_in_the_same_form(owner, services) -> None:
    await services.database.pool.close()

    answer = await owner.client.get("/api/v1/health")

    assert answer.status_code == 503
    body = answer.json()
    assert (body["status"], body["checks"]) == ("unhealthy", {"database": "unhealthy", "redis": "unhealthy"})


async def test_regions_are_what_graphql_answers(owner) -> None:
    await owner.insert(
        "workers",
        id=owner.next_id(),
        region_id=1,
        seen_at=owner.now - timedelta(seconds=1),
        started_at=owner.now,
    )

    shown = await told(owner, "GET", "/worker-regions")

    assert shown == await owner.data(GRAPHQL)
    assert [region["isActive"] for region in shown["regions"]] == [True]
