"""What a follower does, and how any replica learns, stops and starts."""

from __future__ import annotations

from checker import action, require
from model.replication.design import Truncation
from model.replication.participants import Participants
from model.replication.replica import Status
from spec.replication import LeaderEpoch, Offset, Replica


class Following(Participants):
    """The steps of followers, and of brokers as such."""

    # ------------------------------------------------------------ the metadata log

    @action(fair="weak")
    def learn(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A broker reads of a newer leader epoch, with all that came before it or without."""
        me = self.at[r]
        require(me.status is Status.UP)
        require(me.epoch < epoch)
        require(epoch == self.epoch or self.decided[epoch].leader is not None)
        self.enter(r, epoch)
        self.forget()

    def enter(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A replica is in another leader epoch from now on."""
        me = self.at[r]
        me.resign()
        me.epoch = epoch
        if self.decided[epoch].leader == r:
            me.truncating = False
            me.isr = self.decided[epoch].isr
        elif self.truncation is Truncation.HIGH_WATERMARK:
            me.log.truncate(me.high_watermark)
        elif self.truncation is not Truncation.DIVERGING_EPOCH:
            me.truncating = len(me.log) > 0

    # ------------------------------------------------------------ the leader's log

    @action(fair="weak", to="f")
    def truncate(self, f: Replica, leader: Replica) -> None:
        """OffsetsForLeaderEpoch: a follower asks where its log and the leader's part."""
        me = self.at[f]
        require(me.truncating)
        require(self.can_fetch(f, leader))
        last = me.last_epoch()
        end = self.at[leader].end_of(last)
        if self.truncation is Truncation.END_OFFSET:
            known = self.at[leader].last_epoch()
            me.cut(min(len(me.log), end if last <= known else me.high_watermark))
            me.truncating = False
        else:
            floor = self.at[leader].floor_of(last)
            me.cut(min(me.end_of(floor), end))
            me.truncating = floor != last and len(me.log) > 0

    @action(fair="weak", to="f")
    def fetch(self, f: Replica, leader: Replica) -> None:
        """A follower is told to truncate, or given the next record, and the high watermark."""
        me = self.at[f]
        require(not me.truncating)
        require(self.can_fetch(f, leader))
        other = self.at[leader]
        if self.truncation is Truncation.DIVERGING_EPOCH and self.diverges(f, leader):
            last = me.last_epoch()
            me.cut(min(me.end_of(other.floor_of(last)), other.end_of(last)))
        else:
            if len(me.log) > len(other.log):
                me.log.truncate(len(other.log))
            elif len(me.log) < len(other.log):
                me.log.append(other.log[len(me.log)])
            me.high_watermark = min(other.high_watermark, len(me.log))

    def can_fetch(self, f: Replica, leader: Replica) -> bool:
        """Whether a follower reaches its leader, and is heard."""
        return (
            self.at[f].status is Status.UP
            and self.at[leader].status is Status.UP
            and self.follows(f, leader)
        )

    # ------------------------------------------------------------ brokers stop and start

    @action
    def stop(self, r: Replica) -> None:
        """A broker is shut down, once it neither leads nor is in sync: nothing is lost."""
        require(self.stops)
        require(self.at[r].status is Status.UP)
        require(r in self.fenced)
        self.at[r].status = Status.STOPPED

    @action
    def crash(self, r: Replica) -> None:
        """A broker crashes; what its disk has kept will be seen."""
        require(self.at[r].status is Status.UP)
        require(self.crashed < self.crashes)
        require(not self.one_at_a_time or self.all_well())
        self.crashed += 1
        self.at[r].status = Status.CRASHED
        self.at[r].high_watermark = 0
        self.forget()

    @action(fair="weak")
    def restart(self, r: Replica, kept: Offset) -> None:
        """A broker starts again, with what its disk has kept, and registers."""
        require(self.recovering)
        me = self.at[r]
        require(me.status is not Status.UP)
        require(r in self.fenced)
        require(kept <= len(me.log))
        require(me.status is Status.CRASHED or kept == len(me.log))
        if me.status is Status.CRASHED:
            self.eligible.discard(r)
        me.status = Status.UP
        me.cut(kept)
        self.enter(r, self.epoch)
        for other in Replica:
            if r in self.at[other].asked:
                self.at[other].reborn = True
        self.forget()

    def all_well(self) -> bool:
        """Whether every broker runs and is in sync."""
        return all(self.at[r].status is Status.UP and r in self.isr() for r in Replica)
