"""What the built-in kinds refuse, told at the input's paths."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.ids import Prefix, encode_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from core.plugin_registry import registry_of
from plugins.probes import heartbeat, http


@pytest.fixture
def monitors(database, clock) -> MonitorService:
    registry = registry_of(http, heartbeat)
    return MonitorService(
        database=database, registry=registry, life=MonitorLife(registry=registry), clock=clock
    )


@pytest.mark.parametrize(
    ("url", "how_many"),
    [
        ("example.com", 1),
        ("http://me:pw@example.com", 1),
        ("file:///etc/passwd", 1),
        ("http://example.com:0", 1),
        ("http://example.com:70000", 1),
        ("http://me@example.com:70000", 2),
        ("http://exam\0ple.com", 1),
    ],
)
async def test_a_bad_url_is_told_beside_whatever_else_is_wrong(
    monitors, tenants, contents, url: str, how_many: int
) -> None:
    before = await contents()
    wanted = CreateMonitor(
        name="",
        probe=KindChoice(kind="http", config={"url": url, "method": "BREW"}),
        interval_seconds=0,
    )

    with pytest.raises(InvalidInput) as refused:
        await monitors.create(tenants.owner, wanted)

    paths = [issue.path for issue in refused.value.issues]
    assert paths.count(("probe", "http", "url")) == how_many
    assert set(paths) == {
        ("name",),
        ("probe", "http", "url"),
        ("probe", "http", "method"),
        ("intervalSeconds",),
    }
    assert "pw" not in str(refused.value)
    assert await contents() == before


async def test_a_website_and_a_job_are_taken_with_their_defaults(monitors, tenants, database) -> None:
    site = KindChoice(kind="http", config={"url": "https://example.com/?token=s3cret"})
    job = KindChoice(kind="heartbeat", config={"intervalSeconds": 60})
    await monitors.create(tenants.owner, CreateMonitor(name="Site", probe=site))
    await monitors.create(tenants.owner, CreateMonitor(name="Job", probe=job))

    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT kind, interval_seconds, target FROM monitors ORDER BY kind")
    assert [(row["kind"], row["interval_seconds"]) for row in rows] == [("heartbeat", 60), ("http", 300)]
    assert not any("s3cret" in row["target"] for row in rows)


async def test_a_monitor_goes_on_when_only_what_it_is_called_changes(monitors, tenants, database) -> None:
    def wanted(**config: str) -> KindChoice:
        return KindChoice(kind="http", config={"url": "https://example.org/", **config})

    async def revision() -> int:
        async with database.acquire() as connection:
            return await connection.fetchval("SELECT config_revision FROM monitors")

    made = await monitors.create(tenants.owner, CreateMonitor(name="shop", probe=wanted()))
    before = await revision()
    public_id = encode_id(Prefix.MONITOR, made)

    await monitors.update(tenants.owner, UpdateMonitor(id=public_id, probe=wanted(presentation="API")))
    assert await revision() == before

    await monitors.update(
        tenants.owner, UpdateMonitor(id=public_id, probe=wanted(presentation="API", method="HEAD"))
    )
    assert await revision() == before + 1
