"""Whatever a face reads of monitors and their history stays within sight: projects, and the plan's days."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from core.db.named_sql import named_sql, topics

ROOT = Path(__file__).parents[2]
OF_PROJECTS = re.compile(
    r"\b(FROM|JOIN) (projects|monitors|monitor_\w+|tags|region_states|status_intervals|checks|check_details|heartbeats"
    r"|pings|incidents|incident_events|alert_decisions|deliveries|events)\b"
)
OF_HISTORY = re.compile(r"\b(FROM|JOIN) (checks|check_details|pings|incidents|deliveries|status_intervals)\b")
WITHIN_PROJECTS = "($2::uuid[] IS NULL"
SINCE = re.compile(r"\b(slot|arrived_at|created_at|resolved_at) >=? (greatest\(i\.started_at, )?\$\d")

# Lists that are told below one parent alone, by the constant that holds their statement.
BELOW_A_PARENT = {
    "CHECKS": ("read_checks", "checks"),
    "CHECKS_OF_INCIDENTS": ("read_checks", "checks_of_incidents"),
    "PINGS": ("read_heartbeats", "pings"),
    "TIMELINE": ("read_incidents", "timeline"),
    "DECISIONS": ("read_alerting", "decisions"),
}
_BELOW = "is told below one parent, which was in sight"
_KEYED = "its keys are of rows that were in sight"
_FOLLOWED = "who follows was shown the monitor, and is judged anew at each delivery"
OVER_ALL_PROJECTS = {
    **dict.fromkeys(BELOW_A_PARENT.values(), _BELOW),
    ("read_access", "projects_of_members"): "the team is closed to whoever is confined",
    ("read_access", "workspace_loads"): "plans count the whole workspace, and tell no number",
    ("read_analytics", "common_latency"): _KEYED,
    ("read_checks", "check_details"): _KEYED,
    ("read_checks", "last_checks"): _KEYED,
    ("read_checks", "followed_checks"): _FOLLOWED,
    ("read_checks", "followed_regions"): _FOLLOWED,
    ("read_events", "feed_events"): _FOLLOWED,
    ("read_events", "missed_events"): _FOLLOWED,
    ("read_deliveries", "channels_of_monitors"): _KEYED,
    ("read_heartbeats", "heartbeats"): _KEYED,
    ("read_incidents", "check_counts"): _KEYED,
    ("read_incidents", "incident_counts"): _KEYED,
    ("read_incidents", "open_incidents"): _KEYED,
    ("read_monitors", "regions_of_monitors"): _KEYED,
    ("read_projects", "status_counts"): _KEYED,
    ("read_regions", "regions_with_duties"): "is the operator's",
    ("read_statistics", "check_counts"): _KEYED,
    ("read_statistics", "latency"): _KEYED,
    ("read_statistics", "latency_by_region"): _KEYED,
    ("read_statistics", "latency_series"): _KEYED,
    ("read_statistics", "uptimes"): _KEYED,
    ("read_tags", "tags_of_monitors"): _KEYED,
}
WHENEVER = {
    ("read_checks", "check_details"): _KEYED,
    ("read_checks", "followed_checks"): "is of now",
    ("read_incidents", "open_incidents"): "what lasts is always in sight",
    ("read_statistics", "uptimes"): "its window begins within sight",
}
STATEMENTS = {
    (topic, name): re.sub(r"--.*", "", statement)
    for topic in topics()
    if topic.startswith("read_")
    for name, statement in named_sql(topic).items()
}


def test_every_read_of_what_is_in_projects_stays_within_those_in_sight() -> None:
    without = {
        key
        for key, statement in STATEMENTS.items()
        if OF_PROJECTS.search(statement) and WITHIN_PROJECTS not in statement
    }

    assert without == set(OVER_ALL_PROJECTS)


def test_every_read_of_history_begins_with_what_is_in_sight() -> None:
    without = {
        key
        for key, statement in STATEMENTS.items()
        if OF_HISTORY.search(statement) and not SINCE.search(statement)
    }

    assert without == set(WHENEVER)


def test_what_is_told_below_a_parent_is_listed_nowhere_else() -> None:
    listed = set()
    for path in (ROOT / "graphql_schema").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Listed":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                select = given["select"]
                name = select.id if isinstance(select, ast.Name) else getattr(select, "attr", "")
                if name in BELOW_A_PARENT:
                    listed.add(name)
                    assert "parent_column" in given, f"{path}: {name}"

    assert listed == set(BELOW_A_PARENT)


def test_a_window_is_cut_to_what_is_in_sight_in_one_place() -> None:
    cutting = [
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "graphql_schema", "rest_compat")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"period\.window\(", path.read_text())
    ]

    assert cutting == ["core/statistics/reading.py"]
