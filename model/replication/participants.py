"""Replicating one partition: who takes part, and what can befall them."""

from __future__ import annotations

from typing import Annotated

from checker import Capacity, Machine, Map, Range, Record, Seq, Set, Variant, each, initial
from model.replication.design import Expansion, Isr, Truncation
from model.replication.replica import Local, Status
from spec.acknowledged import Acks
from spec.partition_log import Value
from spec.replication import LeaderEpoch, Offset, Replica

Crashes = Annotated[int, Range(0, 3)]
"""How many brokers have crashed."""


class Registration(Record):
    """What the metadata log says of the partition, as of the last entry of a leader epoch."""

    leader: Replica | None
    isr: Set[Replica]


class Participants(Machine):
    """The state of everybody concerned."""

    crashes: Variant[int] = 0  # how many brokers may crash
    one_at_a_time: Variant[bool] = False  # whether a broker crashes only while all are in sync
    steady: Variant[bool] = False  # whether brokers that run are neither cut off nor replaced
    stops: Variant[bool] = False  # whether brokers may be shut down, in good order
    acks: Variant[Acks] = Acks.ALL
    min_isr: Variant[int] = 2  # min.insync.replicas
    unclean: Variant[bool] = False  # unclean.leader.election.enable
    elr: Variant[bool] = True  # KIP-966, eligible leader replicas

    truncation: Variant[Truncation] = Truncation.DIVERGING_EPOCH
    fencing: Variant[bool] = True  # KIP-320: whether a leader hears those of its own epoch only
    expansion: Variant[Expansion] = Expansion.EPOCH_START
    committing: Variant[Isr] = Isr.MAXIMAL
    broker_epochs: Variant[bool] = True  # KIP-903: whether the ISR is asked for by broker epochs
    partition_epochs: Variant[bool] = True  # KIP-497: whether what is asked must be up to date
    refusing_fenced: Variant[bool] = True  # KIP-841: whether a fenced broker is kept out of the ISR

    electing: Variant[bool] = True  # whether a partition without a leader is given one
    refusing: Variant[bool] = True  # whether a leader is told that its request was refused
    recovering: Variant[bool] = True  # whether a broker that crashed is started again

    written: Offset = 0
    crashed: Crashes = 0
    # The controller: leader epoch, what it decided in each, and what it knows of brokers.
    epoch: LeaderEpoch = 1
    decided: Map[LeaderEpoch, Registration] = each(Registration(None, Set()))
    unheard: bool = False  # whether the leader has yet to hear of a new partition epoch
    fenced: Set[Replica]
    eligible: Set[Replica]
    last_known: Replica | None = None
    at: Map[Replica, Local]
    # The records that were ever below a leader's high watermark; those acknowledged with acks=1.
    aux_committed: Annotated[Seq[Value], Capacity("LogSize")]
    aux_acknowledged: Annotated[Seq[LeaderEpoch], Capacity("LogSize")]

    @initial
    def in_sync(self, leader: Replica) -> None:
        """Somebody leads, everybody knows, and all logs are empty."""
        self.decided[1] = Registration(leader, Set({r for r in Replica}))
        self.at[leader].isr = Set({r for r in Replica})

    def enough(self) -> int:
        """How many replicas must be in sync: min.insync.replicas, where there are as many."""
        return min(self.min_isr, len(Replica))

    def isr(self) -> Set[Replica]:
        """The in-sync replicas, as the controller has them."""
        return self.decided[self.epoch].isr

    def leads_now(self, r: Replica) -> bool:
        """Whether a replica leads, and knows."""
        return self.decided[self.epoch].leader == r and self.at[r].epoch == self.epoch

    def leads(self, r: Replica) -> bool:
        """Whether a replica believes that it leads."""
        return self.decided[self.at[r].epoch].leader == r

    def follows(self, f: Replica, leader: Replica) -> bool:
        """Whether a leader hears a follower: both believe in it, in the same epoch if asked."""
        return (
            f != leader
            and self.leads(leader)
            and self.decided[self.at[f].epoch].leader == leader
            and (not self.fencing or self.at[f].epoch == self.at[leader].epoch)
        )

    def diverges(self, f: Replica, leader: Replica) -> bool:
        """Whether the leader finds, by epoch and offset, that it lacks a follower's last record."""
        last = self.at[f].last_epoch()
        return last > 0 and (
            self.at[leader].floor_of(last) != last
            or self.at[leader].end_of(last) < len(self.at[f].log)
        )

    def has_up_to(self, f: Replica, leader: Replica, end: int) -> bool:
        """Whether the leader knows of a replica that it has all before an offset."""
        return f == leader or (
            self.follows(f, leader)
            and len(self.at[f].log) >= end
            and not self.at[f].truncating
            and (self.truncation is not Truncation.DIVERGING_EPOCH or not self.diverges(f, leader))
        )

    def awaited(self, leader: Replica) -> Set[Replica]:
        """The replicas that must have a record before the leader takes it for committed."""
        if self.committing is Isr.MAXIMAL:
            return self.at[leader].isr | self.at[leader].asked
        return self.at[leader].isr

    def forget(self) -> None:
        """Epochs that are over are not kept, and who is in one reads on to where one is not."""
        for e in range(1, len(self.decided)):
            if e < self.epoch and self.over(e):
                self.decided[e] = Registration(None, Set())
        for r in Replica:
            if self.at[r].status is Status.UP:
                self.at[r].epoch = self.read_on(self.at[r].epoch)

    def over(self, epoch: LeaderEpoch) -> bool:
        """Whether an epoch has no leader any more, nor will have."""
        leader = self.decided[epoch].leader
        if leader is None:
            return True
        if self.fencing:
            return self.at[leader].epoch > epoch or self.at[leader].status is not Status.UP
        return all(self.at[r].epoch > epoch for r in Replica)

    def read_on(self, epoch: LeaderEpoch) -> int:
        """The last of the epochs from this one on that have no leader."""
        return max(
            (
                last
                for last in range(epoch, self.epoch + 1)
                if all(self.decided[e].leader is None for e in range(epoch, last + 1))
            ),
            default=epoch,
        )
