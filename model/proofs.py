"""Lemmas of the consumer group, with which its promises are proved and not only explored.

An exhaustive search says what is true within bounds: of so many generations, of a log so long.
What is proved by induction is true whatever the bounds are.  Induction asks only what one step
does, so it has to be told what is known of the state before; that is what lemmas are for.  Each is
an invariant like any other, which the search engines check in every configuration of the group;
and each is proved along with the promise that rests on it.

    OWN-2   At most one member can have a commit accepted: a commit that would be accepted is of a
            partition that is assigned to its member (`owned_is_assigned`, `commits_are_assigned`)
            in this generation (`no_later_generation`), and no partition is assigned to two
            (`plans_are_disjoint`).
    GRP-2   A stale request changes nothing: the coordinator refuses it by what it carries
            (`own_requests`), and the answer finds its member waiting (`one_outstanding`).
    DLV-1   Nothing is lost: offsets are copied from place to place, and below each of them all
            records have been processed (`progress_is_processed`).

The numbers of members and partitions are finite: 3 and 2 here.  Generations, offsets, and with them
the log, have no bound.  Every danger is on: members crash, are paused, are slow, leave; requests
are given up, late and repeated; groups are deleted.  No lemma says anything of how often, so the
counts of the configuration (three crashes, three pauses at once, three requests given up) are no
condition: a step that such a count allows is the same step whatever the count has come to.
"""

from __future__ import annotations

from typing import ClassVar

from checker import Configuration, configuration, inductive
from model.consumer import Phase, Processing
from model.group import Group
from model.messages import (
    HeartbeatRequest,
    JoinGroupResponse,
    OffsetCommitRequest,
    OffsetFetchResponse,
    Request,
    Response,
    SyncGroupRequest,
    SyncGroupResponse,
)
from spec import CommitMode, GroupState, Member, Offset, Partition

EVERY_DANGER = configuration(
    "every danger",
    about="Three members share two partitions, and everything that can go wrong may.",
    Member=3, Partition=2, Generation=3, Offset=3,
    crashes=3, pauses=3, timeouts=3, slowness=True, leaving=True, deletion=True,
    processing=Processing.BUFFERED,
)  # fmt: skip


