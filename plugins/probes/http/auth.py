"""How a request says on whose behalf it comes: exactly one of five ways."""

from __future__ import annotations

import enum
import re
from typing import Annotated

from plugins.api.config import Config, FieldError, Meta, Secret, check_with
from plugins.api.http_headers import LONGEST_NAME, LONGEST_VALUE, require_header_name
from plugins.probes.http.address import LONGEST_ADDRESS, require_url
from plugins.probes.http.redirects import ABOUT_CONTENT, HARMLESS

LONGEST_PREFIX = 50
LONGEST_USERNAME = 255
LONGEST_PASSWORD = 1_024
LONGEST_SCOPE = 1_000
CLIENT_CREDENTIALS, PASSWORD_GRANT = "client_credentials", "password"

_WORD = re.compile(r"[\x21-\x7e]*")
_WORDS = re.compile(r"[\x20-\x7e]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORM_OF_GRANT = f"{CLIENT_CREDENTIALS} or {PASSWORD_GRANT}"


def require_word(text: str) -> None:
    """Raise ValueError unless the text can stand in a header as one word."""
    if not _WORD.fullmatch(text):
        raise ValueError("must be one word of visible ASCII characters")


def require_scope(scope: str) -> None:
    """Raise ValueError unless the text is words of visible ASCII characters (RFC 6749, 3.3)."""
    if not _WORDS.fullmatch(scope):
        raise ValueError("must be words of visible ASCII characters")


def require_username(name: str) -> None:
    """Raise ValueError unless Basic authentication can tell the name from the password (RFC 7617)."""
    if ":" in name or _CONTROL.search(name):
        raise ValueError("must not contain a colon or control characters")


def require_password(password: str) -> None:
    """Raise ValueError for what Basic authentication cannot carry (RFC 7617)."""
    if _CONTROL.search(password):
        raise ValueError("must not contain control characters")


def require_secret_header(name: str) -> None:
    """Raise ValueError unless a header of that name stays with the host that it is meant for."""
    require_header_name(name)
    if name.lower() in HARMLESS | ABOUT_CONTENT | {"host"}:
        raise ValueError("must not be a header that other hosts are sent too")


def require_grant(grant: str) -> None:
    """Raise FieldError unless it is a grant that needs nobody to sign in."""
    if grant not in (CLIENT_CREDENTIALS, PASSWORD_GRANT):
        raise FieldError("", f"must be {_FORM_OF_GRANT}", rule="enum", expected=_FORM_OF_GRANT)


class BearerAuth(Config):
    """A token in the Authorization header (RFC 6750)."""

    token: Annotated[
        Secret,
        Meta(min_length=1, max_length=LONGEST_VALUE, description="Sent after the word Bearer"),
        check_with(require_word),
    ]


class BasicAuth(Config):
    """A name and a password in the Authorization header (RFC 7617)."""

    username: Annotated[
        str,
        Meta(max_length=LONGEST_USERNAME, description="Who asks; without a colon"),
        check_with(require_username),
    ]
    password: Annotated[
        Secret,
        Meta(max_length=LONGEST_PASSWORD, description="The password that goes with the name"),
        check_with(require_password),
    ]


class ApiKeyLocation(enum.StrEnum):
    """Where a key stands in a request."""

    HEADER = "HEADER"
    QUERY = "QUERY"


class ApiKeyAuth(Config):
    """A key in a header or in the query of the address."""

    key: Annotated[
        Secret,
        Meta(min_length=1, max_length=LONGEST_VALUE, description="The key itself"),
        check_with(require_word),
    ]
    name: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_NAME, description="What the header or the parameter is called"),
        check_with(require_word),
    ]
    location: Annotated[ApiKeyLocation, Meta(description="Where the key stands in the request")] = (
        ApiKeyLocation.HEADER
    )

    def __post_init__(self) -> None:
        """Hold a header to the rules of headers."""
        if self.location is ApiKeyLocation.HEADER:
            try:
                require_secret_header(self.name)
            except ValueError as error:
                raise FieldError("name", str(error)) from error


class Oauth2Auth(Config):
    """A token that is asked for at a token endpoint, and asked for anew when it ends (RFC 6749)."""

    token_url: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_ADDRESS, description="The address of the token endpoint"),
        check_with(require_url),
    ]
    client_id: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_PASSWORD, description="What the client is called there"),
        check_with(require_password),
    ]
    client_secret: (
        Annotated[
            Secret,
            Meta(
                min_length=1,
                max_length=LONGEST_PASSWORD,
                description=f"The client's own secret; {CLIENT_CREDENTIALS} needs one",
            ),
            check_with(require_password),
        ]
        | None
    ) = None
    scope: (
        Annotated[
            str,
            Meta(min_length=1, max_length=LONGEST_SCOPE, description="What the token is for, in words"),
            check_with(require_scope),
        ]
        | None
    ) = None
    grant_type: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_PREFIX, description=f"{CLIENT_CREDENTIALS}, or password"),
        check_with(require_grant),
    ] = CLIENT_CREDENTIALS
    username: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=LONGEST_USERNAME,
                description="Who the token is for; needed by the grant password, and sent with it alone",
            ),
        ]
        | None
    ) = None
    password: (
        Annotated[
            Secret,
            Meta(
                min_length=1,
                max_length=LONGEST_PASSWORD,
                description="The password of that user; needed by the grant password, and sent with it alone",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Require what the grant cannot do without."""
        needed = {"client_secret": self.client_secret}
        if self.grant_type == PASSWORD_GRANT:
            needed = {"username": self.username, "password": self.password}
        faults = [
            FieldError(name, f"is required by the grant {self.grant_type}", rule="required")
            for name, value in needed.items()
            if value is None
        ]
        if faults:
            raise ExceptionGroup("the grant needs more", faults)


class JwtAuth(Config):
    """A signed token in a header of one's choice (RFC 7519), made elsewhere and sent as it is."""

    token: Annotated[
        Secret,
        Meta(min_length=1, max_length=LONGEST_VALUE, description="The token in its compact form"),
        check_with(require_word),
    ]
    header: Annotated[
        str,
        Meta(min_length=1, max_length=LONGEST_NAME, description="The header that carries it"),
        check_with(require_secret_header),
    ] = "Authorization"
    prefix: Annotated[
        str,
        Meta(max_length=LONGEST_PREFIX, description="The word before the token; none where it is empty"),
        check_with(require_word),
    ] = "Bearer"


class Auth(Config, one_of=True):
    """On whose behalf a request comes: exactly one of these."""

    bearer: Annotated[BearerAuth, Meta(description="A token in the Authorization header")] | None = None
    basic: Annotated[BasicAuth, Meta(description="A name and a password")] | None = None
    api_key: Annotated[ApiKeyAuth, Meta(description="A key in a header or in the query")] | None = None
    oauth2: (
        Annotated[Oauth2Auth, Meta(description="A token that is asked for at a token endpoint")] | None
    ) = None
    jwt: Annotated[JwtAuth, Meta(description="A signed token in a header of one's choice")] | None = None
