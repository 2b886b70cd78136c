"""What is expected of the answers of a device."""

from __future__ import annotations

import pytest

from core.ids import Prefix, encode_id
from rest_compat.dashmon.synthetic import Operator, SyntheticBody
from tests.rest_compat.dashmon.asking import ask, told

HEADERS = [{"name": "X-Key", "value": "s3cret"}]


async def shop(owner) -> str:
    config = {"url": "https://shop.example.org/", "method": "POST", "headers": HEADERS}
    return f"/api/devices/{encode_id(Prefix.MONITOR, await owner.add_monitor('The shop', config=config))}/synthetic"


def in_graphqls_words(synthetic) -> dict[str, object]:
    return {
        "bodyContains": synthetic["bodyContains"],
        "bodyLacks": synthetic["bodyLacks"],
        "json": [{**each, "operator": each["operator"].upper()} for each in synthetic["json"]],
        "certificateDaysLeft": synthetic["tls"]["daysLeft"],
    }


async def test_assertions_are_saved_one_by_one_and_the_rest_of_the_configuration_stays(owner) -> None:
    path = await shop(owner)

    for body, expected in (
        ({"expectedStatuses": ["204", "301-302"]}, (["204", "301-302"], None)),
        ({"latencyLimitMs": 800}, (["204", "301-302"], 800)),
        ({"expectedStatuses": None}, (["200-299"], 800)),
        ({"latencyLimitMs": None}, (["200-299"], None)),
        ({}, (["200-299"], None)),
    ):
        shown = await told(owner, "PUT", path, body)
        (row,) = await owner.fetch("SELECT config FROM monitors")
        config = row["config"]
        assert (config["acceptedStatuses"], config["degradedAboveMs"]) == expected
        told_back = shown["synthetic"]
        assert (told_back["expectedStatuses"], told_back["latencyLimitMs"]) == expected
        assert (config["method"], config["headers"]) == ("POST", HEADERS)
        assert "s3cret" not in str(shown)


async def test_bodies_values_in_json_and_certificates_are_asserted_as_graphql_shows_it(owner) -> None:
    path = await shop(owner)
    in_graphql = """query ($id: ID!) { monitor(id: $id) { probe { ... on HttpProbeConfig {
      bodyContains bodyLacks json { path operator value } certificateDaysLeft } } } }"""
    nothing = {"bodyContains": None, "bodyLacks": None, "json": [], "certificateDaysLeft": None}
    exists = {"path": "$.version", "operator": "exists"}
    equals = {"path": "$.status", "operator": "not_equals", "value": "down"}

    for body, changed in (
        ({"bodyContains": "In stock"}, {"bodyContains": "In stock"}),
        ({"bodyLacks": "Error"}, {"bodyLacks": "Error"}),
        (
            {"json": [exists, equals]},
            {
                "json": [
                    {"path": "$.version", "operator": "EXISTS", "value": None},
                    {"path": "$.status", "operator": "NOT_EQUALS", "value": "down"},
                ]
            },
        ),
        ({"tls": {"daysLeft": 14}}, {"certificateDaysLeft": 14}),
        ({"tls": {}}, {}),
        ({"tls": {"daysLeft": None}, "json": None}, {"certificateDaysLeft": None, "json": []}),
        ({"tls": {"daysLeft": 3}, "json": [exists]}, None),
        ({"tls": None, "json": [], "bodyContains": None, "bodyLacks": None}, nothing),
    ):
        shown = await told(owner, "PUT", path, body)
        probe = (await owner.data(in_graphql, id=shown["id"]))["monitor"]["probe"]
        assert in_graphqls_words(shown["synthetic"]) == probe
        if changed is not None:
            assert {name: probe[name] for name in changed} == changed
    assert probe == nothing


async def test_what_is_saved_is_told_back_in_the_same_words_and_saved_again_changes_nothing(
    owner, contents
) -> None:
    path = await shop(owner)
    whole = {
        "expectedStatuses": ["204", "301-302"],
        "latencyLimitMs": 800,
        "bodyContains": "In stock",
        "bodyLacks": None,
        "json": [
            {"path": "$.a", "operator": operator.value, "value": None if operator == "exists" else "7"}
            for operator in Operator
        ],
        "tls": {"daysLeft": 14},
    }

    saved = await told(owner, "PUT", path, whole)
    device = f"/api/projects/{saved['projectId']}/devices/{saved['id']}"
    shown = await told(owner, "GET", device)
    assert (shown["synthetic"], shown["config"], shown["grace"]) == (whole, None, None)
    assert shown["url"] == "https://shop.example.org/"
    assert set(shown["synthetic"]) == set(SyntheticBody.__struct_encode_fields__)

    before = await contents()
    assert await told(owner, "PUT", path, shown["synthetic"]) == shown
    taken = ("name", "projectId", "url", "interval", "timeout", "tags")
    again = await told(owner, "PUT", f"/api/devices/{shown['id']}", {name: shown[name] for name in taken})
    assert again == shown
    assert await contents() == before


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"expectedStatuses": ["nine"]}, [["expectedStatuses"]]),
        ({"expectedStatuses": []}, [["expectedStatuses"]]),
        ({"latencyLimitMs": 0}, [["latencyLimitMs"]]),
        ({"latencyLimitMs": "fast"}, [["latencyLimitMs"]]),
        ({"bodyContains": ""}, [["bodyContains"]]),
        ({"bodyLacks": 7}, [["bodyLacks"]]),
        ({"json": [{"path": "status", "operator": "equals", "value": "ok"}]}, [["json"]]),
        ({"json": [{"path": "$.a", "operator": "EQUALS", "value": "ok"}]}, [["json"]]),
        ({"json": [{"path": "$.a", "operator": "less_than", "value": "few"}]}, [["json"]]),
        ({"json": {"path": "$.a", "operator": "exists"}}, [["json"]]),
        ({"tls": {"daysLeft": 0}}, [["tls"]]),
        ({"tls": {"days": 14}}, [["tls"]]),
        ({"domain": {"daysLeft": 14}}, [["domain"]]),
        ({"expectStatuses": ["200"]}, [["expectStatuses"]]),
    ],
)
async def test_an_assertion_that_cannot_be_is_told_and_nothing_is_stored(
    owner, contents, body, paths
) -> None:
    path = await shop(owner)
    await told(owner, "GET", "/api/me")
    before = await contents()

    answer = await ask(owner, "PUT", path, body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")
    assert sorted(issue["path"][:1] for issue in answer.json()["issues"]) == paths
    assert await contents() == before


async def test_a_heartbeat_answers_nothing_that_could_be_asserted(owner, contents) -> None:
    path = f"/api/devices/{encode_id(Prefix.MONITOR, await owner.add_heartbeat())}/synthetic"
    await told(owner, "GET", "/api/me")
    before = await contents()

    answer = await ask(owner, "PUT", path, {"latencyLimitMs": 800})

    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert await contents() == before
