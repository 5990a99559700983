"""A log that a leader copies to a majority of nodes, by messages that are late, lost or repeated.

A leader takes writes into its log and pushes them, record by record, to the others.  Each takes
what comes from the leader of the latest epoch that it knows, and acknowledges up to where its
log now equals the leader's.  Once a majority has a record, the leader moves its high watermark
past it: the write is acknowledged to whoever asked for it, and must not be lost.  The watermark
travels to the others with the records.

Whoever a majority votes for leads in a new epoch, and the voters heed no older one.  They vote
for a log that is at least as up to date as their own: its last record is of a later epoch, or of
the same one and the log is no shorter.  The new leader pushes its log from the beginning, and
what a follower has instead is cut off.

Two rules are easily forgotten:

-   A record counts as acknowledged only by a majority.  `acks` says so, as a producer does;
    `ONE` leaves it at the leader's own copy, and the next leader may lack it.
-   A leader moves its watermark only to the end of a record of its own epoch.  One of an earlier
    epoch may be on a majority and be overwritten yet, by a leader of an epoch between the two.

A record is its offset and its epoch: nobody else writes there in that epoch.  Appends in flight
are a set of bounded size, and leave it when they arrive or are lost; one that is sent again after
that is a repetition.  Acknowledgements need no room of that kind: one that is lost is one that
never arrives.

An election is one step, as if the votes took no time.  Not modelled: nodes that lose their logs,
changes of who belongs to the quorum, progress.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, 2014,
sections 5.3 and 5.4; KIP-595, A Raft Protocol for the Metadata Quorum, which pulls records
instead.

Checked, as distinct states, states generated, and depth:

    QuorumLog   Voter=3 LeaderEpoch=2 LogSize=1 InFlight=1     12,529      43,417   23
    QuorumLog   Voter=3 LeaderEpoch=2 LogSize=1 InFlight=2     42,478     211,669   24
    QuorumLog   Voter=3 LeaderEpoch=3 LogSize=1 InFlight=1    144,667     588,487   29
    QuorumLog   Voter=3 LeaderEpoch=2 LogSize=2 InFlight=1    762,454   3,200,167   45
    QuorumLog   Voter=3 LeaderEpoch=2 LogSize=2 InFlight=2  6,324,955  37,376,368   46
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from verdict import (
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    Variant,
    action,
    configuration,
    each,
    invariant,
    reachable,
    require,
)

LeaderEpoch = Annotated[int, Counter("LeaderEpoch")]
"""How many leaders there were; 0 before the first."""

Offset = Annotated[int, Range(0, 3)]
"""A position in a log, or its end: enough for a LogSize of 3."""


class Voter(Index, symmetric=True):
    """A broker that has a copy of the log, and a vote."""


class Acks(Enum):
    """How many nodes must have a record before its write is acknowledged."""

    ONE = auto()
    QUORUM = auto()


class Append(Record):
    """From the leader of an epoch: the record at an offset, and its high watermark."""

    to: Voter
    epoch: LeaderEpoch
    offset: Offset
    record: LeaderEpoch
    high_watermark: Offset


class Ack(Record):
    """To the leader of an epoch: up to which offset a log now equals the leader's."""

    by: Voter
    epoch: LeaderEpoch
    end: Offset


class Replica(Part):
    """A node: its log, what it believes, and, while it leads, what it knows of the others."""

    epoch: LeaderEpoch = 0
    leads: bool = False
    high_watermark: Offset = 0
    log: Annotated[Seq[LeaderEpoch], Capacity("LogSize")]
    acked: Map[Voter, Offset] = each(0)

    def enter(self, epoch: LeaderEpoch) -> None:
        """Follow whoever leads in an epoch."""
        self.epoch = epoch
        self.leads = False
        self.acked = each(0)

    def last(self) -> int:
        """The epoch of the last record, or 0."""
        return self.log[len(self.log) - 1] if len(self.log) > 0 else 0


