"""What of a website or an API is asked, and which answers are good."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated

from plugins.api.config import Config, FieldError, Meta, Secret, check_with
from plugins.api.http_headers import LONGEST_NAME, LONGEST_VALUE, require_header_name, require_header_value
from plugins.probes.http.address import LONGEST_ADDRESS, require_url
from plugins.probes.http.auth import ApiKeyLocation, Auth
from plugins.probes.http.credentials import header_name
from plugins.probes.http.json_assertion import JsonAssertion
from plugins.probes.http.query_key import has_parameter
from plugins.probes.http.statuses import require_statuses

LONGEST_BODY = 65_536
MOST_HEADERS = 50
MOST_REDIRECTS = 20
MOST_STATUSES = 50
LONGEST_LATENCY_MS = 300_000
LONGEST_KEYWORD = 1_000
MOST_JSON_ASSERTIONS = 20
MOST_DAYS_LEFT = 365
_ABOUT_BODY = {"body_contains": "bodyContains", "body_lacks": "bodyLacks", "json": "json"}


class Method(enum.StrEnum):
    """The method of a request."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class Presentation(enum.StrEnum):
    """What the target is called in lists and messages."""

    WEBSITE = "WEBSITE"
    API = "API"


class Header(Config):
    """A header sent with the request."""

    name: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_NAME, description="What the header is called, in any case"),
        check_with(require_header_name),
    ]
    value: Annotated[
        Secret,
        Meta(max_length=LONGEST_VALUE, description="What it says"),
        check_with(require_header_value),
    ]


class HttpConfig(Config):
    """A request to a website or an API, and which answers are good."""

    url: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_ADDRESS, description="An http or https address"),
        check_with(require_url),
    ]
    method: Annotated[Method, Meta(description="The method of the request")] = Method.GET
    headers: Annotated[
        tuple[Header, ...], Meta(max_length=MOST_HEADERS, description="Sent with the request")
    ] = ()
    body: Annotated[str, Meta(max_length=LONGEST_BODY, description="Sent with the request")] | None = None
    accepted_statuses: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=MOST_STATUSES,
            description="Statuses (204) and ranges (200-299) that are good",
        ),
        check_with(require_statuses),
    ] = ("200-299",)
    follow_redirects: Annotated[
        bool, Meta(description="Whether the final answer is judged, or the first")
    ] = True
    max_redirects: Annotated[int, Meta(ge=0, le=MOST_REDIRECTS, description="How many are followed")] = 10
    verify_tls: Annotated[bool, Meta(description="Whether the certificate must be valid for the name")] = True
    degraded_above_ms: (
        Annotated[
            int,
            Meta(ge=1, le=LONGEST_LATENCY_MS, description="A slower answer makes the monitor DEGRADED"),
        ]
        | None
    ) = None
    presentation: Annotated[Presentation, Meta(description="What the target is called")] = (
        Presentation.WEBSITE
    )
    auth: Annotated[Auth, Meta(description="On whose behalf the request comes")] | None = None
    body_contains: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=LONGEST_KEYWORD,
                description="What the body must hold, letter for letter",
            ),
        ]
        | None
    ) = None
    body_lacks: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=LONGEST_KEYWORD,
                description="What the body must not hold, letter for letter",
            ),
        ]
        | None
    ) = None
    json: Annotated[
        tuple[JsonAssertion, ...],
        Meta(max_length=MOST_JSON_ASSERTIONS, description="What values in a JSON body must be; all of them"),
    ] = ()
    certificate_days_left: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MOST_DAYS_LEFT,
                description="A certificate that ends sooner opens an EXPIRY incident, and leaves the status as it is",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        faults = [*_faults_of_auth(self), *_faults_of_body(self)]
        if self.certificate_days_left is not None and not self.url.lower().startswith("https://"):
            faults.append(FieldError("certificate_days_left", "needs a url that starts with https://"))
        if faults:
            raise ExceptionGroup("contradictions", faults)


def _faults_of_auth(config: HttpConfig) -> Iterator[FieldError]:
    name = header_name(config.auth)
    for place, header in enumerate(config.headers):
        if name is not None and header.name.lower() == name.lower():
            yield FieldError(f"headers.{place}.name", "is set by auth")
    key = None if config.auth is None else config.auth.api_key
    if key is not None and key.location is ApiKeyLocation.QUERY and has_parameter(config.url, key.name):
        yield FieldError("auth.api_key.name", "is a parameter that the url has already")


def _faults_of_body(config: HttpConfig) -> Iterator[FieldError]:
    if config.method is Method.HEAD:
        for attribute in _ABOUT_BODY:
            if getattr(config, attribute):
                yield FieldError(attribute, "needs a body, and the answer to HEAD has none")


def asserted_fields(config: HttpConfig) -> tuple[str, ...]:
    """Return the fields, in the names of the API, that expect something of the body."""
    return tuple(name for attribute, name in _ABOUT_BODY.items() if getattr(config, attribute))
