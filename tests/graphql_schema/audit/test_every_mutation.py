"""Every mutation there is leaves an entry, or is exempt for a reason that stands here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.access.principal import Role
from core.audit.action import AuditAction
from core.ids import new_id
from core.secret_text import digest_of
from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.conftest import Tenant, make_tenant
from tests.graphql_schema.personas import NOBODY, Persona, signed_in
from tests.graphql_schema.samples import SAMPLES, SCHEMA, Sample, World, mutation_document

EXEMPT = {
    "signIn": "coming in changes nothing that is the workspace's",
    "signOut": "neither does going",
    "requestPasswordReset": "changes nothing yet, is asked by nobody in particular, and must cost the same for an "
    "address that nobody has",
    "switchWorkspace": "changes in which workspace a session asks, and nothing in either of them",
}
PASSWORD = "correct horse"
OF_ANOTHER_WORKSPACE = ("acceptInvitation", "signUp")


async def _changed_password(world: World, persona: Persona) -> dict[str, Any]:
    assert persona.principal is not None
    await world.tenant.fetch(
        "UPDATE users SET password_hash = $2 WHERE id = $1",
        persona.principal.user_id,
        cheaply_stored(PASSWORD),
    )
    return {"current": PASSWORD, "password": "another horse"}


async def _signed_up(_world: World, _persona: Persona) -> dict[str, Any]:
    return {"email": "new@example.org", "password": PASSWORD, "name": "New"}


async def _reset_password(world: World, persona: Persona) -> dict[str, Any]:
    assert persona.principal is not None
    await world.tenant.insert(
        "password_resets",
        secret_sha256=digest_of("a letter's token"),
        user_id=persona.principal.user_id,
        created_at=world.tenant.now,
        expires_at=world.tenant.now + timedelta(minutes=30),
    )
    return {"token": "a letter's token", "password": "another horse"}


async def _accepted(world: World, persona: Persona) -> dict[str, Any]:
    """Invite the person to another workspace."""
    tenant, principal = world.tenant, persona.principal
    assert principal is not None
    other = await make_tenant(tenant.database, tenant.client, tenant.now, "bob@example.org")
    [person] = await tenant.fetch("SELECT email FROM users WHERE id = $1", principal.user_id)
    member_id, made = new_id(tenant.now), {"workspace_id": other.workspace_id, "created_at": tenant.now}
    await tenant.insert(
        "members", id=member_id, email=person["email"], role="VIEWER", invited_at=tenant.now, **made
    )
    await tenant.insert(
        "invitations",
        id=new_id(tenant.now),
        member_id=member_id,
        secret_sha256=digest_of("an invitation's token"),
        expires_at=tenant.now + timedelta(days=1),
        **made,
    )
    return {"token": "an invitation's token"}


OWN_SAMPLES: Mapping[str, Sample] = {
    **SAMPLES,
    "changePassword": _changed_password,
    "signUp": _signed_up,
    "acceptInvitation": _accepted,
    "resetPassword": _reset_password,
}
MUTATIONS = sorted(SCHEMA.mutation_type.fields) if SCHEMA.mutation_type is not None else []


@pytest.fixture
async def world(owner: Tenant) -> World:
    return World(tenant=owner, project_id=await owner.add_project("House"))


@pytest.fixture
async def asker(owner: Tenant) -> Persona:
    return await signed_in(owner, Role.OWNER)


def test_what_is_exempt_is_not_tried_and_all_else_is() -> None:
    assert set(MUTATIONS) - EXEMPT.keys() <= OWN_SAMPLES.keys()
    assert all(EXEMPT.values())


@pytest.mark.parametrize("name", [each for each in MUTATIONS if each not in EXEMPT])
async def test_a_mutation_leaves_an_entry_that_names_who_made_it(world, asker, owner, name) -> None:
    sample = await OWN_SAMPLES[name](world, asker)
    is_open = name in ("signUp", "resetPassword")

    persona = NOBODY if is_open else asker
    answer = await persona.ask(owner, mutation_document(name), {"input": sample})

    assert answer.data[name]["userErrors"] == []
    rows = await owner.fetch("SELECT * FROM audit_entries")
    assert rows
    for row in rows:
        assert AuditAction(row["action"]).subject == row["subject"]
        assert (row["at"], row["token_id"]) == (owner.now, None)
        assert (row["workspace_id"] == owner.workspace_id) == (name not in OF_ANOTHER_WORKSPACE)
        assert (row["user_id"] == asker.principal.user_id) == (name != "signUp")


async def test_who_signs_up_is_written_down_in_the_workspace_that_is_made_for_him(world, owner) -> None:
    sample = await _signed_up(world, NOBODY)
    assert (await NOBODY.ask(owner, mutation_document("signUp"), {"input": sample})).data

    [row] = await owner.fetch("SELECT * FROM audit_entries")
    [person] = await owner.fetch(
        "SELECT u.id, m.workspace_id FROM users AS u JOIN members AS m ON m.user_id = u.id WHERE u.email = $1",
        sample["email"],
    )
    assert (row["action"], row["subject_id"], row["user_id"]) == (
        "user.signed_up",
        person["id"],
        person["id"],
    )
    assert row["workspace_id"] == person["workspace_id"]
    assert (row["before"], row["after"]) == (None, {"email": "new@example.org", "name": "New"})
