"""blackbox_exporter as Debian packages it (prometheus-blackbox-exporter), on one core: the rival of our probes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Contender
from benchmarks.processor_time import IS_KNOWN, seconds_of
from core.supervision.listening_socket import listen

AT_ONCE = 50
_COMMAND = "prometheus-blackbox-exporter"
_START_SECONDS = 10
_CONFIGURATION = """
modules:
  http_2xx:
    prober: http
    timeout: 10s
    http:
      preferred_ip_protocol: ip4
"""


def missing() -> str | None:
    """Say why it cannot be measured here, or None if it can."""
    if shutil.which(_COMMAND) is None:
        return f"{_COMMAND} is not installed"
    return None if IS_KNOWN else "the system does not say how long processors work"


@contextlib.contextmanager
def blackbox_exporter(target: str, probes: int, *, authority: Path | None = None) -> Iterator[Contender]:
    """Give it as a contender that probes the target, on the cores of whoever starts it.

    Its figure is probes a second of its own processor time. `authority` is a certificate authority (PEM) to
    trust: it takes the place of the system's, which Go reads once.
    """
    reason = missing()
    if reason is not None:
        yield Contender(name="blackbox_exporter", missing=reason)
        return
    with _running(authority) as (process, port):
        yield Contender(
            name="blackbox_exporter", measure=lambda: _probes_a_second(process.pid, port, target, probes)
        )


@contextlib.contextmanager
def _running(authority: Path | None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with tempfile.TemporaryDirectory(prefix="tcb") as folder:
        configuration = Path(folder) / "blackbox.yml"
        configuration.write_text(_CONFIGURATION)
        port = _free_port()
        environment = {**os.environ, "GOMAXPROCS": "1"}
        if authority is not None:
            environment |= {"SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": folder}
        command = (
            _COMMAND,
            f"--config.file={configuration}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        )
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_until_it_listens(port)
                yield process, port
            finally:
                process.kill()


def _free_port() -> int:
    with listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]
    return port


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _probes_a_second(pid: int, port: int, target: str, probes: int) -> float:
    before = seconds_of(pid)
    words = (str(port), target, str(probes), str(AT_ONCE))
    subprocess.run((sys.executable, "-m", "benchmarks.probe_load", *words), check=True)
    return probes / (seconds_of(pid) - before)
