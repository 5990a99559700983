"""The server: its sockets, their connections, and what is done from time to time.

It starts with its logs, which are opened in another thread, so that it can say meanwhile how far
it is, and stop.

It stops in order: no more connections and no more requests, those that wait are answered, logs
flushed and closed, and then the directory says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import secrets
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from enum import Enum
from functools import partial
from time import perf_counter
from uuid import UUID

from broker.events import Event, tell
from broker.log.cleaner import clean
from broker.log.directory import DataDirectory, DirectoryError, Identity, text_of
from broker.log.files import RealDisk
from broker.log.log import Log
from broker.partition import Partition
from broker.server import tls
from broker.server.access import Access
from broker.server.broker import Broker
from broker.server.buffers import Buffers
from broker.server.configuration import Configuration
from broker.server.connection import Connection
from broker.server.listeners import Listener, listeners
from broker.server.load import MOST_UNSENT, Load
from broker.server.tls import Door
from broker.wire.batches import Corrupt

BACKLOG = 1024
SWEEP = 1.0
"""Seconds between looks at what is due."""
FAREWELL, LEAST, MOST = 0.02, 4, 100
"""Seconds between looks at who is still there at the end, how many there are, and may be."""
UPKEEP = 5.0
"""Seconds that a flush or a compaction may go on when the broker stops."""


SPARE = 32
"""Files that are neither logs nor connections."""


class Phase(Enum):
    """What the server is at."""

    RECOVERING = "recovering"
    SERVING = "serving"
    STOPPING = "stopping"


class ListenError(Exception):
    """The address cannot be listened on; the message is one line that says what to do."""


def bind(host: str, port: int, option: str = "--listen") -> socket.socket:
    """A socket that is listened on; `ListenError` where that cannot be.

    option  where the address was given
    """
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
            f"choose another {option}"
        ) from error
    return found


class Server:
    """A broker that listens."""

    def __init__(self, configuration: Configuration, directory: DataDirectory) -> None:
        self.configuration, self.directory = configuration, directory
        self.max_request: int = configuration["socket.request.max.bytes"]
        self.buffers = Buffers(configuration["queued.max.request.bytes"])
        self.connections: set[Connection] = set()
        self.load = Load()
        self.most_connections = 1 << 62
        self._hosts: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self.listeners: list[Listener] = []
        self._open: list[asyncio.Server] = []
        self._doors: list[Door] = []
        self.phase, self.opened = Phase.RECOVERING, False
        self._upkeep: asyncio.Task[None] | None = None
        self._busy = False

    async def start(self, *sockets: socket.socket) -> None:
        """Open the data and serve it; `DirectoryError` where it cannot be used.

        sockets  that are listened on, one for each of the listeners that are configured
        """
        _allow_many_files()
        self.most_connections = _most_connections()
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
            tell(Event.CHECKPOINT_DAMAGED, why=line)
        loop = asyncio.get_running_loop()
        access = Access(self.configuration, self.directory, found)
        self.broker = Broker(self.configuration, self.directory, identity, loop, access)
        self.listeners = found
        self.broker.advertised = found[0].told
        self._note_given(found)
        if isinstance(self.directory.disk, RealDisk):
            self.directory.disk.flushed = self.broker.meter.flushes.add
        await self._open_logs()
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
        self._upkeep = loop.create_task(self._flush_and_clean())

    async def _open_logs(self) -> None:
        began, catalog = perf_counter(), self.broker.catalog
        was = "closed in order" if self.directory.clean else "not closed in order, or is new"
        tell(Event.RECOVERING, data_dir=self.directory.path, was=was)
        await asyncio.get_running_loop().run_in_executor(None, catalog.load)
        self.broker.open()
        self.phase, self.opened = Phase.SERVING, True
        took = round(perf_counter() - began, 3)
        tell(Event.RECOVERED, partitions=catalog.opened, seconds=took)

    def give_up(self) -> None:
        """Stop opening logs: `start` ends with `GivenUp`, or has ended."""
        self.broker.catalog.given_up = True

    def unready(self) -> str:
        """Why clients are not served, or not well; nothing where they are."""
        if self.phase is Phase.RECOVERING:
            catalog = self.broker.catalog
            return f"recovering: {catalog.opened} of {catalog.known} partitions are open"
        if self.phase is Phase.STOPPING:
            return "stopping"
        if self.broker.groups.loading or self.broker.transactions.loading:
            return "recovering: the coordinators' topics are being read"
        if self.broker.disk_error:
            return f"the disk refused what was asked of it: {self.broker.disk_error}"
        return ""

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
        most = min(self.configuration["max.connections"], self.most_connections)
        room = len(self.connections) < most
        mine = self._hosts[connection.host] < self.configuration["max.connections.per.ip"]
        if room and mine:
            self.connections.add(connection)
            self._hosts[connection.host] += 1
            self.broker.meter.opened += 1
            tell(Event.CONNECTION_OPENED, client=connection.host)
            return True
        connection.note(Event.CONNECTION_REFUSED, "there are too many")
        return False

    def relieve(self) -> None:
        """Cut off who has not read for longest, until the others' answers have room."""
        slow = sorted(
            (each for each in self.connections if each.unsent), key=lambda each: each.used
        )
        for each in slow:
            if self.load.unsent <= MOST_UNSENT:
                return
            each.refuse("it does not read its answers", Event.CONNECTION_REFUSED)

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
            except Exception as error:  # noqa: BLE001 - it is due again, and so is what else is
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            tell(Event.UPKEEP_FAILED, trace=error, error=repr(error))
            return
        self.broker.meter.disk_failures += 1
        self.broker.disk_error = error.strerror or str(error)
        tell(Event.UPKEEP_FAILED, error=error)

    def _sweep(self) -> None:
        now, idle = self.broker.now(), self.configuration["connections.max.idle.ms"]
        for connection in list(self.connections):
            if idle >= 0 and self.broker.elapsed() - connection.used > idle:
                connection.refuse("it was idle for too long", Event.CONNECTION_CLOSED)
            elif connection.left:
                connection.refuse("the client is gone", Event.CONNECTION_CLOSED)
        for partition in self.broker.catalog:
            partition.log.remove_gone(now)
            # A flush that is still to come was before the clock was set back.
            if not 0 <= now - partition.log.last_flush < partition.log.settings.flush_ms:
                partition.log.flush(now)
        if self.broker.disk_error and self.directory.works():
            self.broker.disk_error = ""
            tell(Event.DISK_WORKS)

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
                self._busy = True
                await self._keep_up(partition)
                self._busy = False
                if self.phase is not Phase.SERVING:
                    return

    async def _keep_up(self, partition: Partition) -> None:
        found, began = partition.log, perf_counter()
        try:
            await self._flush_rolled(found)
            cleans = self.configuration["log.cleaner.enable"] and found.settings.compact
            if cleans and await clean(found, self.broker.now):
                self.broker.meter.compactions.add(perf_counter() - began)
        except Corrupt as damage:
            self.broker.disk_failed(partition.topic, partition.index, "compacted", damage)
        except Exception as error:  # noqa: BLE001 - other partitions are to be kept up, too
            self._failed(error)

    async def _flush_rolled(self, found: Log) -> None:
        rolled, end = found.rolled(), found.active.base_offset
        if rolled:
            await asyncio.get_running_loop().run_in_executor(None, found.flush_segments, rolled)
            found.flushed(end)

    # The end ----------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Stop serving, and close the data."""
        began, self.phase = perf_counter(), Phase.STOPPING
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
        await self._end_upkeep()
        self.broker.close()
        tell(Event.STOPPED, seconds=round(perf_counter() - began, 3))

    async def _end_upkeep(self) -> None:
        """Let what is being flushed or compacted be finished, if that is soon."""
        if self._upkeep is None:
            return
        if self._busy:
            await asyncio.wait([self._upkeep], timeout=UPKEEP)
        self._upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._upkeep

    async def _dismiss(self) -> None:
        """Answer who waits, and close all connections, those just accepted too.

        Who does not read is cut off.
        """
        for connection in list(self.connections):
            connection.close()
        self.broker.purgatory.expire()
        self.broker.groups.resign()
        for number in range(MOST):
            await asyncio.sleep(FAREWELL)
            if number >= LEAST and not self.connections:
                return
            for connection in list(self.connections):
                connection.close()
        for connection in list(self.connections):
            connection.refuse("the broker stops", Event.CONNECTION_CLOSED)
        await asyncio.sleep(0)


def _allow_many_files() -> None:
    """A partition has three files open: let there be as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _most_connections() -> int:
    """How many there may be: logs have three quarters of the files that the system allows."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 62 if allowed == resource.RLIM_INFINITY else max(allowed // 4 - SPARE, SPARE)


def open_directory(path: str) -> DataDirectory:
    """The data directory there, locked; `DirectoryError` where it cannot be."""
    from pathlib import Path

    directory = DataDirectory(RealDisk(), Path(path).absolute())
    directory.lock()
    return directory
