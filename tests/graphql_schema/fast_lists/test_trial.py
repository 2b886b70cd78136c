"""The list executor is used if the setting allows it and if it passes its trial, and the log says if it does not."""

from __future__ import annotations

import logging

from core.settings import Switch
from graphql_schema.fast_lists import trial
from graphql_schema.fast_lists.list_executor import ListExecutor
from graphql_schema.fast_lists.trial import fault_of, list_executor


class Forgetful(ListExecutor):
    """Loses an object."""

    async def _page(self, complete, page):
        completed = await super()._page(complete, page)
        completed["nodes"] = completed["nodes"][:-1]
        return completed


class Foreign(ListExecutor):
    """What is left if graphql-core calls its methods otherwise: nothing is done level by level."""

    def complete_value(self, *place):
        return super(ListExecutor, self).complete_value(*place)


class Renamed(ListExecutor):
    """What is left if graphql-core has no such method any more."""

    collect_subfields = property()


def test_the_executor_is_used_unless_it_is_switched_off():
    assert list_executor(Switch.ON) is ListExecutor
    assert list_executor(Switch.OFF) is None


async def test_it_can_be_tried_beside_a_running_loop():
    assert fault_of(ListExecutor) is None


def test_an_executor_that_answers_otherwise_is_refused():
    assert "differ" in fault_of(Forgetful)


def test_an_executor_that_does_nothing_of_its_own_is_refused():
    assert "pages were completed as []" in fault_of(Foreign)
    assert fault_of(Renamed)


def test_a_refused_executor_is_told_of_and_not_used(monkeypatch, caplog):
    monkeypatch.setattr(trial, "ListExecutor", Forgetful)

    with caplog.at_level(logging.WARNING):
        assert list_executor(Switch.ON) is None

    assert "graphql.fast_lists_off" in caplog.messages
