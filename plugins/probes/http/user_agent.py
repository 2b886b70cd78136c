"""As whom the requests of this kind introduce themselves."""

from __future__ import annotations

from importlib import metadata

USER_AGENT = f"Tocsin/{metadata.version('tocsin')}"
