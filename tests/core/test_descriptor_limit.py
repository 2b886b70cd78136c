"""The limit of descriptors, raised as far as the system lets it."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from core.descriptor_limit import raise_descriptor_limit


@pytest.fixture(autouse=True)
def limit_is_restored() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_low_limit_is_raised_to_what_the_system_allows() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))

    raised = raise_descriptor_limit()

    assert raised == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert raised > 512


def test_a_limit_that_is_high_enough_is_left() -> None:
    raise_descriptor_limit()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    raise_descriptor_limit()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
