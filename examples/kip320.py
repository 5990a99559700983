"""Replicating one partition, as it is since KIP-320, and as it was before leader epochs.

A partition has a log on each replica.  A controller keeps the quorum's view: the leader, its
epoch, and the in-sync replicas (ISR); it tells the replicas by LeaderAndIsr requests, which may
arrive late, twice, or not at all.  A replica that learns of a newer epoch becomes leader or
follower.  A leader takes writes and moves its high watermark up to what its ISR has; a follower
fetches.  What lies below a leader's high watermark may be read, and must not be lost.

`Kip320` fences by epoch: a follower truncates against, and fetches from, only a leader of its
own epoch; the high watermark moves only when the whole ISR follows in that epoch; the ISR grows
only once the high watermark has reached the leader's epoch.

`TruncateToHighWatermark` is the protocol before that: a new follower cuts its log back to its
own high watermark, which lags behind the leader's, and fetches whatever its epoch.  A record that
was acknowledged by both can so be dropped by the next leader's only follower: the configuration
shows it.

A bound stands for a guard of the source: no more than `LeaderEpoch` elections, `Records` writes,
and a log of `LogSize` records.  Epochs count from 1 here, and 0 is "none yet"; the source counts
from 0 up to MaxLeaderEpoch, so that LeaderEpoch = MaxLeaderEpoch + 1.

Where a follower may leave the ISR for two reasons, each is an action of its own, as the source's
disjunction is two ways to step.

Not modelled: brokers that stop, the request that finds where to truncate (it is one step here),
unclean election, progress.

Source: KIP-320, Allow fetchers to detect and handle log truncation; J. Gustafson and G. Wang,
the modules Kip320 and KafkaTruncateToHighWatermark of kafka-specification.

Checked, as distinct states, states generated, and depth:

    Kip320   Replica=2 LogSize=1 Records=1 LeaderEpoch=3    1,365     2,505   14
    Kip320   Replica=2 LogSize=2 Records=2 LeaderEpoch=3    5,973    11,839   18
    Kip320   Replica=3 LogSize=1 Records=1 LeaderEpoch=3   97,531   241,543   22
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from verdict import (
    Capacity,
    Configuration,
    Counter,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    action,
    configuration,
    each,
    initial,
    invariant,
    reachable,
    require,
    step,
)

LeaderEpoch = Annotated[int, Counter("LeaderEpoch")]
"""How many leaders the controller has named; 0 before the first."""

Written = Annotated[int, Counter("Records")]
"""How many records were written, and the number of the next."""

Offset = Annotated[int, Range(0, 4)]
"""A position in a log, or its end: enough for a LogSize of 4."""


class Replica(Index, symmetric=True):
    """A broker that has a copy of the partition."""


class LogRecord(Record):
    """A record in a log: its serial number, and the epoch of the leader that took it."""

    serial: Written
    epoch: LeaderEpoch


class LeaderAndIsr(Record):
    """A request to all replicas: who leads, and which replicas are in sync."""

    leader: Replica | None
    isr: Set[Replica]


class Quorum(Part):
    """What the controller has decided, and the leader has changed since."""

    epoch: LeaderEpoch = 0
    leader: Replica | None = None
    isr: Set[Replica]


class Local(Part):
    """A replica: its log, and what it believes."""

    log: Annotated[Seq[LogRecord], Capacity("LogSize")]
    high_watermark: Offset = 0
    epoch: LeaderEpoch = 0
    leader: Replica | None = None
    isr: Set[Replica]


class Kip320(Machine):
    """Replication fenced by leader epochs."""

    quorum: Quorum
    requests: Map[LeaderEpoch, LeaderAndIsr] = each(LeaderAndIsr(None, Set()))
    written: Written = 0
    at: Map[Replica, Local]

    @initial
    def all_in_sync(self) -> None:
        """Nobody leads, and all logs are empty."""
        self.quorum.isr = Set({r for r in Replica})

    @action(by="controller")
    def elect(self, r: Replica) -> None:
        """The controller makes another member of the ISR the leader."""
        require(r in self.quorum.isr)
        require(self.quorum.leader != r)
        self.decide(r, self.quorum.isr)

    @action(by="controller")
    def fail(self, r: Replica) -> None:
        """The controller takes a replica out of the ISR, unless it leads and is the last there."""
        require(self.quorum.leader == r or r in self.quorum.isr)
        left = self.quorum.isr - Set({r})
        if self.quorum.leader != r:
            self.decide(self.quorum.leader, left)
        elif len(left) > 0:
            self.decide(None, left)
        else:
            self.decide(None, self.quorum.isr)

    @action
    def become_leader(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A replica learns that it leads a newer epoch."""
        me = self.at[r]
        require(self.requests[epoch].leader == r)
        require(epoch > me.epoch)
        me.epoch = epoch
        me.leader = r
        me.isr = self.requests[epoch].isr

    @action
    def become_follower(self, r: Replica, leader: Replica, epoch: LeaderEpoch) -> None:
        """A replica learns of a newer epoch, whose leader is there, and cuts its log back to it."""
        me = self.at[r]
        require(self.follows_request(r, leader, epoch))
        require(self.leads(leader) and self.at[leader].epoch == epoch)
        end = self.common_end(r, leader)
        me.log.truncate(end)
        me.high_watermark = min(end, me.high_watermark)
        me.epoch = epoch
        me.leader = leader
        me.isr = self.requests[epoch].isr

    @action
    def write(self, leader: Replica) -> None:
        """Whoever believes that it leads takes a record."""
        me = self.at[leader]
        require(self.leads(leader))
        me.log.append(LogRecord(self.written, me.epoch))
        self.written += 1

    @action
    def fetch(self, follower: Replica, leader: Replica) -> None:
        """A follower fetches a record, and the high watermark, from the leader of its epoch."""
        require(self.follows(follower, leader))
        self.copy_next(follower, leader)

    @action
    def advance(self, leader: Replica) -> None:
        """A leader's high watermark moves past a record that its whole ISR has, in its epoch."""
        me = self.at[leader]
        require(me.high_watermark < len(me.log))
        require(all(self.follows(f, leader) for f in me.isr))
        require(all(me.high_watermark < len(self.at[f].log) for f in me.isr))
        me.high_watermark += 1

    @action
    def drop_stale(self, leader: Replica, follower: Replica) -> None:
        """The leader takes a replica out of the ISR that does not follow it in its epoch."""
        require(follower in self.at[leader].isr and follower != leader)
        require(not self.follows(follower, leader))
        self.change_isr(leader, self.at[leader].isr - Set({follower}))

    @action
    def drop_lagging(self, leader: Replica, follower: Replica) -> None:
        """The leader takes a replica out of the ISR that lacks records."""
        require(follower in self.at[leader].isr and follower != leader)
        require(len(self.at[follower].log) < len(self.at[leader].log))
        self.change_isr(leader, self.at[leader].isr - Set({follower}))

    @action
    def expand(self, leader: Replica, follower: Replica) -> None:
        """The leader adds a follower to the ISR that has all below the high watermark, once that
        has reached the leader's own epoch.
        """
        me = self.at[leader]
        require(follower not in me.isr)
        require(self.follows(follower, leader))
        require(me.high_watermark <= len(self.at[follower].log))
        require(me.high_watermark == len(me.log) or me.log[me.high_watermark].epoch == me.epoch)
        self.change_isr(leader, me.isr | Set({follower}))

    def decide(self, leader: Replica | None, isr: Set[Replica]) -> None:
        """Begin a new epoch, and tell everyone."""
        self.quorum.epoch += 1
        self.quorum.leader = leader
        self.quorum.isr = isr
        self.requests[self.quorum.epoch] = LeaderAndIsr(leader, isr)

    def change_isr(self, leader: Replica, isr: Set[Replica]) -> None:
        """The leader writes a new ISR to the quorum, which admits it from the true leader only."""
        require(self.leads(leader))
        require(self.quorum.leader == leader and self.quorum.epoch == self.at[leader].epoch)
        self.quorum.isr = isr
        self.at[leader].isr = isr

    def copy_next(self, follower: Replica, leader: Replica) -> None:
        """The follower takes the leader's next record and what it may know of its watermark."""
        log = self.at[follower].log
        require(len(log) < len(self.at[leader].log))
        log.append(self.at[leader].log[len(log)])
        self.at[follower].high_watermark = min(self.at[leader].high_watermark, len(log))

    def leads(self, r: Replica) -> bool:
        """Whether a replica believes that it leads."""
        return self.at[r].leader == r

    def follows(self, follower: Replica, leader: Replica) -> bool:
        """Whether both agree who leads, and in which epoch."""
        return (
            self.leads(leader)
            and self.at[follower].leader == leader
            and self.at[follower].epoch == self.at[leader].epoch
        )

    def follows_request(self, r: Replica, leader: Replica, epoch: LeaderEpoch) -> bool:
        """Whether a replica has yet to learn that it follows `leader` in `epoch`."""
        return leader != r and self.requests[epoch].leader == leader and epoch > self.at[r].epoch

    def common_end(self, follower: Replica, leader: Replica) -> int:
        """The offset after the last record that both logs have in the same place, or 0."""
        log = self.at[follower].log
        return max((i + 1 for i in range(len(log)) if self.agree(follower, leader, i)), default=0)

    def agree(self, a: Replica, b: Replica, offset: int) -> bool:
        """Whether two logs have the same record at an offset."""
        return (
            offset < len(self.at[a].log)
            and offset < len(self.at[b].log)
            and self.at[a].log[offset] == self.at[b].log[offset]
        )

    def exposed(self, leader: Replica, r: Replica) -> bool:
        """Whether a replica has all that the leader lets consumers read."""
        return all(self.agree(leader, r, i) for i in range(self.at[leader].high_watermark))

    @invariant
    def weak_isr(self) -> bool:
        """What a leader has below its high watermark, its own ISR has too."""
        return all(
            self.exposed(leader, r)
            for leader in Replica
            if self.leads(leader)
            for r in self.at[leader].isr
        )

    @invariant
    def strong_isr(self) -> bool:
        """What a leader has below its high watermark, every possible next leader has too."""
        return all(
            self.exposed(leader, r)
            for leader in Replica
            if self.leads(leader)
            for r in self.quorum.isr
        )

    @invariant
    def one_leader_an_epoch(self) -> bool:
        """No two replicas believe that they lead in the same epoch."""
        return not any(
            a != b and self.leads(a) and self.leads(b) and self.at[a].epoch == self.at[b].epoch
            for a in Replica
            for b in Replica
        )

    @step
    def epochs_grow(self, after: Self) -> bool:
        """A replica never goes back to an older epoch."""
        return all(after.at[r].epoch >= self.at[r].epoch for r in Replica)

    @reachable
    def exposed_by_all(self) -> bool:
        """A record can be replicated everywhere and be known to be."""
        return all(self.at[r].high_watermark == 1 for r in Replica)

    @reachable
    def two_leaders(self) -> bool:
        """Two replicas can believe that they lead."""
        return any(a != b and self.leads(a) and self.leads(b) for a in Replica for b in Replica)

    configurations: ClassVar[tuple[Configuration, ...]] = (
        configuration("two replicas, one record", Replica=2, LogSize=1, Records=1, LeaderEpoch=3),
        configuration("two replicas, two records", Replica=2, LogSize=2, Records=2, LeaderEpoch=3),
    )


class TruncateToHighWatermark(Kip320):
    """Replication without fencing: a new follower truncates to its own high watermark."""

    @action
    def become_follower(self, r: Replica, leader: Replica, epoch: LeaderEpoch) -> None:
        """A replica learns of a newer epoch and cuts its log back to its high watermark."""
        me = self.at[r]
        require(self.follows_request(r, leader, epoch))
        me.log.truncate(me.high_watermark)
        me.epoch = epoch
        me.leader = leader
        me.isr = self.requests[epoch].isr

    def follows(self, follower: Replica, leader: Replica) -> bool:
        """Whether both agree who leads."""
        return self.leads(leader) and self.at[follower].leader == leader

    @action
    def expand(self, leader: Replica, follower: Replica) -> None:
        """The leader adds a follower to the ISR that has all below the high watermark."""
        me = self.at[leader]
        require(follower not in me.isr)
        require(self.at[follower].leader == leader)
        require(me.high_watermark <= len(self.at[follower].log))
        self.change_isr(leader, me.isr | Set({follower}))

    configurations = (
        configuration(
            "two replicas, one record",
            Replica=2,
            LogSize=1,
            Records=1,
            LeaderEpoch=3,
            hazards=("weak_isr", "strong_isr"),
        ),
    )
