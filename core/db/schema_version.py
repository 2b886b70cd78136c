"""Whether this release can live with a database's schema."""

from __future__ import annotations

from importlib import metadata

from core.db.database import Connection
from core.errors import StartupError


async def require_schema(connection: Connection) -> None:
    """Raise StartupError if the database has no schema yet, or one that needs a newer release than this."""
    if not await connection.fetchval("SELECT to_regclass('schema_versions') IS NOT NULL"):
        raise StartupError(
            "the database has no tables yet: run `tocsin migrate`, or start `tocsin serve` on it"
        )
    ours = _numbers(metadata.version("tocsin"))
    for row in await connection.fetch("SELECT migration, oldest_version FROM schema_versions"):
        if _numbers(row["oldest_version"]) > ours:
            raise StartupError(
                f"the database was migrated by a newer release ({row['migration']}): "
                f"install tocsin {row['oldest_version']} or newer"
            )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
