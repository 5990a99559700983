"""Replication and the controller: what must be true of the copies of a partition.

A partition has replicas.  The controller names one of them the leader, in a leader epoch of its
own, and keeps the list of those that have all that matters: the in-sync replicas (ISR).  A record
is committed when the whole ISR has it; the high watermark, which the leader moves, is the end of
what is committed, and what consumers may read.

A record is known by its offset and the epoch of the leader that took it: in one epoch there is
one leader (CTL-5), which puts no two records in one place (LOG-2).
"""

from __future__ import annotations

from typing import Annotated

from checker import Counter, Index, Promise

REP_1 = Promise(
    "REP-1",
    "A committed record is in the log of each in-sync and eligible leader replica, and of the "
    "leader, unless that has just crashed.",
    source="Kafka documentation, Replication; KIP-966, Eligible Leader Replicas",
    guards="a new leader that lacks what was committed",
)
REP_2 = Promise(
    "REP-2",
    "An acknowledged record is in the log of whoever leads.",
    source="Kafka documentation, Replication: a message that is committed is not lost as long as "
    "one in-sync replica is alive; acks, min.insync.replicas",
    guards="a producer that was told its record is safe, and it is gone",
)
REP_3 = Promise(
    "REP-3",
    "Two logs agree below the smaller of their high watermarks.",
    source="KIP-101, KIP-279",
    guards="replicas that differ for good, and answers that depend on who leads",
)
REP_4 = Promise(
    "REP-4",
    "What a consumer could read at an offset stays there: no leader shows anything else.",
    source="Kafka documentation, Replication: only committed messages are given out",
    guards="two readers that were given different records at one offset",
)
REP_5 = Promise(
    "REP-5",
    "The end offset that a client was shown never goes back.",
    source="KIP-207, Offsets returned by ListOffsetsResponse should be monotonically increasing",
    guards="a client that finds itself beyond the end of a log, and starts again",
)
REP_6 = Promise(
    "REP-6",
    "The replicas that a leader waits for include those that the controller counts as in sync.",
    source="KIP-497, AlterPartition; Partition.maximalIsr",
    guards="a record that is committed although a possible next leader lacks it",
)
REP_7 = Promise(
    "REP-7",
    "No replica serves a read beyond what it has, nor anything that was not committed.",
    source="Partition.fetchRecords; KIP-392, fetching from followers",
    guards="readers of a follower that are given what no leader will have",
)
REP_8 = Promise(
    "REP-8",
    "In every log the records stand in the order in which leaders took them, those of one key "
    "among them: leader epochs never decrease.",
    source="Kafka documentation, Guarantees: messages are appended in the order they are sent; "
    "LeaderEpochFileCache.assign",
    guards="an older value of a key that is read after a newer one",
)
REP_9 = Promise(
    "REP-9",
    "A consumer is handed the records of the log it reads one after the other, and skips none.",
    source="KIP-320: consumers detect truncation",
    guards="records that a consumer never sees, because others took the place of what it had read",
)
REP_10 = Promise(
    "REP-10",
    "Every produce request is answered.",
    source="DelayedProduce; request.timeout.ms",
    guards="a producer that waits for ever",
)
REP_11 = Promise(
    "REP-11",
    "What was committed is in the end on every replica.",
    source="Kafka documentation, Replication: followers fetch from the leader",
    guards="copies that are never made, until the last one is lost",
)
REP_12 = Promise(
    "REP-12",
    "A change of the in-sync replicas that a leader asked for is answered, or it leads no more.",
    source="KIP-497, AlterPartition: one request in flight for each partition",
    guards="a leader that waits for ever for who does not follow",
)
REPLICATION = (
    REP_1, REP_2, REP_3, REP_4, REP_5, REP_6, REP_7, REP_8, REP_9, REP_10, REP_11, REP_12,
)  # fmt: skip

CTL_1 = Promise(
    "CTL-1",
    "The leader is one of the in-sync replicas, or there is none.",
    source="ReplicationControlManager.validateAlterPartitionData; PartitionChangeBuilder",
    guards="a leader that nobody waits for, or that lacks what was committed",
)
CTL_2 = Promise(
    "CTL-2",
    "A fenced broker is not in sync, unless it is the last that was.",
    source="KIP-841, Fenced replicas should not be allowed to join the ISR",
    guards="a leader elected that is not there",
)
CTL_3 = Promise(
    "CTL-3",
    "Leader epochs only grow, the controller's and each broker's.",
    source="KIP-101; PartitionChangeBuilder.triggerLeaderEpochBumpForShrinkIfNeeded and build",
    guards="a past leader's word taken for the present one's",
)
CTL_4 = Promise(
    "CTL-4",
    "What a broker knows of the metadata is a prefix of what the controller has committed.",
    source="KIP-500; KIP-631, the quorum-based Kafka controller",
    guards="brokers that act on what was never decided",
)
CTL_5 = Promise(
    "CTL-5",
    "In a leader epoch no two brokers believe that they lead.",
    source="KIP-101; PartitionRegistration.leaderEpoch",
    guards="two different records with one offset and one epoch",
)
CTL_6 = Promise(
    "CTL-6",
    "A partition that a broker may lead has, in the end, a leader that knows.",
    source="ReplicationControlManager.handleBrokerUnfenced, maybeElectLeader",
    guards="a partition that is offline although a good copy is there",
)
CTL_7 = Promise(
    "CTL-7",
    "What the controller has decided is known, in the end, to every broker.",
    source="KIP-500: brokers fetch the metadata log; MetadataLoader",
    guards="brokers that go on for ever by what is no longer true",
)
CONTROLLER = (CTL_1, CTL_2, CTL_3, CTL_4, CTL_5, CTL_6, CTL_7)


class Replica(Index, symmetric=True):
    """A broker that has a copy of the partition."""


LeaderEpoch = Annotated[int, Counter("LeaderEpoch")]
"""How many leaders the controller has named; the first is named before anything happens."""

Offset = Annotated[int, Counter("Records")]
"""A position in a log, or its end; no log is longer than there are records sent."""
