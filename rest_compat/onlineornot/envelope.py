"""The envelope of every OnlineOrNot answer, and how it says errors."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from core.errors import InvalidInput, TocsinError

ResultT = TypeVar("ResultT")


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One error: a code for programs, a message for people, and where in the body it lies."""

    code: str
    message: str
    path: list[str] = []


class ResultInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of how many results."""

    page: int
    per_page: int
    count: int
    total_count: int


class Envelope(msgspec.Struct, Generic[ResultT], frozen=True, kw_only=True):
    """An answer with one result."""

    result: ResultT
    success: bool = True
    errors: list[Message] = []
    messages: list[Message] = []


class PagedEnvelope(msgspec.Struct, Generic[ResultT], frozen=True, kw_only=True):
    """An answer with a page of results."""

    result: list[ResultT]
    result_info: ResultInfo
    success: bool = True
    errors: list[Message] = []
    messages: list[Message] = []


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer without a result."""

    errors: list[Message]
    result: None = None
    success: bool = False
    messages: list[Message] = []


def refused(error: TocsinError) -> Refused:
    """Return the body of an error; every issue of an input is an error of its own."""
    if isinstance(error, InvalidInput):
        told = [Message(code=error.code, message=each.message, path=list(each.path)) for each in error.issues]
        return Refused(errors=told)
    return Refused(errors=[Message(code=error.code, message=error.message)])
