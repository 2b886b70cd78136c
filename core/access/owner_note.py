"""Shows the first owner how to get in, once: on the terminal, else in a file that only he may read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from core.access.first_owner import FirstOwner
from core.log import get_logger

log = get_logger(__name__)

FILE_NAME = "owner.txt"


def show_owner(owner: FirstOwner, data_dir: Path, terminal: TextIO | None = None) -> None:
    """Write e-mail, password and token to the terminal (standard error), or to DATA_DIR/owner.txt where it is none."""
    stream = sys.stderr if terminal is None else terminal
    if stream.isatty():
        print(f"\nThe first owner, shown only now:\n{_text(owner)}", file=stream, flush=True)
        return
    path = data_dir / FILE_NAME
    _write(path, _text(owner))
    log.info("owner.made", email=owner.email, see=str(path))


def _text(owner: FirstOwner) -> str:
    password = owner.password or "(as set in TOCSIN_OWNER_PASSWORD)"
    token = owner.token or "(as set in TOCSIN_OWNER_TOKEN)"
    return f"email: {owner.email}\npassword: {password}\ntoken: {token}\n"


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
