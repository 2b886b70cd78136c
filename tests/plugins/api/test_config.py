"""What follows from a configuration class: parsing, kept secrets, JSON Schema, redaction."""

from __future__ import annotations

import enum
import json
import math
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api.config import (
    Config,
    ConfigErrors,
    FieldError,
    Issue,
    Meta,
    Secret,
    UnsupportedConfig,
    check_with,
    field,
    json_schema,
    load,
    masked,
    parse,
    redact,
    secrets_set,
    to_json,
)
from plugins.api.config.parsing import MOST_ISSUES, default_issues
from plugins.api.config.shape import shape_of


class Method(enum.StrEnum):
    GET = "GET"
    POST = "POST"


class Header(Config):
    name: Annotated[str, Meta(min_length=1, max_length=50)]
    value: Secret


class Bearer(Config):
    token: Secret


class Basic(Config):
    username: str
    password: Secret


class Auth(Config, one_of=True):
    bearer: Bearer | None = None
    basic: Basic | None = None


def require_http(url: str) -> None:
    if not url.startswith("http"):
        raise ValueError("must be an http address")


class Request(Config):
    """What is sent."""

    url: Annotated[str, Meta(max_length=100, description="The address"), check_with(require_http)]
    method: Method = Method.GET
    headers: tuple[Header, ...] = ()
    auth: Auth | None = None
    max_redirects: Annotated[int, Meta(ge=0, le=20)] = 10
    ratio: Annotated[float, Meta(ge=0, le=1)] = 0.5
    body: str | None = None
    style: Literal["plain", "rich"] = "plain"
    tags: Annotated[tuple[str, ...], Meta(min_length=1, max_length=3)] = ("all",)
    extra: dict[str, Any] = field(default_factory=dict)
    code: Annotated[str, Meta(pattern="^[a-z]+$")] = "abc"
    proxy_key: Secret | None = None
    verify: bool = True

    def __post_init__(self) -> None:
        if self.max_redirects == 13:
            raise FieldError("max_redirects", "must not be 13", rule="unlucky")
        if self.method is Method.GET and self.body is not None:
            raise ExceptionGroup(
                "body", [FieldError("body", "belongs to POST"), FieldError("", "contradicts itself")]
            )


FULL = {
    "url": "http://example.org",
    "headers": [{"name": "X-Key", "value": "s3cret"}, {"name": "Y", "value": "t0ken"}],
    "auth": {"basic": {"username": "ann", "password": "pa55"}},
    "proxyKey": "pr0xy",
}


def issues_of(
    data: Any, config: type[Config] = Request, stored: Config | None = None
) -> list[tuple[str, str]]:
    """The dotted path and the rule of every issue."""
    with pytest.raises(ConfigErrors) as caught:
        parse(config, data, stored=stored)
    return [(".".join(issue.path), issue.rule) for issue in caught.value.issues]


def issue_of(data: Any, config: type[Config] = Request) -> Issue:
    with pytest.raises(ConfigErrors) as caught:
        parse(config, data)
    (issue,) = caught.value.issues
    return issue


def test_defaults_fill_what_is_omitted() -> None:
    config = parse(Request, {"url": "http://example.org"})

    assert config == Request(url="http://example.org")
    assert config.method is Method.GET


def test_a_configuration_is_frozen_and_shows_itself_without_secrets() -> None:
    config = parse(Request, FULL)

    with pytest.raises(AttributeError):
        config.url = "http://other.example"
    assert "example.org" in repr(config)
    assert not any(secret in repr(config) for secret in ("s3cret", "t0ken", "pa55", "pr0xy"))


