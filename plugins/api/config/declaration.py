"""What the author of a kind writes: the base class of configurations, and the marks on their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, dataclass_transform

import msgspec
from msgspec import Meta, field

__all__ = ["Config", "FieldError", "Meta", "Secret", "check_with", "field"]

Secret = Annotated[str, Meta(extra_json_schema={"writeOnly": True})]
"""A text that is written and never read back. `Secret | None = None` where it may be missing."""


class ConfigMeta(msgspec.StructMeta):
    """Gives every configuration class the same options; msgspec hands only some of them to subclasses."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        one_of: bool = False,
    ) -> ConfigMeta:
        return super().__new__(
            mcls,
            name,
            bases,
            {**namespace, "__one_of__": one_of},
            frozen=True,
            kw_only=True,
            forbid_unknown_fields=True,
            rename="camel",
        )


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Config(msgspec.Struct, metaclass=ConfigMeta):
    """Base of every configuration class, and of the classes nested in it.

    Fields are annotated with str, bool, float, int (bounded: `Meta(ge=…, le=…)`), an Enum, a Literal of names,
    `tuple[X, ...]` or `list[X]`, `dict[str, X]`, another Config, Secret, or one of these `| None`.
    They are written `in_snake_case` and named `inCamelCase` in every API. A list with a default is a tuple;
    `field(default_factory=dict)` makes a default, `field(name=…)` another name.
    With `class Auth(Config, one_of=True)` every field is optional and exactly one of them must be given.
    A rule over several fields goes into `__post_init__`, which raises FieldError (or an ExceptionGroup of them).
    """

    __one_of__: ClassVar[bool] = False

    if TYPE_CHECKING:
        # The metaclass takes the mark; type checkers look for it here.
        def __init_subclass__(cls, *, one_of: bool = False) -> None: ...

    def __repr__(self) -> str:
        """Show the configuration as it may be logged: without its secrets."""
        # The shapes stand on this module.
        from plugins.api.config.rendering import redact  # noqa: PLC0415

        return f"{type(self).__name__}({redact(self)!r})"


class FieldError(ValueError):
    """A rule of the author's own is broken.

    `path` names the field below the class that raises, in attribute names joined by dots ("headers.1.value");
    empty in a check of one field. `message` says the cause after the field's name: "must be an http address".
    """

    def __init__(
        self,
        path: str,
        message: str,
        *,
        rule: str = "invalid",
        expected: str | None = None,
        received: str | None = None,
    ) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.rule = rule
        self.expected = expected
        self.received = received


def check_with(check: Callable[[Any], None]) -> Meta:
    """Mark a field with a rule of the author's own: `url: Annotated[str, check_with(require_http_url)]`.

    The function gets the field's parsed value and raises ValueError, or FieldError, if it is refused.
    Unlike `__post_init__` it runs even if another field is refused, so that all issues are told at once.
    """
    return Meta(extra={"check": check})
