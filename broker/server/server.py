"""The server: a socket, its connections, and what is done from time to time.

It stops in order: no more connections, those that there are closed, logs flushed and closed, and
then the directory says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import secrets
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

from broker.log.cleaner import clean
from broker.log.directory import DataDirectory, DirectoryError, Identity, text_of
from broker.log.files import RealDisk
from broker.log.log import Log
from broker.log.segment import Segment
from broker.server import tls
from broker.server.access import Access
from broker.server.broker import Broker
from broker.server.buffers import Buffers
from broker.server.configuration import Configuration
from broker.server.connection import Connection
from broker.server.listeners import Listener, listeners
from broker.server.tls import Door
from broker.wire.batches import Corrupt

log = logging.getLogger("verdict.broker")
BACKLOG = 1024
SWEEP = 1.0
"""Seconds between looks at what is due."""
FAREWELLS, FAREWELL = 4, 0.02
"""How often connections are asked to close at the end, and seconds between."""


class ListenError(Exception):
    """The address cannot be listened on; the message is one line that says what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that is listened on; `ListenError` where that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"{host}:{port} is no address to listen on: {error.strerror}") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
        found.settimeout(0)
    except OSError as error:
        found.close()
        raise ListenError(
            f"{host}:{port} cannot be listened on ({error.strerror}): stop what is there, or "
            "choose another --listen"
        ) from error
    return found