def test_all_issues_are_told_at_once_in_the_names_of_the_api() -> None:
    data = {
        "url": "ftp://example.org",
        "metod": "GET",
        "method": "get",
        "headers": [{"name": ""}, {"name": "X", "value": 3}],
        "auth": {"bearer": {}, "basic": {"username": None}},
        "maxRedirects": 21,
        "ratio": -0.1,
        "style": "loud",
        "tags": [],
        "code": "A1",
        "verify": "yes",
        "extra": [],
    }

    assert sorted(issues_of(data)) == sorted(
        [
            ("url", "invalid"),
            ("metod", "unknown_field"),
            ("method", "enum"),
            ("headers.0.name", "min_length"),
            ("headers.0.value", "required"),
            ("headers.1.value", "type"),
            ("auth", "one_of"),
            ("auth.bearer.token", "required"),
            ("auth.basic.username", "required"),
            ("auth.basic.password", "required"),
            ("maxRedirects", "maximum"),
            ("ratio", "minimum"),
            ("style", "enum"),
            ("tags", "min_length"),
            ("code", "pattern"),
            ("verify", "type"),
            ("extra", "type"),
        ]
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"url": "http://a", "maxRedirect": 3},
            Issue(
                path=("maxRedirect",),
                rule="unknown_field",
                message="maxRedirect is not a known field; did you mean maxRedirects?",
                expected="maxRedirects",
            ),
        ),
        (
            {"url": "http://a", "maxRedirects": 99},
            Issue(
                path=("maxRedirects",),
                rule="maximum",
                message="maxRedirects must be at most 20",
                expected="20",
                received="99",
            ),
        ),
        ({}, Issue(path=("url",), rule="required", message="url is required", expected="text")),
        (
            {"url": None},
            Issue(
                path=("url",),
                rule="required",
                message="url is required",
                expected="text",
                received="null",
            ),
        ),
        (
            {"url": "http://a", "verify": 1},
            Issue(
                path=("verify",),
                rule="type",
                message="verify must be a boolean",
                expected="boolean",
                received="integer",
            ),
        ),
        (
            {"url": "http://a", "maxRedirects": 13},
            Issue(path=("maxRedirects",), rule="unlucky", message="maxRedirects must not be 13"),
        ),
        (
            None,
            Issue(
                path=(),
                rule="type",
                message="configuration must be an object",
                expected="object",
                received="null",
            ),
        ),
    ],
)
def test_an_issue_says_what_was_expected_and_received(data: Any, expected: Issue) -> None:
    assert issue_of(data) == expected


def test_a_group_of_errors_from_the_author_becomes_an_issue_each() -> None:
    assert issues_of({"url": "http://a", "body": "x"}) == [("body", "invalid"), ("", "invalid")]


@pytest.mark.parametrize("number", [True, 1.0, "1", math.nan, [1]])
def test_an_int_takes_integers_only(number: Any) -> None:
    assert issues_of({"url": "http://a", "maxRedirects": number}) == [("maxRedirects", "type")]


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400, "0.5", False])
def test_a_number_is_finite(number: Any) -> None:
    assert issues_of({"url": "http://a", "ratio": number}) == [("ratio", "type")]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize("field", ["url", "body", "proxyKey"])
def test_text_that_cannot_be_stored_is_refused(field: str, text: str) -> None:
    assert (field, "invalid") in issues_of({"url": "http://a", "method": "POST", field: text})


@pytest.mark.parametrize(
    ("extra", "path", "rule"),
    [
        ({"a": {"b": ["x\0"]}}, "extra.a.b.0", "invalid"),
        ({"a": math.nan}, "extra.a", "type"),
        ({"a": 2**53}, "extra.a", "maximum"),
        ({"a": object()}, "extra.a", "type"),
        ({"a": "x" * 10_001}, "extra.a", "max_length"),
        ({str(number): 1 for number in range(1_001)}, "extra", "max_length"),
    ],
)
def test_free_json_is_bounded_too(extra: Any, path: str, rule: str) -> None:
    assert issues_of({"url": "http://a", "extra": extra}) == [(path, rule)]


def test_free_json_is_not_nested_without_end() -> None:
    nested: Any = 1
    for _ in range(500):
        nested = [nested]

    assert [rule for _, rule in issues_of({"url": "http://a", "extra": {"a": nested}})] == ["max_length"]


def test_unbounded_declarations_get_a_bound() -> None:
    assert issues_of({"url": "http://a", "method": "POST", "body": "x" * 10_001}) == [("body", "max_length")]
    headers = [{"name": "x", "value": "y"}] * 1_001
    assert issues_of({"url": "http://a", "headers": headers}) == [("headers", "max_length")]


