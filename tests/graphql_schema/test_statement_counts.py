"""A list costs the same number of statements however many rows there are, nested, and beside another list."""

from __future__ import annotations

from datetime import timedelta

from core.access.principal import Grant, TokenPermission, TokenScope
from core.db.named_sql import named_sql

MANY = 2_000
PAGE = 100

DASHBOARD = """
{ monitors(first: 100) { totalCount pageInfo { endCursor } edges { cursor node {
  id name status probe { summary } project { name status } tags { name monitorCount } regions { key }
  regression { enabled baselineMs }
  lastCheck { status region { key } assertions { name } } openIncident { number acknowledgedBy { name } }
  heartbeat { lastPingAt } checkCount incidentCount
  uptime(period: DAY) { ratio checks checksUp incidents } latency(period: DAY) { p95Ms byRegion { region { key } } }
  latencySeries(period: HOUR, points: 6) { checks } channels { enabled channel { name config { summary } } }
} } } }
"""
NESTED = """
{ projects(first: 100) { nodes { name status monitors(first: 20) { totalCount nodes { name
  checks(first: 3) { totalCount nodes { status monitor { project { name } } region { key } } }
  heartbeat { events(first: 2) { nodes { kind } } } } } } }
  incidents(first: 100) { nodes { number monitor { name } checksFailed affectedRegions { key }
    checks(first: 2) { nodes { status } } timeline(first: 3) { nodes { kind actor { name } } }
    alertDecisions(first: 3) { nodes { reason channel { name } delivery { status } } } } }
  channels { nodes { name monitor { name } deliveries(first: 3) { nodes { status incident { number } channel { name } } } } }
}
"""
TWO_LISTS = """
{ first: monitors(first: 100, orderBy: NAME_ASC) { nodes { name project { name } tags { name } lastCheck { status } } }
  second: monitors(last: 100, orderBy: UPDATED_DESC, filter: { paused: false }) {
    nodes { name project { name } tags { name } lastCheck { status } } } }
"""


DOCUMENTS = (DASHBOARD, NESTED, TWO_LISTS)

# A new connection of the pool asks PostgreSQL for its types, the token may have to be looked up again, and
# requests are taken in chunks.
TOKEN_LOOKUPS = frozenset((*named_sql("access").values(), *named_sql("request_usage").values()))
TYPE_LOOKUPS = ("typeinfo_tree", "set_config('jit'", "current_setting('jit')")


async def fill(owner, count: int) -> None:
    """Add monitors with projects, tags, checks, incidents, a timeline, decisions and deliveries."""
    projects = [await owner.add_project(f"P{number}") for number in range(min(count, 5))]
    tag_id = owner.next_id()
    await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name=f"tag {count}")
    monitors = []
    for place, project_id in enumerate(projects):
        names = [f"M{number}" for number in range(place, count, len(projects))]
        monitors += await owner.add_monitors(names, project_id=project_id)
    slot = owner.now - timedelta(minutes=3)
    workspace_id = owner.workspace_id
    await owner.insert_many(
        "monitor_tags",
        [{"monitor_id": each, "tag_id": tag_id, "workspace_id": workspace_id} for each in monitors],
    )
    await owner.insert_many(
        "monitor_regions",
        [{"monitor_id": each, "region_id": 1, "workspace_id": workspace_id} for each in monitors],
    )
    await owner.insert_many(
        "checks",
        [
            {
                "monitor_id": each,
                "slot": slot - timedelta(minutes=5 * place),
                "region_id": 1,
                "id": owner.next_id(),
                "workspace_id": workspace_id,
                "status": 1,
                "checked_at": slot,
                "response_us": 1_000,
            }
            for each in monitors
            for place in range(2)
        ],
    )
    channel_id = await owner.add_channel()
    await owner.link_channel(channel_id, monitors)
    await owner.add_own_channel(monitors[0])
    for number, monitor_id in enumerate(monitors[:PAGE]):
        incident_id = await owner.add_incident(
            monitor_id, 10_000 * count + number, timedelta(minutes=4), acknowledged_by=owner.user_id
        )
        await owner.insert(
            "incident_events",
            id=owner.next_id(),
            workspace_id=workspace_id,
            incident_id=incident_id,
            at=slot,
            kind="NOTE",
            message="seen",
            actor_id=owner.user_id,
        )
        delivery_id = await owner.add_delivery(channel_id=channel_id, incident_id=incident_id)
        await owner.insert(
            "alert_decisions",
            id=owner.next_id(),
            workspace_id=workspace_id,
            incident_id=incident_id,
            at=slot,
            step="ROUTE",
            outcome="NOTIFY",
            reason="no policy",
            channel_id=channel_id,
            delivery_id=delivery_id,
        )
    await owner.add_heartbeat(f"job {count}", token=f"token {count}")


async def statements_of(owner, watched, document: str) -> list[str]:
    """Return what a warm server sends for a document."""
    await owner.data(document)
    watched.statements.clear()
    await owner.data(document)
    return [each for each in watched.statements if not is_noise(each)]


def is_noise(statement: str) -> bool:
    """Tell what a document sends at times only."""
    return statement in TOKEN_LOOKUPS or any(part in statement for part in TYPE_LOOKUPS)


async def test_a_list_costs_the_same_number_of_statements_at_10_and_at_2000_monitors(owner, watched):
    await fill(owner, 10)
    few = {document: await statements_of(owner, watched, document) for document in DOCUMENTS}
    await fill(owner, MANY)
    many = {document: await statements_of(owner, watched, document) for document in DOCUMENTS}

    assert {document: len(sent) for document, sent in many.items()} == {
        document: len(sent) for document, sent in few.items()
    }
    assert all(sorted(many[document]) == sorted(few[document]) for document in DOCUMENTS)
    assert all(3 <= len(few[document]) <= 25 for document in DOCUMENTS)


async def test_two_lists_share_the_statements_of_what_is_below_them(owner, watched):
    await fill(owner, 10)

    seen = await statements_of(owner, watched, TWO_LISTS)

    # Two pages, then projects, tags and last checks, once each for both.
    assert len(seen) == 5


async def test_a_count_is_made_only_when_asked_for(owner, watched):
    await fill(owner, 10)

    seen = await statements_of(owner, watched, "{ monitors { nodes { name } } }")
    counted = await statements_of(owner, watched, "{ monitors { totalCount nodes { name } } }")

    assert len(seen) == 1
    assert not any("count(*)" in statement for statement in seen)
    assert len(counted) == 2


async def test_a_page_with_a_field_that_is_refused_is_read_once_all_the_same(owner, watched):
    await fill(owner, 10)
    watcher = await owner.add_token(
        *(Grant(scope=scope, permission=TokenPermission.READ) for scope in TokenScope if scope != "TEAM")
    )
    named = "{ incidents { nodes { number acknowledgedBy { name } monitor { name } } } }"
    unnamed = "{ incidents { nodes { number monitor { name } } } }"

    answer = await watcher.ask(named)
    seen = await statements_of(watcher, watched, unnamed)
    watched.statements.clear()
    await watcher.ask(named)

    assert set(answer.codes) == {"FORBIDDEN"}
    assert {each["acknowledgedBy"] for each in answer.body["data"]["incidents"]["nodes"]} == {None}
    assert [each for each in watched.statements if not is_noise(each)] == seen
