"""What is asked of a database server before anything is built on it."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

import asyncpg

from core.db.absence import CONNECTION_ERRORS
from core.db.connector import Connector, Direct
from core.db.embedded import OLDEST_MAJOR
from core.errors import StartupError

# A server that is just starting, as one does beside us after a reboot.
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_ECHO_SECONDS = 5.0
_ECHO_CHANNEL = "tocsin_echo"


async def check_server(url: str) -> None:
    """Try the database that a URL names.

    Raises StartupError if none of its servers can be reached and written to, is older than PostgreSQL 15, or is
    a connection pooler, in which sessions lose their settings, their locks and what they listen to.
    """
    connector = Connector(url)
    listener = await _connect(connector, url)
    try:
        _refuse_old(listener)
        if not await _hears_itself(listener, connector, url):
            raise _is_pooler(url, "a notification does not reach its listener")
    finally:
        await listener.close(timeout=2)


async def _connect(connector: Connector, url: str) -> Direct:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            # The same parameters as the pools': a pooler refuses them here rather than later.
            return await connector.connect(
                server_settings={"statement_timeout": "60s", "lock_timeout": "20s"}
            )
        except asyncpg.CannotConnectNowError as error:
            if time.monotonic() > give_up_at:
                raise _unreachable(url, error) from error
        except (asyncpg.PostgresError, ValueError, *CONNECTION_ERRORS) as error:
            raise _unreachable(url, error) from error
        await asyncio.sleep(_POLL_SECONDS)


def _unreachable(url: str, error: Exception) -> StartupError:
    cause = " ".join(str(error).split()) or type(error).__name__
    if "unsupported startup parameter" in cause:
        return _is_pooler(url, cause)
    return StartupError(
        f"cannot reach the database at {_shown(url)}: {cause}: "
        "start it, or correct TOCSIN_DATABASE_URL (--database-url)"
    )


def _is_pooler(url: str, cause: str) -> StartupError:
    return StartupError(
        f"the database at {_shown(url)} is a connection pooler ({cause}): "
        "name the server's own address in TOCSIN_DATABASE_URL"
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


async def _hears_itself(listener: Direct, connector: Connector, url: str) -> bool:
    heard = asyncio.Event()
    await listener.add_listener(_ECHO_CHANNEL, lambda *_: heard.set())
    speaker = await _connect(connector, url)
    try:
        await speaker.execute(f"NOTIFY {_ECHO_CHANNEL}")
        await asyncio.wait_for(heard.wait(), _ECHO_SECONDS)
    except TimeoutError:
        return False
    finally:
        await speaker.close(timeout=2)
    return True
