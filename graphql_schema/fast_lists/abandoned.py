"""Why a page is not made the fast way."""

from __future__ import annotations


class NotPlanned(Exception):
    """The selection holds something that the fast way does not know; nothing was done yet."""


class NotOpen(NotPlanned):
    """A field in the selection is not open to whoever asks: every object in the page will have an error there."""


class Abandoned(Exception):
    """A value is not what was expected; what it means, the stock executor says."""
