"""What is said to a token endpoint, and what it answers (RFC 6749, 4.3, 4.4 and 5)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from plugins.api.outbound import OutboundError
from plugins.api.outcome import RootCause
from plugins.probes.http.auth import PASSWORD_GRANT, Oauth2Auth
from plugins.probes.http.user_agent import USER_AGENT

# For a server that does not say how long its token is good: asked for anew soon, and at once when it is refused.
DEFAULT_LIFETIME_SECONDS = 300.0
LONGEST_LIFETIME_SECONDS = 30 * 86_400.0
_LONGEST_MARGIN_SECONDS = 30.0
_MARGIN_SHARE = 0.1

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_ERROR_CODE = re.compile(r"[a-z_]{1,60}")
_BAD_REQUEST, _UNAUTHORIZED, _SERVER_ERRORS = 400, 401, 500


class TokenUnavailable(Exception):
    """There is no token to look with; `message` says why, and that it is the token endpoint.

    `local_fault`: Tocsin itself could not ask.
    """

    def __init__(self, reason: str, *, root_cause: RootCause, local_fault: bool = False) -> None:
        super().__init__(reason)
        self.message = f"token endpoint: {reason}"
        self.root_cause = root_cause
        self.local_fault = local_fault

    @classmethod
    def because_of(cls, error: OutboundError) -> TokenUnavailable:
        """Return why the endpoint was not reached, or not understood."""
        return cls(error.message, root_cause=error.root_cause, local_fault=error.local_fault)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Token:
    """A token and how long it may be used, in seconds from its arrival."""

    value: str = field(repr=False)
    usable_seconds: float


def token_request(auth: Oauth2Auth, *, secret_in_body: bool) -> httpx.Request:
    """Return the request for a token; the client's secret goes into a header, or into the body for servers that
    know no better (2.3.1). Never both, which the RFC forbids.
    """
    form = {"grant_type": auth.grant_type}
    if auth.scope is not None:
        form["scope"] = auth.scope
    if auth.grant_type == PASSWORD_GRANT:
        form |= {"username": auth.username or "", "password": auth.password or ""}
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT, "Connection": "close"}
    if auth.client_secret is None:
        form["client_id"] = auth.client_id
    elif secret_in_body:
        form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    else:
        headers["Authorization"] = f"Basic {b64encode(client_pair(auth).encode('ascii')).decode('ascii')}"
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return httpx.Request("POST", auth.token_url, headers=headers, content=urlencode(form).encode("ascii"))


def client_pair(auth: Oauth2Auth) -> str:
    """Return the client's name and secret as its Authorization header holds them, in Base64."""
    return f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret or '')}"


def refuses_client(response: httpx.Response) -> bool:
    """Say whether the endpoint does not take the client for who he is, which may be for how he said it."""
    status = response.status_code
    return status == _UNAUTHORIZED or (status == _BAD_REQUEST and _error_code(response) == "invalid_client")


def token_of(response: httpx.Response) -> Token:
    """Return the token that an answer holds; raise TokenUnavailable where there is none that can be used."""
    if not response.is_success:
        raise _refused(response)
    answer = _json_object(response)
    value = answer.get("access_token")
    if not isinstance(value, str):
        raise TokenUnavailable("answered without an access_token", root_cause=RootCause.SERVER_ERROR)
    if str(answer.get("token_type", "bearer")).lower() != "bearer":
        raise TokenUnavailable(
            "answered with a token that is not of type Bearer", root_cause=RootCause.SERVER_ERROR
        )
    if not _TOKEN.fullmatch(value):
        raise TokenUnavailable(
            "answered with a token that no header can carry", root_cause=RootCause.SERVER_ERROR
        )
    return Token(value=value, usable_seconds=_usable_seconds(answer.get("expires_in")))


def _refused(response: httpx.Response) -> TokenUnavailable:
    status, code = response.status_code, _error_code(response)
    reason = f"answered with HTTP {status}{f', {code}' if code else ''}"
    if response.is_redirect:
        reason += ", and redirects are not followed"
    is_theirs = status >= _SERVER_ERRORS
    return TokenUnavailable(
        reason, root_cause=RootCause.SERVER_ERROR if is_theirs else RootCause.CONFIGURATION_ERROR
    )


def _error_code(response: httpx.Response) -> str | None:
    """Return the code that says why (5.2), where it is one: anything else may be what the server was sent."""
    try:
        code = _json_object(response).get("error")
    except TokenUnavailable:
        return None
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else None


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.read())
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TokenUnavailable("answered with what is not a JSON object", root_cause=RootCause.SERVER_ERROR)
    return answer


def _usable_seconds(expires_in: Any) -> float:
    try:
        lifetime = DEFAULT_LIFETIME_SECONDS if expires_in is None else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        lifetime = DEFAULT_LIFETIME_SECONDS
    # NaN compares as false, and so falls to the default as well.
    lifetime = min(lifetime, LONGEST_LIFETIME_SECONDS) if lifetime > 0 else DEFAULT_LIFETIME_SECONDS
    return lifetime - min(_LONGEST_MARGIN_SECONDS, lifetime * _MARGIN_SHARE)
