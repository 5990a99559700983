"""What must be true of delivery."""

from __future__ import annotations

from typing import Self

from checker import invariant, refines, step
from model.coordination import Coordination
from model.members import Members
from model.messages import OffsetFetchResponse
from model.participants import OffsetKey, Participants
from spec import CommitMode, Delivery, GroupId, GroupState, Member, Offset, Partition
from spec.delivery import DLV_1, DLV_2, DLV_3, DLV_4, DLV_5, DLV_6, DLV_8, DLV_9


class DeliveryPromises(Participants):
    """DLV-1 to DLV-8, and that each partition is a Delivery."""

    def nothing_lost(self) -> bool:
        """Every record below a committed offset has been processed."""
        return all(
            record in self.aux_processed[g][p]
            for g in GroupId
            for p in Partition
            for record in range(self.aux_committed[g][p])
        )

    @invariant(DLV_1)
    def at_least_once(self) -> bool:
        """Asked where members commit by hand, after processing."""
        return self.commit_mode is not CommitMode.AFTER_PROCESSING or self.nothing_lost()

    @step(DLV_2, on=Members.receive)
    def resumes(self, after: Self, m: Member) -> bool:
        """Asked of a member of the current generation, when it learns where to begin."""
        answer = self.connections[m].response
        if isinstance(answer, OffsetFetchResponse):
            p = answer.partition
            then = after.consumers[m]
            start = self.aux_next[self.group_of(m)][p]
            return not self.owns(self.group_of(m), m, p) or (
                then.position[p] == start
                and then.processed[p] == start
                and then.acknowledged[p] == start
            )
        return True

    def first_time(self, m: Member, p: Partition) -> bool:
        """Whether the record that `m` processes next has not been processed in its group."""
        return self.consumers[m].processed[p] not in self.aux_processed[self.group_of(m)][p]

    @step(DLV_3, on=Members.process)
    def exactly_once(self, after: Self, m: Member, p: Partition) -> bool:
        """Asked where members commit by hand, after processing."""
        return self.commit_mode is not CommitMode.AFTER_PROCESSING or self.first_time(m, p)

    @invariant(DLV_4)
    def auto_commit_is_safe(self) -> bool:
        """Asked where members commit automatically; what a live member has in hand is not lost."""
        return self.commit_mode is not CommitMode.AUTO or all(
            record in self.aux_processed[g][p] or any(self.in_hand(g, m, p, record) for m in Member)
            for g in GroupId
            for p in Partition
            for record in range(self.aux_committed[g][p])
        )

    def in_hand(self, g: GroupId, m: Member, p: Partition, record: Offset) -> bool:
        """Whether `m` was handed the record and has still to process it."""
        me = self.consumers[m]
        return self.group_of(m) == g and me.processed[p] <= record < me.position[p]

    @step(DLV_5, on=Members.process)
    def at_most_once(self, after: Self, m: Member, p: Partition) -> bool:
        """Asked where members commit by hand, before processing."""
        return self.commit_mode is not CommitMode.BEFORE_PROCESSING or self.first_time(m, p)

    @step(DLV_6, on=Coordination.arrive)
    def progress_is_the_groups(self, after: Self, m: Member) -> bool:
        """Asked of each answer to an OffsetFetch, when it is given."""
        before = self.connections[m].response
        answer = after.connections[m].response
        if before is None and isinstance(answer, OffsetFetchResponse):
            return answer.offset == self.aux_committed[self.group_of(m)][answer.partition]
        return True

    @step(DLV_9, on=Members.process)
    def repeats_from_the_commit_on(self, after: Self, m: Member, p: Partition) -> bool:
        """Asked where members commit by hand, after processing, of those that are not fenced."""
        return (
            self.commit_mode is not CommitMode.AFTER_PROCESSING
            or not self.owns(self.group_of(m), m, p)
            or self.first_time(m, p)
            or self.consumers[m].processed[p] >= self.aux_next[self.group_of(m)][p]
        )

    @step(DLV_8)
    def progress_only_grows(self, after: Self) -> bool:
        """A group that is deleted has none."""
        return all(
            self.aux_committed[g][p] <= after.aux_committed[g][p]
            or after.coordinators[g].state is GroupState.DEAD
            for g in GroupId
            for p in Partition
        )

    @refines(Delivery)
    def as_delivery(self, spec: Delivery) -> None:
        """The first partition of the first group is processed and committed as Delivery says."""
        spec.processed = self.aux_processed[GroupId(0)][Partition(0)]
        spec.committed = self.offsets[OffsetKey(GroupId(0), None)][Partition(0)]
