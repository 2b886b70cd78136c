"""Reads the decisions to tell someone or not to."""

from __future__ import annotations

from core.db.listing import SortType, ordered_by
from core.db.named_sql import named_sql

DECISIONS = named_sql("read_alerting")["decisions"]
INCIDENT_OF_DECISION = "incident_id"
EARLIEST_FIRST = ordered_by("decisions at", "at", SortType.MOMENT)
