"""How replication is designed: what Kafka chose, and what it had before or might have.

Each design that is marked broken is one that Kafka had, or one without a check that it has.
"""

from __future__ import annotations

from enum import Enum, auto


class Truncation(Enum):
    """How a follower finds out what of its log its leader does not have."""

    DIVERGING_EPOCH = auto()  # each Fetch names the last record's epoch, the answer where it ended
    EPOCH_AND_END_OFFSET = auto()  # KIP-279: asked once, answered with an epoch and its end
    END_OFFSET = auto()  # KIP-101, broken: asked once, answered with an end offset alone
    HIGH_WATERMARK = auto()  # broken: not asked; everything above the own high watermark goes


class Expansion(Enum):
    """How far a follower must have come to be taken into the in-sync replicas."""

    EPOCH_START = auto()  # to the high watermark and to the start of the leader's epoch
    HIGH_WATERMARK = auto()  # KAFKA-7128, broken: to the high watermark


class Isr(Enum):
    """Which replicas must have a record before it is committed."""

    MAXIMAL = auto()  # KIP-497: those of the last known ISR, and of the one that was asked for
    CONFIRMED = auto()  # broken: those of the last known ISR
