"""A change and its entry are stored together, or not at all."""

from __future__ import annotations

import asyncpg
import pytest

from core.audit.action import MEANINGS, AuditAction
from core.audit.change import created, deleted, done, updated
from core.audit.reading import KEPT
from core.audit.recording import Operator, record, record_all
from core.housekeeping import Housekeeping
from core.ids import new_id
from tests.core.audit.conftest import Entry


async def test_an_entry_says_who_did_what_to_what_when_and_by_what_token(database, clock, tenants) -> None:
    monitor_id = new_id(clock.now())
    async with database.transaction() as connection:
        change = updated(
            AuditAction.MONITOR_UPDATED, monitor_id, {"name": "Old", "a": 1}, {"name": "New", "a": 1}
        )
        await record(connection, tenants.owner, change, clock.now())

        [row] = await connection.fetch("SELECT * FROM audit_entries")

    assert dict(row) == {
        "id": row["id"],
        "workspace_id": tenants.owner.workspace_id,
        "at": clock.now(),
        "user_id": tenants.owner.user_id,
        "token_id": tenants.owner.token_id,
        "action": "monitor.updated",
        "subject": "mon",
        "subject_id": monitor_id,
        "before": {"name": "Old"},
        "after": {"name": "New"},
    }


async def test_an_entry_goes_with_the_change_that_is_rolled_back(database, clock, tenants, entries) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await record(
                connection, tenants.owner, done(AuditAction.MONITOR_CHECKED, new_id(clock.now())), clock.now()
            )
            raise ZeroDivisionError

    assert await entries() == []


async def test_a_transaction_that_is_begun_again_writes_down_once(database, clock, tenants, entries) -> None:
    subject, attempts = new_id(clock.now()), []

    async def change(connection) -> None:
        await record(connection, tenants.owner, done(AuditAction.MONITOR_CHECKED, subject), clock.now())
        attempts.append(1)
        if len(attempts) < 3:
            raise asyncpg.DeadlockDetectedError("deadlock detected")

    await database.in_transaction(change)

    assert len(attempts) == 3
    assert await entries() == [Entry(action="monitor.checked", subject_id=subject)]


async def test_several_changes_are_one_statement_and_keep_their_order(
    database, clock, tenants, entries
) -> None:
    ids = [new_id(clock.now()) for _ in range(20)]
    sent = []
    async with database.transaction() as connection:
        await connection.fetch(
            "SELECT unnest($1::uuid[]), unnest($2::text[])", ids, []
        )  # types are looked up once
        with connection.query_logger(lambda query: sent.append(query.query)):
            changes = [created(AuditAction.MONITOR_CREATED, each, {"n": n}) for n, each in enumerate(ids)]
            await record_all(connection, tenants.owner, changes, clock.now())
            await record_all(connection, tenants.owner, [], clock.now())

    assert len(sent) == 1
    assert [(entry.subject_id, entry.before, entry.after) for entry in await entries()] == [
        (each, None, {"n": n}) for n, each in enumerate(ids)
    ]


async def test_the_operator_is_nobody_of_the_workspace(database, clock, tenants) -> None:
    workspace_id = tenants.owner.workspace_id
    async with database.transaction() as connection:
        change = deleted(AuditAction.TOKEN_REVOKED, workspace_id, {})
        await record(connection, Operator(workspace_id=workspace_id), change, clock.now())

        [row] = await connection.fetch("SELECT workspace_id, user_id, token_id FROM audit_entries")

    assert tuple(row) == (workspace_id, None, None)


def test_every_action_has_a_meaning_and_a_subject_that_ids_can_name() -> None:
    assert set(MEANINGS) == set(AuditAction)
    assert {action.subject.name for action in AuditAction} >= {"MONITOR", "TOKEN", "WORKSPACE"}


async def test_entries_are_kept_for_90_days_and_removed_in_batches(
    database, clock, tenants, entries, monkeypatch
) -> None:
    monkeypatch.setattr("core.housekeeping._MOST_ROWS", 2)
    housekeeping = Housekeeping(database=database, clock=clock)
    subject = new_id(clock.now())
    async with database.transaction() as connection:
        await record_all(
            connection, tenants.owner, [done(AuditAction.MONITOR_CHECKED, subject)] * 3, clock.now()
        )
        clock.advance(1)
        await record(connection, tenants.owner, done(AuditAction.MONITOR_PAUSED, subject), clock.now())

    clock.advance(KEPT.total_seconds())
    removed = [await housekeeping.step() for _ in range(3)]

    assert removed == [2, 1, 0]
    assert [entry.action for entry in await entries()] == ["monitor.paused"]
