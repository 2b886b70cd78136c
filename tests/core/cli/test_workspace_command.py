"""`tocsin workspace`: what an operator is shown, and the plans that he books."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.cli import main
from core.ids import Prefix, encode_id, new_id

Command = Callable[..., Awaitable[tuple[int, list[str]]]]


@pytest.fixture
def workspace(database_dsn: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """`await workspace("list")`: the exit code, and the lines on standard output and error."""

    async def run(*words: str) -> tuple[int, list[str]]:
        code = await asyncio.to_thread(main, ["workspace", *words, "--database-url", database_dsn])
        told = capsys.readouterr()
        return code, (told.out + told.err).splitlines()

    return run


async def test_without_a_workspace_it_says_how_to_get_one(workspace: Command) -> None:
    assert await workspace("list") == (0, ["there is no workspace yet: start `tocsin serve`"])


async def test_a_plan_is_booked_and_shown(workspace: Command, tenants) -> None:
    ours = encode_id(Prefix.WORKSPACE, tenants.owner.workspace_id)
    theirs = encode_id(Prefix.WORKSPACE, tenants.stranger.workspace_id)

    assert await workspace("set-plan", ours, "business") == (0, [f"{ours}: BUSINESS"])

    code, lines = await workspace("list")
    assert code == 0
    assert sorted(lines) == sorted(
        [
            f"{ours}: BUSINESS, 0 monitors, ada@example.com, ada@example.com",
            f"{theirs}: ENTERPRISE, 0 monitors, charlie@example.com, charlie@example.com",
        ]
    )


async def test_whoever_books_less_than_is_used_is_told(workspace: Command, tenants, database, clock) -> None:
    ours = encode_id(Prefix.WORKSPACE, tenants.owner.workspace_id)
    async with database.acquire() as connection:
        for number in range(3):
            await connection.execute(
                "INSERT INTO members (id, workspace_id, email, role, accepted_at, created_at)"
                " VALUES ($1, $2, $4, 'VIEWER', $3, $3)",
                new_id(clock.now()),
                tenants.owner.workspace_id,
                clock.now(),
                f"{number}@example.org",
            )

    assert await workspace("set-plan", ours, "FREE") == (
        0,
        [
            f"{ours}: FREE, but takes no changes until it fits: it has more than the 3 members of the plan FREE"
        ],
    )


async def test_an_unknown_workspace_or_plan_is_refused(workspace: Command, tenants) -> None:
    unknown = encode_id(Prefix.WORKSPACE, tenants.owner.user_id)
    for each in (unknown, "nonsense"):
        assert await workspace("set-plan", each, "FREE") == (
            2,
            [f"tocsin: there is no workspace {each}: see tocsin workspace list"],
        )
    assert await workspace("set-plan", unknown, "GOLD") == (
        2,
        ["tocsin: GOLD is not a plan: choose one of FREE, STARTER, PROFESSIONAL, BUSINESS, ENTERPRISE"],
    )
