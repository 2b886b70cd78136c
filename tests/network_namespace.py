"""Runs programs in a network namespace of their own: no routes, and loopback down until it is raised."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
# As root, and as anybody who may make user namespaces.
_UNSHARE = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
_ENTER = ("nsenter", "-n") if os.geteuid() == 0 else ("nsenter", "-U", "--preserve-credentials", "-n")
_PATIENCE_SECONDS = 60


@functools.cache
def namespaces_can_be_made() -> bool:
    """Say whether this machine lets us make network namespaces, and has what configures them."""
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def in_namespace(command: Sequence[str], *, setup: str, places: Mapping[Path, Path]) -> list[str]:
    """Return the command that runs another in a new namespace after the shell commands of `setup`.

    `places` says which files it finds where others are.
    """
    mounts = [f"mount --bind {shlex.quote(str(file))} {shlex.quote(str(at))}" for at, file in places.items()]
    shell = "\n".join(["set -e", *mounts, textwrap.dedent(setup), 'exec "$@"'])
    return [*_UNSHARE, "-m", "sh", "-c", shell, "sh", *command]


def change_namespace(pid: int, *command: str) -> None:
    """Run a command in the network namespace of a process."""
    subprocess.run([*_ENTER, "-t", str(pid), *command], check=True, timeout=_PATIENCE_SECONDS)


def run_in_namespace(script: str, *, setup: str = "") -> str:
    """Run `script` after the shell commands of `setup`, in a new namespace; return what it printed."""
    shell = f'set -e\n{textwrap.dedent(setup)}\nexec "$@"'
    ran = subprocess.run(
        [*_UNSHARE, "sh", "-c", shell, "sh", sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()
