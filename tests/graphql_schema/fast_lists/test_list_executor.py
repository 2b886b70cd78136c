"""The list executor answers as graphql-core's own does: to documents made at random, and in each special case."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from core.access.principal import Grant, Role, TokenPermission, TokenScope
from tests.graphql_schema.fast_lists.documents import Documents

ROUNDS = 25

DASHBOARD = """
{ monitors(first: 100) {
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node {
    id name kind target status statusSince flapping paused intervalSeconds timeoutSeconds createdAt revision
    probe { __typename kind summary secretsSet ... on HttpProbeConfig { url method } }
    project { id name status } tags { id name monitorCount } regions { key city } confirmation { recheckSeconds }
    lastCheck { status checkedAt responseTimeMs statusCode error region { key } timings { dnsMs totalMs }
      assertions { name passed expected } evidence }
    checks(first: 2) { totalCount nodes { status monitor { name } } }
    uptime(period: DAY) { ratio upSeconds downSeconds checks } latency(period: DAY) { p95Ms byRegion { p95Ms } }
    latencySeries(period: HOUR, points: 4) { at checks } openIncident { number acknowledgedBy { name } }
    heartbeat { lastPingAt graceSeconds pingUrl events(first: 3) { nodes { kind } } } checkCount incidentCount
    channels { __typename enabled channel { name kind config { __typename summary } monitor { name } } }
  } } }
  incidents(first: 9) { nodes { number timeline { nodes { kind actor { name } } } alertDecisions { nodes { delivery { status } } }
    checks { nodes { status } } affectedRegions { key } monitor { name } } }
  deliveries(first: 9) { nodes { status channel { name config { summary } } webhook { name events } incident { number } } }
}
"""
LISTS = "{ monitors { nodes { name project { name } regions { key } openIncident { number } } } }"

# The same without the people, whom not everybody is shown.
UNSIGNED_DASHBOARD = DASHBOARD.replace(" acknowledgedBy { name }", "").replace(" actor { name }", "")


async def compare(fast, stock, principal, document: str, **variables):
    """Ask both ways, and return what the list executor did."""
    expected = await stock.ask(document, principal, **variables)
    found = await fast.ask(document, principal, **variables)
    assert found.body.decode() == expected.body.decode(), document
    if not expected.errors:
        assert len(found.statements) <= len(expected.statements), document
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_documents_made_at_random_are_answered_alike(fast, stock, principal, everything, seed):
    made = Documents(schema=stock.schema._schema, chance=random.Random(seed), ids=everything)

    found = [await compare(fast, stock, principal, made.document()) for _ in range(ROUNDS)]

    assert sum(each.has_run for each in found) > ROUNDS * 0.3
    assert sum(each.pages > each.abandoned for each in found) > ROUNDS * 0.4


async def test_documents_made_at_random_are_answered_alike_to_those_who_may_not_see_all(
    fast, stock, services, owner, everything
):
    viewer = await owner.add_token(
        Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ), role=Role.VIEWER
    )
    principal = await services.authentication.authenticate(viewer.secret)
    made = Documents(schema=stock.schema._schema, chance=random.Random(7), ids=everything)

    found = [await compare(fast, stock, principal, made.document()) for _ in range(ROUNDS)]

    assert any(each.errors for each in found)


async def test_documents_made_at_random_are_answered_alike_to_a_member_confined_to_projects(
    fast, stock, confined, everything
):
    made = Documents(schema=stock.schema._schema, chance=random.Random(9), ids=everything)
    # The owner's document first: what is kept of an operation is not of who asked.
    documents = [DASHBOARD, *(made.document() for _ in range(ROUNDS))]

    found = [await compare(fast, stock, confined, document) for document in documents]

    assert {edge["node"]["name"] for edge in found[0].data["monitors"]["edges"]} == {"Ant", "Bee", "Cat"}
    assert any(each.pages > each.abandoned for each in found)
    assert any(each.errors for each in found)


async def test_from_a_page_with_a_field_that_is_refused_on_all_is_the_stock_executors(
    fast, stock, services, owner, everything
):
    scopes = (TokenScope.UPTIME_CHECKS, TokenScope.INCIDENTS)
    watcher = await owner.add_token(
        *(Grant(scope=scope, permission=TokenPermission.READ) for scope in scopes)
    )
    principal = await services.authentication.authenticate(watcher.secret)

    found = await compare(
        fast,
        stock,
        principal,
        "{ incidents { nodes { number timeline { nodes { actor { name } } } } } monitors { nodes { name } } }",
    )

    assert {error["path"][-1] for error in found.errors} == {"actor"}
    assert found.pages == 0


async def test_what_is_kept_of_an_operation_mixes_no_sights(fast, principal, confined, everything):
    for _ in range(2):
        whole = await fast.ask(UNSIGNED_DASHBOARD, principal)
        part = await fast.ask(UNSIGNED_DASHBOARD, confined)

        assert (whole.data["monitors"]["totalCount"], part.data["monitors"]["totalCount"]) == (9, 3)
        assert (len(whole.data["deliveries"]["nodes"]), len(part.data["deliveries"]["nodes"])) == (4, 1)
    assert len(part.statements) <= len(whole.statements)


async def test_documents_made_at_random_are_answered_alike_where_rows_and_tables_are_broken(
    fast, stock, owner, principal, everything
):
    await break_rows(owner)
    await break_table(owner)
    made = Documents(schema=stock.schema._schema, chance=random.Random(8), ids=everything)
    documents = [LISTS, *(made.document() for _ in range(ROUNDS))]

    found = [await compare(fast, stock, principal, document) for document in documents]

    assert any(each.errors for each in found)
    assert any(each.abandoned for each in found)


async def break_rows(owner) -> None:
    """Store what no field can show: an unknown enum value, a number that is none, a project that is gone."""
    monitor_id = await owner.add_monitor("Homeless", project_id=owner.next_id())
    await owner.add_incident(monitor_id, 77, timedelta(minutes=1), root_cause="THE_MOON")
    channel_id = await owner.add_channel("Odd")
    await owner.add_delivery(channel_id=channel_id, response_time_ms=float("nan"))
    await owner.add_webhook("Odd", events=["MONITOR_DOWN", "FULL_MOON"])


async def break_table(owner) -> None:
    """Let every read of monitors' regions fail."""
    async with owner.database.acquire() as connection:
        await connection.execute("ALTER TABLE monitor_regions RENAME TO monitor_regions_elsewhere")


