"""What of a website or an API is asked, and which answers are good."""

from __future__ import annotations

import enum
from typing import Annotated

import httpx

from plugins.api.config import Config, FieldError, Meta, Secret, check_with
from plugins.api.http_headers import LONGEST_NAME, LONGEST_VALUE, require_header_name, require_header_value
from plugins.api.outbound import MalformedAddress, literal_address
from plugins.api.web_address import require_web_address
from plugins.probes.http.statuses import require_statuses

LONGEST_ADDRESS = 2_048
LONGEST_BODY = 65_536
MOST_HEADERS = 50
MOST_REDIRECTS = 20
MOST_STATUSES = 50
LONGEST_LATENCY_MS = 300_000


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


def require_url(url: str) -> None:
    """Raise FieldError, or an ExceptionGroup of them, unless requests can be sent to the URL."""
    require_web_address(url)
    try:
        literal_address(httpx.URL(url).host)
    except (httpx.InvalidURL, MalformedAddress) as error:
        raise FieldError("", "must name a valid host") from error


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
