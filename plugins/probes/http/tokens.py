"""The token of one monitor: asked for once, shared by its looks, and renewed when it is refused."""

from __future__ import annotations

import asyncio
from time import monotonic

import httpx

from plugins.api.outbound import HttpTransport, OutboundError
from plugins.api.outcome import RootCause
from plugins.probes.http.auth import Oauth2Auth
from plugins.probes.http.token_request import (
    Token,
    TokenUnavailable,
    refuses_client,
    token_of,
    token_request,
)

_MOST_ANSWER_BYTES = 64 * 1024


class Tokens:
    """Keeps the token between looks. Serves one event loop."""

    def __init__(self, auth: Oauth2Auth) -> None:
        self._auth = auth
        self._token: Token | None = None
        self._usable_until = 0.0
        self._asking = asyncio.Lock()
        self._secret_in_body = False

    def known(self) -> Token | None:
        """Return the token, unless there is none, or it ends."""
        return self._token if monotonic() < self._usable_until else None

    async def asked(
        self, transport: HttpTransport, deadline: float, *, refused: Token | None = None
    ) -> Token:
        """Ask for a token, or take the one that another look has just asked for.

        `refused` is one that must not be used again. Raises TokenUnavailable.
        """
        await self._wait_for_turn(deadline)
        try:
            token = self.known()
            return await self._ask(transport, deadline) if token is None or token is refused else token
        finally:
            self._asking.release()

    async def _wait_for_turn(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline - monotonic()):
                await self._asking.acquire()
        except TimeoutError:
            raise TokenUnavailable(
                "timed out while another check was asking it", root_cause=RootCause.NETWORK_TIMEOUT
            ) from None

    async def _ask(self, transport: HttpTransport, deadline: float) -> Token:
        self._token = None
        asked_at = monotonic()
        response = await self._answer(transport, deadline, secret_in_body=self._secret_in_body)
        if self._auth.client_secret is not None and refuses_client(response):
            # Which of the two ways a server knows is found out by trying, and remembered.
            other = await self._answer(transport, deadline, secret_in_body=not self._secret_in_body)
            if other.is_success:
                self._secret_in_body, response = not self._secret_in_body, other
        token = token_of(response)
        self._token, self._usable_until = token, asked_at + token.usable_seconds
        return token

    async def _answer(
        self, transport: HttpTransport, deadline: float, *, secret_in_body: bool
    ) -> httpx.Response:
        try:
            return await transport.send(
                token_request(self._auth, secret_in_body=secret_in_body),
                timeout_seconds=deadline - monotonic(),
                max_body_bytes=_MOST_ANSWER_BYTES,
            )
        except OutboundError as error:
            raise TokenUnavailable.because_of(error) from error
