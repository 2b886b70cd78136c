"""Every named statement is one that PostgreSQL accepts, and none asks for the time by itself."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest

from core.db.database import Database
from core.db.named_sql import named_sql, topics

ROOT = Path(__file__).parents[2]
CODE = ("core", "plugins", "graphql_schema", "rest_compat")
ASKS_FOR_TIME = re.compile(
    r"\bnow\(\)|\bcurrent_(timestamp|time|date)\b|\b(clock|statement|transaction)_timestamp\(|\blocaltime(stamp)?\b"
    r"|\bgen_random_uuid\(|'now'",
    re.IGNORECASE,
)
STATEMENTS = [(topic, name) for topic in topics() for name in named_sql(topic)]


async def test_every_named_statement_is_accepted(database: Database) -> None:
    refused = {}
    async with database.acquire() as connection:
        for topic, name in STATEMENTS:
            try:
                await connection.prepare(named_sql(topic)[name])
            except asyncpg.PostgresError as error:
                refused[topic, name] = str(error)

    assert refused == {}


@pytest.mark.parametrize(("topic", "name"), STATEMENTS)
def test_every_named_statement_says_what_it_is_for(topic: str, name: str) -> None:
    assert named_sql(topic)[name].startswith("-- ")


@pytest.mark.parametrize("topic", topics())
def test_every_named_statement_is_used(topic: str) -> None:
    source = "\n".join(path.read_text() for folder in CODE for path in (ROOT / folder).rglob("*.py"))
    assert [name for name in named_sql(topic) if f'"{name}"' not in source] == []


@pytest.mark.parametrize("topic", topics())
def test_no_statement_asks_for_the_time(topic: str) -> None:
    for name, statement in named_sql(topic).items():
        code = re.sub(r"--.*", "", statement)
        assert not ASKS_FOR_TIME.search(code), name


def test_one_place_in_the_code_asks_the_database_for_its_time() -> None:
    asking = []
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            strings = re.findall(r'"[^"\n]*"', path.read_text())
            asking += [path.relative_to(ROOT).as_posix() for text in strings if ASKS_FOR_TIME.search(text)]

    assert asking == ["core/db/database.py"]
