"""How long the shortest traces of the museum are, in states; of a run for ever, stem and loop."""

from __future__ import annotations

REPLICATION = {
    "KIP-101": 10,
    "KIP-279": 11,
    "KAFKA-7128": 14,
    "KIP-320": 10,
    "KIP-320, first attempt": 10,
    "KIP-497": 10,
    "KIP-903": 11,
    "KIP-841": 5,
    "KIP-966": 11,
    "unclean election, loss": 8,
    "unclean election, skip": 14,
    "acks=1": 4,
    "min.insync.replicas=1": 11,
    "KIP-207": 8,
}
COMPACTION = {
    "KIP-534": 12,
    "KAFKA-8522": 5,
    "slow reader": 10,
    "power failure": 4,
}
PRODUCERS = {
    "several in flight": 7,
    "partitions added": 4,
}
GROUPS = {
    "zombie commit": 27,
    "zombie paused": 23,
    "auto-commit": 14,
    "KAFKA-9752": 5,
}

LENGTHS = {**REPLICATION, **COMPACTION, **PRODUCERS, **GROUPS}
"""By the name of an entry that is shown."""