class QuorumLog(Machine):
    """Voters, and the messages between them."""

    at: Map[Voter, Replica]
    appends: Annotated[Set[Append], Capacity("InFlight")]
    answers: Set[Ack]
    acks: Variant[Acks] = Acks.QUORUM

    @action
    def elect(self, n: Voter, voters: Set[Voter]) -> None:
        """A node wins the votes of a majority, and leads from then on."""
        require(n in voters and self.majority(len(voters)))
        require(all(self.up_to_date(n, v) for v in voters))
        epoch = max(self.at[v].epoch for v in voters) + 1
        for v in voters:
            self.at[v].enter(epoch)
        self.at[n].leads = True

    @action
    def write(self, leader: Voter) -> None:
        """Whoever believes that it leads takes a record."""
        me = self.at[leader]
        require(me.leads)
        me.log.append(me.epoch)

    @action
    def push(self, leader: Voter, to: Voter) -> None:
        """A leader sends a node the first record that it may lack."""
        me = self.at[leader]
        require(me.leads and to != leader)
        offset = me.acked[to]
        require(offset < len(me.log))
        self.appends.add(Append(to, me.epoch, offset, me.log[offset], me.high_watermark))

    @action
    def receive(self, m: Append) -> None:
        """A node takes a record from the latest leader it knows of; one of an older is dropped."""
        require(m in self.appends)
        self.appends.remove(m)
        me = self.at[m.to]
        if m.epoch < me.epoch:
            return
        if m.epoch > me.epoch:
            me.enter(m.epoch)
        self.take(m)
        me.high_watermark = max(me.high_watermark, min(m.high_watermark, m.offset + 1))
        self.answers.add(Ack(m.to, m.epoch, m.offset + 1))

    @action(by="network")
    def lose(self, m: Append) -> None:
        """A record is lost on its way."""
        require(m in self.appends)
        self.appends.remove(m)

    @action
    def acknowledge(self, leader: Voter, m: Ack) -> None:
        """The leader of an epoch hears what a node has."""
        require(m in self.answers)
        me = self.at[leader]
        require(me.leads and me.epoch == m.epoch)
        self.answers.remove(m)
        me.acked[m.by] = max(me.acked[m.by], m.end)

    @action
    def advance(self, leader: Voter, end: Offset) -> None:
        """A leader acknowledges writes, the last of which is of its own epoch."""
        me = self.at[leader]
        require(me.leads and me.high_watermark < end and end <= len(me.log))
        require(self.own(leader, end))
        require(self.enough(leader, end))
        me.high_watermark = end

    def take(self, m: Append) -> None:
        """Put a record where it belongs, in the place of another one and all after it."""
        me = self.at[m.to]
        assert m.offset <= len(me.log)
        if m.offset < len(me.log) and me.log[m.offset] != m.record:
            me.log.truncate(m.offset)
        if m.offset == len(me.log):
            me.log.append(m.record)

    def up_to_date(self, n: Voter, other: Voter) -> bool:
        """Whether a node has all that another one may have acknowledged."""
        mine = self.at[n]
        others = self.at[other]
        return mine.last() > others.last() or (
            mine.last() == others.last() and len(mine.log) >= len(others.log)
        )

    def own(self, leader: Voter, end: Offset) -> bool:
        """Whether the record before an offset is of the leader's own epoch."""
        return self.at[leader].log[end - 1] == self.at[leader].epoch

    def enough(self, leader: Voter, end: Offset) -> bool:
        """Whether as many nodes as it takes have the log up to an offset."""
        if self.acks is Acks.ONE:
            return True
        return self.majority(
            sum(1 for n in Voter if n == leader or self.at[leader].acked[n] >= end)
        )

    def majority(self, count: int) -> bool:
        """Whether so many nodes are more than half of all."""
        return 2 * count > len(Voter)

    def agree(self, a: Voter, b: Voter, offset: int) -> bool:
        """Whether two logs have the same record at an offset."""
        mine = self.at[a].log
        others = self.at[b].log
        return offset < len(mine) and offset < len(others) and mine[offset] == others[offset]

    @invariant
    def one_leader_an_epoch(self) -> bool:
        """No two nodes lead in the same epoch."""
        return not any(
            a != b
            and self.at[a].leads
            and self.at[b].leads
            and self.at[a].epoch == self.at[b].epoch
            for a in Voter
            for b in Voter
        )

    @invariant
    def not_lost(self) -> bool:
        """What was acknowledged, every leader of a later epoch has."""
        return all(
            self.agree(a, b, i)
            for a in Voter
            for b in Voter
            if self.at[b].leads and self.at[b].epoch > self.at[a].epoch
            for i in range(self.at[a].high_watermark)
        )

    @invariant
    def no_two_answers(self) -> bool:
        """What two nodes let consumers read is the same, as far as both go."""
        return all(
            self.agree(a, b, i)
            for a in Voter
            for b in Voter
            for i in range(self.at[a].high_watermark)
            if i < self.at[b].high_watermark
        )

    @reachable
    def known_to_all(self) -> bool:
        """All nodes can know that a write was acknowledged."""
        return all(self.at[n].high_watermark > 0 for n in Voter)

    @reachable
    def two_leaders(self) -> bool:
        """Two nodes can believe that they lead."""
        return any(a != b and self.at[a].leads and self.at[b].leads for a in Voter for b in Voter)

    configurations = (
        configuration("two epochs", Voter=3, LeaderEpoch=2, LogSize=1, InFlight=2),
        configuration(
            "acks of one",
            Voter=3,
            LeaderEpoch=2,
            LogSize=1,
            InFlight=1,
            acks=Acks.ONE,
            hazards=("not_lost", "no_two_answers"),
            about="What the leader alone has is acknowledged, and lost with it.",
        ),
    )
