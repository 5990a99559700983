"""What the model takes for granted of its own parts, and the promises rest on.

No promise of Kafka's: that a stopped process does nothing, that a member waits for one answer at
a time and is told nothing it has not asked, that what it knows belongs to the generation it is in.
A mistake in these would make the promises hold, or fail, for a reason of the model's own.
"""

from __future__ import annotations

from typing import Self

from checker import inductive, invariant, step
from model.consumer import Phase
from model.coordinator import Standing
from model.messages import Error, ErrorResponse, JoinGroupResponse, SyncGroupResponse
from model.participants import Participants
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

    @step
    def stopped_is_stopped(self, after: Self) -> bool:
        """A process that is paused, or has ended, neither changes nor asks anything."""
        return all(
            not (self.consumers[m].paused or self.gone(m))
            or (self.keeps(after, m) and self.asks_nothing(after, m))
            for m in Member
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
