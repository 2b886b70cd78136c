"""Holds the embedded PostgreSQL: stops it when the supervisor says so, or is gone, even by `kill -9`.

`python -m core.supervision.guardian LOG SECONDS COMMAND…` runs the command until standard input ends.
SECONDS is how long the server may take to stop before it is cut.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_LARGEST_LOG_BYTES = 8 * 1024 * 1024


def main(log: Path, stop_seconds: float, command: list[str]) -> None:
    """Run the server; end as it ends, or when standard input does."""
    # What is meant for the supervisor reaches a whole group; the order in which all stop is the supervisor's.
    for order in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(order, signal.SIG_IGN)
    server = _start(log, command)
    threading.Thread(target=_stop_at_end_of_input, args=(server, stop_seconds), daemon=True).start()
    sys.exit(server.wait() and 1)


def _start(log: Path, command: list[str]) -> subprocess.Popen[bytes]:
    too_long = log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES
    with log.open("wb" if too_long else "ab") as output:
        return subprocess.Popen(  # noqa: S603  (the command is the supervisor's)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0 if _has_terminal() else None,
        )


def _has_terminal() -> bool:
    """Tell whether Ctrl-C can reach the server, for which it would be an order to stop before the worker has."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _stop_at_end_of_input(server: subprocess.Popen[bytes], stop_seconds: float) -> None:
    while os.read(0, 1):
        pass
    server.send_signal(signal.SIGINT)
    try:
        server.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
