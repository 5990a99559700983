"""Fetch: ranges of logs to consumers, once there is enough to send.

A fetch says how much it wants at least and at most, and how long it will wait.  Partitions are
read in order until there is enough; the first that has anything gives at least one whole batch.
What finds too little waits until there is more, and is read again then.

In a session only the partitions that changed are named, by the consumer and in the answer; those
that were served go to the end of the order, so that none starves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.partition import Partition, Read
from broker.server.broker import Broker
from broker.server.dispatch import Answer, Fields, Handler, Request
from broker.server.guards.rights import reader
from broker.server.sessions import FINAL, INITIAL, Key, Session, Wanted
from broker.wire.apis import ApiKey
from broker.wire.batches import Corrupt
from broker.wire.codec import NIL

BY_ID = 13
ERRORS_IN_SESSION = 7
COMMITTED = 1


def fetch(request: Request) -> Answer | asyncio.Future[Answer]:
    """Read what is there, or wait for it."""
    try:
        session, partitions = _partitions(request)
    except Refused as refused:
        return {"error_code": refused.error, "session_id": 0, "responses": []}
    body = request.body
    most = min(body.max_bytes, request.broker.configuration["fetch.max.bytes"])
    reading = Reading(
        broker=request.broker,
        by_id=request.version >= BY_ID,
        committed=body.isolation_level == COMMITTED,
        session=session,
        incremental=session is not None and body.session_epoch > INITIAL,
        partitions=partitions,
        max_bytes=most,
        least=min(body.min_bytes, most),
        may_read=reader(request),
        pieces=not request.caller.listener.tls,
    )
    reading.read()
    if reading.enough or body.max_wait <= 0 or not partitions:
        return reading.answer()
    return reading.wait(body.max_wait / 1000)


def _partitions(request: Request) -> tuple[Session | None, dict[Key, Wanted]]:
    """What is to be read: what the request names, and in a session what was named before."""
    body, sessions = request.body, request.broker.sessions
    by_id, now = request.version >= BY_ID, request.broker.now()
    named = {
        (each.topic_id if by_id else each.topic, part.partition): Wanted(
            part.fetch_offset, part.partition_max_bytes, part.current_leader_epoch
        )
        for each in body.topics
        for part in each.partitions
    }
    if body.session_epoch == FINAL or request.version < ERRORS_IN_SESSION:
        if body.session_id:
            sessions.close(body.session_id)
        return None, named
    if body.session_epoch == INITIAL:
        sessions.close(body.session_id)
        session = sessions.open(named, by_id=by_id, now=now) if named else None
        return session, named
    session = sessions.go_on(body.session_id, body.session_epoch, len(named), by_id=by_id, now=now)
    for each in body.forgotten_topics_data:
        for index in each.partitions:
            session.partitions.pop((each.topic_id if by_id else each.topic, index), None)
    for key, wanted in named.items():
        known = session.partitions.get(key)
        wanted.told = None if known is None else known.told
        session.partitions[key] = wanted
    return session, session.partitions


@dataclass(eq=False)
class Reading:
    """A fetch that is being answered.

    least     bytes that are enough
    may_read  whether who asks may read a topic; None: all of them
    pieces    what is much need not be read, but may go from its file to the socket
    error     some partition has one, which is told at once
    arrived   bytes that were appended while it waited
    """

    broker: Broker
    by_id: bool
    committed: bool
    session: Session | None
    incremental: bool
    partitions: dict[Key, Wanted]
    max_bytes: int
    least: int
    may_read: Callable[[str], bool] | None = None
    pieces: bool = False
    found: dict[Key, Read | ErrorCode] = field(default_factory=dict)
    size: int = 0
    error: bool = False
    arrived: int = 0
    answered: asyncio.Future[Answer] | None = None

    def read(self) -> None:
        """Read all partitions, as far as there is room."""
        self.found, self.size, self.error = {}, 0, False
        left = self.max_bytes
        for key, wanted in self.partitions.items():
            try:
                partition = self._partition(key)
                partition.check_epoch(wanted.leader_epoch)
                read = partition.read(
                    wanted.offset,
                    max(0, min(left, wanted.max_bytes)),
                    committed=self.committed,
                    whole=not self.size,
                    pieces=self.pieces,
                )
            except Refused as refused:
                self.found[key] = refused.error
                self.error = self.error or refused.error not in _UNKNOWN
            except OSError as failure:
                self.broker.disk_failed(*key, "read", failure)
                self.found[key], self.error = ErrorCode.KAFKA_STORAGE_ERROR, True
            except Corrupt as damage:
                self.broker.disk_failed(*key, "read", damage)
                self.found[key], self.error = ErrorCode.CORRUPT_MESSAGE, True
            else:
                self.found[key] = read
                self.size += len(read.records)
                left -= len(read.records)

    def _partition(self, key: Key) -> Partition:
        name, index = key
        if self.by_id:
            topic = self.broker.catalog.ids.get(name)
            if topic is None:
                raise Refused(ErrorCode.UNKNOWN_TOPIC_ID)
            name = topic.name
        if self.may_read is not None and not self.may_read(name):
            raise Refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
        return self.broker.catalog.partition(name, index)

    @property
    def enough(self) -> bool:
        """Whether there is no reason to wait."""
        return self.error or self.size >= self.least

    @property
    def held(self) -> int:
        """Bytes that it keeps while it waits."""
        return self.size

    # Waiting ----------------------------------------------------------------------------------

    def wait(self, seconds: float) -> asyncio.Future[Answer]:
        """Wait for more."""
        # What was read is read again then: it may be megabytes, and wait for minutes.
        self.found = {}
        self.answered = self.broker.loop.create_future()
        self.answered.add_done_callback(self._given_up)
        keys = []
        for key in self.partitions:
            try:
                partition = self._partition(key)
            except Refused:
                continue
            keys.append((partition.topic, partition.index))
        self.broker.purgatory.watch(self, keys, seconds)
        return self.answered

    def _given_up(self, answered: asyncio.Future[Answer]) -> None:
        if answered.cancelled():
            self.broker.purgatory.forget(self)

    def poke(self, size: int) -> bool:
        """So many bytes came to one of its partitions, or a transaction of it ended."""
        self.arrived += size
        if self.size + self.arrived < self.least:
            return False
        self.read()
        if self.enough or (self.size and self.arrived >= self.least):
            self._finish()
            return True
        self.found = {}
        return False

    def expire(self) -> None:
        """It has waited long enough."""
        self.read()
        self._finish()

    def _finish(self) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(self.answer())

    # Answering --------------------------------------------------------------------------------

    def answer(self) -> Fields:
        """What was read; in a session only what is news."""
        topics: dict[Any, list[dict[str, Any]]] = {}
        for key in list(self.found):
            entry = self._entry(key)
            if entry is not None:
                topics.setdefault(key[0], []).append(entry)
        return {
            "error_code": ErrorCode.NONE,
            "session_id": 0 if self.session is None else self.session.session_id,
            "responses": [
                {
                    "topic": None if self.by_id else name,
                    "topic_id": name if self.by_id else NIL,
                    "partitions": partitions,
                }
                for name, partitions in topics.items()
            ],
        }

    def _entry(self, key: Key) -> dict[str, Any] | None:
        found, wanted = self.found[key], self.partitions.get(key)
        if isinstance(found, ErrorCode):
            told = (-1, -1, found)
            entry = _failed(key[1], found)
        else:
            told = (found.high_watermark, found.start_offset, ErrorCode.NONE)
            entry = _read(key[1], found)
        if self.session is None or wanted is None:
            return entry
        if self.incremental and not entry["records"] and told == wanted.told and not told[2]:
            return None
        wanted.told = told
        if entry["records"]:
            self.session.partitions[key] = self.session.partitions.pop(key)
        return entry


_UNKNOWN = {ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID}
"""Errors that no reader is woken for: it will hear of them when it has waited."""


def _read(index: int, read: Read) -> dict[str, Any]:
    return {
        "partition_index": index,
        "error_code": ErrorCode.NONE,
        "high_watermark": read.high_watermark,
        "last_stable_offset": read.stable_offset,
        "log_start_offset": read.start_offset,
        "aborted_transactions": _aborted(read.aborted),
        "preferred_read_replica": -1,
        "records": read.records,
    }


def _aborted(aborted: Iterable[Any] | None) -> list[dict[str, int]] | None:
    if aborted is None:
        return None
    return [
        {"producer_id": each.producer_id, "first_offset": each.first_offset} for each in aborted
    ]


def _failed(index: int, error: ErrorCode) -> dict[str, Any]:
    return {
        "partition_index": index,
        "error_code": error,
        "high_watermark": -1,
        "last_stable_offset": -1,
        "log_start_offset": -1,
        "aborted_transactions": None,
        "preferred_read_replica": -1,
        "records": b"",
    }


HANDLERS: Mapping[ApiKey, Handler] = {ApiKey.FETCH: fetch}
