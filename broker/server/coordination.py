"""A coordinator's core and its shell: its topic, its timers, and who waits for its answers.

What a core wants appended goes to a partition of its topic as one batch, at once, and it is told
what became of that.  Its timers are the loop's.  When a partition is taken up, its log is read
from its beginning, a stretch at a time, so that others are served meanwhile; until that is done
the core answers that it is loading.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from broker.errors import ErrorCode, Refused
from broker.events import Event, tell
from broker.partition import Partition
from broker.sansio import (
    Append,
    Appended,
    Ask,
    CancelTimer,
    Elected,
    Entry,
    Fired,
    Forget,
    Loaded,
    Marker,
    Record,
    Replayed,
    Reply,
    Resigned,
    SetTimer,
    Timer,
)
from broker.wire.batches import CONTROL, TRANSACTIONAL, Corrupt, read_header
from broker.wire.records import build, read_marker, read_records

if TYPE_CHECKING:
    from broker.server.broker import Broker

T = TypeVar("T")
STRETCH = 200
"""Batches that are read before others have their turn."""


class Core(Protocol):
    """A coordinator without I/O."""

    def handle(self, event: Any, now: int) -> list[Any]:
        """What follows from an input."""


class Coordination:
    """One coordinator.

    others  what else the core may want done, by type
    """

    def __init__(
        self,
        broker: Broker,
        core: Core,
        topic: str,
        partitions: int,
        configs: dict[str, str],
        others: dict[type, Callable[[Any], None]] | None = None,
    ) -> None:
        self._broker, self._core = broker, core
        self.topic, self._count, self._configs = topic, partitions, configs
        self._others = others or {}
        self._queue: deque[Any] = deque()
        self._feeding = False
        self._waiting: dict[object, asyncio.Future[Any]] = {}
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self._loading: asyncio.Task[None] | None = None

    # Its topic --------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what is there."""
        if self.topic in self._broker.catalog.topics:
            self._elect()

    def ensure(self) -> None:
        """See that its topic is there; OSError or `Refused` where it cannot be made."""
        if self.topic not in self._broker.catalog.topics:
            self._broker.create_topic(self.topic, self._count, self._configs)
            self._elect()

    @property
    def available(self) -> bool:
        """Whether its topic is there, or could be made."""
        try:
            self.ensure()
        except (OSError, Refused) as failure:
            tell(Event.TOPIC_REFUSED, topic=self.topic, error=failure)
            return False
        return True

    def _elect(self) -> None:
        partitions = self._broker.catalog.topics[self.topic].partitions
        for partition in partitions:
            self.feed(Elected(partition.index, partition.leader_epoch))
        full = [partition for partition in partitions if partition.log.end_offset]
        for partition in partitions:
            if not partition.log.end_offset:
                self.feed(Loaded(partition.index))
        if full:
            self._loading = self._broker.loop.create_task(self._load(full))

    async def _load(self, partitions: list[Partition]) -> None:
        for partition in partitions:
            entries = _entries(partition)
            while stretch := list(islice(entries, STRETCH)):
                self.feed(Replayed(partition.index, [each for part in stretch for each in part]))
                await asyncio.sleep(0)
            self.feed(Loaded(partition.index))

    @property
    def loading(self) -> bool:
        """Whether its log is still being read."""
        return self._loading is not None and not self._loading.done()

    def resign(self) -> None:
        """Answer for nothing any more; whoever waits is told."""
        if self.topic in self._broker.catalog.topics:
            for partition in self._broker.catalog.topics[self.topic].partitions:
                self.feed(Resigned(partition.index))

    def stop(self) -> None:
        """Let nothing follow any more."""
        if self._loading is not None:
            self._loading.cancel()
        for timer in self._timers.values():
            timer.cancel()
        for waiting in self._waiting.values():
            waiting.cancel()
        self._timers, self._waiting = {}, {}

    # Inputs and outputs -----------------------------------------------------------------------

    def ask(self, request: object) -> asyncio.Future[Any]:
        """What the core answers; often it has answered already."""
        token = object()
        answer: asyncio.Future[Any] = self._broker.loop.create_future()
        self._waiting[token] = answer
        self.feed(Ask(token, request))
        return answer

    def feed(self, event: Any) -> None:
        """Give the core an input, and do what it says, in order."""
        self._queue.append(event)
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._queue:
                now = self._broker.now()
                for output in self._core.handle(self._queue.popleft(), now):
                    self._perform(output, now)
        finally:
            self._feeding = False

    def _perform(self, output: Any, now: int) -> None:
        match output:
            case Reply(token, response):
                answer = self._waiting.pop(token, None)
                if answer is not None and not answer.done():
                    answer.set_result(response)
            case Forget(token):
                # Its connection waits in vain, until its client gives it up.
                self._waiting.pop(token, None)
            case Append():
                self._queue.append(self._append(output))
            case SetTimer(timer, at):
                self._cancel(timer)
                # From here on the loop's clock counts, which nobody sets.
                delay = max(0, at - now) / 1000
                self._timers[timer] = self._broker.loop.call_later(delay, self._fire, timer)
            case CancelTimer(timer):
                self._cancel(timer)
            case _:
                self._others[type(output)](output)

    def _append(self, wanted: Append) -> Appended:
        producer, now = wanted.producer, self._broker.now()
        batch = build(
            [(record.key, record.value) for record in wanted.records],
            now,
            attributes=0 if producer is None else TRANSACTIONAL,
            producer_id=-1 if producer is None else producer.producer_id,
            producer_epoch=-1 if producer is None else producer.epoch,
        )
        try:
            partition = self._broker.catalog.partition(self.topic, wanted.ticket[0])
            appended = partition.append(memoryview(batch), read_header(batch), now)
        except Refused as refused:
            return Appended(wanted.ticket, refused.error)
        except OSError as failure:
            self._broker.disk_failed(self.topic, wanted.ticket[0], "appended to", failure)
            return Appended(wanted.ticket, ErrorCode.KAFKA_STORAGE_ERROR)
        self._broker.appended(partition, len(batch))
        return Appended(wanted.ticket, ErrorCode.NONE, appended.base_offset)

    def _fire(self, timer: Timer) -> None:
        del self._timers[timer]
        self.feed(Fired(timer))

    def _cancel(self, timer: Timer) -> None:
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()


def _entries(partition: Partition) -> Iterator[list[Entry | Marker]]:
    """The records of a coordinator's partition, batch by batch."""
    for header, batch in partition.log.batches(partition.log.start_offset):
        try:
            if not header.records:
                continue  # Compaction left nothing of it.
            if header.attributes & CONTROL:
                commit, _ = read_marker(batch)
                yield [Marker(header.producer_id, commit)]
                continue
            producer = header.producer_id if header.transactional else -1
            yield [
                Entry(record.offset, Record(record.key or b"", record.value), producer)
                for record in read_records(batch)
            ]
        except Corrupt as damage:
            tell(
                Event.BATCH_PASSED_OVER,
                topic=partition.topic,
                partition=partition.index,
                error=damage,
            )


def after(answer: asyncio.Future[Any], then: Callable[[Any], T]) -> T | asyncio.Future[T]:
    """What becomes of an answer, now or when it is there."""
    if answer.done():
        return then(answer.result())
    following: asyncio.Future[T] = answer.get_loop().create_future()

    def done(found: asyncio.Future[Any]) -> None:
        if following.done():
            return
        if found.cancelled():
            following.cancel()
            return
        try:
            following.set_result(then(found.result()))
        except Exception as error:  # noqa: BLE001 - whoever waits is to hear of it
            following.set_exception(error)

    answer.add_done_callback(done)
    return following
