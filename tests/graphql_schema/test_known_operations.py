"""What is kept of operations is bounded, and each is told apart."""

from __future__ import annotations

from graphql_schema.known_operations import KnownOperations


def test_the_same_is_given_for_the_same_and_another_for_each_other():
    known = KnownOperations(list)
    schema, operation = object(), object()

    found = known.of(schema, operation, True)

    assert known.of(schema, operation, True) is found
    others = [
        known.of(schema, operation, False),
        known.of(object(), operation, True),
        known.of(schema, object()),
    ]
    assert all(other is not found for other in others)


def test_what_was_asked_for_least_lately_is_forgotten():
    known = KnownOperations(list, most=2)
    schema, first, second, third = (object() for _ in range(4))
    kept = known.of(schema, first)
    given_up = known.of(schema, second)
    known.of(schema, first)

    known.of(schema, third)

    assert len(known) == 2
    assert known.of(schema, first) is kept
    assert known.of(schema, second) is not given_up
