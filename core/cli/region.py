"""Show the regions that checks run from, and say where they are."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

import asyncpg

from core.cli.chosen_settings import DATA_DIR, DATABASE_URL, add_options, chosen_settings
from core.cli.running_database import database_url, opened_database
from core.db.database import Connection
from core.errors import InvalidInput
from core.scheduling.region_description import DESCRIBED, RegionDescription, option
from core.scheduling.region_reading import regions_with_duties
from core.scheduling.region_writing import describe_region

_EXIT_USAGE = 2
_HELP = {
    "city": "the city, such as Frankfurt",
    "country": "the country, such as Germany",
    "country_code": "its code of ISO 3166-1, such as DE",
    "latitude": "degrees north, negative in the south",
    "longitude": "degrees east, negative in the west",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    shown = actions.add_parser("list", help="one line a region: its workers, its monitors, where it is")
    described = actions.add_parser(
        "set",
        help="say where a region is; make it if it is new",
        description="What is not given stays as it is; an empty text clears it.",
    )
    described.add_argument("key", metavar="KEY", help="the region's key, as in tocsin worker --region KEY")
    for name in DESCRIBED:
        described.add_argument(option(name), dest=name, metavar=name.upper(), help=_HELP[name])
    for action in (shown, described):
        add_options(action, DATA_DIR, DATABASE_URL)


def run(arguments: argparse.Namespace) -> int:
    """Show or describe; return 2 if what was told cannot be."""
    settings = chosen_settings(arguments)
    url = database_url(settings)
    if arguments.action == "list":
        sys.stdout.writelines(f"{line}\n" for line in asyncio.run(_lines(url)))
        return 0
    told = {name: value for name in DESCRIBED if (value := getattr(arguments, name)) is not None}
    try:
        after = asyncio.run(_describe(url, arguments.key, told))
    except InvalidInput as error:
        sys.stderr.writelines(f"tocsin: {issue.message}\n" for issue in error.issues)
        return _EXIT_USAGE
    sys.stdout.write(f"{arguments.key}: {place(after) or 'somewhere'}\n")
    return 0


async def _lines(url: str) -> list[str]:
    async with opened_database(url) as (database, clock), database.acquire() as connection:
        rows = await regions_with_duties(connection, clock.now())
    return [line(row) for row in rows] or ["there is no region yet: start a worker"]


async def _describe(url: str, key: str, told: dict[str, str]) -> RegionDescription:
    async with opened_database(url) as (database, clock):

        async def describe(connection: Connection) -> RegionDescription:
            return await describe_region(connection, key, told, clock.now())

        return await database.in_transaction(describe)


def line(row: asyncpg.Record) -> str:
    """Return what is shown of a region."""
    parts = [_attendance(row), _count(row["monitors"], "monitor")]
    where = place(RegionDescription(**{name: row[name] for name in DESCRIBED}))
    return f"{row['key']}: {', '.join(parts)}" + (f"; {where}" if where else "")


def _attendance(row: asyncpg.Record) -> str:
    if row["workers"]:
        return _count(row["workers"], "worker")
    seen = "" if row["seen_at"] is None else f" since {row['seen_at']:%Y-%m-%d %H:%M:%S} UTC"
    return f"no worker{seen}" + (" (takes no part)" if row["absent_since"] else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def place(description: RegionDescription) -> str:
    """Return where a region is, as far as it was told."""
    code = description.country_code
    country = [description.country, f"({code})" if description.country and code else code]
    point: Sequence[float | None] = (description.latitude, description.longitude)
    parts = [
        description.city,
        " ".join(filter(None, country)),
        *(str(each) for each in point if each is not None),
    ]
    return ", ".join(filter(None, parts))
