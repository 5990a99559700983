"""How long the shortest traces of the museum are, in states; of a run for ever, stem and loop."""

from __future__ import annotations

REPLICATION: dict[str, int] = {}
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
