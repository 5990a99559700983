"""The museum's replication entries: records that were acknowledged and lost, logs that diverge.

Each broken design is today's without the one thing that mended it, so that it shows that bug and
no other.
"""

from __future__ import annotations

from model.museum.entry import Entry, Exhibit
from model.replication import Readers, Replication
from model.replication.design import Expansion, Isr, Truncation
from spec.acknowledged import Acks

ONE = {"Records": 1, "LogSize": 1}
TWO = {"Records": 2, "LogSize": 2}


REPLICATION: tuple[Entry, ...] = (
    Entry(
        "KIP-101",
        "a follower truncates to its own high watermark and is elected",
        "A follower's high watermark lags behind its leader's. What lies between is committed, and "
        "a follower that cuts it off, and leads next, has lost it.",
        "The follower asks the leader where its log and the leader's part, by leader epochs.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 3, "Value": 3, **ONE},
            {"truncation": Truncation.HIGH_WATERMARK},
            "REP-2",
        ),
    ),
    Entry(
        "KIP-279",
        "after fast failovers the leader does not know the follower's epoch",
        "A leader that has nothing of the epoch that a follower asks about can give no end offset "
        "for it, and the follower falls back on its own high watermark.",
        "The answer is the largest epoch that the leader knows below, and where it ended; the "
        "follower goes on asking until both know the epoch.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 3, "Value": 3, **TWO},
            {"truncation": Truncation.END_OFFSET},
            "REP-1",
            {"truncation": Truncation.EPOCH_AND_END_OFFSET},
        ),
    ),
    Entry(
        "KAFKA-7128",
        "a new leader with a stale high watermark admits a laggard",
        "A new leader's high watermark may be behind the last one's. Whoever has come up to it is "
        "taken into the ISR, though it lacks what is committed.",
        "Who joins the ISR must have come to the start of the leader's epoch.",
        Exhibit(
            Replication,
            {"Replica": 3, "LeaderEpoch": 3, "Value": 3, **ONE},
            {"expansion": Expansion.HIGH_WATERMARK},
            "REP-2",
        ),
    ),
    Entry(
        "KIP-320",
        "nobody looks whether leader and follower are in the same epoch",
        "A follower of an old epoch is counted by the next leader of that name, and truncates "
        "against the leader of the epoch between when it learns of that.",
        "A follower tells its leader epoch, and is not heard in another.",
        Exhibit(
            Replication,
            {"Replica": 3, "LeaderEpoch": 3, "Value": 3, **ONE},
            {"fencing": False, "truncation": Truncation.EPOCH_AND_END_OFFSET},
            "REP-1",
            {"truncation": Truncation.EPOCH_AND_END_OFFSET},
        ),
    ),
    Entry(
        "KIP-320, first attempt",
        "a follower tells the epoch of its last record, and not its own",
        "The leader sees that the logs agree, and not that the follower is in another epoch, in "
        "which it will cut off what the leader counts on.",
        "Fetch tells both epochs.",
        Exhibit(
            Replication,
            {"Replica": 3, "LeaderEpoch": 3, "Value": 3, **ONE},
            {"fencing": False},
            "REP-1",
        ),
    ),
    Entry(
        "KIP-497",
        "a record is committed by the last known ISR while a change of it is in flight",
        "The leader asks for a follower to be added. It is, and may be elected; but the leader "
        "does not know yet, and commits without it.",
        "The leader waits for the maximal ISR: those it knows, and those it has asked for.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, "min_isr": 1, **ONE},
            {"committing": Isr.CONFIRMED},
            "REP-2",
        ),
    ),
    Entry(
        "KIP-903",
        "a follower is added to the ISR after it came back with an empty disk",
        "The request to add a follower is on its way while that crashes, loses its disk, and is "
        "back. The controller adds it: nothing tells that it is not what it was.",
        "AlterPartition names brokers with their broker epochs.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, "crashes": 1, "min_isr": 1, **ONE},
            {"broker_epochs": False},
            "REP-1",
        ),
    ),
    Entry(
        "KIP-841",
        "a fenced replica rejoins the ISR",
        "A follower that the controller has fenced still fetches, and the leader asks for it to be "
        "added. In the ISR, it may be elected, and is not there.",
        "The controller refuses fenced brokers: INELIGIBLE_REPLICA.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, **ONE},
            {"refusing_fenced": False},
            "CTL-2",
        ),
    ),
    Entry(
        "KIP-966",
        "the last replica standing crashes uncleanly and is elected",
        "The last member of the ISR stays in it whatever happens. It crashes, loses what it had "
        "not flushed, comes back, and leads.",
        "Eligible leader replicas: who left the ISR when it was below min.insync.replicas has "
        "everything, and who crashed is neither in sync nor eligible.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 3, "Value": 3, "crashes": 1, **ONE},
            {"elr": False},
            "REP-2",
        ),
    ),
    Entry(
        "unclean election, loss",
        "a replica that is not in sync is elected",
        "Nobody who is in sync is there, and a laggard leads: what it lacks is gone.",
        "unclean.leader.election.enable=false, the default: the partition waits.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, "min_isr": 1, **ONE},
            {"unclean": True},
            "REP-2",
        ),
    ),
    Entry(
        "unclean election, skip",
        "a consumer skips the records that took the place of lost ones",
        "A consumer has read what is lost, and goes on behind it, where there are other records "
        "by now.",
        "A consumer that looks at epochs asks each new leader where its last record's epoch ended, "
        "and goes back there (KIP-320). After two losses this is not enough: see `readers`.",
        Exhibit(
            Readers,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, "Records": 3, "LogSize": 2, "min_isr": 1,
             "unclean": True, "consuming": True},
            {"epoch_aware": False},
            "REP-9",
        ),
    ),
    Entry(
        "acks=1",
        "acknowledged before it is replicated",
        "The leader alone has a record, and says so. Another leads before it is copied.",
        "acks=all, with min.insync.replicas at least 2.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, **ONE},
            {"acks": Acks.LEADER},
            "REP-2",
        ),
    ),
    Entry(
        "min.insync.replicas=1",
        "acknowledged by an ISR of one",
        "The ISR has shrunk to the leader, and all of it has the record. It crashes and comes back "
        "without.",
        "min.insync.replicas=2: with fewer in sync nothing is committed.",
        Exhibit(
            Replication,
            {"Replica": 2, "LeaderEpoch": 3, "Value": 3, "crashes": 1, **ONE},
            {"min_isr": 1},
            "REP-2",
        ),
    ),
    Entry(
        "KIP-207",
        "the end offset shown to clients goes back after an election",
        "A new leader's high watermark lags behind the last one's, and it tells clients.",
        "Until its high watermark has come to the start of its epoch, it answers "
        "OFFSET_NOT_AVAILABLE.",
        Exhibit(
            Readers,
            {"Replica": 2, "LeaderEpoch": 2, "Value": 2, "listing": True, **ONE},
            {"offset_not_available": False},
            "REP-5",
        ),
    ),
)  # fmt: skip
"""In the order of the table: truncation, fencing, the ISR, elections, acknowledgements, reads."""
