"""What is asked of a database server before anything is built on it."""

from __future__ import annotations

import asyncio
import time
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg

from core.db.embedded import OLDEST_MAJOR
from core.errors import StartupError

_CONNECT_SECONDS = 10.0
# A server that is just starting, as one does beside us after a reboot.
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_ECHO_SECONDS = 2.0
_ECHO_CHANNEL = "tocsin_echo"

Direct: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def check_server(url: str) -> bool:
    """Try the database that a URL names; return whether a NOTIFY comes back to its listener.

    One that does not is lost in a pooler. Raises StartupError if the database cannot be reached, is
    older than PostgreSQL 15, or refuses a session's settings, as poolers do.
    """
    listener = await _connect(url)
    try:
        _refuse_old(listener)
        return await _hears_itself(listener, url)
    finally:
        await listener.close(timeout=2)


async def _connect(url: str) -> Direct:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            # The same parameters as the pools': a pooler refuses them here rather than later.
            return await asyncpg.connect(
                url,
                timeout=_CONNECT_SECONDS,
                server_settings={"statement_timeout": "60s", "lock_timeout": "20s"},
            )
        except asyncpg.CannotConnectNowError as error:
            if time.monotonic() > give_up_at:
                raise _unreachable(url, error) from error
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise _unreachable(url, error) from error
        await asyncio.sleep(_POLL_SECONDS)


def _unreachable(url: str, error: Exception) -> StartupError:
    cause = " ".join(str(error).split()) or type(error).__name__
    if "unsupported startup parameter" in cause:
        return StartupError(
            f"the database at {_shown(url)} is a connection pooler ({cause}): "
            "name the server's own address in TOCSIN_DATABASE_URL"
        )
    return StartupError(
        f"cannot reach the database at {_shown(url)}: {cause}: "
        "start it, or correct TOCSIN_DATABASE_URL (--database-url)"
    )


def _shown(url: str) -> str:
    """Return host, port and name of a database URL: never its password."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}" or "the default address"


def _refuse_old(connection: Direct) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_MAJOR:
        raise StartupError(
            f"the database is PostgreSQL {version.major}: Tocsin needs PostgreSQL {OLDEST_MAJOR} or newer"
        )


async def _hears_itself(listener: Direct, url: str) -> bool:
    heard = asyncio.Event()
    await listener.add_listener(_ECHO_CHANNEL, lambda *_: heard.set())
    speaker = await _connect(url)
    try:
        await speaker.execute(f"NOTIFY {_ECHO_CHANNEL}")
        await asyncio.wait_for(heard.wait(), _ECHO_SECONDS)
    except TimeoutError:
        return False
    finally:
        await speaker.close(timeout=2)
    return True
