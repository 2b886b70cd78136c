"""Runs a piece of Python in a network namespace of its own: no routes, and loopback down until it is raised."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
# As root, and as anybody who may make user namespaces.
_UNSHARE = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
_PATIENCE_SECONDS = 60


@functools.cache
def namespaces_can_be_made() -> bool:
    """Say whether this machine lets us make network namespaces, and has what configures them."""
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


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
