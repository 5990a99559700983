"""What must happen in the end.

It is assumed that a session which may expire does, that a broker which runs is heard again, reads
the metadata log, and does what leaders and followers do, that requests to the controller arrive,
and that one that has crashed starts again (where the configuration lets it).  Nobody has to
produce, to crash, or to be cut off.  Fairness is weak everywhere: what stays possible is done.

What flaps for ever is let flap: a follower may be cut off again and again, as often as it has come
back to the in-sync replicas.

A produce request is answered when its record is committed; it is refused, or its connection
broken, when the leader leads no more; else it ends with request.timeout.ms.
"""

from __future__ import annotations

from checker import Variant, action, eventually, require
from model.replication.control import Control
from model.replication.following import Following
from model.replication.leading import Leading
from model.replication.promises import Promises
from model.replication.replica import Status
from spec.replication import CTL_6, REP_10, REP_11, REP_12, Offset, Replica


class Progress(Promises, Control, Leading, Following):
    """REP-10 to REP-12, and CTL-6."""

    in_the_end: Variant[bool] = False  # whether it is asked what happens in the end
    # How the design is broken, if at all.
    expiry: Variant[bool] = True  # whether a produce request ever times out

    # The leader at which a produce request waits, and for which end of its log.
    waiting_at: Replica | None = None
    waiting_for: Offset = 0

    @action
    def request(self, leader: Replica) -> None:
        """A producer sends a record, and waits."""
        require(self.in_the_end)
        require(self.waiting_at is None)
        self.produce(leader)
        self.waiting_at = leader
        self.waiting_for = len(self.at[leader].log)

    @action(fair="weak")
    def answer(self, leader: Replica) -> None:
        """The producer hears that its record is committed, or that the leader is none any more."""
        require(self.in_the_end)
        require(self.waiting_at == leader)
        require(not self.at_work(leader) or self.at[leader].high_watermark >= self.waiting_for)
        self.end_request()

    @action(fair="weak")
    def time_out(self, leader: Replica) -> None:
        """The producer has waited long enough: it does not know what became of its record."""
        require(self.in_the_end)
        require(self.expiry)
        require(self.waiting_at == leader)
        self.end_request()

    def end_request(self) -> None:
        """Nobody waits any more."""
        self.waiting_at = None
        self.waiting_for = 0

    def somebody_waits(self) -> bool:
        """A producer waits for its answer."""
        return self.waiting_at is not None

    @eventually(REP_10, after=somebody_waits)
    def produce_is_answered(self) -> bool:
        """In one way or another."""
        return not self.in_the_end or self.waiting_at is None

    def something_committed(self) -> bool:
        """A record was committed."""
        return len(self.aux_committed) > 0

    @eventually(REP_11, after=something_committed)
    def committed_is_everywhere(self) -> bool:
        """Asked of brokers that run."""
        return not self.in_the_end or all(
            self.at[r].status is not Status.UP or self.has_committed(r) for r in Replica
        )

    def change_is_asked_for(self) -> bool:
        """A leader waits for a change of the in-sync replicas."""
        return any(
            self.leads_now(r) and self.at[r].status is Status.UP and len(self.at[r].asked) > 0
            for r in Replica
        )

    @eventually(REP_12, after=change_is_asked_for)
    def change_resolves(self) -> bool:
        """Granted, refused, or of no use any more."""
        return not self.in_the_end or not self.change_is_asked_for()

    @eventually(CTL_6, again=True)
    def somebody_leads(self) -> bool:
        """Or nobody is fit to who runs."""
        return not self.in_the_end or (
            any(self.leads_now(r) and self.at[r].status is Status.UP for r in Replica)
            or not any(self.fit(r) and self.at[r].status is Status.UP for r in Replica)
        )
