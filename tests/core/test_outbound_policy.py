"""Neither the listener nor any server of the database may be looked at or delivered to."""

from __future__ import annotations

from core.outbound_policy import outbound_for
from core.settings import Settings


def test_every_server_of_the_database_is_refused() -> None:
    settings = Settings(database_url="postgresql://user:secret@one:5433,[2001:db8::2]/name")

    assert outbound_for(settings)._policy.own_endpoints == {
        ("127.0.0.1", 8400),
        ("one", 5433),
        ("2001:db8::2", 5432),
    }
