"""Kafka's promises: small abstract machines, and the properties that must be true."""

from spec.delivery import DELIVERY, CommitMode, Delivery
from spec.domains import Generation, GroupId, Member, Offset, Partition, Share
from spec.membership import MEMBERSHIP, GroupState, Membership
from spec.ownership import OWNERSHIP, Ownership

CATALOGUE = (*OWNERSHIP, *MEMBERSHIP, *DELIVERY)
"""Every promise, in the order of its id."""

BELIEVED_AND_FALSE = frozenset({"OWN-3", "DLV-3", "DLV-4", "DLV-8"})
"""The promises that Kafka does not make, though many believe that it does."""

__all__ = [
    "BELIEVED_AND_FALSE",
    "CATALOGUE",
    "DELIVERY",
    "MEMBERSHIP",
    "OWNERSHIP",
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
    "Share",
]
