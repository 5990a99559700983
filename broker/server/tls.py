"""TLS: what a listener's settings say, and the handshakes of those who come.

A client is admitted before its handshake, so that it counts like any other, and a handshake that
takes too long ends.  What fails costs its client the connection, and one line in the log.  After
it, a connection does over TLS what it does over a plain socket.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from broker.events import Event, tell
from broker.security.principals import ANONYMOUS, of_certificate
from broker.server.security_settings import prefixed
from broker.server.setting import InvalidSetting

if TYPE_CHECKING:
    from broker.server.configuration import Configuration
    from broker.server.connection import Connection
    from broker.server.listeners import Listener
    from broker.server.server import Server

PATIENCE = 20.0
"""Seconds that a handshake may take."""
PAUSE = 0.5
"""Seconds until connections are accepted again where the system has no room for one."""

_VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_VERIFIED: Mapping[str, ssl.VerifyMode] = {
    "none": ssl.CERT_NONE,
    "requested": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_NO_TLS = {"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}
"""What OpenSSL says of bytes that are no TLS."""


def context(configuration: Configuration, listener: Listener) -> ssl.SSLContext:
    """How a listener speaks TLS; `InvalidSetting` where its files cannot be used."""

    def told(name: str) -> str | None:
        found: str | None = configuration.of_listener(listener.name, name)
        return found

    keys = told("ssl.keystore.location")
    if keys is None:
        raise InvalidSetting(
            f"listener {listener.name} has no certificate: say where it is, with its key, in "
            "ssl.keystore.location"
        )
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = configuration.of_listener(listener.name, "ssl.enabled.protocols")
    found.minimum_version = min(_VERSIONS[each] for each in versions)
    found.maximum_version = max(_VERSIONS[each] for each in versions)
    found.options |= ssl.OP_NO_RENEGOTIATION
    _check_type("ssl.keystore", told("ssl.keystore.type"))
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        found.load_cert_chain(keys, password=told("ssl.key.password") or "")
    except (OSError, ssl.SSLError) as error:
        raise InvalidSetting(
            f"{keys} has no certificate with its key that can be used ({_reason(error)}): see "
            "ssl.keystore.location and ssl.key.password"
        ) from error
    _trust(found, told, _client_auth(configuration, listener))
    return found


def _client_auth(configuration: Configuration, listener: Listener) -> str:
    """Whether clients show a certificate; beside SASL only where the listener itself wants it."""
    name = "ssl.client.auth"
    if listener.sasl:
        found: str = configuration.given.get(prefixed(listener.name, name), "none")
    else:
        found = configuration.of_listener(listener.name, name)
    return found


def _trust(found: ssl.SSLContext, told: Callable[[str], str | None], verified: str) -> None:
    found.verify_mode = _VERIFIED[verified]
    trusted = told("ssl.truststore.location")
    if trusted is None:
        if verified != "none":
            raise InvalidSetting(
                f"ssl.client.auth={verified} needs ssl.truststore.location, with the certificates "
                "of those who vouch for clients"
            )
        return
    _check_type("ssl.truststore", told("ssl.truststore.type"))
    try:
        found.load_verify_locations(trusted)
    except (OSError, ssl.SSLError) as error:
        raise InvalidSetting(
            f"{trusted} has no certificates that can be used ({_reason(error)}): see "
            "ssl.truststore.location"
        ) from error


def _check_type(store: str, kind: str | None) -> None:
    if kind != "PEM":
        raise InvalidSetting(
            f"{store}.type is {kind}, and this broker reads PEM: say {store}.type=PEM"
        )


def principal(transport: asyncio.BaseTransport) -> str:
    """Who a client is by its certificate, if it has shown one."""
    tls = transport.get_extra_info("ssl_object")
    der = None if tls is None else tls.getpeercert(binary_form=True)
    return of_certificate(der) if der else ANONYMOUS


# Who comes ------------------------------------------------------------------------------------


class Door:
    """Accepts those who come to a listener, and shakes hands with them."""

    def __init__(
        self, server: Server, listener: Listener, found: socket.socket, tls: ssl.SSLContext
    ) -> None:
        self._server, self._listener, self._socket, self._tls = server, listener, found, tls
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    async def _accept(self) -> None:
        while True:
            try:
                accepted, address = await self._loop.sock_accept(self._socket)
            except OSError as error:
                tell(Event.UPKEEP_FAILED, error=error)
                await asyncio.sleep(PAUSE)
                continue
            connection = self._server.connection(self._listener)
            connection.host = str(address[0])
            if not self._server.admit(connection):
                accepted.close()
                continue
            task = self._loop.create_task(self._shake_hands(accepted, connection))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket, connection: Connection) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection, accepted, ssl=self._tls, ssl_handshake_timeout=PATIENCE
            )
        except (OSError, asyncio.CancelledError) as error:
            self._server.gone(connection)
            accepted.close()
            if isinstance(error, asyncio.CancelledError):
                raise
            # Who only looks whether somebody listens is no matter.
            away = isinstance(error, ConnectionResetError)
            event = Event.CONNECTION_CLOSED if away else Event.NO_HANDSHAKE
            connection.note(event, _reason(error))

    async def close(self) -> None:
        """Accept nobody any more, and let go of those whose handshakes are not done."""
        tasks = [self._accepting, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reason(error: OSError) -> str:
    """Why, in words; of OpenSSL's the ones that are for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client's certificate is refused ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        if error.reason in _NO_TLS:
            return "the client does not speak TLS"
        return (error.reason or "TLS fails").replace("_", " ").lower()
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return "it took too long"
    if isinstance(error, ConnectionError):
        return "the client went away"
    return error.strerror or type(error).__name__
