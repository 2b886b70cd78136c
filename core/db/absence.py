"""What tells that the database is away: gone, out of reach, silent, or not to be written to."""

from __future__ import annotations

import asyncpg

# What a connection that was lost, or a server that is away, is told by.
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    # Connections, memory or disk have run out.
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # What asyncpg makes of a connection that ends between two statements, and of a standby that may not be written to.
    asyncpg.InternalClientError,
    # After a failover: a primary that was demoted, a server that is not set up yet.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def is_absence(error: BaseException) -> bool:
    """Tell whether an error means that the database is away, rather than slow, or asked something wrong."""
    # A ValueError of asyncpg's is an argument that it cannot encode; a cancelled query ran out of its own time.
    return isinstance(error, CONNECTION_ERRORS) and not isinstance(
        error, (ValueError, asyncpg.QueryCanceledError)
    )
