"""The museum's compaction entries, and those of a log as such: what a single copy loses."""

from __future__ import annotations

from model.compaction import Compaction
from model.compaction_state import Horizon
from model.log import Log
from model.museum.entry import Entry, Exhibit

TABLE = {"Key": 2, "LogSize": 3, "Value": 0}
SEGMENT_TIME = {"horizon": Horizon.SEGMENT_TIME}

COMPACTION: tuple[Entry, ...] = (
    Entry(
        "KIP-534",
        "a tombstone is collected before a reader in time has seen it",
        "The age of a tombstone was that of its segment. It has run out before the first cleaning "
        "that meets it, so that two passes remove the older record of the key, which a reader has "
        "just seen, and then the tombstone, which it has not: in its table the key lives on.",
        "The first pass that meets a tombstone writes down when it may go, delete.retention.ms "
        "later (Kafka 3.1).",
        Exhibit(Compaction, TABLE, SEGMENT_TIME, "LOG-15"),
    ),
    Entry(
        "KAFKA-8522",
        "a tombstone is never collected",
        "A tombstone was due once the last clean segment was younger than its own by "
        "delete.retention.ms; in the last clean segment, which is all there is while segments are "
        "small and merged, that never comes.",
        "KIP-534: a tombstone's horizon is a point in time, not another segment's age.",
        Exhibit(Compaction, TABLE, SEGMENT_TIME, "LOG-17"),
    ),
    Entry(
        "slow reader",
        "a reader that takes longer than delete.retention.ms misses a deletion",
        "A reader has seen a key's value, and before it comes to the tombstone, that has passed "
        "its horizon and is gone.",
        "Nothing: it is allowed. Who reads to the end within delete.retention.ms misses none.",
        Exhibit(Compaction, {**TABLE, "slow": True}, {}, "LOG-16", holds="LOG-15"),
    ),
    Entry(
        "power failure",
        "what was committed is lost with the only copy",
        "A record counts as committed when the in-sync replicas have it in memory; where there is "
        "one, and its power fails, it is gone.",
        "More replicas, which do not fail together; or log.flush.interval.messages=1.",
        Exhibit(
            Log,
            {"LogSize": 2, "LeaderEpoch": 3, "Value": 1, "crashes": True, "power_failures": True},
            {},
            "LOG-4",
            {"flush_first": True},
        ),
    ),
)
"""Bugs, then hazards that are there to stay."""
