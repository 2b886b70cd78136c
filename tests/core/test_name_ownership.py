"""Nobody else may install a package under one of our names."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from core.errors import StartupError
from core.name_ownership import require_own_names


def installed(folder: Path, name: str, *files: str) -> metadata.Distribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    return metadata.PathDistribution(info)


def test_a_clean_environment_is_accepted() -> None:
    require_own_names()


@pytest.mark.parametrize("file", ["core/__init__.py", "web.py", "plugins/deep/down.py"])
def test_an_intruder_is_named(tmp_path: Path, file: str) -> None:
    with pytest.raises(StartupError, match="the distribution cuckoo installs the package"):
        require_own_names([installed(tmp_path, "cuckoo", file)])


def test_our_own_distribution_and_names_deeper_down_are_no_intruders(tmp_path: Path) -> None:
    require_own_names(
        [
            installed(tmp_path, "tocsin", "core/__init__.py", "plugins/api/probe.py"),
            installed(tmp_path, "piccolo", "piccolo/core/__init__.py", "piccolo/web.py"),
        ]
    )


def test_a_package_that_shadows_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match='the package "core" would be imported from'):
        require_own_names([], own_root=tmp_path)
