"""What a log is configured by: the topic's settings, as values.

The names are those of Kafka's topic settings with underscores; -1 stands for no limit where Kafka
says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.wire.batches import Codec

MAX_INT64 = (1 << 63) - 1
DAY = 86_400_000


@dataclass(frozen=True)
class LogSettings:
    """How one log is rolled, flushed, kept and cleaned; times in ms, sizes in bytes.

    compact, delete  the two halves of cleanup.policy
    append_time      message.timestamp.type=LogAppendTime
    codec            compression.type; None: batches stay as their producers compressed them
    level            compression.*.level of that codec
    """

    segment_bytes: int = 1 << 30
    segment_ms: int = 7 * DAY
    segment_index_bytes: int = 10 << 20
    index_interval_bytes: int = 4096
    retention_ms: int = 7 * DAY
    retention_bytes: int = -1
    flush_messages: int = MAX_INT64
    flush_ms: int = MAX_INT64
    max_message_bytes: int = 1_048_588
    compact: bool = False
    delete: bool = True
    delete_retention_ms: int = DAY
    min_compaction_lag_ms: int = 0
    max_compaction_lag_ms: int = MAX_INT64
    min_cleanable_dirty_ratio: float = 0.5
    file_delete_delay_ms: int = 60_000
    append_time: bool = False
    timestamp_before_max_ms: int = MAX_INT64
    timestamp_after_max_ms: int = 3_600_000
    codec: Codec | None = None
    level: int | None = None

    @property
    def roll_ms(self) -> int:
        """How old a segment's first batch may be when another is appended.

        What is to be compacted after some time has to be in a segment that is not appended to.
        """
        return min(self.segment_ms, self.max_compaction_lag_ms) if self.compact else self.segment_ms