def test_a_flood_of_issues_is_cut() -> None:
    flood = {f"field{number}": 1 for number in range(100_000)}

    assert len(issues_of({"url": "http://a", **flood})) == MOST_ISSUES


def test_a_value_refused_after_the_cut_is_refused_all_the_same() -> None:
    flood = {f"field{number}": 1 for number in range(MOST_ISSUES)}

    assert ("maxRedirects", "maximum") not in issues_of({**flood, "url": "http://a", "maxRedirects": 99})


def test_what_is_received_is_quoted_short_and_printable() -> None:
    issue = issue_of({"url": "http://a", "method": "\ud800\0" + "x" * 1_000})

    assert issue.received is not None
    assert len(issue.received) == 100
    assert issue.received.encode()


def test_a_secret_is_never_quoted() -> None:
    issue = issue_of({"url": "http://a", "proxyKey": ["pr0xy"]})

    assert issue.received is None
    assert "pr0xy" not in issue.message


def test_null_means_the_default() -> None:
    assert parse(Request, {"url": "http://a", "maxRedirects": None, "tags": None, "body": None}) == Request(
        url="http://a"
    )


# ---- secrets -----------------------------------------------------------------


def test_an_omitted_secret_keeps_what_is_stored() -> None:
    stored = parse(Request, FULL)
    data = {
        "url": "http://new.example",
        "headers": [{"name": "Y"}, {"name": "X-Key"}],
        "auth": {"basic": {"username": "bob"}},
    }

    config = parse(Request, data, stored=stored)

    assert [(header.name, header.value) for header in config.headers] == [("Y", "t0ken"), ("X-Key", "s3cret")]
    assert config.auth == Auth(basic=Basic(username="bob", password="pa55"))
    assert config.proxy_key == "pr0xy"


def test_items_of_one_name_keep_their_secrets_in_order() -> None:
    twice = [{"name": "X", "value": "first"}, {"name": "X", "value": "second"}]
    stored = parse(Request, {"url": "http://a", "headers": twice})

    config = parse(Request, {"url": "http://a", "headers": [{"name": "X"}, {"name": "X"}]}, stored=stored)

    assert [header.value for header in config.headers] == ["first", "second"]


def test_null_clears_a_secret_and_a_required_one_cannot_be_cleared() -> None:
    stored = parse(Request, FULL)

    assert parse(Request, {"url": "http://a", "proxyKey": None}, stored=stored).proxy_key is None
    cleared = {"url": "http://a", "headers": [{"name": "Y", "value": None}]}
    assert issues_of(cleared, stored=stored) == [("headers.0.value", "required")]


def test_a_secret_is_not_kept_for_another_name_or_another_way_to_sign_in() -> None:
    stored = parse(Request, FULL)
    data = {"url": "http://a", "headers": [{"name": "Z"}], "auth": {"bearer": {}}}

    assert issues_of(data, stored=stored) == [
        ("headers.0.value", "required"),
        ("auth.bearer.token", "required"),
    ]


def test_what_an_omitted_group_held_is_gone() -> None:
    stored = parse(Request, FULL)

    assert parse(Request, {"url": "http://a"}, stored=stored).auth is None


def test_what_another_kind_stored_is_not_kept() -> None:
    assert issues_of({}, Bearer, stored=parse(Request, FULL)) == [("token", "required")]


def test_redaction_hides_every_secret_and_names_those_that_are_set() -> None:
    config = parse(Request, FULL)

    shown = redact(config)

    assert shown["headers"] == [{"name": "X-Key"}, {"name": "Y"}]
    assert shown["auth"] == {"bearer": None, "basic": {"username": "ann"}}
    assert not any(secret in json.dumps(shown) for secret in ("s3cret", "t0ken", "pa55", "pr0xy"))
    assert secrets_set(config) == [
        "headers.X-Key.value",
        "headers.Y.value",
        "auth.basic.password",
        "proxyKey",
    ]


