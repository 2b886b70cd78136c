"""Each dialect's OpenAPI document and the page to read it on."""

from __future__ import annotations

import re
from html import escape

import msgspec
import pytest

from plugins.api.config import parse
from rest_compat.dialect import Dialect
from rest_compat.plugin import DIALECTS
from rest_compat.route import Route

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
every_route = pytest.mark.parametrize(
    "route", [route for dialect in DIALECTS for route in dialect.routes], ids=lambda route: route.template
)


@every_dialect
async def test_the_document_has_every_route_with_what_it_answers(client, dialect: Dialect) -> None:
    document = (await client.get(f"/docs/{dialect.name}/openapi.json")).json()

    found = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(found) == {(route.method.value, route.path) for route in dialect.routes}
    for route in dialect.routes:
        answers = found[route.method.value, route.path]["responses"]
        expected = {str(route.status.value), "500", "503"}
        expected |= set() if route.is_open else {"401", "403", "429"}
        assert expected <= set(answers)
        assert (found[route.method.value, route.path]["security"] == []) is route.is_open
        is_counted = dialect.name == "statusapp" or not route.is_open
        for answer in answers.values():
            assert set(answer["content"]["application/json"]) == {"schema", "example"}
            assert "X-Request-Id" in answer["headers"]
            assert ("X-RateLimit-Remaining" in answer["headers"]) is is_counted
    assert document["servers"] == [{"url": "https://tocsin.example.org"}]


@every_dialect
async def test_every_reference_within_a_document_leads_somewhere(client, dialect: Dialect) -> None:
    text = (await client.get(f"/docs/{dialect.name}/openapi.json")).text
    schemas = msgspec.json.decode(text)["components"]["schemas"]

    references = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', text))
    assert references
    assert references <= set(schemas)
    assert all(re.fullmatch(r"[\w.-]+", name) for name in schemas)


@every_route
def test_an_example_is_what_the_route_answers(route: Route) -> None:
    assert msgspec.to_builtins(msgspec.convert(route.example, route.result)) == route.example


@every_route
def test_an_example_of_a_body_is_one_that_the_route_takes(route: Route) -> None:
    assert (route.body is None) == (route.body_example is None)
    if route.body is not None:
        parse(route.body, route.body_example)


@every_dialect
async def test_the_page_tells_of_every_route_and_needs_nothing_from_elsewhere(client, dialect) -> None:
    answer = await client.get(f"/docs/{dialect.name}")

    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|@import|url\()", answer.text)
    for route in dialect.routes:
        assert f'id="{route.name}"' in answer.text
        assert escape(route.summary) in answer.text
