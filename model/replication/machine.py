"""The whole machine, and the configurations in which the promises are decided.

    broker                              controller
      produce, commit, fetch, truncate    fences brokers, elects leaders
      shrink, expand   -- AlterPartition -->  grants or refuses the change
      hear, learn      <-- metadata log --
      crash, restart, stop

The machine is put together of modules: in `participants` is its state, in `replica` that of one
broker, in `design` what can be chosen of the protocol; in `control` is what the controller does,
in `leading` and `following` what brokers do; in `promises` what must be true, in `progress` what
must happen in the end.  `readers` adds clients that read.

What it leaves out, and why that is safe:

- A fetch is one step.  A request that is lost or late is one that is made later.  An answer that
  is late tells of a log that has only grown since, for a leader does not cut its log in its own
  epoch; a follower that has gone on to another epoch drops it.
- A leader knows at once how far a follower of its epoch has come; in Kafka it learns so with the
  follower's next fetch, and its high watermark moves as much later: here, any time later.  What it
  knew of one that has crashed it goes on to know, until that one is back.  What it knew of one that
  has gone on to a newer epoch is forgotten: what the leader could still commit with it, the new
  leader has, as it is one of those who were waited for.
- A request for a change of the in-sync replicas is in flight until it is granted or refused: one
  that is lost is sent again.  It cannot be granted twice, nor late, for it names the partition
  epoch; where that is not looked at (`partition_epochs`), it can.
- The metadata log is one sequence; who reads it is at an entry of it.  Of the entries of one
  leader epoch only the last is kept: whoever reads of an epoch that is over reads of all of it.
  An epoch that has no leader, or whose leader has gone on or down, is passed over: nothing can be
  done in it.
- A broker is cut off only where that changes something: while it is in sync.  A past leader does
  not ask for changes: it would be refused, and wait for more replicas until then.
- Where a crash has left the disk, only the restart shows, so that no state is kept of it before.
- The high watermark after a crash is 0: as if it had never been checkpointed.
- One partition, one record a fetch, one producer that does not retry (idempotence is another
  model's); log start, retention and compaction; reassignment of replicas; failover of the
  controller, which is the machine `Controller`'s.
"""

from __future__ import annotations

from typing import ClassVar

from checker import Configuration, configuration
from model.replication.progress import Progress
from spec.acknowledged import Acks


class Replication(Progress):
    """One partition, replicated."""

    configurations: ClassVar[tuple[Configuration, ...]] = (
        configuration(
            "two replicas",
            about="Two replicas, two records, one of the two may crash.",
            Replica=2, LeaderEpoch=3, Records=2, LogSize=2, Value=3, crashes=1,
        ),
        configuration(
            "failovers",
            about="Two replicas that take turns quickly.",
            Replica=2, LeaderEpoch=5, Records=1, LogSize=1, Value=5,
        ),
        configuration(
            "three replicas",
            about="Three replicas of one record; one may crash.",
            Replica=3, LeaderEpoch=2, Records=1, LogSize=1, Value=2, crashes=1,
        ),
        configuration(
            "one after the other",
            about="Brokers crash one after the other, each when all are in sync again.",
            Replica=3, LeaderEpoch=2, Records=1, LogSize=1, Value=2, crashes=2, one_at_a_time=True,
        ),
        configuration(
            "shut down",
            about="Brokers are shut down in good order, and one crashes.",
            Replica=2, LeaderEpoch=3, Records=1, LogSize=1, Value=3, crashes=1, stops=True,
        ),
        configuration(
            "in the end",
            about="What must happen in the end, while brokers crash and come back.",
            Replica=2, LeaderEpoch=3, Records=1, LogSize=1, Value=3, crashes=1, in_the_end=True,
        ),
        configuration(
            "acks=1",
            about="Leaders acknowledge what they alone have.",
            hazards=("REP-2",),
            Replica=2, LeaderEpoch=2, Records=1, LogSize=1, Value=2, acks=Acks.LEADER,
        ),
        configuration(
            "min ISR 1",
            about="One in-sync replica is enough, and it crashes.",
            hazards=("REP-1", "REP-2"),
            Replica=2, LeaderEpoch=3, Records=1, LogSize=1, Value=3, crashes=1, min_isr=1,
        ),
        configuration(
            "unclean election",
            about="A replica that is not in sync may lead, where no other can.",
            hazards=("REP-1", "REP-2", "REP-3", "REP-4", "REP-7", "as_partition_log"),
            Replica=2, LeaderEpoch=3, Records=2, LogSize=2, Value=3, min_isr=1, unclean=True,
        ),
    )  # fmt: skip
