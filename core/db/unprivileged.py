"""Runs PostgreSQL's programs as somebody who is not root, which is all they agree to.

`python -m core.db.unprivileged PROGRAM ARGUMENT…` replaces itself with the program. For root it first
enters a user namespace in which root is an ordinary user: files stay root's, and nothing outside changes.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_ORDINARY_ID = 1000


def enter_user_namespace() -> None:
    """Become an ordinary user in a new user namespace; raises OSError where the kernel forbids it."""
    user_id, group_id = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"unshare: {os.strerror(error)}")
    # The kernel takes a group map from the namespace's own process only once setgroups is denied.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{_ORDINARY_ID} {user_id} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{_ORDINARY_ID} {group_id} 1", encoding="ascii")


def main() -> None:
    """Replace this process by the program of the command line."""
    if os.geteuid() == 0:
        enter_user_namespace()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  (the program is PostgreSQL's own, by its full path)


if __name__ == "__main__":
    main()
