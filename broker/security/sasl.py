"""The authentication of one connection, from its handshake on.

    SaslHandshake v1     which mechanism; then SaslAuthenticate with what the mechanism has to say
    SaslHandshake v0     which mechanism; then frames that are that and nothing else

Until it has succeeded, only ApiVersions is answered besides.  What has succeeded is good for so
many ms, if there is a limit: after that the connection may only be authenticated anew, by the same
mechanism and as the same user, which may be done before too.

Source: KIP-43, KIP-152, KIP-368.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from broker.errors import ErrorCode, Refused
from broker.security.principals import user
from broker.security.scram import Rejected
from broker.wire.apis import ApiKey

FRAMED = 1
"""The first version of SaslHandshake after which tokens are in requests."""


class Exchange(Protocol):
    """What a mechanism does: it answers tokens until it knows the user."""

    user: str | None

    def respond(self, token: bytes) -> bytes:
        """The answer to a token; `Rejected` where the client has failed."""


class NotNow(Exception):  # noqa: N818 - an answer, not a fault
    """A request that may not be made before, or while, a client authenticates."""


class Sasl:
    """Where a connection's authentication stands.

    mechanisms  what begins an exchange, by the mechanisms that are enabled
    lifetime    ms for which it is good; 0: as long as the connection
    principal   who the client is; None: not known yet
    raw         the next frame is a token, and no request
    """

    def __init__(self, mechanisms: Mapping[str, Callable[[], Exchange]], lifetime: int) -> None:
        self._mechanisms, self._lifetime = mechanisms, lifetime
        self._exchange: Exchange | None = None
        self._mechanism = ""
        self._expires: int | None = None
        self.principal: str | None = None
        self.raw = False

    @property
    def mechanisms(self) -> list[str]:
        """The names of those that are enabled."""
        return list(self._mechanisms)

    def admit(self, key: ApiKey, now: int) -> None:
        """`NotNow` where such a request may not be made now."""
        if key in _AUTHENTICATION:
            return
        if self._exchange is not None or self.principal is None:
            raise NotNow(f"{key.name} before the client had authenticated")
        if self._expires is not None and now >= self._expires:
            raise NotNow(f"{key.name} after the authentication had expired")

    def begin(self, mechanism: str, version: int) -> None:
        """The client names a mechanism; `Refused` where it may not."""
        again = self.principal is not None
        if self._exchange is not None or (again and not self._lifetime):
            raise Refused(ErrorCode.ILLEGAL_SASL_STATE)
        if mechanism not in self._mechanisms or (again and mechanism != self._mechanism):
            raise Refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM)
        self._mechanism = mechanism
        self._exchange = self._mechanisms[mechanism]()
        self.raw = version < FRAMED

    def respond(self, token: bytes, now: int) -> bytes:
        """What is answered to a token.

        `Refused` where none is expected, `Rejected` where the client is not who it says: either
        ends the connection.
        """
        if self._exchange is None:
            raise Refused(ErrorCode.ILLEGAL_SASL_STATE)
        answer = self._exchange.respond(token)
        if self._exchange.user is not None:
            found = user(self._exchange.user)
            if self.principal not in {None, found}:
                raise Rejected("a connection stays with the user that it is of")
            self.principal, self._exchange, self.raw = found, None, False
            self._expires = now + self._lifetime if self._lifetime else None
        return answer

    def left(self, now: int) -> int:
        """For how many ms more the client is taken for who it is; 0: for ever."""
        return 0 if self._expires is None else max(1, self._expires - now)


_AUTHENTICATION = {ApiKey.API_VERSIONS, ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE}
