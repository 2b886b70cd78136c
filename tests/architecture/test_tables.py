"""Piccolo's tables are those of the migrated database, column by column."""

from __future__ import annotations

import pytest
from piccolo.columns import Array
from piccolo.conf.apps import table_finder
from piccolo.table import Table

from core.db.database import Database

TABLES = table_finder(modules=["core.db.tables"])
SAME_TYPE = {"_text": "text[]"}


def _declared(table: type[Table]) -> dict[str, tuple[str, bool]]:
    return {
        column._meta.db_column_name: (
            "text[]" if isinstance(column, Array) else column.column_type.lower(),
            bool(column._meta.null),
        )
        for column in table._meta.columns
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
async def test_a_table_matches_the_migrated_schema(database: Database, table: type[Table]) -> None:
    async with database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT column_name, data_type, udt_name, is_nullable FROM information_schema.columns WHERE table_name = $1",
            table._meta.tablename,
        )
    migrated = {
        row["column_name"]: (
            SAME_TYPE.get(row["udt_name"], _short(row["data_type"])),
            row["is_nullable"] == "YES",
        )
        for row in rows
    }

    assert _declared(table) == migrated


def _short(data_type: str) -> str:
    return "timestamptz" if data_type == "timestamp with time zone" else data_type
