"""What is told of an object only to some of those who may see it is in the table, and nothing else is.

Every field is asked for as everybody whom rights tell apart: so a field that is closed without being in the table is
noticed, and one that the table closes without being closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.access.principal import TokenScope
from core.access.rights import FIELDS, SILENT_FIELDS, is_allowed
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.field_walk import (
    Root,
    Told,
    closes_its_object,
    fields_below,
    kinds_of_objects,
    roots,
)
from tests.graphql_schema.furnished import complete_people, furnish
from tests.graphql_schema.personas import (
    Persona,
    confined_tokens_of,
    lesser_tokens_of,
    people_of,
    tokens_of,
)
from tests.graphql_schema.samples import MARK, World

# Too far below what queries answer with: values, of which each field is open.
VALUES = {"HeartbeatEvent", "OperationUsage", "RegionLatency"}


@dataclass(frozen=True, kw_only=True)
class House:
    """A workspace with one of everything, and who asks there."""

    tenant: Tenant
    roots: list[Root]
    askers: list[Persona]


@pytest.fixture
async def house(owner: Tenant) -> House:
    project_id = await owner.add_project(MARK)
    ids = await furnish(World(tenant=owner, project_id=project_id))
    askers = [
        *await people_of(owner, project_id),
        *await tokens_of(owner),
        *await confined_tokens_of(owner, project_id),
        # Of what these open, some is for those alone who may write, or whose role is higher.
        *await lesser_tokens_of(owner, project_id, [TokenScope.UPTIME_CHECKS]),
    ]
    await complete_people(owner)
    return House(tenant=owner, roots=roots(ids), askers=askers)


def test_every_type_of_objects_is_asked_for_all_its_fields() -> None:
    walked = fields_below([root.kind for root in roots({"Check": ("monitors", "chk_1")})])

    assert {name.partition(".")[0] for name in walked} == kinds_of_objects() - VALUES


async def test_a_field_is_closed_to_those_to_whom_the_table_closes_it_and_open_to_all_others(house) -> None:
    witnesses = {by_token: _witness(house, by_token=by_token) for by_token in (True, False)}
    seen: set[str] = set()
    for root in house.roots:
        references = {
            by_token: await one.ask(house.tenant, root.document()) for by_token, one in witnesses.items()
        }
        for persona in house.askers:
            if not root.is_open_to(persona.principal):
                continue
            closed = {name for name, right in FIELDS.items() if not is_allowed(right, persona.principal)}
            document = root.document({name for name in closed if closes_its_object(name)})
            answer = await persona.ask(house.tenant, document)
            for told in root.told(answer, references[persona.principal.token_id is not None]):
                assert _is_right(told, is_open=told.field not in closed), (told, persona.name, str(root))
                seen |= {told.field} if told.is_shown else set()
    assert fields_below([root.kind for root in house.roots]) <= seen


def _is_right(told: Told, *, is_open: bool) -> bool:
    """Return whether somebody is shown what is there, and refused nothing, if and only if it is open to him."""
    if not is_open:
        is_said = told.field not in SILENT_FIELDS
        return not told.is_shown and (not told.is_there or told.is_refused is is_said)
    return not told.is_refused and (told.is_shown or not told.is_there)


def test_one_field_is_closed_that_cannot_be_null() -> None:
    """The contract has such fields need no more than their parent: but this one leads to all monitors."""
    assert [name for name in FIELDS if closes_its_object(name)] == ["Check.monitor"]


def _witness(house: House, *, by_token: bool) -> Persona:
    """Return somebody to whom everything is told that one can be told who comes so."""
    (found,) = [
        each
        for each in house.askers
        if each.name == ("token of a admin with all grants" if by_token else "owner")
    ]
    return found
