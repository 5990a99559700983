"""A producer, some brokers, and who leads which partition: what routing consists of.

The controller decides who leads; each broker learns of it when it likes, and the producer from
any broker that it asks.  `Leadership` is what somebody takes to be so, with the epoch that says
how new it is.

    the controller's  leads[p]       the truth
    a broker's        known[b][p]    the truth of some time
    the producer's    metadata[p]    some broker's of some time

What it leaves out, and why that is safe: docs/adr/0012 says it at length.  In short: an answer is
not lost, because what a producer may do about that is idempotence's story; a partition's log is
one, wherever its leader is; keys are mapped by any function, not by murmur2 (`partitioner` is
that, and held to Kafka's values).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from checker import Capacity, Machine, Map, Part, Record, Seq, Variant, each, initial, require
from spec.changelog import Key
from spec.domains import Partition
from spec.partition_log import LeaderEpoch
from spec.routing import Broker, Sent


class Leadership(Record):
    """Who leads a partition, and in which epoch."""

    leader: Broker
    epoch: LeaderEpoch


class Partitioner(Enum):
    """How a record's partition is found."""

    BY_KEY = auto()
    ANY = auto()  # broken: as if no record had a key


class Stage(Enum):
    """What has become of a record."""

    UNSENT = auto()
    WAITING = auto()  # for its turn to be sent, or to be sent again
    IN_FLIGHT = auto()
    ACKNOWLEDGED = auto()


class Outgoing(Part):
    """A record at its producer."""

    stage: Stage = Stage.UNSENT
    key: Key | None
    partition: Partition = Partition(0)
    # The broker that it is on its way to, or was sent to last.
    to: Broker | None


class RoutingState(Machine):
    """The state of everybody concerned."""

    grows: Variant[bool] = False  # whether partitions are added
    keyless: Variant[bool] = False  # whether records may have no key

    partitioner: Variant[Partitioner] = Partitioner.BY_KEY
    in_flight: Variant[int] = 1  # how many records of a partition may be on their way at once
    refreshing: Variant[bool] = True  # whether a producer that was refused asks for metadata
    monotonic: Variant[bool] = True  # whether metadata of an older epoch is passed over
    deposed: Variant[bool] = True  # whether a leader that was replaced cannot acknowledge

    leads: Map[Partition, Leadership] = each(Leadership(Broker(0), 1))
    known: Map[Broker, Map[Partition, Leadership]] = each(each(Leadership(Broker(0), 1)))
    metadata: Map[Partition, Leadership] = each(Leadership(Broker(0), 1))
    stale: bool = False  # whether the producer was told that its metadata is wrong
    records: Map[Sent, Outgoing]
    log: Map[Partition, Annotated[Seq[Sent], Capacity(3)]]  # enough for three records
    # Where each key's records go; before partitions are added, all to the first.
    place: Map[Key, Partition] = each(Partition(0))
    grown: bool = False

    @initial
    def by_any_function(self, place: Map[Key, Partition]) -> None:
        """Keys are mapped to partitions somehow."""
        require(not self.grows or all(place[key] == Partition(0) for key in Key))
        self.place = place
