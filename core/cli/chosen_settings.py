"""Options that override settings: the same names in every sub-command that has them."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from core.log import configure_logging, get_logger
from core.settings import Settings, read_settings

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """An option, the setting it overrides, and what it is for."""

    flag: str
    variable: str
    placeholder: str
    help: str


HOST = Option(
    flag="--host",
    variable="TOCSIN_LISTEN_HOST",
    placeholder="HOST",
    help="the address to listen on (127.0.0.1)",
)
PORT = Option(
    flag="--port",
    variable="TOCSIN_LISTEN_PORT",
    placeholder="PORT",
    help="the port to listen on (8400); 0 takes a free one",
)
DATA_DIR = Option(
    flag="--data-dir",
    variable="TOCSIN_DATA_DIR",
    placeholder="DIR",
    help="where the embedded database lives (./tocsin-data)",
)
DATABASE_URL = Option(
    flag="--database-url",
    variable="TOCSIN_DATABASE_URL",
    placeholder="URL",
    help="a PostgreSQL of yours instead of the embedded one",
)
REGION = Option(
    flag="--region",
    variable="TOCSIN_REGION",
    placeholder="KEY",
    help="the region that checks run from (local)",
)


def add_options(parser: argparse.ArgumentParser, *options: Option) -> None:
    """Give a parser the options; each stands above its environment variable."""
    for option in options:
        parser.add_argument(option.flag, dest=option.variable, metavar=option.placeholder, help=option.help)


def chosen_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the environment under those of the command line, and begin to log.

    Raises StartupError naming every refused value.
    """
    given = {
        name: value
        for name, value in vars(arguments).items()
        if name.startswith("TOCSIN_") and value is not None
    }
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in given}
    settings, warnings = read_settings(kept | given)
    configure_logging(settings.log_level)
    for warning in warnings:
        log.warning("settings.unknown", warning=warning)
    return settings
