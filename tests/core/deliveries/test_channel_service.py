"""Channels, on a real PostgreSQL: made, changed, deleted, and refused without a trace."""

from __future__ import annotations

import pytest

from core.db.tables import Channel
from core.deliveries.channel_service import ChannelService, CreateChannel, UpdateChannel
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, encode_id, new_id
from core.kind_choice import KindChoice

PIGEON = KindChoice(kind="pigeon", config={"dovecote": "north", "ring": "s3cret"})


@pytest.fixture
def channels(database, village, clock) -> ChannelService:
    return ChannelService(database=database, registry=village, clock=clock)


@pytest.fixture
async def channel_id(channels, tenants) -> str:
    made = await channels.create(tenants.owner, CreateChannel(name="Birds", notifier=PIGEON))
    return encode_id(Prefix.CHANNEL, made)


async def stored() -> Channel:
    channel = await Channel.objects().first()
    assert channel is not None
    return channel


async def test_a_channel_is_stored_with_its_name_trimmed_and_its_secret(channels, tenants) -> None:
    made = await channels.create(tenants.owner, CreateChannel(name="  Birds ", notifier=PIGEON))

    [row] = await Channel.select()
    assert (row["id"], row["workspace_id"]) == (made, tenants.owner.workspace_id)
    assert (row["name"], row["kind"], row["is_active"], row["revision"]) == ("Birds", "pigeon", True, 1)
    assert row["config"] == {"dovecote": "north", "ring": "s3cret"}


async def test_every_wrong_thing_of_a_channel_is_told_at_once_and_nothing_is_stored(
    channels, tenants
) -> None:
    wrong = CreateChannel(name=" ", notifier=KindChoice(kind="pigeon", config={"dovecote": "", "rng": 1}))

    with pytest.raises(InvalidInput) as refused:
        await channels.create(tenants.owner, wrong)

    assert [issue.path for issue in refused.value.issues] == [
        ("name",),
        ("notifier", "pigeon", "rng"),
        ("notifier", "pigeon", "dovecote"),
    ]
    assert await Channel.count() == 0


async def test_a_notifier_kind_that_is_not_loaded_is_refused_at_its_key(channels, tenants) -> None:
    with pytest.raises(InvalidInput) as refused:
        await channels.create(
            tenants.owner, CreateChannel(name="Owls", notifier=KindChoice(kind="owl", config={}))
        )

    assert [issue.path for issue in refused.value.issues] == [("notifier", "owl")]


async def test_an_update_keeps_an_omitted_secret_and_null_clears_it(channels, tenants, channel_id) -> None:
    moved = KindChoice(kind="pigeon", config={"dovecote": "south"})
    await channels.update(tenants.owner, UpdateChannel(id=channel_id, notifier=moved))
    [row] = await Channel.select()
    assert row["config"] == {"dovecote": "south", "ring": "s3cret"}

    bare = KindChoice(kind="pigeon", config={"dovecote": "south", "ring": None})
    await channels.update(tenants.owner, UpdateChannel(id=channel_id, notifier=bare))
    [row] = await Channel.select()
    assert row["config"] == {"dovecote": "south", "ring": None}
    assert row["revision"] == 3


async def test_an_empty_update_of_a_channel_changes_nothing(channels, tenants, channel_id, contents) -> None:
    before = await contents()

    await channels.update(tenants.owner, UpdateChannel(id=channel_id))

    assert await contents() == before


async def test_a_stale_revision_of_a_channel_is_a_conflict(channels, tenants, channel_id, contents) -> None:
    await channels.update(tenants.owner, UpdateChannel(id=channel_id, is_active=False, revision=1))
    before = await contents()

    with pytest.raises(Conflict) as refused:
        await channels.update(tenants.owner, UpdateChannel(id=channel_id, is_active=True, revision=1))

    assert refused.value.path == ("revision",)
    assert await contents() == before


async def test_a_null_brings_activity_back_and_cannot_clear_name_or_notifier(
    channels, tenants, channel_id
) -> None:
    await channels.update(tenants.owner, UpdateChannel(id=channel_id, is_active=False))
    await channels.update(tenants.owner, UpdateChannel(id=channel_id, is_active=None))
    assert (await stored()).is_active is True

    with pytest.raises(InvalidInput) as refused:
        await channels.update(tenants.owner, UpdateChannel(id=channel_id, name=None, notifier=None))

    assert [issue.path for issue in refused.value.issues] == [("name",), ("notifier",)]


async def test_a_deleted_channel_is_unknown_and_is_owed_nothing_more(
    channels, tenants, channel_id, database, clock
) -> None:
    row = await stored()
    async with database.acquire() as connection:
        for status in ("PENDING", "DELIVERED"):
            await connection.execute(
                "INSERT INTO deliveries (id, workspace_id, event, channel_id, recipient, status, body, created_at,"
                " next_attempt_at) VALUES ($1, $2, 'TEST', $3, 'north', $4, '{}', $5, $5)",
                new_id(clock.now()),
                tenants.owner.workspace_id,
                row.id,
                status,
                clock.now(),
            )

    assert await channels.delete(tenants.owner, channel_id) == row.id

    with pytest.raises(NotFound):
        await channels.delete(tenants.owner, channel_id)
    async with database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT status, next_attempt_at IS NULL AS idle FROM deliveries ORDER BY status"
        )
    assert [(row["status"], row["idle"]) for row in rows] == [("DELIVERED", False), ("SUPPRESSED", True)]


async def test_who_may_not_change_a_channel_leaves_no_trace(
    channels, channel_id, contents, trespasser
) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await channels.update(trespasser.principal, UpdateChannel(id=channel_id, name="mine"))
    with pytest.raises(trespasser.error):
        await channels.delete(trespasser.principal, channel_id)

    assert await contents() == before


@pytest.mark.parametrize("unknown", ["", "nc_1", "mon_00000000000000000000000000", "nc_\ud800", "\0"])
async def test_a_malformed_id_answers_like_an_unknown_one(channels, tenants, unknown: str) -> None:
    with pytest.raises(NotFound, match="channel not found"):
        await channels.delete(tenants.owner, unknown)
