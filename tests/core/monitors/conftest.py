"""The services of monitors on a real PostgreSQL."""

from __future__ import annotations

import pytest

from core.ids import Prefix, encode_id
from core.kind_choice import KindChoice
from core.monitors.bulk_service import BulkService
from core.monitors.monitor_input import CreateMonitor
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from core.monitors.project_service import ProjectService

DOOR = KindChoice(kind="door", config={"address": "Front", "password": "s3cret"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})


@pytest.fixture
def life(village) -> MonitorLife:
    return MonitorLife(registry=village)


@pytest.fixture
def monitors(database, village, life, clock) -> MonitorService:
    return MonitorService(database=database, registry=village, life=life, clock=clock)


@pytest.fixture
def bulk(database, clock) -> BulkService:
    return BulkService(database=database, clock=clock)


@pytest.fixture
def projects(database, village, life, clock) -> ProjectService:
    return ProjectService(database=database, registry=village, life=life, clock=clock)


@pytest.fixture
async def door_id(monitors, tenants) -> str:
    """The public id of an ACTIVE monitor with a secret, a tag and the default region."""
    wanted = CreateMonitor(name="Front door", probe=DOOR, tags=["Wood"])
    return encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, wanted))


@pytest.fixture
async def postman_id(monitors, tenants) -> str:
    """The public id of a PASSIVE monitor."""
    return encode_id(
        Prefix.MONITOR, await monitors.create(tenants.owner, CreateMonitor(name="Post", probe=POSTMAN))
    )
