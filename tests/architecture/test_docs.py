"""What the pages say is so: settings, links, pins."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from core.access.plans_page import plans_page
from core.access.rights_page import rights_page
from core.audit.audit_page import audit_page
from core.settings_page import settings_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")


def test_the_page_of_settings_is_made_from_their_table() -> None:
    assert (ROOT / "docs/reference/settings.md").read_text() == settings_page(), "run `make fix`"


def test_the_page_of_the_plans_is_that_of_their_table() -> None:
    assert (ROOT / "docs/reference/plans.md").read_text() == plans_page(), "run `make fix`"


def test_the_page_of_the_audit_log_is_that_of_its_actions() -> None:
    assert (ROOT / "docs/reference/audit-log.md").read_text() == audit_page(), "run `make fix`"


def test_the_page_of_rights_is_that_of_their_table() -> None:
    assert (ROOT / "docs/reference/rights.md").read_text() == rights_page(), "run `make fix`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def _pins() -> dict[str, str]:
    lines = (
        line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")
    )
    return dict(line.split("==") for line in lines)


def test_the_lock_pins_by_version_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()

    assert "/" not in text
    assert all(re.fullmatch(r"[\w.]+", version) for version in _pins().values())


def test_everything_declared_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    pinned = {_plain(name) for name in _pins()}

    assert {_plain(re.split(r"[<>=\[ ;]", each)[0]) for each in declared} - pinned == set()


def test_what_is_installed_here_is_what_is_pinned() -> None:
    installed = {_plain(each.metadata["Name"]): each.version for each in metadata.distributions()}

    differing = {
        name: installed.get(_plain(name))
        for name, version in _pins().items()
        if installed.get(_plain(name), version) != version
    }
    assert differing == {}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
