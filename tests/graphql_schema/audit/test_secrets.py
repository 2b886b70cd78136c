"""No secret enters the audit log, wherever it was planted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from core.access.principal import Role
from core.secret_text import digest_of
from tests.core.access.stored_password import cheaply_stored
from tests.graphql_schema.audit.test_every_mutation import PASSWORD
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import NOBODY, Persona, signed_in
from tests.graphql_schema.samples import SCHEMA, World

PLANT = "pLanT3d"


class Gardener:
    """Changes things as a person, with a new secret in each place that may hold one."""

    def __init__(self, tenant: Tenant, persona: Persona) -> None:
        self._tenant = tenant
        self._persona = persona
        self.secrets: list[str] = []

    def secret(self) -> str:
        """Return a secret that is planted nowhere else."""
        self.secrets.append(f"{PLANT}{uuid.uuid4().hex[:12]}")
        return self.secrets[-1]

    def url(self) -> str:
        return f"https://web.test/in?api_key={self.secret()}&page=1&access_token={self.secret()}"

    def text(self) -> str:
        """Return what somebody may write who does not think of who reads it."""
        return (
            f"see https://ada:{self.secret()}@web.test/?token={self.secret()}, password={self.secret()}\n"
            f'Authorization: Basic {self.secret()}\n{{"user": "ada", "apiKey": "{self.secret()}"}} '
            f"https://tocsin.test/api/v1/heartbeat/{self.secret()} tocsin_{self.secret()}"
        )

    async def change(
        self, name: str, /, *, what: str = "", persona: Persona | None = None, **wanted: Any
    ) -> Any:
        """Run a mutation and return what was asked for of its payload."""
        assert SCHEMA.mutation_type is not None
        kind = SCHEMA.mutation_type.fields[name].args["input"].type
        document = (
            f"mutation ($input: {kind}) {{ {name}(input: $input) {{ {what} userErrors {{ message }} }} }}"
        )
        answer = await (persona or self._persona).ask(self._tenant, document, {"input": wanted})
        payload = answer.data[name]
        assert payload["userErrors"] == [], payload
        return payload

    async def make_and_change(self, noun: str, first: dict[str, Any], second: dict[str, Any]) -> str:
        """Make, change and delete a thing, and return the id that it had."""
        field = noun.lower()
        made = await self.change(f"create{noun}", what=f"{field} {{ id }}", **first)
        public_id: str = made[field]["id"]
        await self.change(f"update{noun}", id=public_id, **second)
        await self.change(f"update{noun}", id=public_id, **first)
        return public_id


async def plant_in_configurations(gardener: Gardener) -> None:
    def monitor() -> dict[str, Any]:
        headers = [{"name": name, "value": gardener.secret()} for name in ("X-Key", "Cookie")]
        body = f'{{"password": "{gardener.secret()}"}} client_secret={gardener.secret()}'
        auth = {"apiKey": {"name": "where", "location": "QUERY", "key": gardener.secret()}}
        probe = {"url": gardener.url(), "headers": headers, "body": body, "auth": auth}
        return {"name": "Shop", "probe": {"http": probe}}

    def channel() -> dict[str, Any]:
        headers = [{"name": "Authorization", "value": gardener.secret()}]
        return {"name": "Pager", "notifier": {"webhook": {"url": gardener.url(), "headers": headers}}}

    def webhook() -> dict[str, Any]:
        named = {"name": f"Hook of {gardener.url()}", "events": ["MONITOR_DOWN"]}
        return {**named, "url": gardener.url(), "secret": gardener.secret()}

    for noun, make in (("Monitor", monitor), ("Channel", channel), ("Webhook", webhook)):
        public_id = await gardener.make_and_change(noun, make(), make())
        await gardener.change(f"delete{noun}", id=public_id)


async def plant_in_words(gardener: Gardener, world: World) -> None:
    incident = await world.incident()
    await gardener.change("addIncidentNote", id=incident, message=gardener.text())
    for _ in range(2):
        await gardener.change("setRootCause", id=incident, rootCause="DDOS_ATTACK", detail=gardener.text())
    project = await gardener.make_and_change(
        "Project", {"name": f"of {gardener.url()}"}, {"name": f"of {gardener.url()}"}
    )
    await gardener.change("deleteProject", id=project)
    await gardener.change("updateProfile", name="Ada", image=gardener.url())


async def plant_in_accounts(gardener: Gardener, world: World, persona: Persona) -> None:
    tenant = world.tenant
    assert persona.principal is not None
    await tenant.fetch(
        "UPDATE users SET password_hash = $2 WHERE id = $1",
        persona.principal.user_id,
        cheaply_stored(PASSWORD),
    )
    signed_up = {"email": "new@example.org", "name": "New", "password": gardener.secret()}
    await gardener.change("signUp", persona=NOBODY, **signed_up)
    invited = {"email": "bob@example.org", "role": "MEMBER", "name": f"Bob {gardener.url()}"}
    await gardener.change("inviteMember", **invited)
    session = await world.session(persona)
    await tenant.fetch("UPDATE sessions SET user_agent = $1", f"Browser tocsin_{gardener.secret()}")
    await gardener.change("revokeSession", id=session)
    token = await gardener.change("createApiToken", what="secret token { id }", name="ci", grants=[READ])
    gardener.secrets.append(token["secret"])
    await gardener.change("revokeApiToken", id=token["token"]["id"])
    letter = gardener.secret()
    await tenant.insert(
        "password_resets",
        secret_sha256=digest_of(letter),
        user_id=(await tenant.fetch("SELECT id FROM users WHERE email = 'new@example.org'"))[0]["id"],
        created_at=tenant.now,
        expires_at=tenant.now.replace(year=tenant.now.year + 1),
    )
    await gardener.change("resetPassword", persona=NOBODY, token=letter, password=gardener.secret())
    await gardener.change("changePassword", current=PASSWORD, password=gardener.secret())


READ = {"scope": "INCIDENTS", "permission": "READ"}


async def every_stored_secret(tenant: Tenant) -> Sequence[str]:
    """Return what opens something, as the database holds it: in clear, or as a digest."""
    rows = await tenant.fetch(
        "SELECT token AS secret FROM heartbeats UNION ALL SELECT encode(token_sha256, 'hex') FROM heartbeats"
        " UNION ALL SELECT encode(secret_sha256, 'hex') FROM api_tokens"
        " UNION ALL SELECT encode(secret_sha256, 'hex') FROM sessions"
        " UNION ALL SELECT encode(secret_sha256, 'hex') FROM invitations"
        " UNION ALL SELECT password_hash FROM users WHERE length(password_hash) > 1"
    )
    return [row["secret"] for row in rows]


async def test_no_secret_is_written_down_wherever_it_was_planted(owner: Tenant) -> None:
    persona = await signed_in(owner, Role.OWNER)
    world = World(tenant=owner, project_id=await owner.add_project("House"))
    gardener = Gardener(owner, persona)
    heartbeat = await world.heartbeat()
    gardener.secrets += await every_stored_secret(owner)
    await gardener.change("rotateHeartbeatUrl", id=heartbeat)
    await plant_in_configurations(gardener)
    await plant_in_words(gardener, world)
    await plant_in_accounts(gardener, world, persona)
    gardener.secrets += await every_stored_secret(owner)

    [table] = await owner.fetch(
        "SELECT count(*) AS entries, string_agg(a::text, ' ') AS text FROM audit_entries AS a"
    )

    assert table["entries"] >= 20
    assert "web.test" in table["text"]
    assert "[changed]" in table["text"]
    assert len(set(gardener.secrets)) >= 40
    assert [secret for secret in gardener.secrets if secret in table["text"]] == []
