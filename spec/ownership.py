"""Ownership: who may act for a partition.

Within one generation of a group each partition has at most one owner, and only the owner's
commits count.  That is all the coordinator can promise: it can refuse a request, it cannot stop
a process.  A member that was paused past its session timeout does not know that its partitions
belong to somebody else by now, and goes on with what it holds (OWN-3 is false).  What it cannot
do is have a commit accepted (OWN-2).

`Ownership` is the story of a single partition, as if everyone saw everyone's state.  A group is
as many of these as it has partitions, all in the same generation.
"""

from __future__ import annotations

from checker import Machine, Promise, action, configuration, invariant, require
from spec.domains import Generation, Member, Offset

OWN_1 = Promise(
    "OWN-1",
    "Each partition is assigned to at most one member of a group in a generation.",
    source="KafkaConsumer javadoc, Consumer Groups; ConsumerPartitionAssignor.assign",
    guards="two members reading the same records side by side, each in good faith",
)
OWN_2 = Promise(
    "OWN-2",
    "At most one member can have a commit for a partition accepted.",
    source="ClassicGroup.validateOffsetCommit; CommitFailedException javadoc",
    guards="a member that lost a partition setting the new owner's progress back or forward",
)
OWN_3 = Promise(
    "OWN-3",
    "No two members of a group ever process one partition at once.",
    source="believed from KafkaConsumer javadoc, Consumer Groups; false by its Detecting "
    "Consumer Failures, and by KIP-62",
    guards="side effects done twice, interleaved, by a member that was only slow",
)
OWN_4 = Promise(
    "OWN-4",
    "In a stable group, members beyond the number of partitions are idle, and no others are.",
    source="KafkaConsumer javadoc, Consumer Groups; AbstractPartitionAssignor and its subclasses",
    guards="partitions shared out to more members than there are partitions",
)
OWN_5 = Promise(
    "OWN-5",
    "In a stable group, the numbers of partitions of any two members differ by at most one.",
    source="RoundRobinAssignor javadoc: ownership counts within a delta of exactly one",
    guards="one member carrying the whole load while others have nothing to do",
)
OWNERSHIP = (OWN_1, OWN_2, OWN_3, OWN_4, OWN_5)


class Ownership(Machine):
    """One partition: whose it is, in which generation, and how far its owner has come."""

    configurations = (configuration("small", Member=3, Generation=3, Offset=3),)

    generation: Generation = 0
    owner: Member | None
    committed: Offset = 0

    @action(by="coordinator")
    def next_generation(self) -> None:
        """A rebalance completes: from now on the partition belongs to nobody."""
        self.generation += 1
        self.owner = None

    @action
    def grant(self, m: Member) -> None:
        """The partition is given to a member, once a generation."""
        require(self.generation > 0)
        require(self.owner is None)
        self.owner = m

    @action(by="owner")
    def commit(self, offset: Offset) -> None:
        """The owner, and nobody else, says how far it has come."""
        require(self.owner is not None)
        self.committed = offset

    @action(by="coordinator")
    def forget(self) -> None:
        """A group without members is deleted, and its progress with it."""
        require(self.owner is None)
        self.committed = 0

    @invariant
    def owned_in_a_generation(self) -> bool:
        """Nobody owns anything before the first generation."""
        return self.owner is None or self.generation > 0
