"""What must be true of the copies."""

from __future__ import annotations

from typing import Self

from checker import Seq, invariant, reachable, refines, step
from model.replication.participants import Participants
from model.replication.replica import Status
from spec.acknowledged import Acks
from spec.partition_log import PartitionLog
from spec.replication import (
    CTL_1,
    CTL_2,
    CTL_3,
    REP_1,
    REP_2,
    REP_3,
    REP_4,
    REP_6,
    REP_7,
    REP_8,
    Offset,
    Replica,
)


class Promises(Participants):
    """REP-1 to REP-8 but for REP-5, CTL-1 to CTL-3, and that what is read is a PartitionLog."""

    def has_committed(self, r: Replica) -> bool:
        """Whether a replica has all that was ever committed."""
        log = self.at[r].log
        return len(log) >= len(self.aux_committed) and all(
            log[i] == self.aux_committed[i] for i in range(len(self.aux_committed))
        )

    @invariant(REP_1)
    def committed_is_in_sync(self) -> bool:
        """A replica that has crashed may lack anything until it has restarted."""
        return all(
            self.has_committed(r)
            for r in Replica
            if self.at[r].status is not Status.CRASHED
            and (r in self.isr() or r in self.eligible or self.decided[self.epoch].leader == r)
        )

    @invariant(REP_2)
    def acknowledged_is_there(self) -> bool:
        """With acks=all what is acknowledged is committed; asked of leaders that run, and know."""
        return all(
            self.has_committed(r) if self.acks is Acks.ALL else self.has_acknowledged(r)
            for r in Replica
            if self.at[r].status is Status.UP and self.leads_now(r)
        )

    def has_acknowledged(self, r: Replica) -> bool:
        """Whether a replica has all that was acknowledged by leaders alone."""
        log = self.at[r].log
        return len(log) >= len(self.aux_acknowledged) and all(
            log[i] == self.aux_acknowledged[i] for i in range(len(self.aux_acknowledged))
        )

    @invariant(REP_3)
    def logs_agree(self) -> bool:
        """What else two logs have is not committed, as far as one of them knows."""
        return all(
            self.at[a].log[i] == self.at[b].log[i]
            for a in Replica
            for b in Replica
            if a != b
            for i in range(min(self.at[a].high_watermark, self.at[b].high_watermark))
        )

    @invariant(REP_4)
    def what_was_read_stays(self) -> bool:
        """Asked of all who believe that they lead."""
        return all(
            self.at[r].log[i] == self.aux_committed[i]
            for r in Replica
            if self.leads(r)
            for i in range(self.at[r].high_watermark)
        )

    @invariant(REP_6)
    def waits_for_all_in_sync(self) -> bool:
        """Asked of the present leader."""
        return all(self.isr() <= self.awaited(r) for r in Replica if self.leads_now(r))

    @invariant(REP_7)
    def serves_what_it_has(self) -> bool:
        """Leaders and followers alike serve what is below their high watermarks."""
        return all(
            self.at[r].high_watermark <= len(self.at[r].log)
            and self.at[r].high_watermark <= len(self.aux_committed)
            and all(
                self.at[r].log[i] == self.aux_committed[i] for i in range(self.at[r].high_watermark)
            )
            for r in Replica
        )

    @invariant(REP_8)
    def in_order(self) -> bool:
        """The offsets of a log are dense; its records, by epoch, in order."""
        return all(
            self.at[r].log[i] <= self.at[r].log[i + 1]
            for r in Replica
            for i in range(len(self.at[r].log) - 1)
        )

    # ------------------------------------------------------------ the controller

    @invariant(CTL_1)
    def leader_is_in_sync(self) -> bool:
        """As the controller has it."""
        leader = self.decided[self.epoch].leader
        return leader is None or leader in self.isr()

    @invariant(CTL_2)
    def fenced_is_not_in_sync(self) -> bool:
        """The last one stays in sync only without eligible leader replicas."""
        return all(
            r not in self.fenced or (not self.elr and len(self.isr()) == 1) for r in self.isr()
        )

    @step(CTL_3)
    def epochs_grow(self, after: Self) -> bool:
        """The controller's, and each broker's."""
        return self.epoch <= after.epoch and all(
            self.at[r].epoch <= after.at[r].epoch for r in Replica
        )

    @invariant
    def to_have_heard_is_to_know(self) -> bool:
        """A leader that has heard of the last change knows the in-sync replicas."""
        return self.unheard or all(
            self.at[r].isr == self.isr() for r in Replica if self.leads_now(r)
        )

    @step
    def an_epoch_for_each_leader(self, after: Self) -> bool:
        """A leader epoch begins with another leader, or with none."""
        return (
            self.epoch == after.epoch
            or self.decided[self.epoch].leader != after.decided[after.epoch].leader
        )

    @step
    def who_is_down_stays_out(self, after: Self) -> bool:
        """A broker that is fenced and down is not heard."""
        return all(self.at[r].status is Status.UP or r in after.fenced for r in self.fenced)

    @reachable
    def all_committed(self) -> bool:
        """A record can be committed, and every replica know."""
        return all(self.at[r].high_watermark == 1 for r in Replica)

    @refines(PartitionLog)
    def as_partition_log(self, spec: PartitionLog) -> None:
        """What may be read is an append-only log: of the present leader, or as it was before."""
        spec.records = Seq([self.readable(i) for i in range(len(self.aux_committed))])
        spec.start = 0

    def readable(self, offset: Offset) -> int:
        """The record that a reader is given at an offset, or was given last."""
        return max(
            (
                self.at[r].log[offset]
                for r in Replica
                if self.leads_now(r) and offset < self.at[r].high_watermark
            ),
            default=self.aux_committed[offset],
        )
