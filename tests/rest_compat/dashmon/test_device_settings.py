"""How a device is looked at, of types that this API has words for and of a stranger's."""

from __future__ import annotations

from typing import Any

import pytest

from core.plugin_registry import PluginRegistry
from rest_compat.dashmon.device_settings import Settings, settings_of
from tests.core.conftest import village

__all__ = ["village"]


def row(kind: str, config: dict[str, Any]) -> Any:
    return {"kind": kind, "config": config}


def test_a_strangers_type_is_told_as_it_is_stored_without_its_secrets(village: PluginRegistry) -> None:
    shown = settings_of(village, row("door", {"address": "Front", "password": "s3cret"}))

    assert shown.config is not None
    assert shown.config["address"] == "Front"
    assert "s3cret" not in str(shown.config)
    assert (shown.url, shown.grace, shown.synthetic) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("http", Settings()),
        ("heartbeat", Settings()),
        ("door", Settings(config={})),
        ("pigeon", Settings(config={})),
    ],
)
def test_of_a_configuration_that_cannot_be_read_nothing_is_told(installed, village, kind, expected) -> None:
    registry = village if kind == "door" else installed

    assert settings_of(registry, row(kind, {"colour": "red"})) == expected
