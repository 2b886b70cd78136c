"""The configuration of a kind as it is written down: whole, but for its secrets."""

from __future__ import annotations

from typing import Any

from core.audit.redaction import Hidden
from plugins.api.config import Config, ConfigErrors, load, masked


def config_view(config_class: type[Config] | None, stored: dict[str, Any]) -> dict[str, Any] | Hidden:
    """Return the view of a stored configuration.

    Of a kind that is not loaded (None), or that does not understand it any more, nobody knows what is secret: of
    it all is.
    """
    if config_class is None:
        return Hidden(stored)
    try:
        return masked(load(config_class, stored), Hidden)
    except ConfigErrors:
        return Hidden(stored)
