"""Who is told of the schema."""

from __future__ import annotations

import dataclasses

import pytest
from graphql import build_client_schema, get_introspection_query

from core.services import Services
from core.settings import Switch


async def test_a_schema_may_be_asked_about_itself(client):
    response = await client.post("/graphql", json={"query": get_introspection_query()})

    assert response.status_code == 200
    assert "Monitor" in build_client_schema(response.json()["data"]).type_map


async def test_a_misspelt_name_is_told_where_the_schema_is(client):
    response = await client.post("/graphql", json={"query": "{ serfer { version } }"})

    assert "Did you mean 'server'" in response.json()["errors"][0]["message"]


class TestClosed:
    """With introspection off."""

    @pytest.fixture
    def services(self, services: Services) -> Services:
        """Services of a server that does not tell its schema."""
        return dataclasses.replace(
            services, settings=dataclasses.replace(services.settings, introspection=Switch.OFF)
        )

    @pytest.mark.parametrize(
        "query",
        [
            get_introspection_query(),
            '{ a: __type(name: "Monitor") { name } }',
            "{ ...F } fragment F on Query { ... { __schema { types { name } } } }",
        ],
    )
    async def test_nobody_is_told_the_schema(self, owner, client, query):
        stranger = await client.post("/graphql", json={"query": query})
        member = await owner.ask(query)

        for answer in (stranger, member.response):
            assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["FORBIDDEN"]
            assert "data" not in answer.json()

    async def test_names_are_not_suggested(self, owner):
        answer = await owner.ask("{ serfer { version } viewer { rolle } } ")

        assert [error["message"] for error in answer.errors] == [
            "Cannot query field 'serfer' on type 'Query'.",
            "Cannot query field 'rolle' on type 'Viewer'.",
        ]

    async def test_the_name_of_a_type_is_told(self, owner):
        assert await owner.data("{ __typename viewer { __typename } }") == {
            "__typename": "Query",
            "viewer": {"__typename": "Viewer"},
        }