def test_secrets_can_be_shown_as_what_is_made_of_them() -> None:
    shown = masked(parse(Request, FULL), lambda secret: f"{len(secret)} long")

    assert shown["headers"] == [{"name": "X-Key", "value": "6 long"}, {"name": "Y", "value": "5 long"}]
    assert shown["auth"]["basic"] == {"username": "ann", "password": "4 long"}
    assert shown["auth"]["bearer"] is None
    assert shown["proxyKey"] == "5 long"


def test_texts_named_like_keys_are_secrets_where_keys_are_free() -> None:
    extra = {"password": "pa55", "page": "2", "deep": [{"apiKey": "abc", "pins": 3}]}
    shown = masked(parse(Request, {**FULL, "extra": extra}), lambda _secret: "***")

    assert shown["extra"] == {"password": "***", "page": "2", "deep": [{"apiKey": "***", "pins": 3}]}


# ---- storage -----------------------------------------------------------------


def test_what_is_stored_comes_back_the_same() -> None:
    config = parse(Request, FULL)

    stored = json.loads(json.dumps(to_json(config)))

    assert stored["proxyKey"] == "pr0xy"
    assert load(Request, stored) == config
    assert parse(Request, stored) == config


def test_what_no_longer_fits_its_class_says_where() -> None:
    stored = {**to_json(parse(Request, FULL)), "maxRedirects": 400, "gone": 1}

    with pytest.raises(ConfigErrors) as caught:
        load(Request, stored)

    assert [issue.path for issue in caught.value.issues] == [("gone",), ("maxRedirects",)]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50)
secrets = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=50)
requests = st.fixed_dictionaries(
    {"url": st.just("http://a")},
    optional={
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.lists(st.fixed_dictionaries({"name": names, "value": secrets}), max_size=5),
        "auth": st.none() | st.builds(lambda token: {"bearer": {"token": token}}, secrets),
        "maxRedirects": st.integers(0, 12),
        "ratio": st.floats(0, 1),
        "extra": st.dictionaries(names, st.none() | st.booleans() | st.integers(-9, 9) | names, max_size=3),
        "proxyKey": st.none() | secrets,
    },
)


@given(requests)
def test_whatever_is_accepted_survives_storing_and_an_update_that_omits_its_secrets(
    data: dict[str, Any],
) -> None:
    config = parse(Request, data)

    assert load(Request, json.loads(json.dumps(to_json(config)))) == config
    assert parse(Request, redact(config), stored=config) == config


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["url", "headers", "auth", "extra", "ratio", "tags", "x"]), json_values)
)
def test_whatever_comes_in_is_accepted_or_refused_with_issues(data: dict[str, Any]) -> None:
    try:
        stored = to_json(parse(Request, data))
    except ConfigErrors as refusal:
        stored = [issue.message for issue in refusal.issues]

    assert json.dumps(stored, allow_nan=False).encode() not in (b"[]", b"{}")


# ---- schema ------------------------------------------------------------------


def test_the_json_schema_tells_bounds_defaults_choices_and_secrets() -> None:
    schema = json_schema(Request)

    properties = schema["properties"]
    assert schema["required"] == ["url"]
    assert schema["additionalProperties"] is False
    assert properties["url"] == {"type": "string", "maxLength": 100, "description": "The address"}
    assert properties["method"] == {"enum": ["GET", "POST"], "default": "GET"}
    assert properties["maxRedirects"] == {"type": "integer", "minimum": 0, "maximum": 20, "default": 10}
    assert properties["headers"]["items"]["properties"]["value"]["writeOnly"] is True
    assert properties["proxyKey"]["writeOnly"] is True
    assert properties["tags"]["default"] == ["all"]
    assert [each["required"] for each in properties["auth"]["anyOf"][0]["oneOf"]] == [["bearer"], ["basic"]]
    assert json.dumps(schema)


# ---- what cannot be a configuration -------------------------------------------


class Unbounded(Config):
    number: int


class TooWide(Config):
    number: Annotated[int, Meta(ge=0, le=2**31)]


class Dated(Config):
    at: datetime


class Either(Config):
    value: str | bool


class Empty(Config):
    pass


class HoldsEmpty(Config):
    inner: Empty


class Recursive(Config):
    value: str
    inner: Recursive | None = None


class Reserved(Config):
    kind: str


