"""Every list can be walked from either end, page by page, in every order, and a bad argument is refused."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.listing import BY_ID, Ordering, SortColumn, SortType
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from graphql_schema.cursors import cursor_writer, decode_cursor
from graphql_schema.incidents.queries import IncidentOrder
from graphql_schema.monitors.queries import MonitorOrder

MONITORS = """
query ($first: Int, $after: String, $last: Int, $before: String, $orderBy: MonitorOrder) {
  monitors(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    nodes { name } edges { cursor node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }
"""
INCIDENTS = """
query ($first: Int, $after: String, $orderBy: IncidentOrder) {
  incidents(first: $first, after: $after, orderBy: $orderBy) {
    nodes { number } pageInfo { hasNextPage endCursor } } }
"""

EVERYTHING = Ordering(
    name="everything",
    columns=(
        SortColumn(name="a", type=SortType.TEXT),
        SortColumn(name="b", type=SortType.INTEGER),
        SortColumn(name="c", type=SortType.MOMENT),
        BY_ID,
    ),
)


async def walk(owner, document: str, field: str, shown: str, size: int, **variables) -> list[str]:
    """Return what is shown on all pages, from the first to the last."""
    seen: list[str] = []
    cursor = None
    while True:
        page = (await owner.data(document, first=size, after=cursor, **variables))[field]
        seen += [node[shown] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return seen
        cursor = page["pageInfo"]["endCursor"]


async def walk_back(owner, size: int, order: str) -> list[str]:
    """Return the names on all pages of monitors, from the last page to the first."""
    seen: list[str] = []
    cursor = None
    while True:
        page = (await owner.data(MONITORS, last=size, before=cursor, orderBy=order))["monitors"]
        seen = [node["name"] for node in page["nodes"]] + seen
        if not page["pageInfo"]["hasPreviousPage"]:
            return seen
        cursor = page["pageInfo"]["startCursor"]


@pytest.fixture
async def zoo(owner):
    """Nine monitors that differ, and agree, in all that they can be ordered by."""
    statuses = [MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.PENDING]
    for place in range(9):
        await owner.add_monitor(
            f"{'aAbBcCdDe'[place]} monitor",
            status=statuses[place % 3],
            since=timedelta(minutes=place // 2),
            interval_seconds=None if place == 4 else 60 * (place % 4 + 1),
            updated_at=owner.now - timedelta(minutes=place % 4),
        )
    return owner


@pytest.mark.parametrize("order", [order.name for order in MonitorOrder])
async def test_pages_of_every_order_show_each_monitor_once_in_both_directions(zoo, order):
    whole = [node["name"] for node in (await zoo.data(MONITORS, orderBy=order))["monitors"]["nodes"]]

    assert len(set(whole)) == 9
    for size in (1, 2, 4, 9):
        assert await walk(zoo, MONITORS, "monitors", "name", size, orderBy=order) == whole
        assert await walk_back(zoo, size, order) == whole


async def test_names_are_ordered_without_regard_to_case_and_the_gravest_status_comes_last(zoo):
    by_name = await zoo.data("{ monitors(orderBy: NAME_ASC) { nodes { name } } }")
    by_status = await zoo.data("{ monitors(orderBy: STATUS_ASC) { nodes { status } } }")

    assert "".join(node["name"][0].lower() for node in by_name["monitors"]["nodes"]) == "aabbccdde"
    assert [node["status"] for node in by_status["monitors"]["nodes"]] == (
        ["PENDING"] * 3 + ["UP"] * 3 + ["DOWN"] * 3
    )


async def test_ascending_and_descending_are_each_other_backwards(zoo):
    for name in ("NAME", "CREATED", "UPDATED", "STATUS", "INTERVAL"):
        up, down = [
            [
                node["name"]
                for node in (await zoo.data(MONITORS, orderBy=f"{name}_{way}"))["monitors"]["nodes"]
            ]
            for way in ("ASC", "DESC")
        ]
        assert up == down[::-1]


async def test_a_page_between_two_cursors_holds_neither(zoo):
    edges = (await zoo.data(MONITORS))["monitors"]["edges"]

    page = (await zoo.data(MONITORS, after=edges[1]["cursor"], before=edges[5]["cursor"]))["monitors"]

    assert page["edges"] == edges[2:5]
    assert page["pageInfo"]["hasNextPage"]
    assert page["pageInfo"]["hasPreviousPage"]
    assert page["totalCount"] == 9


@pytest.mark.parametrize("order", [order.name for order in IncidentOrder])
async def test_pages_of_every_order_show_each_incident_once(owner, order):
    monitors = [await owner.add_monitor(f"M{place}") for place in range(5)]
    severities = itertools.cycle(["LOW", "CRITICAL", "HIGH"])
    for place, monitor_id in enumerate(monitors):
        ended = {"status": "RESOLVED", "resolved_at": owner.now - timedelta(minutes=place // 2)}
        age = timedelta(hours=1 + place // 2)
        await owner.add_incident(
            monitor_id, place, age, severity=next(severities), **(ended if place % 3 else {})
        )

    seen = await walk(owner, INCIDENTS, "incidents", "number", 2, orderBy=order)

    assert len(seen) == len(set(seen)) == 5
    assert seen == await walk(owner, INCIDENTS, "incidents", "number", 100, orderBy=order)


async def test_lists_below_many_parents_are_paged_each_by_itself(owner):
    first, second = await owner.add_monitor("first"), await owner.add_monitor("second")
    await owner.add_checks(first, [timedelta(minutes=place) for place in range(3)])
    await owner.add_checks(second, [timedelta(minutes=place) for place in range(10, 15)])
    document = """query ($after: String) { monitors { nodes { name checks(first: 2, after: $after) {
      totalCount edges { cursor node { checkedAt } } pageInfo { hasNextPage hasPreviousPage } } } } }"""

    nodes = (await owner.data(document))["monitors"]["nodes"]
    cursor = nodes[0]["checks"]["edges"][-1]["cursor"]
    later = (await owner.data(document, after=cursor))["monitors"]["nodes"]

    assert [(node["name"], node["checks"]["totalCount"]) for node in nodes] == [("first", 3), ("second", 5)]
    assert all(
        node["checks"]["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False} for node in nodes
    )
    assert [len(node["checks"]["edges"]) for node in later] == [1, 2]
    assert later[0]["checks"]["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True}


async def test_checks_can_be_bounded_and_filtered(owner):
    monitor_id = await owner.add_monitor()
    await owner.add_checks(monitor_id, [timedelta(minutes=place) for place in range(5)])
    await owner.add_checks(monitor_id, [timedelta(minutes=9)], status=3)
    document = """query ($since: DateTime, $until: DateTime, $status: CheckStatus) { monitors { nodes {
      checks(since: $since, until: $until, status: $status) { nodes { status } totalCount } } } }"""

    async def count(**variables) -> int:
        data = await owner.data(document, **variables)
        return data["monitors"]["nodes"][0]["checks"]["totalCount"]

    since, until = owner.now - timedelta(minutes=3), owner.now - timedelta(minutes=1)
    assert await count() == 6
    assert await count(since=since.isoformat(), until=until.isoformat()) == 2
    assert await count(status="DOWN") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 101",
        "last: 101",
        "first: -1",
        "first: 1, last: 1",
        'after: ""',
        'after: "x"',
        'after: "é"',
        'before: "bm90IGEgY3Vyc29y"',
        "first: 101, last: -1",
    ],
)
async def test_a_size_or_a_cursor_that_is_refused_is_a_top_level_invalid_input(owner, arguments):
    answer = await owner.ask(f"{{ monitors({arguments}) {{ nodes {{ name }} }} }}")

    assert answer.codes == ["INVALID_INPUT"]
    assert answer.body["data"] == {"monitors": None}
    assert answer.errors[0]["path"] == ["monitors"]


async def test_a_cursor_of_another_order_is_refused(zoo):
    cursor = (await zoo.data(MONITORS, orderBy="NAME_ASC"))["monitors"]["edges"][0]["cursor"]

    answer = await zoo.ask(MONITORS, orderBy="NAME_DESC", after=cursor)

    assert answer.codes == ["INVALID_INPUT"]


async def test_a_cursor_whose_row_is_gone_still_marks_its_place(zoo):
    edges = (await zoo.data(MONITORS))["monitors"]["edges"]
    await zoo.fetch("UPDATE monitors SET deleted_at = updated_at WHERE name = $1", edges[3]["node"]["name"])

    page = (await zoo.data(MONITORS, after=edges[3]["cursor"]))["monitors"]

    assert page["edges"] == edges[4:]


async def test_no_size_means_fifty_and_nothing_may_be_asked_for(owner):
    await owner.add_monitors([f"M{place}" for place in range(51)])

    assert len((await owner.data(MONITORS))["monitors"]["nodes"]) == 50
    empty = (await owner.data(MONITORS, first=0))["monitors"]
    assert empty["nodes"] == []
    assert empty["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


async def test_monitors_can_be_filtered_by_all_that_is_known_of_them(owner):
    project_id = await owner.add_project()
    await owner.add_monitor("Shop", project_id=project_id, target="https://shop.example.org/")
    await owner.add_monitor("Blog", status=MonitorStatus.DOWN)
    await owner.add_monitor("Old", paused_at=owner.now)
    await owner.add_heartbeat("Job")
    tag_id = owner.next_id()
    await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name="Web")
    (shop,) = await owner.fetch("SELECT id FROM monitors WHERE name = 'Shop'")
    await owner.insert("monitor_tags", monitor_id=shop["id"], tag_id=tag_id, workspace_id=owner.workspace_id)
    document = "query ($filter: MonitorFilter) { monitors(filter: $filter) { nodes { name } totalCount } }"

    async def names(**conditions) -> list[str]:
        data = (await owner.data(document, filter=conditions))["monitors"]
        assert data["totalCount"] == len(data["nodes"])
        return [node["name"] for node in data["nodes"]]

    assert await names() == ["Shop", "Blog", "Old", "Job"]
    assert await names(projectId=encode_id(Prefix.PROJECT, project_id)) == ["Shop"]
    assert await names(projectId="prj_nonsense") == []
    assert await names(status=["DOWN", "PENDING"]) == ["Blog"]
    assert await names(status=[]) == []
    assert await names(kind=["heartbeat"]) == ["Job"]
    assert await names(tag="web") == ["Shop"]
    assert await names(search="SHOP.example") == ["Shop"]
    assert await names(search="%") == []
    assert await names(paused=True) == ["Old"]
    assert await names(paused=False, kind=["http"], search="o") == ["Shop", "Blog"]


places = st.tuples(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


@given(places)
def test_a_cursor_comes_back_as_the_place_it_was_made_of(place):
    row = {column.name: value for column, value in zip(EVERYTHING.columns, place, strict=True)}

    assert decode_cursor(EVERYTHING, cursor_writer(EVERYTHING)(row)) == place


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")))
def test_no_text_breaks_the_reading_of_a_cursor(text):
    assert decode_cursor(EVERYTHING, text) is None


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(st.lists(values, max_size=5))
def test_a_forged_cursor_is_a_place_that_sql_accepts_or_none(forged):
    text = base64.urlsafe_b64encode(msgspec.json.encode(["everything", *forged])).decode().rstrip("=")

    place = decode_cursor(EVERYTHING, text)

    if place is not None:
        first, second, third, fourth = place
        assert isinstance(first, str)
        assert "\0" not in first
        assert abs(second) < 2**63
        assert isinstance(third, datetime)
        assert isinstance(fourth, UUID)