async def test_a_dashboard_is_made_level_by_level(fast, stock, principal, everything):
    found = await compare(fast, stock, principal, DASHBOARD)

    assert found.errors == []
    assert (found.pages, found.abandoned) == (3, 0)
    assert len(found.data["monitors"]["edges"]) == 9


async def test_a_dashboard_of_an_empty_workspace_is_answered_alike(fast, stock, principal):
    found = await compare(fast, stock, principal, DASHBOARD)

    assert (found.data["monitors"]["edges"], found.pages, found.abandoned) == ([], 3, 0)


@pytest.mark.parametrize(
    ("document", "failing_field"),
    [
        ("{ incidents { nodes { number rootCause } } }", "rootCause"),
        ("{ deliveries { nodes { responseTimeMs } } }", None),
        ("{ webhooks { nodes { name events } } }", "events"),
        ("{ monitors { nodes { name project { name } } } }", "project"),
    ],
)
async def test_a_row_that_cannot_be_shown_is_told_as_the_stock_executor_tells_it(
    fast, stock, owner, principal, everything, document, failing_field
):
    await break_rows(owner)

    found = await compare(fast, stock, principal, document)

    assert found.abandoned == 1
    if failing_field is not None:
        assert failing_field in found.errors[0]["path"]


async def test_a_read_that_fails_is_told_of_every_object_in_the_stock_executors_order(
    fast, stock, owner, principal, everything
):
    await break_table(owner)

    found = await compare(fast, stock, principal, LISTS)

    assert found.abandoned == 1
    assert found.errors


async def test_errors_of_several_lists_come_in_the_stock_executors_order(
    fast, stock, owner, principal, everything
):
    await break_rows(owner)

    found = await compare(
        fast,
        stock,
        principal,
        "{ nodes: incident(id: 3) { id } one: deliveries { nodes { responseTimeMs } }"
        " two: deliveries(first: 1) { nodes { responseTimeMs } } bad: monitors(first: 900) { nodes { id } } }",
    )

    assert len(found.errors) >= 2


async def test_a_refusal_beside_a_list_leaves_the_list_as_it_is(fast, stock, services, owner, everything):
    limited = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.READ))
    principal = await services.authentication.authenticate(limited.secret)

    found = await compare(
        fast, stock, principal, "{ monitors { nodes { name } } incidents { nodes { number } } }"
    )

    assert (found.pages, found.abandoned, len(found.errors)) == (1, 0, 1)


async def test_what_a_mutation_shows_is_the_stock_executors(fast, stock, owner, principal, everything):
    async def rename(way):
        asked = await way.ask(
            """mutation ($id: ID!) { updateProject(input: { id: $id, name: "New" }) {
              project { name monitors { nodes { name tags { name } } } } userErrors { message } } }""",
            principal,
            id=everything["prj"][1],
        )
        return asked.data["updateProject"]["project"], asked.pages

    shown, pages = await rename(fast)
    expected, _ = await rename(stock)

    assert shown == expected
    assert shown["monitors"]["nodes"]
    assert pages == 0


async def test_a_list_costs_no_more_statements_however_long_it_is(fast, stock, owner, principal, everything):
    few = await compare(fast, stock, principal, DASHBOARD)
    await owner.add_monitors([f"More {number}" for number in range(80)])

    many = await compare(fast, stock, principal, DASHBOARD)

    assert len(many.data["monitors"]["edges"]) == 89
    assert len(many.statements) == len(few.statements)
