"""What the model takes for granted of its own parts, and the promises rest on.

No promise of Kafka's: that a stopped process does nothing, that a member waits for one answer at
a time and is told nothing it has not asked, that what it knows belongs to the generation it is in.
A mistake in these would make the promises hold, or fail, for a reason of the model's own.

    phase                    what it may be followed by, with what befalls anybody: an error makes
                             it UNJOINED, being out FENCED, a crash CRASHED
    IDLE                     PREPARING_REBALANCE
    UNJOINED                 PREPARING_REBALANCE
    PREPARING_REBALANCE      COMPLETING_REBALANCE
    COMPLETING_REBALANCE     STABLE
    STABLE                   LEFT
    FENCED, LEFT, CRASHED    nothing: who comes back is another member
"""

from __future__ import annotations

from typing import Self

from checker import inductive, invariant, step
from model.consumer import Phase, Processing
from model.coordination import Coordination
from model.coordinator import Standing
from model.members import Members
from model.messages import (
    Error,
    ErrorResponse,
    JoinGroupResponse,
    OffsetCommitRequest,
    Request,
    SyncGroupRequest,
    SyncGroupResponse,
)
from model.participants import Line, Participants
from spec import Member, Partition


class Conduct(Participants):
    """How members and connections are held to behave, in every configuration."""

    def gone(self, m: Member) -> bool:
        """Whether the process of `m` has ended."""
        return self.consumers[m].phase is Phase.CRASHED or self.consumers[m].phase is Phase.LEFT

    @inductive
    def one_outstanding(self) -> bool:
        """A request of a member is on its way, or kept, or answered: one of these at most."""
        return all(
            not (line.request is not None and line.parked)
            and not (line.request is not None and line.response is not None)
            and not (line.parked and line.response is not None)
            for line in self.connections.values()
        )

    @invariant
    def nobody_at_the_other_end(self) -> bool:
        """What is kept or answered is for a member whose process is there."""
        return all(
            not self.gone(m)
            or (not self.connections[m].parked and self.connections[m].response is None)
            for m in Member
        )

    @invariant
    def generations_are_void(self) -> bool:
        """Who is not in a generation has none: only who has joined is, until it joins again."""
        return all(
            me.generation == 0
            or me.phase is Phase.COMPLETING_REBALANCE
            or me.phase is Phase.STABLE
            or me.phase is Phase.UNJOINED
            for me in self.consumers.values()
        )

    @invariant
    def positions_are_known(self) -> bool:
        """In a partition of its own; of any other a member knows nothing, and who left has none."""
        return all(
            (p in me.owned and me.phase is not Phase.LEFT)
            if p in me.positioned
            else (me.position[p] == 0 and me.processed[p] == 0 and me.acknowledged[p] == 0)
            and not (me.phase is Phase.LEFT and p in me.owned)
            for me in self.consumers.values()
            for p in Partition
        )

    @invariant
    def lives_are_numbered(self) -> bool:
        """In the order in which they start, within a group."""
        return all(
            self.consumers[m].phase is Phase.IDLE
            or self.consumers[other].phase is not Phase.IDLE
            or self.group_of(other) != self.group_of(m)
            for m in Member
            for other in Member
            if other < m
        )

    @invariant
    def as_much_as_was_asked_for(self) -> bool:
        """Crashes, pauses, requests given up: no more than the configuration says."""
        return (
            sum(1 for me in self.consumers.values() if me.phase is Phase.CRASHED) <= self.crashes
            and sum(1 for me in self.consumers.values() if me.paused) <= self.pauses
            and self.given_up <= self.timeouts
        )

    @invariant
    def requests_name_a_generation(self) -> bool:
        """Who asks as a member of a generation is in one."""
        return all(
            line.request is None or self.is_complete(line.request)
            for line in self.connections.values()
        )

    def is_complete(self, request: Request) -> bool:
        """Whether a request, where it is to carry a generation, carries one."""
        match request:
            case SyncGroupRequest():
                return request.generation > 0
            case OffsetCommitRequest():
                return request.generation > 0
            case _:
                return True

    @step
    def lives_go_their_way(self, after: Self) -> bool:
        """From joining to being stable, and out: as the table above says."""
        return all(
            self.consumers[m].phase is after.consumers[m].phase
            or self.may_become(self.consumers[m].phase, after.consumers[m].phase)
            for m in Member
        )

    def may_become(self, phase: Phase, then: Phase) -> bool:
        """Whether one phase may be followed by another."""
        befalls = then is Phase.UNJOINED or then is Phase.FENCED or then is Phase.CRASHED
        match phase:
            case Phase.IDLE:
                return then is Phase.PREPARING_REBALANCE
            case Phase.UNJOINED:
                return befalls or then is Phase.PREPARING_REBALANCE
            case Phase.PREPARING_REBALANCE:
                return befalls or then is Phase.COMPLETING_REBALANCE
            case Phase.COMPLETING_REBALANCE:
                return befalls or then is Phase.STABLE
            case Phase.STABLE:
                return befalls or then is Phase.LEFT
            case _:
                return False

    @step
    def stopped_is_stopped(self, after: Self) -> bool:
        """A process that is paused, or has ended, neither changes nor asks anything.

        One that is fenced asks nothing more, though it goes on with what it has in hand.
        """
        return all(self.is_stopped(after, m) for m in Member)

    def is_stopped(self, after: Self, m: Member) -> bool:
        """Whether `m` does nothing in this step that it cannot do."""
        stopped = self.consumers[m].paused or self.gone(m)
        fenced = self.consumers[m].phase is Phase.FENCED
        return (not stopped or self.keeps(after, m)) and (
            not (stopped or fenced) or self.asks_nothing(after, m)
        )

    def keeps(self, after: Self, m: Member) -> bool:
        """Whether `m` knows afterwards what it knew."""
        me = self.consumers[m]
        then = after.consumers[m]
        return (
            me.phase is then.phase
            and me.generation == then.generation
            and me.owned == then.owned
            and me.positioned == then.positioned
            and me.position == then.position
            and me.processed == then.processed
            and me.acknowledged == then.acknowledged
        )

    def asks_nothing(self, after: Self, m: Member) -> bool:
        """Whether no new request of `m` is on its way afterwards."""
        request = after.connections[m].request
        return request is None or request == self.connections[m].request

    @step(on=Members.give_up)
    def given_up_is_void(self, after: Self, m: Member) -> bool:
        """Who gives a request up has waited for its answer, and waits for nothing afterwards."""
        return not self.silent(m) and not self.connections[m].free() and after.connections[m].free()

    @step(on=Members.poll)
    def records_are_handed_over_in_turn(self, after: Self, m: Member, p: Partition) -> bool:
        """To who has a share; in-line, once it has processed those before."""
        me = self.consumers[m]
        return me.phase is Phase.STABLE and (
            me.processing is not Processing.INLINE or me.processed[p] == me.position[p]
        )

    @step(on=Members.receive)
    def errors_are_heeded(self, after: Self, m: Member) -> bool:
        """After each the member is where it is to be, and has the generation that it is to have."""
        answer = self.connections[m].response
        me = self.consumers[m]
        then = after.consumers[m]
        if isinstance(answer, ErrorResponse):
            match answer.error:
                case Error.UNKNOWN_MEMBER_ID:
                    return then.phase is Phase.FENCED and then.generation == 0
                case Error.REBALANCE_IN_PROGRESS:
                    return then.phase is Phase.UNJOINED and then.generation == me.generation
                case _:
                    return then.phase is Phase.UNJOINED and then.generation == 0
        return True

    @step(on=Coordination.arrive)
    def what_arrives_has_arrived(self, after: Self, m: Member, line: Line) -> bool:
        """A request arrives once."""
        connection = after.connections[m]
        return (connection.request if line is Line.OPEN else connection.late) is None

    @step
    def answers_are_asked_for(self, after: Self) -> bool:
        """Who waits for nothing is told nothing."""
        return all(
            not self.connections[m].free() or after.connections[m].response is None for m in Member
        )

    @step
    def who_waits_is_told(self, after: Self) -> bool:
        """After joining, the generation; after that its share, or that there is none to come."""
        return all(not self.connections[m].parked or self.is_answered(after, m) for m in Member)

    def is_answered(self, after: Self, m: Member) -> bool:
        """Whether the answer to the request of `m` that is kept, if it comes, is one to it."""
        answer = after.connections[m].response
        joined = self.coordinators[self.group_of(m)].standing[m] is Standing.JOINED
        match answer:
            case None:
                return True
            case JoinGroupResponse():
                return joined
            case SyncGroupResponse():
                return not joined
            case ErrorResponse(error):
                return not joined and error is Error.REBALANCE_IN_PROGRESS
            case _:
                return False
