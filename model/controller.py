"""The controller: one log of decisions, which brokers follow at their own pace.

Whoever leads, which replicas are in sync, in which leader epoch: each decision about a partition
is an entry of the metadata log.  One node at a time is the active controller, in a controller
epoch of its own; it alone adds to the log, one entry after the other, each made in knowledge of
all before it.  Brokers read the log from the beginning; what a broker knows is as much of it as
it has read.

A controller that was replaced may not know it yet: a zombie.  It goes on deciding, from what it
knew, and what it decides must not come into the log, nor to any broker.

In KRaft the log is replicated among the nodes by a quorum of their own, which takes nothing from
the leader of an older epoch, and of which a new leader has everything that was taken.  Before,
the log was ZooKeeper's tree; the controller's writes were conditional on its epoch, and brokers
refused the requests (LeaderAndIsr, UpdateMetadata) of older controller epochs.  Both come to the
same, and only that is here: an entry is committed or it is not, and an election makes a controller
that knows all that are.  How a quorum does so is left to specifications of Raft.

What it leaves out: snapshots of the log, the registration and fencing of brokers and everything
else that the log tells but one partition (`Replication` has these, with a log that is always in
the hands of one controller), and brokers that restart, which read the log again.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from checker import (
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
    Variant,
    action,
    configuration,
    eventually,
    initial,
    invariant,
    reachable,
    require,
    step,
)
from spec.replication import CTL_1, CTL_3, CTL_4, CTL_5, CTL_7, LeaderEpoch, Replica

ControllerEpoch = Annotated[int, Counter("ControllerEpoch")]
"""How many controllers there have been; 0 of a node that knows itself not to be one."""

Position = Annotated[int, Range(0, 7)]
"""How many entries of the log, counted from its beginning: enough for seven."""


class Node(Index, symmetric=True):
    """A node that may be the controller."""


class Entry(Record):
    """A decision about the partition."""

    leader: Replica | None
    isr: Set[Replica]
    epoch: LeaderEpoch


class View(Part):
    """What a node knows that believes itself the controller, and what it is about to decide."""

    epoch: ControllerEpoch = 0
    known: Position = 0
    proposed: Entry | None

    def step_down(self) -> None:
        """A controller no more."""
        self.epoch = 0
        self.known = 0
        self.proposed = None


class Controller(Machine):
    """The metadata log of one partition, its writers and its readers."""

    # How the design is broken, if at all.
    fencing: Variant[bool] = True  # whether the log takes entries of the active controller alone
    committed_only: Variant[bool] = True  # whether brokers are told of committed entries alone
    informed: Variant[bool] = True  # whether a new controller has read the log to its end

    epoch: ControllerEpoch = 1
    log: Annotated[Seq[Entry], Capacity("Entries")]
    nodes: Map[Node, View]
    metadata: Map[Replica, Annotated[Seq[Entry], Capacity("Entries")]]

    @initial
    def begin(self, n: Node, leader: Replica) -> None:
        """Somebody controls, somebody leads, and everybody knows."""
        first = Entry(leader, Set({r for r in Replica}), 1)
        self.log.append(first)
        self.nodes[n].epoch = 1
        self.nodes[n].known = 1
        for r in Replica:
            self.metadata[r].append(first)

    # ------------------------------------------------------------ controllers

    @action(by="quorum")
    def replace(self, n: Node) -> None:
        """Another node becomes the controller; the last one is not told."""
        require(self.nodes[n].epoch == 0)
        self.epoch += 1
        self.nodes[n].epoch = self.epoch
        self.nodes[n].known = len(self.log) if self.informed else 1

    @action(fair="weak")
    def resign(self, n: Node) -> None:
        """A controller learns that it was replaced."""
        require(0 < self.nodes[n].epoch)
        require(self.nodes[n].epoch < self.epoch)
        self.nodes[n].step_down()

    @action
    def elect(self, n: Node, heir: Replica) -> None:
        """A controller decides that another replica in sync is to lead."""
        require(self.may_propose(n))
        last = self.log[self.nodes[n].known - 1]
        require(heir in last.isr)
        require(last.leader != heir)
        self.nodes[n].proposed = Entry(heir, last.isr, last.epoch + 1)

    @action
    def take_out(self, n: Node, r: Replica) -> None:
        """A controller decides that a replica is out of sync; if it led, nobody does."""
        require(self.may_propose(n))
        last = self.log[self.nodes[n].known - 1]
        require(r in last.isr)
        require(len(last.isr) > 1)
        left = last.isr - Set({r})
        if last.leader == r:
            self.nodes[n].proposed = Entry(None, left, last.epoch + 1)
        else:
            self.nodes[n].proposed = Entry(last.leader, left, last.epoch)

    @action(fair="weak")
    def commit(self, n: Node) -> None:
        """The log takes an entry."""
        me = self.nodes[n]
        match me.proposed:
            case Entry(leader, isr, epoch):
                require(not self.fencing or me.epoch == self.epoch)
                self.log.append(Entry(leader, isr, epoch))
                me.known = len(self.log)
                me.proposed = None
            case None:
                require(False)

    def may_propose(self, n: Node) -> bool:
        """Whether a node believes itself the controller, and has nothing under way."""
        return self.nodes[n].epoch > 0 and self.nodes[n].proposed is None

    # ------------------------------------------------------------ brokers

    @action(fair="weak")
    def read(self, r: Replica) -> None:
        """A broker reads the next entry of the log."""
        require(len(self.metadata[r]) < len(self.log))
        self.metadata[r].append(self.log[len(self.metadata[r])])

    @action(by="n")
    def tell(self, n: Node, r: Replica) -> None:
        """A controller tells a broker what it has decided, before that is committed."""
        require(not self.committed_only)
        match self.nodes[n].proposed:
            case Entry(leader, isr, epoch):
                require(len(self.metadata[r]) == self.nodes[n].known)
                self.metadata[r].append(Entry(leader, isr, epoch))
            case None:
                require(False)

    def newest(self, r: Replica) -> Entry:
        """The last entry that a broker has read."""
        return self.metadata[r][len(self.metadata[r]) - 1]

    # ------------------------------------------------------------ promises

    @invariant
    def somebody_controls(self) -> bool:
        """A controller is one until another has replaced it."""
        return any(self.nodes[n].epoch == self.epoch for n in Node)

    @eventually(again=True)
    def zombies_learn(self) -> bool:
        """Whoever was replaced knows in the end."""
        return all(self.nodes[n].epoch == 0 or self.nodes[n].epoch == self.epoch for n in Node)

    @invariant
    def decisions_follow(self) -> bool:
        """Each entry changes the leader, in the next epoch, or takes a replica out of sync."""
        return all(self.follows(self.log[i], self.log[i + 1]) for i in range(len(self.log) - 1))

    def follows(self, before: Entry, after: Entry) -> bool:
        """Whether a decision can be made after another one."""
        if before.leader != after.leader:
            return after.epoch == before.epoch + 1 and after.isr <= before.isr
        return after.epoch == before.epoch and after.isr <= before.isr and after.isr != before.isr

    @invariant(CTL_1)
    def leader_is_in_sync(self) -> bool:
        """In each entry; and there is always somebody in sync."""
        return all(len(entry.isr) > 0 and self.is_led(entry) for entry in self.log)

    def is_led(self, entry: Entry) -> bool:
        """Whether the leader is in sync, or there is none."""
        return not any(entry.leader == r and r not in entry.isr for r in Replica)

    @step(CTL_3)
    def epochs_grow(self, after: Self) -> bool:
        """From entry to entry of the log, and for each broker as it reads on."""
        return (
            self.epoch <= after.epoch
            and all(self.newest(r).epoch <= after.newest(r).epoch for r in Replica)
            and self.log[len(self.log) - 1].epoch <= after.log[len(after.log) - 1].epoch
        )

    @invariant(CTL_4)
    def brokers_have_a_prefix(self) -> bool:
        """What a broker has read is what the log says there."""
        return all(
            len(self.metadata[r]) <= len(self.log)
            and all(self.metadata[r][i] == self.log[i] for i in range(len(self.metadata[r])))
            for r in Replica
        )

    @invariant(CTL_5)
    def one_leader_an_epoch(self) -> bool:
        """As brokers believe."""
        return not any(
            a != b
            and self.leads(a)
            and self.leads(b)
            and self.newest(a).epoch == self.newest(b).epoch
            for a in Replica
            for b in Replica
        )

    def leads(self, r: Replica) -> bool:
        """Whether a broker believes that it leads."""
        return self.newest(r).leader == r

    @eventually(CTL_7, again=True)
    def everybody_knows(self) -> bool:
        """Decisions come to an end here, so that it is so again and again."""
        return all(
            len(self.metadata[r]) == len(self.log) and self.newest(r) == self.log[len(self.log) - 1]
            for r in Replica
        )

    @reachable
    def zombie(self) -> bool:
        """Two nodes can believe that they are the controller."""
        return sum(1 for n in Node if self.nodes[n].epoch > 0) > 1

    @reachable
    def leaderless(self) -> bool:
        """The leader can be taken out of sync before another one is elected."""
        return any(entry.leader is None for entry in self.log)

    @reachable
    def fewer_in_sync(self) -> bool:
        """Another one can be taken out of sync."""
        return any(len(entry.isr) < len(Replica) and entry.epoch == 1 for entry in self.log)

    @reachable
    def behind(self) -> bool:
        """A past leader can believe that it leads while another one does."""
        return sum(1 for r in Replica if self.leads(r)) > 1

    configurations: ClassVar[tuple[Configuration, ...]] = (
        configuration(
            "zombies",
            about="Two controllers that replace one another, and two brokers.",
            Node=2, Replica=2, ControllerEpoch=3, LeaderEpoch=3, Entries=3,
        ),
        configuration(
            "three brokers",
            about="Two controllers, one of which replaces the other, and three brokers.",
            Node=2, Replica=3, ControllerEpoch=2, LeaderEpoch=2, Entries=3,
        ),
    )  # fmt: skip
