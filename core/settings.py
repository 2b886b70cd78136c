"""The settings: read once from the environment, from one table, into one frozen value.

The table is the class `Settings` itself: each field is a row with its type, default, bounds and help.
docs/reference/settings.md is made from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from core.access.plans import Plan
from core.blindness.canary_targets import WELL_KNOWN, canary_targets
from core.client_address import trusted_proxies
from core.cross_origin import origins_of
from core.errors import StartupError
from core.scheduling.region_key import region_key_fault
from core.setting_checks import (
    at_least,
    between,
    cookie_name_fault,
    database_url_fault,
    email_fault,
    no_fault,
    parsed_by,
    public_url_fault,
    sender_fault,
    smtp_url_fault,
)

PREFIX = "TOCSIN_"

_FROM_FILE = "_FILE"
# What Kubernetes injects into every pod beside a service that is called "tocsin".
_INJECTED_BY_KUBERNETES = re.compile(r"TOCSIN_(PORT(_.*)?|SERVICE_(HOST|PORT(_.*)?))")
_SHORTEST_TOKEN = 32
_SHORTEST_PASSWORD = 8
_HIGHEST_PORT = 65_535


class PrivateTargets(enum.StrEnum):
    """Whether private and loopback addresses may be looked at and delivered to."""

    ALLOW = "allow"
    DENY = "deny"


class SignUpRule(enum.StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Switch(enum.StrEnum):
    """Whether something is used."""

    ON = "on"
    OFF = "off"


class LogLevel(enum.StrEnum):
    """The least severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class About:
    """What the table says of a setting beside its name, type and default.

    `check` says what is wrong with a value, or None.
    """

    help: str
    check: Callable[[Any], str | None] = no_fault
    is_secret: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingRow:
    """One row of the table."""

    variable: str
    attribute: str
    type: type
    default: Any
    about: About


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that the environment decides. `repr` leaves the secrets out."""

    listen_host: Annotated[str, About("The address to listen on; `0.0.0.0` for every interface.")] = (
        "127.0.0.1"
    )
    listen_port: Annotated[
        int, About("The port to listen on; 0 takes a free one.", between(0, _HIGHEST_PORT))
    ] = 8400
    public_url: Annotated[
        str | None,
        About(
            "The address under which the world reaches this server; every link begins with it. "
            "By default the listening address.",
            public_url_fault,
        ),
    ] = None
    data_dir: Annotated[
        Path, About("The directory of the embedded PostgreSQL and of the first owner's note.")
    ] = Path("tocsin-data")
    database_url: Annotated[
        str | None,
        About(
            "A PostgreSQL of yours, 15 or newer: `postgresql://user:password@host:5432/database`; "
            "of several hosts, separated by commas, the one that can be written to is used. "
            "It must be a direct connection, without a pooler in transaction mode. "
            "By default an embedded PostgreSQL runs in the data directory.",
            database_url_fault,
            is_secret=True,
        ),
    ] = None
    region: Annotated[
        str, About("The region that the worker of this process checks from.", region_key_fault)
    ] = "local"
    private_targets: Annotated[
        PrivateTargets | None,
        About(
            "Whether private and loopback addresses may be checked and delivered to: by default they may, unless "
            "strangers may sign up (`TOCSIN_SIGN_UP=open`). Link-local and cloud metadata addresses never are."
        ),
    ] = None
    connectivity_targets: Annotated[
        str,
        About(
            "Canaries, separated by commas: `host:port` that takes connections, or an http address that answers. "
            "When a target fails that was up, and when a worker starts, they are asked whether there is "
            "a network at all; one that answers is enough. In a network without the internet, name hosts of your "
            "own beyond the nearest switch. `none` asks nobody, so that a lost network makes every target DOWN.",
            parsed_by(canary_targets, "must be `none`, or host:port and http addresses separated by commas"),
        ),
    ] = WELL_KNOWN
    pings_per_minute: Annotated[
        int,
        About(
            "How many pings a minute a heartbeat takes before it answers 429; failures are counted apart.",
            between(1, 1_000_000),
        ),
    ] = 5
    smtp_url: Annotated[
        str | None,
        About(
            "The mail server that e-mail goes through: `smtps://user:password@host:465` for TLS, "
            "`smtp://user:password@host:587` for STARTTLS, without which nothing is sent, unless the server is "
            "on this machine. `smtp://host:25?starttls=never` for a relay without. "
            "By default no e-mail can be sent.",
            smtp_url_fault,
            is_secret=True,
        ),
    ] = None
    mail_from: Annotated[
        str,
        About("Whom e-mail comes from: an address, or `Tocsin <tocsin@example.org>`.", sender_fault),
    ] = "Tocsin <tocsin@localhost>"
    sign_up: Annotated[
        SignUpRule,
        About(
            "Who may make an account: everybody (`open`), whoever is invited, or nobody. "
            "Where it is open, private addresses are no targets unless `TOCSIN_PRIVATE_TARGETS` says so."
        ),
    ] = SignUpRule.INVITE
    sign_up_plan: Annotated[Plan, About("The plan of the workspace that somebody who signs up gets.")] = (
        Plan.FREE
    )
    session_cookie: Annotated[
        str, About("The name of the cookie that holds a session.", cookie_name_fault)
    ] = "dashmon_session"
    cors_origins: Annotated[
        str,
        About(
            "Pages of which other origins may use GraphQL in a browser, by token or by cookie: "
            "`https://app.example.org, http://localhost:3000`. None by default.",
            parsed_by(origins_of, "must be origins, such as https://app.example.org, separated by commas"),
        ),
    ] = ""
    password_reset_url: Annotated[
        str | None,
        About(
            "The address of a page of yours that takes the token of a password reset behind `#token=`. "
            "By default the letter shows the token itself.",
            public_url_fault,
        ),
    ] = None
    invitation_url: Annotated[
        str | None,
        About(
            "The address of a page of yours that takes the token of an invitation behind `#token=`. "
            "By default the letter shows the token itself.",
            public_url_fault,
        ),
    ] = None
    trusted_proxies: Annotated[
        str,
        About(
            "Whose `X-Forwarded-For` is believed: addresses and networks, separated by commas, such as "
            "`127.0.0.1, 10.0.0.0/8`. Attempts to sign in are limited by the address found this way; "
            "without the setting, whoever opens the connection is the client.",
            parsed_by(
                trusted_proxies, "must be addresses and networks, such as 10.0.0.0/8, separated by commas"
            ),
        ),
    ] = ""
    owner_email: Annotated[
        str, About("The first owner's e-mail address, taken at the first start.", email_fault)
    ] = "owner@localhost"
    owner_password: Annotated[
        str | None,
        About(
            "The first owner's password, taken at the first start; made up and shown once by default.",
            at_least(_SHORTEST_PASSWORD),
            is_secret=True,
        ),
    ] = None
    owner_token: Annotated[
        str | None,
        About(
            "An API token of the first owner, 32 characters or more; it never expires. "
            "A changed value replaces the token at the next start. Made up and shown once by default.",
            at_least(_SHORTEST_TOKEN),
            is_secret=True,
        ),
    ] = None
    graphql_seconds: Annotated[
        int,
        About(
            "How long a GraphQL query or mutation may take before it is given up, in seconds.",
            between(1, 600),
        ),
    ] = 10
    introspection: Annotated[
        Switch,
        About(
            "Whether the GraphQL schema can be asked for through GraphQL, by anybody. "
            "The page at `/graphql` needs it to complete what you type."
        ),
    ] = Switch.ON
    fast_lists: Annotated[
        Switch,
        About(
            "Whether GraphQL lists are completed level by level, which is several times as fast. "
            "The answers are the same either way."
        ),
    ] = Switch.ON
    log_level: Annotated[LogLevel, About("The least severity that is logged.")] = LogLevel.INFO

    def __repr__(self) -> str:
        shown = (
            f"{row.attribute}={getattr(self, row.attribute)!r}" for row in table() if not row.about.is_secret
        )
        return f"Settings({', '.join(shown)})"

    def environment(self) -> dict[str, str]:
        """Return the variables from which another process reads these same settings."""
        values = ((row.variable, getattr(self, row.attribute)) for row in table())
        return {variable: str(value) for variable, value in values if value is not None}


@functools.cache
def table() -> tuple[SettingRow, ...]:
    """Return the rows in the order of their declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(_row(field.name, hints[field.name], field.default) for field in dataclasses.fields(Settings))