class Summarised(Config):
    summary: str


class ReservedBelow(Config):
    secrets_set: str


class HoldsReservedBelow(Config):
    inner: ReservedBelow


class BadName(Config):
    name: str = msgspec.field(name="a-b")


class Dunder(Config):
    name: str = msgspec.field(name="__name")


class Foreign(msgspec.Struct):
    value: str


class HoldsForeign(Config):
    inner: Foreign


class Literally(Config):
    version: Literal["1.2", "1.3"]


class NoMembers(enum.Enum):
    pass


class HoldsNoMembers(Config):
    value: NoMembers


class Truth(enum.Enum):
    true = "yes"


class HoldsTruth(Config):
    value: Truth


class SecretList(Config):
    tokens: tuple[Secret, ...] = ()


class SecretDict(Config):
    tokens: dict[str, Secret]


class SecretNumber(Config):
    pin: Annotated[int, Meta(ge=0, le=9999, extra_json_schema={"writeOnly": True})]


class NullableItems(Config):
    values: list[str | None]


class Unresolved(Config):
    value: NowhereToBeFound  # type: ignore[name-defined]  # noqa: F821


class HalfOptional(Config, one_of=True):
    first: str | None = None
    second: str = "x"


class HoldsHalfOptional(Config):
    choice: HalfOptional


class Odd(Config):
    number: Annotated[int, Meta(ge=0, le=9, multiple_of=2)]


class Fixed(Config):
    pair: tuple[str, str]


def make_header() -> type[Config]:
    class Header(Config):
        other: str

    return Header


OtherHeader = make_header()


class TwoHeaders(Config):
    first: Header
    second: OtherHeader  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (Unbounded, "number: an int needs bounds of 32 bits"),
        (TooWide, "number: an int needs bounds of 32 bits"),
        (Dated, "at: datetime is not supported"),
        (Either, "value: a union of several types"),
        (Empty, "Empty has no fields"),
        (HoldsEmpty, "inner: Empty has no fields"),
        (Recursive, "inner: Recursive contains itself"),
        (Reserved, 'field name "kind" is reserved'),
        (Summarised, 'field name "summary" is reserved'),
        (HoldsReservedBelow, 'field name "secretsSet" cannot be used'),
        (BadName, 'field name "a-b" cannot be used'),
        (Dunder, 'field name "__name" cannot be used'),
        (HoldsForeign, "inner: a nested class must be a Config"),
        (Literally, "version: the values of a Literal must be names"),
        (HoldsNoMembers, "NoMembers"),
        (HoldsTruth, 'value: "true" cannot name a member'),
        (SecretList, "tokens: a secret in a list"),
        (SecretDict, "tokens: a secret cannot stand in a dict"),
        (SecretNumber, "pin: only a text can be a secret"),
        (NullableItems, "values: the items of a list cannot be null"),
        (Unresolved, "NowhereToBeFound"),
        (HoldsHalfOptional, "choice: every field of a one-of class"),
        (Odd, "number: only ge and le"),
        (Fixed, "pair: tuple is not supported"),
        (TwoHeaders, "two classes below TwoHeaders are called Header"),
    ],
)
def test_a_class_that_some_api_could_not_offer_is_refused_with_a_reason(
    config: type[Config], reason: str
) -> None:
    with pytest.raises(UnsupportedConfig, match=reason.replace("(", r"\(").replace("|", r"\|")):
        shape_of(config)


class Wrong(Config):
    number: Annotated[int, Meta(ge=0, le=9)] = 10
    text: str = None  # type: ignore[assignment]


def test_defaults_must_fit_their_own_fields() -> None:
    assert [(issue.path, issue.rule) for issue in default_issues(Wrong)] == [
        (("number",), "maximum"),
        (("text",), "required"),
    ]
    assert default_issues(Request) == ()


def test_subclasses_keep_the_options_of_the_base() -> None:
    class Special(Bearer):
        extra_field: str = "x"

    assert issues_of({"token": "t", "extrafield": "y"}, Special) == [("extrafield", "unknown_field")]
    with pytest.raises(TypeError):
        Special("t")  # type: ignore[misc]
