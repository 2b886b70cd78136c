"""Built-in kinds come in by the same door as a stranger's, and every module of ours is announced there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import plugins

ROOT = Path(plugins.__file__).parent.parent
ENTRY_POINTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["tocsin"]


@pytest.mark.parametrize("folder", ["probes", "notifiers"])
def test_every_built_in_module_has_its_entry_point(folder: str) -> None:
    modules = {
        f"plugins.{folder}.{path.stem}"
        for path in (ROOT / "plugins" / folder).iterdir()
        if not path.name.startswith("_")
    }

    assert {module for module in ENTRY_POINTS.values() if module.startswith(f"plugins.{folder}.")} == modules


def test_entry_points_stand_in_the_order_of_their_names_and_name_their_module() -> None:
    assert list(ENTRY_POINTS) == sorted(ENTRY_POINTS)
    assert all(module.rsplit(".", 1)[-1] == name for name, module in ENTRY_POINTS.items())
