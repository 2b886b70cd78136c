"""Runs PostgreSQL's programs as somebody who is not root, which is all they agree to.

`python -m core.db.unprivileged FOLDER… -- PROGRAM ARGUMENT…` replaces itself with the program.
Root first enters a user namespace in which root is an ordinary user: files stay root's, and nothing
changes for anybody else. Where the kernel or a container forbids that, root gives the folders to an
unprivileged account and becomes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_ORDINARY_ID = 1000
_ACCOUNTS = ("postgres", "nobody")


def enter_user_namespace() -> None:
    """Become an ordinary user in a new user namespace; raises OSError where that is forbidden."""
    user_id, group_id = os.geteuid(), os.getegid()
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except AttributeError:
        raise OSError("no user namespaces on this system") from None
    if unshare(_CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"unshare: {os.strerror(error)}")
    # The kernel takes a group map from the namespace's own process only once setgroups is denied.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{_ORDINARY_ID} {user_id} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{_ORDINARY_ID} {group_id} 1", encoding="ascii")


def become_owner(folders: Sequence[Path]) -> None:
    """Give the folders to an unprivileged account, with all that is in them, and become it.

    It is the account that owns the first folder already, else the first known one of two.
    """
    user_id, group_id = _account(folders[0])
    for folder in folders:
        _give(folder, user_id, group_id)
    os.setgroups([])
    os.setgid(group_id)
    os.setuid(user_id)


def _account(folder: Path) -> tuple[int, int]:
    owner = folder.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    for name in _ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise OSError(f"no unprivileged account on this system: none of {', '.join(_ACCOUNTS)}")


def _give(folder: Path, user_id: int, group_id: int) -> None:
    if folder.stat().st_uid == user_id:
        return
    for inner, _, names in os.walk(folder):
        for path in (inner, *(str(Path(inner, name)) for name in names)):
            os.chown(path, user_id, group_id, follow_symlinks=False)


def main(words: Sequence[str]) -> None:
    """Replace this process by the program of the command line."""
    split = words.index("--")
    folders, command = [Path(word) for word in words[:split]], words[split + 1 :]
    if os.geteuid() == 0:
        try:
            enter_user_namespace()
        except OSError:
            become_owner(folders)
    os.execv(command[0], list(command))  # noqa: S606  (the program is PostgreSQL's own, by its full path)


if __name__ == "__main__":
    main(sys.argv[1:])
