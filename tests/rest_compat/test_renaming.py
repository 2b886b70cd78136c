"""Issues in the names of a dialect."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput, OverLimit
from plugins.api.config import Issue
from rest_compat.renaming import renamed

NAMES = {
    ("probe", "http"): (),
    ("probe", "http", "body"): ("requestBody",),
    ("intervalSeconds",): ("interval",),
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("probe", "http", "url"), ("url",)),
        (("probe", "http", "body"), ("requestBody",)),
        (("probe", "http", "headers", "1", "name"), ("headers", "1", "name")),
        (("intervalSeconds",), ("interval",)),
        (("name",), ("name",)),
        ((), ()),
    ],
)
def test_an_issue_is_told_at_the_dialects_place_by_the_longest_name_that_fits(path, expected) -> None:
    issue = Issue(path=path, rule="required", message=f"{'.'.join(path)} is wrong")

    with pytest.raises(InvalidInput) as refusal, renamed(NAMES):
        raise InvalidInput([issue])

    (told,) = refusal.value.issues
    assert told.path == expected
    assert told.message == f"{'.'.join(expected)} is wrong"


def test_what_is_over_a_limit_is_told_at_the_dialects_place_too() -> None:
    path = ("intervalSeconds",)

    with pytest.raises(OverLimit) as refusal, renamed(NAMES):
        raise OverLimit("intervalSeconds must be at least 300", path=path)

    assert (refusal.value.message, refusal.value.path) == ("interval must be at least 300", ("interval",))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("probe.http.body must have at most 9 characters", "requestBody must have at most 9 characters"),
        ("http.body is required", "requestBody is required"),
        ("body is required", "requestBody is required"),
        ("bodyless", "bodyless"),
        ("it is required", "it is required"),
    ],
)
def test_a_message_names_the_field_as_the_dialect_does_however_much_of_its_path_it_says(
    message, expected
) -> None:
    issue = Issue(path=("probe", "http", "body"), rule="required", message=message)

    with pytest.raises(InvalidInput) as refusal, renamed(NAMES):
        raise InvalidInput([issue])

    assert [told.message for told in refusal.value.issues] == [expected]
