"""Routing: how a record finds its way to the leader of its partition.

A producer computes the partition from the record's key, looks up who leads it in what it knows of
the cluster, its metadata, and sends the record there.  What it knows may be old.  A broker that
does not lead the partition says so (NOT_LEADER_OR_FOLLOWER); the producer asks any broker for new
metadata, and tries again.  The broker it asks may not know better.
"""

from __future__ import annotations

from checker import Index, Promise

RTE_1 = Promise(
    "RTE-1",
    "A record is acknowledged only by the leader of its partition's latest epoch.",
    source="ReplicaManager.appendRecords: NOT_LEADER_OR_FOLLOWER; acks=all, which a leader that "
    "was replaced cannot fulfil",
    guards="records that are taken by a broker whose log will be cut back",
)
RTE_2 = Promise(
    "RTE-2",
    "As long as the number of partitions stays, all records of a key go to one partition.",
    source="BuiltInPartitioner.partitionForKey: murmur2 of the key's bytes, modulo the partitions",
    guards="records of a key that no single consumer sees in order",
)
RTE_3 = Promise(
    "RTE-3",
    "Records of a key are in the log in the order in which they were sent.",
    source="Kafka documentation, Guarantees: messages to one partition are appended in the order "
    "they are sent; max.in.flight.requests.per.connection",
    guards="an older value that overwrites a newer one",
)
RTE_4 = Promise(
    "RTE-4",
    "A client's metadata never goes back to an older leader epoch.",
    source="KIP-320: Metadata.updateLastSeenEpochIfNewer",
    guards="a client that is sent back and forth between brokers that know less than it does",
)
RTE_5 = Promise(
    "RTE-5",
    "Every record reaches the leader in the end, once the leader stays.",
    source="KafkaProducer: retries, NOT_LEADER_OR_FOLLOWER and metadata updates",
    guards="a record that is sent to the wrong broker for ever",
)
RTE_6 = Promise(
    "RTE-6",
    "All records of a key go to one partition, whatever happens to the topic.",
    source="believed; false by Kafka documentation, Operations, Modifying topics: adding "
    "partitions does not change the partitioning of existing data",
    guards="a key whose records lie in two partitions once partitions were added",
)
ROUTING = (RTE_1, RTE_2, RTE_3, RTE_4, RTE_5, RTE_6)


class Broker(Index):
    """A broker."""


class Sent(Index):
    """A record that a producer sends, numbered in the order of sending."""
