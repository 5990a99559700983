"""The broker's security: who may come in, and what they may do there.

What is kept (ACLs, SCRAM's credentials) is replaced as a whole, in a file of the data directory
that nobody but the broker's user may read.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from broker.log.directory import DataDirectory, DirectoryError
from broker.security import jaas, plain, scram
from broker.security.authorizer import Authorizer
from broker.security.sasl import Exchange, Sasl
from broker.security.store import FILE, Store, decode
from broker.server.configuration import Configuration
from broker.server.listeners import Listener
from broker.server.security_settings import JAAS, prefixed
from broker.server.setting import InvalidSetting

SECRET = 32
PRIVATE = 0o600
Mechanisms = dict[str, Callable[[], Exchange]]


def load(directory: DataDirectory) -> Store:
    """What was kept; `DirectoryError` where it cannot be read."""
    data = directory.disk.load(directory.path / FILE)
    if data is None:
        return Store(secrets.token_bytes(SECRET))
    try:
        return decode(data)
    except ValueError as error:
        raise DirectoryError(
            f"{directory.path / FILE} cannot be read ({error}): mend it, or remove it to start "
            "without users and ACLs"
        ) from error


def save(directory: DataDirectory, store: Store) -> None:
    """Keep it, for the broker's user alone."""
    directory.disk.replace(directory.path / FILE, store.encode(), mode=PRIVATE)


class Access:
    """Who may come in, and what they may do.

    authorizer  None: everybody may do everything
    """

    def __init__(
        self,
        configuration: Configuration,
        directory: DataDirectory,
        listeners: Sequence[Listener],
    ) -> None:
        self._configuration, self._directory = configuration, directory
        self.store = load(directory)
        self.authorizer: Authorizer | None = None
        if configuration["authorizer.class.name"]:
            supers = configuration["super.users"].split(";")
            self.authorizer = Authorizer(
                self.store.acls,
                (each.strip() for each in supers if each.strip()),
                everyone=configuration["allow.everyone.if.no.acl.found"],
            )
        self._mechanisms = {
            listener.name: self._of(listener) for listener in listeners if listener.sasl
        }

    def keep(self) -> None:
        """Write down what has changed; OSError where that cannot be done."""
        if self.authorizer is not None:
            self.store.acls = list(self.authorizer)
        save(self._directory, self.store)

    # Who comes in -----------------------------------------------------------------------------

    def sasl(self, listener: Listener) -> Sasl | None:
        """How a client of this listener says who it is; None where it need not."""
        if not listener.sasl:
            return None
        lifetime = self._configuration.of_listener(listener.name, "connections.max.reauth.ms")
        return Sasl(self._mechanisms[listener.name], lifetime)

    def _of(self, listener: Listener) -> Mechanisms:
        enabled = self._configuration.of_listener(listener.name, "sasl.enabled.mechanisms")
        if not enabled:
            raise InvalidSetting(
                f"listener {listener.name} has no mechanism: name some in sasl.enabled.mechanisms"
            )
        return {mechanism: self._exchange(listener, mechanism) for mechanism in enabled}

    def _exchange(self, listener: Listener, mechanism: str) -> Callable[[], Exchange]:
        name = prefixed(listener.name, f"{mechanism.lower()}.{JAAS}")
        entry = self._configuration.given.get(name)
        try:
            users = {} if entry is None else jaas.users(mechanism, entry)
        except ValueError as error:
            raise InvalidSetting(f"Invalid value for configuration {name}: {error}") from error
        if mechanism != plain.MECHANISM:
            return partial(self._scram, mechanism)
        if not users:
            raise InvalidSetting(f"{plain.MECHANISM} has no users: say some in {name}")
        return partial(plain.Exchange, users)

    def _scram(self, mechanism: str) -> Exchange:
        find = partial(self.store.credential, mechanism)
        return scram.Exchange(mechanism, find, secrets.token_urlsafe(18))