def _row(attribute: str, hint: Any, default: Any) -> SettingRow:
    value_type, about = get_args(hint)
    plain_type = next(iter(get_args(value_type)), value_type)
    variable = PREFIX + attribute.upper()
    return SettingRow(variable=variable, attribute=attribute, type=plain_type, default=default, about=about)


def read_settings(environment: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings of an environment, and a warning for each unknown `TOCSIN_` name in it.

    An empty value counts as none. Raises StartupError naming every setting whose value is refused.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for row in table():
        try:
            text = _text(row, environment)
            if text:
                values[row.attribute] = _parse(row, text)
        except ValueError as refused:
            problems.append(str(refused))
    if problems:
        raise StartupError("; ".join(problems))
    return Settings(**values), _warnings(environment)


def _text(row: SettingRow, environment: Mapping[str, str]) -> str | None:
    text, path = environment.get(row.variable), environment.get(row.variable + _FROM_FILE)
    if not (row.about.is_secret and path):
        return text
    if text:
        raise ValueError(f"{row.variable} and {row.variable}{_FROM_FILE} are both set: unset one of them")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{row.variable}{_FROM_FILE}: cannot read {path}: {error}") from error


def _parse(row: SettingRow, text: str) -> Any:
    value = _convert(row, text)
    wrong = row.about.check(value)
    if wrong:
        raise ValueError(f"{row.variable} {wrong}")
    return value


def _convert(row: SettingRow, text: str) -> Any:
    try:
        return row.type(text)
    except ValueError:
        if issubclass(row.type, enum.Enum):
            expected = "one of " + ", ".join(member.value for member in row.type)
        else:
            expected = "a whole number"
        raise ValueError(f"{row.variable} must be {expected}") from None


def _warnings(environment: Mapping[str, str]) -> tuple[str, ...]:
    known = [row.variable for row in table()]
    known += [row.variable + _FROM_FILE for row in table() if row.about.is_secret]
    strangers = (name for name in sorted(environment) if name.startswith(PREFIX) and name not in known)
    return tuple(_warning(name, known) for name in strangers if not _INJECTED_BY_KUBERNETES.fullmatch(name))


def _warning(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"unknown setting {name}" + (f": did you mean {close[0]}?" if close else "")
