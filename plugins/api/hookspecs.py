"""The hooks that a plugin package implements; they only register, once, at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from plugins.api.notifier import Notifier
from plugins.api.probe import Probe

PROJECT = "tocsin"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_probes() -> Sequence[Probe[Any]]:
    """Return the probe kinds that this package brings."""
    raise NotImplementedError


@hookspec
def register_notifiers() -> Sequence[Notifier[Any]]:
    """Return the notifier kinds that this package brings."""
    raise NotImplementedError
