"""What a leader does, or who believes that it is one."""

from __future__ import annotations

from checker import Set, action, require
from model.replication.design import Expansion
from model.replication.participants import Participants
from model.replication.replica import Status
from spec.acknowledged import Acks
from spec.replication import Replica


class Leading(Participants):
    """The steps of leaders."""

    @action
    def produce(self, leader: Replica) -> None:
        """A leader takes a record; with acks=all, only while enough replicas are in sync."""
        me = self.at[leader]
        require(self.at_work(leader))
        require(self.acks is not Acks.ALL or len(me.isr) >= self.enough())
        if self.acks is Acks.LEADER and len(self.aux_acknowledged) == len(me.log):
            self.aux_acknowledged.append(me.epoch)
        me.log.append(me.epoch)
        self.written += 1

    @action(fair="weak")
    def commit(self, leader: Replica) -> None:
        """The high watermark moves past a record that all who are waited for have."""
        me = self.at[leader]
        require(self.at_work(leader))
        require(me.high_watermark < len(me.log))
        require(len(me.isr) >= self.enough())
        require(all(self.has_up_to(f, leader, me.high_watermark + 1) for f in self.awaited(leader)))
        if len(self.aux_committed) == me.high_watermark:
            self.aux_committed.append(me.log[me.high_watermark])
        me.high_watermark += 1

    @action(fair="weak")
    def shrink(self, leader: Replica, f: Replica) -> None:
        """A follower has lagged behind for replica.lag.time.max.ms, and is to be out."""
        me = self.at[leader]
        require(self.may_ask(leader))
        require(f in me.isr)
        require(not self.has_up_to(f, leader, len(me.log)))
        me.asked = me.isr - Set({f})

    @action(fair="weak")
    def expand(self, leader: Replica, f: Replica) -> None:
        """A follower has caught up, and is to be in."""
        me = self.at[leader]
        require(self.may_ask(leader))
        require(f not in me.isr)
        require(self.at[f].status is Status.UP)
        require(self.has_up_to(f, leader, self.admission(leader)))
        me.asked = me.isr | Set({f})

    @action(fair="weak")
    def hear(self, leader: Replica) -> None:
        """A leader hears of the in-sync replicas: by the answer, or from the metadata log."""
        me = self.at[leader]
        require(self.at_work(leader))
        require(me.epoch == self.epoch)
        require(self.unheard)
        self.unheard = False
        me.isr = self.isr()
        me.settle()

    def at_work(self, leader: Replica) -> bool:
        """Whether a broker runs, and believes that it leads."""
        return self.at[leader].status is Status.UP and self.leads(leader)

    def may_ask(self, leader: Replica) -> bool:
        """Whether a leader may ask for a change: one at a time, and no past leader."""
        me = self.at[leader]
        return self.at_work(leader) and len(me.asked) == 0 and me.epoch == self.epoch

    def admission(self, leader: Replica) -> int:
        """How far a follower must have come to be in sync."""
        me = self.at[leader]
        if self.expansion is Expansion.EPOCH_START:
            return max(me.high_watermark, me.epoch_start())
        return me.high_watermark
