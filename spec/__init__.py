"""Kafka's promises: small abstract machines, and the properties that must be true."""

from spec.acknowledged import AcknowledgedWrites, Acks
from spec.changelog import COMPACTION, ChangelogTable
from spec.delivery import DELIVERY, CommitMode, Delivery
from spec.domains import Generation, GroupId, Member, Offset, Partition, Share
from spec.membership import MEMBERSHIP, GroupState, Membership
from spec.ownership import OWNERSHIP, Ownership
from spec.partition_log import LOG, PartitionLog
from spec.replication import CONTROLLER, REPLICATION
from spec.routing import ROUTING

CATALOGUE = (
    *OWNERSHIP,
    *MEMBERSHIP,
    *DELIVERY,
    *LOG,
    *COMPACTION,
    *ROUTING,
    *REPLICATION,
    *CONTROLLER,
)
"""Every promise, in the order of its id."""

BELIEVED_AND_FALSE = frozenset({"OWN-3", "DLV-3", "DLV-4", "DLV-8", "LOG-10", "LOG-16", "RTE-6"})
"""The promises that Kafka does not make, though many believe that it does."""

__all__ = [
    "BELIEVED_AND_FALSE",
    "CATALOGUE",
    "COMPACTION",
    "CONTROLLER",
    "DELIVERY",
    "LOG",
    "MEMBERSHIP",
    "OWNERSHIP",
    "REPLICATION",
    "ROUTING",
    "AcknowledgedWrites",
    "Acks",
    "ChangelogTable",
    "CommitMode",
    "Delivery",
    "Generation",
    "GroupId",
    "GroupState",
    "Member",
    "Membership",
    "Offset",
    "Ownership",
    "Partition",
    "PartitionLog",
    "Share",
]
