"""The broker: what its handlers work on.

One thread does all that clients see.  Time is the system's, in ms, and goes back where that does;
whoever waits for something waits by the loop's clock, which nobody sets.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from broker.errors import ErrorCode, Refused
from broker.events import Event, tell
from broker.groups.coordinator import GroupCoordinator, GroupsConfigured, TopicsChanged
from broker.groups.core import Core
from broker.log.directory import DataDirectory, Identity
from broker.partition import Partition
from broker.sansio import Ended, Marker
from broker.server.access import Access
from broker.server.catalog import (
    INTERNAL,
    OFFSETS_TOPIC,
    TRANSACTIONS_TOPIC,
    Catalog,
    Topic,
)
from broker.server.configuration import Configuration
from broker.server.coordination import Coordination
from broker.server.dispatch import Handler
from broker.server.meter import Meter
from broker.server.producer_ids import ProducerIds
from broker.server.purgatory import Purgatory
from broker.server.sessions import Sessions
from broker.transactions.coordinator import TransactionCoordinator
from broker.transactions.ending import MarkersWritten, WriteMarkers
from broker.wire.apis import ApiKey
from broker.wire.batches import read_header
from broker.wire.records import marker

RETRY = 0.1
"""Seconds until a marker that could not be written is tried again."""


class Broker:
    """One broker and all that it holds.

    access      who may do what
    advertised  the host and port that clients are told, of the first listener
    """

    def __init__(
        self,
        configuration: Configuration,
        directory: DataDirectory,
        identity: Identity,
        loop: asyncio.AbstractEventLoop,
        access: Access,
    ) -> None:
        from broker.server.guards.table import guarded
        from broker.server.handlers.table import HANDLERS

        self.configuration, self.directory, self.loop = configuration, directory, loop
        self.access = access
        self.cluster_id, self.node_id = identity.cluster_id, identity.node_id
        self.advertised = ("127.0.0.1", 9092)
        open_to_all = access.authorizer is None
        self.handlers: Mapping[ApiKey, Handler] = HANDLERS if open_to_all else guarded(HANDLERS)
        self.catalog = Catalog(directory, configuration)
        self.purgatory = Purgatory(loop)
        slots = configuration["max.incremental.fetch.session.cache.slots"]
        self.sessions = Sessions(slots, lambda: secrets.randbelow((1 << 31) - 1) + 1)
        self.producer_ids = ProducerIds(directory, self._largest_producer_id)
        self.meter = Meter()
        self.handlers = self.meter.watched(self.handlers)
        self.disk_error = ""  # what the disk said when it last refused something, until it works
        self._group_core: GroupCoordinator
        self.groups: Coordination
        self.transactions: Coordination

    def now(self) -> int:
        """The time, in ms since 1970; it goes back where the clock is set back."""
        return time.time_ns() // 1_000_000

    def elapsed(self) -> int:
        """The ms since some moment, by a clock that nobody sets."""
        return int(self.loop.time() * 1000)

    def _largest_producer_id(self) -> int:
        """Of those that have written to a log that is here."""
        known = (each.log.producers.producers for each in self.catalog)
        return max((producer_id for each in known for producer_id in each), default=-1)

    # Coordinators -----------------------------------------------------------------------------

    def _group_coordination(self) -> Coordination:
        configuration = self.configuration
        partitions = self._count(OFFSETS_TOPIC, configuration["offsets.topic.num.partitions"])
        config = configuration.group_config(partitions)
        core = self._group_core = GroupCoordinator(config, lambda: str(uuid4()), tell)
        configs = {
            "cleanup.policy": "compact",
            "segment.bytes": str(configuration["offsets.topic.segment.bytes"]),
        }
        return Coordination(self, core, OFFSETS_TOPIC, partitions, configs)

    def group_cores(self) -> Iterator[Core]:
        """The groups, partition by partition of their topic."""
        return self._group_core.cores()

    def _transaction_coordination(self) -> Coordination:
        configuration = self.configuration
        told = configuration["transaction.state.log.num.partitions"]
        partitions = self._count(TRANSACTIONS_TOPIC, told)
        core = TransactionCoordinator(
            configuration.transaction_config(partitions), self.producer_ids.__next__
        )
        configs = {
            "cleanup.policy": "compact",
            "segment.bytes": str(configuration["transaction.state.log.segment.bytes"]),
        }
        others: dict[type, Callable[[Any], None]] = {WriteMarkers: self._write_markers}
        return Coordination(self, core, TRANSACTIONS_TOPIC, partitions, configs, others)

    def _count(self, topic: str, configured: int) -> int:
        """How many partitions a coordinator's topic has: once it is there, that many for ever."""
        found = self.catalog.topics.get(topic)
        return configured if found is None else len(found.partitions)

    def _write_markers(self, wanted: WriteMarkers) -> None:
        """Append the end of a transaction to each of its partitions, however often that takes."""
        written, failed = [], []
        for topic, index in wanted.partitions:
            try:
                partition = self.catalog.partition(topic, index)
                self.append_marker(
                    partition,
                    wanted.producer_id,
                    wanted.epoch,
                    wanted.coordinator_epoch,
                    commit=wanted.commit,
                )
            except Refused as refused:
                tell(Event.MARKER_REFUSED, topic=topic, partition=index, error=refused)
            except OSError as failure:
                self.disk_failed(topic, index, "appended to", failure)
                failed.append((topic, index))
                continue
            written.append((topic, index))
        if written:
            done = MarkersWritten(
                wanted.transactional_id, wanted.producer_id, wanted.epoch, tuple(written)
            )
            self.transactions.feed(done)
        if failed:
            again = WriteMarkers(**{**wanted.__dict__, "partitions": tuple(failed)})
            self.loop.call_later(RETRY, self._write_markers, again)

    def append_marker(
        self,
        partition: Partition,
        producer_id: int,
        epoch: int,
        coordinator_epoch: int,
        *,
        commit: bool,
    ) -> None:
        """End a transaction in a partition; `Refused` where its producer was fenced there."""
        now = self.now()
        partition.log.producers.check_marker(producer_id, epoch, coordinator_epoch)
        batch = marker(
            producer_id, epoch, commit=commit, coordinator_epoch=coordinator_epoch, now=now
        )
        partition.append(memoryview(batch), read_header(batch), now)
        self.appended(partition, len(batch))
        if partition.topic == OFFSETS_TOPIC:
            self.groups.feed(Ended(partition.index, Marker(producer_id, commit)))

    def disk_failed(self, topic: object, index: int, what: str, failure: Exception) -> None:
        """The disk refused something, or gave something that cannot be."""
        self.meter.disk_failures += 1
        if isinstance(failure, OSError):
            self.disk_error = failure.strerror or str(failure)
        tell(Event.DISK_FAILED, topic=topic, partition=index, what=what, error=failure)

    # Topics -----------------------------------------------------------------------------------

    def appended(self, partition: Partition, size: int) -> None:
        """Bytes came to a partition: whoever waits for them goes on."""
        self.meter.produced[partition.topic] += size
        self.purgatory.poke((partition.topic, partition.index), size)

    def create_topic(self, name: str, partitions: int, configs: Mapping[str, str]) -> Topic:
        """Make a topic."""
        topic_id = uuid4()
        while topic_id.bytes[0] == 0 or topic_id in self.catalog.ids:
            topic_id = UUID(bytes=secrets.token_bytes(16))
        topic = self.catalog.create(name, topic_id, partitions, configs)
        tell(Event.TOPIC_CREATED, topic=name, partitions=partitions)
        self.topics_changed()
        return topic

    def auto_create(self, name: str, *, wanted: bool) -> Topic:
        """Make a topic because somebody asked about it; `Refused` where it is not to be made."""
        self.catalog.check_name(name)
        if not (wanted and self.configuration["auto.create.topics.enable"]):
            raise Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        try:
            if name == OFFSETS_TOPIC:
                self.groups.ensure()
            elif name == TRANSACTIONS_TOPIC:
                self.transactions.ensure()
            else:
                self.create_topic(name, self.configuration["num.partitions"], {})
        except OSError as failure:
            raise Refused(ErrorCode.KAFKA_STORAGE_ERROR) from failure
        return self.catalog.topics[name]

    def delete_topic(self, name: str) -> None:
        """Let a topic be no more."""
        if name in INTERNAL:
            raise Refused(ErrorCode.INVALID_TOPIC_EXCEPTION)
        topic_id, partitions = (
            self.catalog.topics[name].topic_id,
            self.catalog.topics[name].partitions,
        )
        aside = self.catalog.delete(name)
        self.meter.forget(name, topic_id)
        tell(Event.TOPIC_DELETED, topic=name)
        for partition in partitions:
            self.purgatory.poke((name, partition.index), 1 << 40)
        delay = partitions[0].log.settings.file_delete_delay_ms / 1000 if partitions else 0
        self.loop.call_later(delay, self._remove, aside)
        self.topics_changed()

    def _remove(self, folders: list[Path]) -> None:
        for folder in folders:
            self.directory.disk.remove_folder(folder)

    def topics_changed(self) -> None:
        """Topics were made, removed, or given partitions."""
        topics = self.catalog.topics.values()
        known = {topic.name: (topic.topic_id, len(topic.partitions)) for topic in topics}
        self.groups.feed(TopicsChanged(known))

    def groups_configured(self) -> None:
        """Groups were configured."""
        partitions = self._count(OFFSETS_TOPIC, self.configuration["offsets.topic.num.partitions"])
        self.groups.feed(GroupsConfigured(self.configuration.group_configs(partitions)))

    # Life -------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take up what the coordinators knew; all logs are open."""
        self.groups = self._group_coordination()
        self.transactions = self._transaction_coordination()
        self.topics_changed()
        self.groups_configured()
        self.groups.start()
        self.transactions.start()

    def close(self) -> None:
        """Close all logs."""
        self.groups.stop()
        self.transactions.stop()
        self.directory.close(self.catalog.logs(), self.now())
