"""How long the second `tocsin serve` takes to its ready line, and what takes that time."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Benchmark, Contender, Rivalry

_LIMIT_SECONDS = 3.0
_PARTS = ("core.supervision.supervisor", "core.supervision.database_setup", "core.api_process", "core.worker")


@contextmanager
def _rivalry() -> Iterator[Rivalry]:
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        data_dir = Path(folder) / "data"
        _seconds_to_ready(data_dir)
        ours = Contender(name="tocsin serve", measure=lambda: _seconds_to_ready(data_dir))
        yield Rivalry(contenders=(ours,), limit=_LIMIT_SECONDS, explain=_explain)


def _seconds_to_ready(data_dir: Path) -> float:
    command = (sys.executable, "-m", "core.cli", "serve", "--port", "0", "--data-dir", str(data_dir))
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.send_signal(signal.SIGTERM)
    if not line.startswith(b"tocsin ready "):
        raise RuntimeError("tocsin serve did not get ready")
    return seconds


def _explain() -> Sequence[str]:
    """Say how long each process imports; they do so side by side."""
    lines = []
    for part in _PARTS:
        began = time.perf_counter()
        subprocess.run((sys.executable, "-c", f"import {part}"), check=True)
        lines.append(f"  importing {part}: {time.perf_counter() - began:.2f} s")
    return lines


BENCHMARK = Benchmark(
    name="start",
    title="the second `tocsin serve`, until its ready line",
    unit="s",
    target=1.0,
    set_up=_rivalry,
    rounds=5,
    less_is_better=True,
)
