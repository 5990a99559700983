"""Membership: how a group and its coordinator come to agree on who is in.

A group is rebalanced as a whole.  The coordinator waits for every member to join again
(PreparingRebalance), numbers the result (the generation), names a leader, and waits for the
leader to say who gets what (CompletingRebalance).  From then on, until the next change of
membership, the group is Stable.  A group whose last member has gone is Empty: it keeps its
progress.  A group that is deleted is Dead.

    Empty, Completing, Stable  --a member joins, leaves or times out-->  Preparing
    Preparing                  --somebody has joined-->                  Completing
    Preparing                  --nobody is left-->                       Empty
    Completing                 --the leader's assignment arrives-->      Stable
    Empty                      --deleted, or expired-->                  Dead

`Membership` is these transitions with the generation.  Source: ClassicGroupState of Kafka's
group coordinator; that a coordinator also declares a group dead when it hands the group over to
another broker is left out, as are coordinator failovers altogether.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Self

from checker import Machine, Promise, action, configuration, invariant, require, step
from spec.domains import Generation

GRP_1 = Promise(
    "GRP-1",
    "The generation only grows, and by one with each completed rebalance.",
    source="ClassicGroup.initNextGeneration, its only increment",
    guards="two different memberships under one number, which fencing could not tell apart",
)
GRP_2 = Promise(
    "GRP-2",
    "A request that carries an old generation is rejected and changes nothing.",
    source="ILLEGAL_GENERATION in GroupMetadataManager.classicGroupSync, classicGroupHeartbeat "
    "and ClassicGroup.validateOffsetCommit",
    guards="a message of the past, late or repeated, changing the present",
)
GRP_3 = Promise(
    "GRP-3",
    "There is one leader in a generation, and only the leader's assignment counts.",
    source="GroupMetadataManager.classicGroupSync, ClassicGroup.isLeader; Kafka Client-side "
    "Assignment Proposal",
    guards="two halves of a group following two different assignments",
)
GRP_4 = Promise(
    "GRP-4",
    "The assignment of a stable group is complete: each partition belongs to a current member.",
    source="ConsumerPartitionAssignor.assign; ClassicGroupState.STABLE",
    guards="records that nobody reads although the group looks healthy",
)
GRP_5 = Promise(
    "GRP-5",
    "The partitions of a member that died are eventually assigned to one that is alive.",
    source="KafkaConsumer javadoc, Consumer Groups; session.timeout.ms",
    guards="partitions that stay with a dead member for ever",
)
GRP_6 = Promise(
    "GRP-6",
    "What happens in one group changes nothing in another.",
    source="KafkaConsumer javadoc, Consumer Groups: any number of groups on one topic",
    guards="one application's progress or membership leaking into another's",
)
GRP_7 = Promise(
    "GRP-7",
    "Once membership stops changing, the group becomes stable, and every member knows.",
    source="Kafka Client-side Assignment Proposal; ClassicGroupState.STABLE; "
    "GroupMetadataManager.maybeCompleteJoinPhase, expirePendingSync",
    guards="a group that rebalances for ever, or waits for ever, while nobody comes or goes",
)
GRP_8 = Promise(
    "GRP-8",
    "A refusal says why: the member is unknown, its generation is another, the group is being "
    "rebalanced, or there is no group any more.",
    source="GroupMetadataManager.classicGroupSync, classicGroupHeartbeat and "
    "ClassicGroup.validateOffsetCommit: UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, "
    "REBALANCE_IN_PROGRESS",
    guards="a member that gives up its place where joining again would do, or goes on where it "
    "is out",
)
GRP_9 = Promise(
    "GRP-9",
    "The members of a new generation are those who joined it: whoever has left or missed the "
    "rebalance is out.",
    source="GroupMetadataManager.completeClassicGroupJoin: members that have not rejoined are "
    "removed; classicGroupLeave",
    guards="partitions that are assigned to somebody who is not there",
)
GRP_10 = Promise(
    "GRP-10",
    "A group that has a generation has a leader among its members: the first to join, for as long "
    "as it joins again.",
    source="ClassicGroup.add: the first becomes leader; maybeElectNewJoinedLeader: only a leader "
    "that has not rejoined is replaced",
    guards="a generation that waits for an assignment nobody makes",
)
GRP_11 = Promise(
    "GRP-11",
    "A group that was deleted has neither members nor progress.",
    source="GroupCoordinatorService.deleteGroups; OffsetMetadataManager.deleteAllOffsets",
    guards="a new group of that name that begins where a forgotten one ended",
)
GRP_12 = Promise(
    "GRP-12",
    "Only who has left, or cannot be heard until a timeout, loses its membership.",
    source="session.timeout.ms, rebalance.timeout.ms; GroupMetadataManager.classicGroupLeave, "
    "expireClassicGroupMemberHeartbeat and completeClassicGroupJoin",
    guards="a member that does all it should, and loses its partitions nevertheless",
)
GRP_13 = Promise(
    "GRP-13",
    "A member that joins again without a change is told the generation, and changes nothing; in a "
    "stable group, any but the leader.",
    source="GroupMetadataManager.classicGroupJoinExistingMember: COMPLETING_REBALANCE, STABLE",
    guards="one lost answer that makes everybody start over",
)
MEMBERSHIP = (
    GRP_1,
    GRP_2,
    GRP_3,
    GRP_4,
    GRP_5,
    GRP_6,
    GRP_7,
    GRP_8,
    GRP_9,
    GRP_10,
    GRP_11,
    GRP_12,
    GRP_13,
)


class GroupState(Enum):
    """The states of a group at its coordinator."""

    EMPTY = auto()
    PREPARING_REBALANCE = auto()
    COMPLETING_REBALANCE = auto()
    STABLE = auto()
    DEAD = auto()


class Membership(Machine):
    """The life of a group: its state and its generation."""

    configurations = (configuration("small", Generation=3),)

    state: GroupState = GroupState.EMPTY
    generation: Generation = 0

    @action(by="coordinator")
    def prepare(self) -> None:
        """Membership has changed, or will: everyone is to join again."""
        require(
            self.state is GroupState.EMPTY
            or self.state is GroupState.COMPLETING_REBALANCE
            or self.state is GroupState.STABLE
        )
        self.state = GroupState.PREPARING_REBALANCE

    @action(by="coordinator")
    def complete(self) -> None:
        """Those who have joined are the members of a new generation."""
        require(self.state is GroupState.PREPARING_REBALANCE)
        self.state = GroupState.COMPLETING_REBALANCE
        self.generation += 1

    @action(by="coordinator")
    def become_empty(self) -> None:
        """Nobody has joined: that too is a new generation."""
        require(self.state is GroupState.PREPARING_REBALANCE)
        self.state = GroupState.EMPTY
        self.generation += 1

    @action(by="leader")
    def assign(self) -> None:
        """The leader has said who gets what."""
        require(self.state is GroupState.COMPLETING_REBALANCE)
        self.state = GroupState.STABLE

    @action(by="coordinator")
    def delete(self) -> None:
        """An empty group that there has been is deleted."""
        require(self.state is GroupState.EMPTY)
        require(self.generation > 0)
        self.state = GroupState.DEAD

    @invariant
    def members_have_a_generation(self) -> bool:
        """A group that has members who agree has a generation."""
        agreed = self.state is GroupState.COMPLETING_REBALANCE or self.state is GroupState.STABLE
        return not agreed or self.generation > 0

    @step
    def dead_for_good(self, after: Self) -> bool:
        """A deleted group does not come back."""
        return self.state is not GroupState.DEAD or after.state is GroupState.DEAD
