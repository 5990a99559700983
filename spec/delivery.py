"""Delivery: what is handed over, what is processed, and what is committed.

A committed offset is the offset of the next record to read, and it is all that a group knows of
its progress: whoever takes a partition over goes on from there.  So everything depends on when
it is committed:

- after processing: a record below the committed offset has been processed, and one above may be
  processed again (at least once);
- before processing: a record below the committed offset may never be processed, and none is
  processed twice (at most once);
- at an interval, of whatever has been handed over: neither, unless each batch is processed
  before the next is asked for.

`Delivery` is the story of a single partition, as if processing and committing were all there
is.  Its rules for `commit` are the discipline above.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Self

from checker import (
    Machine,
    Promise,
    Set,
    Variant,
    action,
    configuration,
    invariant,
    require,
    step,
)
from spec.domains import Offset

DLV_1 = Promise(
    "DLV-1",
    "With a manual commit after processing nothing is lost: every record below the committed "
    "offset has been processed.",
    source="KafkaConsumer javadoc, Manual Offset Control: at-least-once delivery",
    guards="records that are never processed by anybody, with nothing to show for it",
)
DLV_2 = Promise(
    "DLV-2",
    "A new owner resumes exactly at the committed offset, the next record to read.",
    source="KafkaConsumer javadoc: the committed offset is that of the next message to read; "
    "ConsumerCoordinator.initWithCommittedOffsetsIfNeeded",
    guards="the one-off between the last record processed and the next to read: one record "
    "skipped, or one repeated, at every change of owner",
)
DLV_3 = Promise(
    "DLV-3",
    "With a manual commit after processing no record is processed twice.",
    source="believed; false by KafkaConsumer javadoc, Manual Offset Control",
    guards="processing that is not idempotent",
)
DLV_4 = Promise(
    "DLV-4",
    "With auto-commit nothing is lost: every record below the committed offset has been processed.",
    source="believed; false by KafkaConsumer javadoc, Manual Offset Control: considered consumed "
    "once returned by poll; enable.auto.commit",
    guards="records that were committed while they waited in the application's buffer",
)
DLV_5 = Promise(
    "DLV-5",
    "With a commit before processing no record is processed twice.",
    source="Kafka documentation, Design, Message Delivery Semantics: at most once",
    guards="side effects that must not be repeated",
)
DLV_6 = Promise(
    "DLV-6",
    "Progress is kept per group, not per consumer: whoever asks is told the group's last commit.",
    source="KafkaConsumer javadoc: offsets are committed for a consumer group; OffsetCommitKey "
    "(group, topic, partition)",
    guards="a new owner that starts over because another consumer had made the progress",
)
DLV_7 = Promise(
    "DLV-7",
    "With a manual commit after processing every record is eventually processed, as long as a "
    "member keeps running.",
    source="KafkaConsumer javadoc, Consumer Groups and Manual Offset Control: at-least-once "
    "delivery, and partitions reassigned on failure",
    guards="records that stay where they are although there is somebody to process them",
)
DLV_9 = Promise(
    "DLV-9",
    "With a manual commit after processing, a member of the current generation repeats only "
    "records at or above the last commit.",
    source="KafkaConsumer javadoc, Manual Offset Control: repeats the last batch of data",
    guards="a whole partition processed again",
)
DLV_8 = Promise(
    "DLV-8",
    "An accepted commit never sets a partition's progress back.",
    source="believed; false by ClassicGroup.validateOffsetCommit, which compares no offsets",
    guards="a late commit of the current owner undoing its newer one",
)
DELIVERY = (DLV_1, DLV_2, DLV_3, DLV_4, DLV_5, DLV_6, DLV_7, DLV_9, DLV_8)


class CommitMode(Enum):
    """When a member commits."""

    AFTER_PROCESSING = auto()  # by hand, what it has processed
    BEFORE_PROCESSING = auto()  # by hand, and processes what it knows to be committed
    AUTO = auto()  # at an interval, what poll() has handed over


class Delivery(Machine):
    """One partition: which records have been processed, and what is committed."""

    configurations = (
        configuration("commit after", Offset=3, commit_mode=CommitMode.AFTER_PROCESSING),
        configuration("commit before", Offset=3, commit_mode=CommitMode.BEFORE_PROCESSING),
        configuration("commit at an interval", Offset=3, commit_mode=CommitMode.AUTO),
    )

    commit_mode: Variant[CommitMode] = CommitMode.AFTER_PROCESSING

    processed: Set[Offset]
    committed: Offset = 0

    @action(by="member")
    def process(self, record: Offset) -> None:
        """A record is processed; under commit-first, once, and only if it is committed."""
        if self.commit_mode is CommitMode.BEFORE_PROCESSING:
            require(record not in self.processed)
            require(record < self.committed)
        self.processed.add(record)

    @action(by="member")
    def commit(self, offset: Offset) -> None:
        """Progress is written down, under the discipline of the mode."""
        if self.commit_mode is CommitMode.AFTER_PROCESSING:
            require(all(record in self.processed for record in range(offset)))
        if self.commit_mode is CommitMode.BEFORE_PROCESSING:
            require(self.committed <= offset)
        self.committed = offset

    @invariant
    def at_least_once(self) -> bool:
        """After processing: every record below the committed offset has been processed."""
        return self.commit_mode is not CommitMode.AFTER_PROCESSING or all(
            record in self.processed for record in range(self.committed)
        )

    @step(on=process)
    def at_most_once(self, after: Self, record: Offset) -> bool:
        """Before processing: what is processed was not processed before."""
        return self.commit_mode is not CommitMode.BEFORE_PROCESSING or (
            record not in self.processed and record in after.processed
        )
