"""Where findings go to be recorded."""

from __future__ import annotations

from core.checks.recording import Recorded, Unconfirmed, record_findings

__all__ = ["Recorded", "Unconfirmed", "record_findings"]
