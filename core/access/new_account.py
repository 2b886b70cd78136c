"""Makes accounts: people, each with a workspace of his own and a default project, or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.access.plans import Plan
from core.access.principal import Role
from core.db.tables import Member, Project, User, Workspace
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPerson:
    """Who may sign in from now on. `password_hash` is what `hash_password` returns."""

    email: str
    name: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAccount:
    """Whom to make an account for, and his workspace."""

    person: NewPerson
    workspace_name: str
    plan: Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeAccount:
    """The ids of what was made."""

    user_id: UUID
    workspace_id: UUID


async def add_person(person: NewPerson, now: datetime) -> UUID:
    """Store a person who has no place in any workspace yet, inside a transaction, and return his id.

    Raises asyncpg.UniqueViolationError if the e-mail address has an account already.
    """
    user_id = new_id(now)
    await User.insert(
        User(
            id=user_id,
            email=person.email,
            name=person.name,
            password_hash=person.password_hash,
            created_at=now,
        )
    )
    return user_id


async def make_account(account: NewAccount, now: datetime) -> MadeAccount:
    """Store the person, his workspace, his place in it and its default project, inside a transaction.

    Raises asyncpg.UniqueViolationError if the e-mail address has an account already.
    """
    made = MadeAccount(user_id=await add_person(account.person, now), workspace_id=new_id(now))
    await Workspace.insert(
        Workspace(
            id=made.workspace_id,
            name=account.workspace_name,
            owner_id=made.user_id,
            plan=account.plan.value,
            created_at=now,
        )
    )
    await Member.insert(
        Member(
            id=new_id(now),
            workspace_id=made.workspace_id,
            user_id=made.user_id,
            email=account.person.email,
            role=Role.OWNER.value,
            accepted_at=now,
            created_at=now,
        )
    )
    await Project.insert(
        Project(
            id=new_id(now), workspace_id=made.workspace_id, name="Default", is_default=True, created_at=now
        )
    )
    return made
