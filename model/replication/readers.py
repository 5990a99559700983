"""What clients do that read: a consumer, and one that asks for the end of the log.

Each is there where the configuration says so.  Neither changes anything for replicas, so that
what holds of these without clients holds with them.

A client that asks for the end of the log (ListOffsets) names the newest leader epoch that it
knows, and an older leader does not answer it.  A new leader whose high watermark has not come to
the start of its own epoch does not know what was shown before it, and says so
(OFFSET_NOT_AVAILABLE).

The consumer reads up to the high watermark.  One that knows of epochs (KIP-320) reads from the
leader of the epoch it knows, and asks each new leader, before it goes on, where the epoch of the
record it read last has ended: if before its position, it goes back there.  It is asked with at
most two records: with more, a leader may answer with an end that is not before the position but
of an older epoch, which consumers do not look at.
"""

from __future__ import annotations

from typing import Annotated, Self

from checker import Capacity, Seq, Variant, action, configuration, require, step
from model.replication.machine import Replication
from spec.partition_log import Value
from spec.replication import REP_5, REP_9, LeaderEpoch, Offset, Replica


class Readers(Replication):
    """Clients, and REP-5 and REP-9."""

    listing: Variant[bool] = False  # whether a client asks for the end of the log
    consuming: Variant[bool] = False  # whether a consumer reads
    # How the design is broken, if at all.
    offset_not_available: Variant[bool] = True  # KIP-207
    epoch_aware: Variant[bool] = True  # KIP-320: whether consumers look at epochs

    shown_in: LeaderEpoch = 1
    aux_shown: Offset = 0
    position: Offset = 0
    consuming_in: LeaderEpoch = 1
    read: Annotated[Seq[Value], Capacity("LogSize")]

    @action(by="client")
    def list_offsets(self, leader: Replica) -> None:
        """A client asks a leader for the end of the log, which is the high watermark."""
        require(self.listing)
        require(self.at_work(leader))
        me = self.at[leader]
        require(me.epoch >= self.shown_in)
        require(not self.offset_not_available or me.high_watermark >= me.epoch_start())
        self.shown_in = me.epoch
        self.aux_shown = me.high_watermark

    @step(REP_5, on=list_offsets)
    def end_never_goes_back(self, after: Self) -> bool:
        """Asked where a client asks."""
        return not self.listing or after.aux_shown >= self.aux_shown

    @action(by="consumer")
    def poll(self, leader: Replica) -> None:
        """A consumer is handed the next record."""
        require(self.consuming)
        require(self.at_work(leader))
        me = self.at[leader]
        require(not self.epoch_aware or me.epoch == self.consuming_in)
        require(self.position < me.high_watermark)
        self.read.append(me.log[self.position])
        self.position += 1

    @action(by="consumer")
    def validate(self, leader: Replica) -> None:
        """A consumer learns of a newer leader, and asks it whether its position is good."""
        require(self.consuming)
        require(self.epoch_aware)
        require(self.at_work(leader))
        me = self.at[leader]
        require(self.consuming_in < me.epoch)
        self.consuming_in = me.epoch
        if self.position > 0:
            end = me.end_of(self.read[self.position - 1])
            self.position = min(self.position, end)
            self.read.truncate(self.position)

    @step(REP_9, on=poll)
    def skips_nothing(self, after: Self, leader: Replica) -> bool:
        """Asked where a consumer reads: what it was handed before is what the leader has there."""
        return not self.consuming or all(
            self.at[leader].log[i] == after.read[i] for i in range(after.position)
        )

    configurations = (
        configuration(
            "end offset",
            about="A client asks leader after leader for the end of the log.",
            Replica=2, LeaderEpoch=3, Records=1, LogSize=1, Value=3, crashes=1, listing=True,
        ),
        configuration(
            "consumer",
            about="A consumer reads; elections are clean.",
            Replica=2, LeaderEpoch=3, Records=2, LogSize=2, Value=3, consuming=True,
        ),
        configuration(
            "truncated",
            about="A consumer that looks at epochs reads a log that loses records, once.",
            hazards=("REP-1", "REP-2", "REP-3", "REP-4", "REP-7", "as_partition_log"),
            Replica=2, LeaderEpoch=2, Records=3, LogSize=2, Value=2, min_isr=1, unclean=True,
            consuming=True,
        ),
        configuration(
            "truncated twice",
            about="A consumer that looks at epochs reads a log that loses records, twice.",
            hazards=("REP-1", "REP-2", "REP-3", "REP-4", "REP-7", "REP-9", "as_partition_log"),
            Replica=2, LeaderEpoch=3, Records=3, LogSize=2, Value=3, min_isr=1, unclean=True,
            consuming=True,
        ),
    )  # fmt: skip
