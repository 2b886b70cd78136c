"""A burst: 4,000 heartbeats pinged within one second, a new connection each, as cron jobs do at the full hour.

Each ping has to be answered with OK, and each heartbeat's ping has to be stored by then: also where the API process
is killed with `kill -9` in the middle.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg

from benchmarks.harness import Benchmark, Contender, Rivalry
from benchmarks.processor_time import children_of
from benchmarks.watched_monitors import make_heartbeats
from core.secret_text import digest_of

HEARTBEATS = 4_000
_API = b"core.api_process"
_STORED = """
SELECT count(DISTINCT p.monitor_id)
FROM heartbeats AS h
JOIN pings AS p ON p.monitor_id = h.monitor_id
WHERE h.token_sha256 = ANY($1::bytea[])
"""


class _Bursts:
    """Bursts upon a whole `tocsin serve`."""

    def __init__(self, url: str, data_dir: Path, supervisor: int) -> None:
        self._port = url.rpartition(":")[2]
        self._database = _database_address(data_dir)
        self._supervisor = supervisor
        self._seen: list[str] = []

    def measure(self, *, is_cut: bool) -> float:
        """Return the share of the pings of a burst that were answered and stored."""
        tokens = asyncio.run(make_heartbeats(self._database, HEARTBEATS))
        command = (sys.executable, "-m", "benchmarks.burst_load", self._port)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            assert load.stdin is not None
            assert load.stdout is not None
            load.stdin.write("\n".join(tokens))
            load.stdin.close()
            load.stdout.readline()
            if is_cut:
                os.kill(self._api_process(), signal.SIGKILL)
            answered, retried, seconds = load.stdout.readline().split()
        stored = asyncio.run(self._stored(tokens))
        self._seen.append(f"{answered} answered within {seconds} s, {retried} asked again; {stored} stored")
        return min(int(answered), stored) / HEARTBEATS

    def explain(self) -> Sequence[str]:
        """Say what was seen in each round that counted."""
        return [f"  {each}" for each in self._seen[1:]]

    async def _stored(self, tokens: Sequence[str]) -> int:
        connection = await asyncpg.connect(self._database)
        try:
            stored: int = await connection.fetchval(_STORED, [digest_of(token) for token in tokens])
            return stored
        finally:
            await connection.close()

    def _api_process(self) -> int:
        [found] = [
            pid for pid in children_of(self._supervisor) if _API in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        return found


def _database_address(data_dir: Path) -> str:
    """Return the address of the embedded database, from the server's own note of its socket."""
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://tocsin@/tocsin?host={lines[4]}"


@contextlib.contextmanager
def _set_up(*, is_cut: bool) -> Iterator[Rivalry]:
    with tempfile.TemporaryDirectory(prefix="tcb") as folder:
        data_dir = Path(folder) / "data"
        command = (sys.executable, "-m", "core.cli", "serve", "--port", "0", "--data-dir", str(data_dir))
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as served:
            assert served.stdout is not None
            try:
                url = served.stdout.readline().decode().split()[-1]
                bursts = _Bursts(url, data_dir, served.pid)
                ours = Contender(
                    name="answered and stored", measure=functools.partial(bursts.measure, is_cut=is_cut)
                )
                yield Rivalry(contenders=(ours,), limit=1.0, explain=bursts.explain)
            finally:
                served.send_signal(signal.SIGTERM)


def _benchmark(name: str, title: str, *, is_cut: bool) -> Benchmark:
    return Benchmark(
        name=name,
        title=f"{HEARTBEATS} heartbeats pinged within one second{title}",
        unit="of the pings",
        target=1.0,
        set_up=functools.partial(_set_up, is_cut=is_cut),
        rounds=2,
    )


BENCHMARKS = (
    _benchmark("ping-burst", "", is_cut=False),
    _benchmark("ping-burst-cut", ", and the API process killed (-9) in the middle", is_cut=True),
)