class Server:
    """A broker that listens."""

    def __init__(self, configuration: Configuration, directory: DataDirectory) -> None:
        self.configuration, self.directory = configuration, directory
        self.max_request: int = configuration["socket.request.max.bytes"]
        self.buffers = Buffers(configuration["queued.max.request.bytes"])
        self.connections: set[Connection] = set()
        self._hosts: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self.listeners: list[Listener] = []
        self._open: list[asyncio.Server] = []
        self._doors: list[Door] = []

    async def start(self, *sockets: socket.socket) -> None:
        """Open the data and serve it; `DirectoryError` where it cannot be used.

        sockets  that are listened on, one for each of the listeners that are configured
        """
        _allow_many_files()
        found = [
            listener.at(*each.getsockname()[:2])
            for listener, each in zip(listeners(self.configuration), sockets, strict=True)
        ]
        contexts = [tls.context(self.configuration, each) if each.tls else None for each in found]
        identity = self.directory.identify(
            Identity(
                text_of(UUID(bytes=secrets.token_bytes(16))),
                self.configuration["node.id"],
                text_of(UUID(bytes=secrets.token_bytes(16))),
            )
        )
        if identity.node_id != self.configuration["node.id"]:
            raise DirectoryError(
                f"the data directory {self.directory.path} is of node {identity.node_id}, and "
                f"this is node {self.configuration['node.id']}: set node.id={identity.node_id}"
            )
        for line in self.directory.start():
            log.warning(line)
        loop = asyncio.get_running_loop()
        access = Access(self.configuration, self.directory, found)
        self.broker = Broker(self.configuration, self.directory, identity, loop, access)
        self.listeners = found
        self.broker.advertised = found[0].told
        self._note_given(found)
        self.broker.open()
        for listener, each, context in zip(found, sockets, contexts, strict=True):
            await self._listen(listener, each, context)
        settings = self.configuration
        checkpoints = settings["log.flush.offset.checkpoint.interval.ms"] / 1000
        self._tasks = [
            loop.create_task(self._every(period, what))
            for period, what in (
                (SWEEP, self._sweep),
                (settings["log.retention.check.interval.ms"] / 1000, self._retain),
                (settings["producer.id.expiration.check.interval.ms"] / 1000, self._forget),
                (max(checkpoints, SWEEP), self._checkpoint),
            )
        ]
        self._tasks.append(loop.create_task(self._flush_and_clean()))

    async def _listen(
        self, listener: Listener, found: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        if context is not None:
            self._doors.append(Door(self, listener, found, context))
            return
        loop = asyncio.get_running_loop()
        make = partial(self.connection, listener)
        self._open.append(await loop.create_server(make, sock=found))

    def connection(self, listener: Listener) -> Connection:
        """What a client that comes to a listener talks to."""
        return Connection(self, listener)

    def _note_given(self, found: list[Listener]) -> None:
        """What the command line has its own words for is shown under Kafka's names."""
        self.configuration.given.update(
            {
                "listeners": ",".join(f"{each.name}://{each.host}:{each.port}" for each in found),
                "advertised.listeners": ",".join(
                    f"{each.name}://{each.told[0]}:{each.told[1]}" for each in found
                ),
                "log.dirs": str(self.directory.path),
            }
        )

    @property
    def port(self) -> int:
        """The port that clients are told."""
        return self.broker.advertised[1]

    # Connections ------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for one more, or it was there already."""
        if connection in self.connections:
            return True
        room = len(self.connections) < self.configuration["max.connections"]
        mine = self._hosts[connection.host] < self.configuration["max.connections.per.ip"]
        if room and mine:
            self.connections.add(connection)
            self._hosts[connection.host] += 1
            return True
        log.info("connection from %s refused: there are too many", connection.host)
        return False

    def gone(self, connection: Connection) -> None:
        """A connection was closed."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._hosts[connection.host] -= 1
            if not self._hosts[connection.host]:
                del self._hosts[connection.host]

    # From time to time ------------------------------------------------------------------------

    async def _every(self, seconds: float, what: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                what()
            except OSError:
                log.exception("what is due could not be done")

    def _sweep(self) -> None:
        now, idle = self.broker.now(), self.configuration["connections.max.idle.ms"]
        for connection in list(self.connections):
            if idle >= 0 and now - connection.used > idle:
                connection.refuse("it was idle for too long")
        for partition in self.broker.catalog:
            partition.log.remove_gone(now)
            if now - partition.log.last_flush >= partition.log.settings.flush_ms:
                partition.log.flush(now)

    def _retain(self) -> None:
        for partition in self.broker.catalog:
            partition.log.expire(self.broker.now())

    def _forget(self) -> None:
        oldest = self.broker.now() - self.configuration["producer.id.expiration.ms"]
        for partition in self.broker.catalog:
            partition.log.producers.expire(oldest)

    def _checkpoint(self) -> None:
        self.directory.checkpoint(self.broker.catalog.logs())

    async def _flush_and_clean(self) -> None:
        """Beside the thread that serves: flush what was rolled, and compact what is to be."""
        pause = max(self.configuration["log.cleaner.backoff.ms"] / 1000, 0.1)
        while True:
            await asyncio.sleep(pause)
            for partition in list(self.broker.catalog):
                try:
                    await self._flush_rolled(partition.log)
                    if self.configuration["log.cleaner.enable"] and partition.log.settings.compact:
                        await clean(partition.log, self.broker.now)
                except (OSError, Corrupt):
                    log.exception("%s could not be flushed or cleaned", partition.log.folder)

    async def _flush_rolled(self, found: Log) -> None:
        rolled, end = found.rolled(), found.active.base_offset
        if rolled:
            await asyncio.get_running_loop().run_in_executor(None, _flush, rolled)
            found.flushed(end)

    # The end ----------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Stop serving, and close the data."""
        for each in self._open:
            each.close()
        for door in self._doors:
            await door.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._dismiss()
        self.broker.close()

    async def _dismiss(self) -> None:
        """Close all connections, those just accepted too; who does not read is cut off."""
        for _ in range(FAREWELLS):
            for connection in list(self.connections):
                connection.close()
            await asyncio.sleep(FAREWELL)
        for connection in list(self.connections):
            connection.refuse("the broker stops")
        await asyncio.sleep(0)


def _flush(segments: list[Segment]) -> None:
    for segment in segments:
        segment.flush()


def _allow_many_files() -> None:
    """A partition has three files open: let there be as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_directory(path: str) -> DataDirectory:
    """The data directory there, locked; `DirectoryError` where it cannot be."""
    from pathlib import Path

    directory = DataDirectory(RealDisk(), Path(path).absolute())
    directory.lock()
    return directory
