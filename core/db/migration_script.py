"""Runs the SQL script of one migration inside the migration's transaction."""

from __future__ import annotations

from importlib import resources

from core.db.lent_pool_engine import DB


async def run_script(name: str, *, oldest_version: str) -> None:
    """Run `piccolo_migrations/<name>.sql` and note the oldest release that can live with it."""
    transaction = DB.current_transaction.get()
    if transaction is None:
        raise RuntimeError(f"migration {name}: not inside a transaction")
    script = resources.files("core.db") / "piccolo_migrations" / f"{name}.sql"
    await transaction.connection.execute(script.read_text(encoding="utf-8"))
    await transaction.connection.execute(
        "INSERT INTO schema_versions (migration, oldest_version) VALUES ($1, $2)", name, oldest_version
    )
