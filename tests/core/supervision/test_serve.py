"""`tocsin serve` as its user meets it: one line when it is ready, health, and an orderly end."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import stat
import termios
from pathlib import Path

import asyncpg
import httpx
import pytest

from core.db.postmaster import running_note
from core.db.tables import User, Workspace


async def test_it_says_one_line_when_it_is_ready_and_stops_within_ten_seconds(served) -> None:
    await served.start()

    assert await served.status("/healthz") == 200
    assert await served.status("/readyz") == 200

    everything = served.below()
    seconds, rest = await served.stop()
    assert seconds < 10
    assert rest == ""
    assert served.process.returncode == 0
    assert served.alive(*everything) == []


async def test_ctrl_c_on_a_terminal_reaches_everyone_and_stops_it_in_the_same_order(served) -> None:
    terminal, end = pty.openpty()
    try:
        await served.start(stdin=end, stderr=end, preexec_fn=_take_terminal)
        os.close(end)

        os.write(terminal, b"\x03")
        await asyncio.wait_for(served.process.wait(), 10)

        assert served.process.returncode == 0
        said = os.read(terminal, 100_000).decode()
    finally:
        os.close(terminal)
    assert "tocsin.stopped" in said
    assert "Traceback" not in said


def _take_terminal() -> None:
    # A test run in the background of a shell ignores Ctrl-C, and hands that down.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_the_first_start_leaves_a_note_for_the_owner_alone(set_up_data_dir: Path) -> None:
    note = set_up_data_dir / "owner.txt"

    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert [line.split(":")[0] for line in note.read_text().splitlines()] == ["email", "password", "token"]


async def test_every_answer_carries_a_request_id_and_hides_what_is_within(served) -> None:
    await served.start()
    async with httpx.AsyncClient(base_url=served.url) as client:
        unknown = await client.get("/no/such/route")
        wrong_method = await client.post("/healthz")
        named = await client.get("/healthz", headers={"X-Request-Id": "my-own.request_1"})
        malformed = await client.get("/healthz", headers={"X-Request-Id": "no spaces allowed"})

    assert unknown.status_code == 404
    assert unknown.json() == {"error": {"code": "NOT_FOUND", "message": "not found"}}
    assert wrong_method.status_code == 405
    assert wrong_method.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert unknown.headers["X-Request-Id"].startswith("req_")
    assert named.headers["X-Request-Id"] == "my-own.request_1"
    assert malformed.headers["X-Request-Id"].startswith("req_")


async def test_a_body_of_ten_megabytes_is_refused_without_a_broken_connection(served) -> None:
    await served.start()
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        refused = await client.post(
            "/graphql", content=b" " * 10_000_000, headers={"Content-Type": "application/json"}
        )
        after = await client.get("/healthz")

    assert refused.status_code == 413
    assert refused.headers["Content-Type"].startswith("application/")
    assert after.status_code == 200


async def test_a_request_in_flight_is_answered_before_the_end(served) -> None:
    await served.start()
    connection = await asyncpg.connect(_address(served.data_dir))
    await connection.execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.7); RETURN NEW; END'; "
        "CREATE TRIGGER dawdle BEFORE INSERT ON projects FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        request = asyncio.ensure_future(
            client.post(
                "/graphql",
                json={"query": 'mutation { createProject(input: {name: "late"}) { project { name } } }'},
                headers={"Authorization": f"Bearer {_token(served.data_dir)}"},
            )
        )
        await served.until(lambda: _is_dawdling(connection), "the request to be in flight")
        served.process.terminate()

        answer = await request
    assert answer.json()["data"] == {"createProject": {"project": {"name": "late"}}}
    await served.process.wait()
    await connection.close()


def _token(data_dir: Path) -> str:
    return (data_dir / "owner.txt").read_text().split("token: ")[1].strip()


async def _is_dawdling(connection) -> bool:
    return await connection.fetchval("SELECT true FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


async def test_after_kill_nine_of_the_supervisor_the_port_and_the_data_are_free(served) -> None:
    await served.start()
    everything = served.below()

    served.kill(served.pid)
    await served.start()

    assert await served.status() == 200
    assert served.alive(*everything) == []


async def test_after_kill_nine_of_everything_the_next_start_recovers(served) -> None:
    await served.start()

    served.kill(served.pid, *served.below())
    await served.start()

    assert await served.status() == 200


async def test_a_database_that_outlived_its_supervisor_is_stopped_by_the_next_start(served) -> None:
    await served.start()
    postmaster = running_note(served.data_dir.resolve() / "postgres")

    served.kill(*served.below("guardian"), served.pid)
    assert served.alive(postmaster.pid) == [postmaster.pid]
    await served.start()

    assert await served.status() == 200
    assert running_note(served.data_dir.resolve() / "postgres").pid != postmaster.pid


@pytest.mark.parametrize("role", ["core.api_process", "core.worker", "guardian", "/bin/postgres -D"])
async def test_whatever_dies_is_replaced(served, role: str) -> None:
    await served.start()
    victims = served.below(role)

    served.kill(*victims)

    await served.until(lambda: set(served.below(role)) - set(victims), f"another {role}")
    await served.until(lambda: _is(served.status(), 200), "the database and the api")


async def _is(status, expected: int) -> bool:
    return await status == expected


async def test_a_note_of_a_process_number_that_is_somebody_elses_now_is_cleared(served) -> None:
    cluster = served.data_dir / "postgres"
    (cluster / "postmaster.pid").write_text(
        f"{os.getpid()}\n{cluster}\n1700000000\n5432\n{cluster}\n\n\nready\n"
    )

    await served.start()

    assert await served.status() == 200


async def test_a_path_too_long_for_a_socket_is_served_all_the_same(served) -> None:
    long = served.data_dir.with_name("d" * 120)
    served.data_dir.rename(long)
    served.data_dir = long

    await served.start()
    folder = running_note(long.resolve() / "postgres").socket_folder
    assert await served.status() == 200
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    await served.stop()
    assert not folder.exists()


async def test_a_second_process_joins_the_running_database(served) -> None:
    await served.start()

    migrated = await served.launch("migrate")
    assert await asyncio.wait_for(migrated.wait(), 30) == 0

    worker = await served.launch("worker", "--region", "elsewhere")
    connection = await asyncpg.connect(_address(served.data_dir))
    await served.until(lambda: _has_worker(connection), "the second worker")
    worker.terminate()
    assert await asyncio.wait_for(worker.wait(), 10) == 0
    assert await connection.fetchval("SELECT count(*) FROM workers WHERE stopped_at IS NOT NULL") > 0
    await connection.close()


def _address(data_dir: Path) -> str:
    return f"postgresql://tocsin@/tocsin?host={running_note(data_dir.resolve() / 'postgres').socket_folder}"


async def _has_worker(connection) -> bool:
    return await connection.fetchval(
        "SELECT true FROM workers w JOIN regions r ON r.id = w.region_id WHERE r.key = 'elsewhere'"
    )


async def test_several_may_share_one_given_database(
    served, tmp_path: Path, database, database_dsn: str
) -> None:
    served.arguments = ("--database-url", database_dsn)
    other = type(served)(tmp_path / "other", arguments=served.arguments)

    await asyncio.gather(served.start(), other.start())

    assert await other.status() == 200
    assert not (other.data_dir / "postgres").exists()
    assert await Workspace.count() == await User.count() == 1
    await other.stop()