class ProvedGroup(Group):
    """The consumer group, with what is known of every state that it reaches."""

    configurations: ClassVar[tuple[Configuration, ...]] = (EVERY_DANGER, *Group.configurations)
    theorems: ClassVar[tuple[str, ...]] = ("OWN-2", "GRP-2", "DLV-1")

    # ------------------------------------------------------------ who asks

    @inductive
    def own_requests(self) -> bool:
        """Who asks for a share, or commits, does so in its own name."""
        return all(
            self.is_of(m, self.connections[m].request) and self.is_of(m, self.connections[m].late)
            for m in Member
        )

    def is_of(self, m: Member, request: Request | None) -> bool:
        """Whether a request, where its answer depends on who asks, names `m`."""
        match request:
            case SyncGroupRequest(member):
                return member == m
            case OffsetCommitRequest(member):
                return member == m
            case _:
                return True

    # ------------------------------------------------------------ generations

    @inductive
    def no_later_generation(self) -> bool:
        """Nobody has, says or is told a generation that its group has not come to."""
        return all(
            self.consumers[m].generation <= self.present(m)
            and self.is_past(m, self.connections[m].request)
            and self.is_past(m, self.connections[m].late)
            and self.is_told_past(m, self.connections[m].response)
            for m in Member
        )

    def present(self, m: Member) -> int:
        """The generation of the group of `m`."""
        return self.coordinators[self.group_of(m)].generation

    def is_past(self, m: Member, request: Request | None) -> bool:
        """Whether a request carries no generation that is yet to come."""
        match request:
            case SyncGroupRequest(_, generation):
                return generation <= self.present(m)
            case HeartbeatRequest(_, generation):
                return generation <= self.present(m)
            case OffsetCommitRequest(_, generation):
                return generation <= self.present(m)
            case _:
                return True

    def is_told_past(self, m: Member, answer: Response | None) -> bool:
        """Whether an answer tells no generation that is yet to come."""
        match answer:
            case JoinGroupResponse(generation):
                return generation <= self.present(m)
            case _:
                return True

    # ------------------------------------------------------------ who has what

    @inductive
    def plans_are_disjoint(self) -> bool:
        """No plan on its way, and no assignment in force, gives a partition to two members."""
        return all(
            self.is_disjoint(p, self.connections[m].request)
            and self.is_disjoint(p, self.connections[m].late)
            for m in Member
            for p in Partition
        ) and all(
            sum(1 for m in Member if p in group.assignment[m]) <= 1
            for group in self.coordinators.values()
            for p in Partition
        )

    def is_disjoint(self, p: Partition, request: Request | None) -> bool:
        """Whether the plan in a request, if there is one, gives `p` to one member at most."""
        match request:
            case SyncGroupRequest(_, _, plan):
                return sum(1 for m in Member if p in plan[m]) <= 1
            case _:
                return True

    @inductive
    def nothing_is_assigned_yet(self) -> bool:
        """While the leader's assignment is awaited there is none."""
        return all(
            group.state is not GroupState.COMPLETING_REBALANCE or len(group.assignment[m]) == 0
            for group in self.coordinators.values()
            for m in Member
        )

    @inductive
    def who_joins_has_nothing(self) -> bool:
        """A member that has yet to start, or is joining, has let go of everything."""
        return all(
            (me.phase is not Phase.IDLE and me.phase is not Phase.PREPARING_REBALANCE)
            or len(me.owned) == 0
            for me in self.consumers.values()
        )

    @inductive
    def owned_is_assigned(self) -> bool:
        """What a member of the present generation has, or is told to take, is assigned to it."""
        return all(
            self.consumers[m].generation == 0
            or self.consumers[m].generation != self.present(m)
            or all(
                self.is_assigned(m, p)
                or (p not in self.consumers[m].owned and not self.is_told_to_take(m, p))
                for p in Partition
            )
            for m in Member
        )

    def is_assigned(self, m: Member, p: Partition) -> bool:
        """Whether the coordinator has `p` down for `m`."""
        return p in self.coordinators[self.group_of(m)].assignment[m]

    def is_told_to_take(self, m: Member, p: Partition) -> bool:
        """Whether an answer on its way to `m` has `p` in its share."""
        answer = self.connections[m].response
        return isinstance(answer, SyncGroupResponse) and p in answer.share

    @inductive
    def commits_are_assigned(self) -> bool:
        """A commit of the present generation is of a partition that is assigned to its member."""
        return all(
            self.may_count(m, self.connections[m].request)
            and self.may_count(m, self.connections[m].late)
            for m in Member
        )

    def may_count(self, m: Member, request: Request | None) -> bool:
        """Whether a request, if it is a commit of the present generation, is of what `m` has."""
        match request:
            case OffsetCommitRequest(_, generation, p):
                return generation != self.present(m) or self.is_assigned(m, p)
            case _:
                return True

    # ------------------------------------------------------------ progress

    @inductive
    def progress_is_processed(self) -> bool:
        """Below any offset that is stored, known, asked or told all records have been processed."""
        return self.commit_mode is not CommitMode.AFTER_PROCESSING or all(
            self.are_processed(m, p, self.consumers[m].processed[p])
            and self.are_processed(m, p, self.offsets[self.key_of(m)][p])
            and self.are_processed(m, p, self.aux_committed[self.group_of(m)][p])
            and self.asks_for_processed(m, self.connections[m].request)
            and self.asks_for_processed(m, self.connections[m].late)
            and self.is_told_processed(m, self.connections[m].response)
            for m in Member
            for p in Partition
        )

    def are_processed(self, m: Member, p: Partition, end: Offset) -> bool:
        """Whether all records of `p` below `end` have been processed in the group of `m`."""
        return all(record in self.aux_processed[self.group_of(m)][p] for record in range(end))

    def asks_for_processed(self, m: Member, request: Request | None) -> bool:
        """Whether a commit is of an offset below which all is processed."""
        match request:
            case OffsetCommitRequest(_, _, p, offset):
                return self.are_processed(m, p, offset)
            case _:
                return True

    def is_told_processed(self, m: Member, answer: Response | None) -> bool:
        """Whether an answer to an OffsetFetch is an offset below which all is processed."""
        match answer:
            case OffsetFetchResponse(p, offset):
                return self.are_processed(m, p, offset)
            case _:
                return True
