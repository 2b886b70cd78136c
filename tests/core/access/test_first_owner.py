"""The first start makes an owner, once, and later starts only see to his fixed token."""

from __future__ import annotations

import asyncio
import hashlib
import io
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from core.access.first_owner import FirstOwner, ensure_first_owner
from core.access.owner_note import show_owner
from core.access.token_authentication import TokenAuthentication
from core.db.database import Database
from core.db.tables import ApiToken, Member, Project, User, Workspace
from core.errors import StartupError
from core.ids import new_id
from core.settings import Settings
from tests.core.access.stored_password import is_password

FIXED = "a-fixed-token-of-more-than-32-characters"
OTHER = "another-fixed-token-of-over-32-characters"


@pytest.fixture
def shown() -> list[FirstOwner]:
    return []


async def _valid_tokens(database: Database) -> set[bytes]:
    rows = await ApiToken.select(ApiToken.secret_sha256).where(ApiToken.revoked_at.is_null())
    return {row["secret_sha256"] for row in rows}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def test_the_first_start_makes_an_owner_who_may_do_everything(database: Database, shown) -> None:
    await ensure_first_owner(database, Settings(), shown.append)

    (owner,) = shown
    user = await User.objects().first()
    workspace = await Workspace.objects().first()
    member = await Member.objects().first()
    project = await Project.objects().first()
    token = await ApiToken.objects().first()
    assert user.email == owner.email == "owner@localhost"
    assert is_password(owner.password, user.password_hash)
    assert (workspace.plan, workspace.owner_id) == ("ENTERPRISE", user.id)
    assert (member.role, member.user_id, member.workspace_id) == ("OWNER", user.id, workspace.id)
    assert (project.is_default, project.workspace_id) == (True, workspace.id)
    assert token.secret_sha256 == _digest(owner.token)
    assert {grant["permission"] for grant in token.grants} == {"DELETE"}
    assert token.expires_at is None


async def test_the_second_start_makes_nobody(database: Database, shown) -> None:
    await ensure_first_owner(database, Settings(), shown.append)
    await ensure_first_owner(database, Settings(), shown.append)

    assert len(shown) == 1
    assert await User.count() == await ApiToken.count() == 1


async def test_several_first_starts_at_once_make_one_owner(database: Database, shown) -> None:
    await asyncio.gather(*(ensure_first_owner(database, Settings(), shown.append) for _ in range(3)))

    assert len(shown) == 1
    assert await Workspace.count() == 1


async def test_fixed_credentials_are_taken_and_not_shown(database: Database, shown) -> None:
    settings = Settings(owner_email="me@example.org", owner_password="a long password", owner_token=FIXED)

    await ensure_first_owner(database, settings, shown.append)

    assert shown == [FirstOwner(email="me@example.org", password=None, token=None)]
    assert is_password("a long password", (await User.objects().first()).password_hash)
    assert await _valid_tokens(database) == {_digest(FIXED)}


async def test_a_changed_fixed_token_replaces_the_earlier_one_and_can_come_back(
    database: Database, shown
) -> None:
    await ensure_first_owner(database, Settings(owner_token=FIXED), shown.append)

    await ensure_first_owner(database, Settings(owner_token=OTHER), shown.append)
    assert await _valid_tokens(database) == {_digest(OTHER)}

    await ensure_first_owner(database, Settings(owner_token=FIXED), shown.append)
    assert await _valid_tokens(database) == {_digest(FIXED)}


async def test_a_fixed_token_speaks_for_whoever_answers_for_the_workspace_by_the_next_start(
    database: Database, shown, clock
) -> None:
    settings = Settings(owner_token=FIXED)
    await ensure_first_owner(database, settings, shown.append)
    heir = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, 'heir', 'x', '-', $2)",
            heir,
            clock.now(),
        )
        await connection.execute("UPDATE members SET user_id = $1", heir)
        await connection.execute("UPDATE workspaces SET owner_id = $1", heir)
        await connection.execute("UPDATE api_tokens SET revoked_at = $1", clock.now())

    await ensure_first_owner(database, settings, shown.append)

    principal = await TokenAuthentication(database=database, clock=clock).authenticate(FIXED)
    assert principal.user_id == heir


async def test_a_fixed_token_leaves_the_one_that_was_made_up_alone(database: Database, shown) -> None:
    await ensure_first_owner(database, Settings(), shown.append)

    await ensure_first_owner(database, Settings(owner_token=FIXED), shown.append)

    assert await _valid_tokens(database) == {_digest(FIXED), _digest(shown[0].token)}


async def test_nobody_is_made_whom_nobody_was_shown(database: Database) -> None:
    def fail(_owner: FirstOwner) -> None:
        raise StartupError("the disk is full")

    with pytest.raises(StartupError):
        await ensure_first_owner(database, Settings(), fail)

    assert await User.count() == 0


def test_without_a_terminal_the_note_is_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "owner.txt").write_text("of a start that failed")

    show_owner(FirstOwner(email="a@b", password="p", token="t"), tmp_path, io.StringIO())

    note = tmp_path / "owner.txt"
    assert note.read_text() == "email: a@b\npassword: p\ntoken: t\n"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_a_terminal_is_shown_the_note_and_no_file_is_written(tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        isatty: Callable[..., bool] = lambda _self: True

    terminal = Terminal()

    show_owner(FirstOwner(email="a@b", password=None, token="t"), tmp_path, terminal)

    assert "password: (as set in TOCSIN_OWNER_PASSWORD)" in terminal.getvalue()
    assert list(tmp_path.iterdir()) == []
