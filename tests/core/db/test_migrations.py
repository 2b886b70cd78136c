"""A database is brought to this release once, and one that needs a newer release is left alone."""

from __future__ import annotations

import pytest

from core.db.migrations import known_migrations, migrate
from core.db.schema_version import require_schema
from core.errors import StartupError


async def test_the_migrations_known_by_their_source_are_those_that_piccolo_runs(database) -> None:
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT name FROM migration")

    assert known_migrations() == {row["name"] for row in rows}


async def test_a_second_time_changes_nothing(database) -> None:
    async with database.acquire() as connection:
        before = await connection.fetch("SELECT * FROM migration")
        await migrate(database)

        assert await connection.fetch("SELECT * FROM migration") == before


async def test_a_schema_that_needs_a_newer_release_is_refused(database) -> None:
    async with database.acquire() as connection:
        await connection.execute("INSERT INTO schema_versions VALUES ('of_tomorrow', '99.1.0')")

    with pytest.raises(StartupError, match=r"newer release \(of_tomorrow\): install tocsin 99.1.0 or newer"):
        await migrate(database)


async def test_a_database_without_tables_is_told_from_one_that_has_them(database) -> None:
    async with database.acquire() as connection:
        await require_schema(connection)
        await connection.execute("DROP TABLE schema_versions")

        with pytest.raises(StartupError, match="no tables yet"):
            await require_schema(connection)
