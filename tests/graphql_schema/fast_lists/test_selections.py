"""What is kept of an operation is its own, and nothing of a request."""

from __future__ import annotations

from core.monitors.status import MonitorStatus
from graphql_schema.fast_lists import selections
from tests.graphql_schema.fast_lists.test_list_executor import compare

SWITCHED = """
query ($name: Boolean!, $kind: Boolean = true, $no: Boolean = false, $period: Period!, $first: Int) {
  monitors(first: $first) { nodes {
    id name @include(if: $name) kind @skip(if: $kind) ...Tags @include(if: $kind)
    uptime(period: $period) { ratio upSeconds @skip(if: $no) }
  } }
}
fragment Tags on Monitor { tags { name @include(if: $name) __typename } }
"""


async def test_one_document_is_answered_by_the_variables_of_each_request(fast, stock, principal, everything):
    for switches in (
        {"name": True},
        {"name": False},
        {"name": True, "kind": False},
        {"name": False, "kind": False, "no": True},
        {"name": True},
    ):
        for period, first in (("DAY", 3), ("HOUR", None), ("DAY", 0)):
            found = await compare(fast, stock, principal, SWITCHED, period=period, first=first, **switches)
            assert (found.errors, found.pages, found.abandoned) == ([], 1, 0)


async def test_a_document_that_was_answered_is_refused_where_its_variables_are_not(
    fast, stock, principal, everything
):
    await compare(fast, stock, principal, SWITCHED, period="DAY", name=True)

    found = await compare(fast, stock, principal, SWITCHED, period="DAY", name=None)

    assert found.errors
    assert not found.has_run


async def test_what_is_kept_is_asked_of_graphql_core_once(fast, principal, everything, monkeypatch):
    asked: list[str] = []
    collected = selections._collected

    def counted(executor, object_type, details):
        asked.append(object_type.name)
        return collected(executor, object_type, details)

    monkeypatch.setattr(selections, "_collected", counted)
    document = "{ monitors { nodes { id onlyHere: name tags { name } } } }"

    first, second = await fast.ask(document, principal), await fast.ask(document, principal)

    assert asked == ["MonitorConnection", "Monitor", "Tag"]
    assert first.body == second.body


async def test_what_was_seen_once_is_seen_anew(fast, stock, owner, principal):
    document = "{ monitors { nodes { name status } } }"
    await owner.add_monitor("Ant", status=MonitorStatus.UP)
    before = await compare(fast, stock, principal, document)
    await owner.add_monitor("Bee", status=MonitorStatus.DOWN)

    after = await compare(fast, stock, principal, document)

    assert before.data["monitors"]["nodes"] == [{"name": "Ant", "status": "UP"}]
    assert after.data["monitors"]["nodes"][1] == {"name": "Bee", "status": "DOWN"}


async def test_of_an_operation_larger_than_what_is_kept_the_answer_is_the_same(
    fast, stock, principal, everything, monkeypatch
):
    monkeypatch.setattr(selections, "MOST_FIELDS_KEPT", 3)
    document = "{ monitors { totalCount nodes { id name larger: tags { name } } } }"

    for _ in range(2):
        found = await compare(fast, stock, principal, document)
        assert (found.errors, found.pages, found.abandoned) == ([], 1, 0)
