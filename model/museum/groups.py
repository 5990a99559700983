"""The museum's group entries: members, their generations, and what they commit."""

from __future__ import annotations

from model.consumer import Processing
from model.coordinator import Fencing
from model.group import Group
from model.museum.entry import Entry, Exhibit
from spec import CommitMode

TWO = {"Member": 2, "Partition": 1, "Generation": 2, "Offset": 1}

GROUPS: tuple[Entry, ...] = (
    Entry(
        "zombie commit",
        "a commit of an old generation is accepted",
        "A member commits late, in a generation that is over, and the coordinator looks only at "
        "who asks, not at the generation: the new owner's progress is overwritten.",
        "OffsetCommit carries member id and generation, and the coordinator checks both.",
        Exhibit(Group, {**TWO, "timeouts": 1}, {"fencing": Fencing.MEMBER}, "OWN-2"),
    ),
    Entry(
        "zombie paused",
        "two members process one partition at once",
        "A member is paused past its session timeout, its partition goes to another, and it goes "
        "on with the records that it was handed: nothing stops a process.",
        "Nothing: it is allowed. At most one of the two can have a commit accepted; what is "
        "processed must bear being processed twice.",
        Exhibit(
            Group,
            {**TWO, "pauses": 1},
            {},
            "OWN-3",
            holds="OWN-2",
        ),
    ),
    Entry(
        "auto-commit",
        "records are committed, and never processed",
        "Offsets are committed at the interval, whatever poll() has handed over; the process "
        "crashes before it has processed it, and the next owner begins behind it.",
        "Commit by hand, after processing.",
        Exhibit(
            Group,
            {**TWO, "Offset": 2, "crashes": 1, "processing": Processing.BUFFERED},
            {"commit_mode": CommitMode.AUTO},
            "DLV-4",
            {"commit_mode": CommitMode.AFTER_PROCESSING},
            "DLV-1",
        ),
    ),
    Entry(
        "KAFKA-9752",
        "a rebalance that never ends",
        "A member dies while the group is rebalanced, no timeout is running that would remove it, "
        "and everybody else waits for it (KAFKA-12890 and KAFKA-7610 are of this kind).",
        "Timeouts for members that are joining; MEMBER_ID_REQUIRED (KIP-394), so that those who "
        "give up leave nothing behind.",
        Exhibit(
            Group,
            {**TWO, "Generation": 3, "crashes": 2, "records": 1},
            {"expiry": False},
            "GRP-7",
        ),
    ),
    Entry(
        "KAFKA-13419",
        "a member that missed a SyncGroup still claims its old partitions",
        "A member keeps partitions of a generation before the last, and the assignor, which takes "
        "its word for it, gives them to two members (KAFKA-14639: without waiting for them to be "
        "revoked).",
        "The claim of the highest generation wins.",
        reason="members follow the eager protocol: they let go of everything before they join, "
        "and claim nothing",
    ),
    Entry(
        "KAFKA-12983",
        "owned partitions survive the loss of the member id",
        "A consumer that has lost its member id joins anew, and still claims what it owned; "
        "meanwhile that was given to others (KAFKA-12984: with a generation that is not its own).",
        "They are forgotten with the member id; the user data carries the generation.",
        reason="who loses its member id is another member, that remembers nothing and claims "
        "nothing",
    ),
    Entry(
        "KIP-345",
        "one group.instance.id is used twice",
        "Two processes are configured with one instance id, both are taken for the same member, "
        "and both own its partitions (KAFKA-8500).",
        "Who comes later gets a new member id, and the earlier one is fenced.",
        reason="members have no group.instance.id: none is static",
    ),
    Entry(
        "KAFKA-10284",
        "a static member's new id is not written down",
        "The id that replaced another is only in memory; after a failover the coordinator knows "
        "the old one.",
        "It is written to the offsets topic.",
        reason="members have no group.instance.id, and the coordinator does not fail over",
    ),
    Entry(
        "KAFKA-8104",
        "a heartbeat clears the generation while a join is under way",
        "The heartbeat thread hears of an error of the old generation, and resets what the join "
        "has just set; the member acts without a generation.",
        "The member's state says what an answer may change.",
        reason="a member waits for one answer at a time, so that none can come in between",
    ),
    Entry(
        "KAFKA-2942",
        "records are committed that were fetched, and not yet handed over",
        "Auto-commit takes the position of the fetcher for that of the application; what is "
        "buffered in between is lost in a crash.",
        "Only what was handed over is committed.",
        reason="records are fetched and handed over in one step",
    ),
    Entry(
        "KAFKA-4682",
        "offsets expire while the group is active",
        "A group that reads seldom commits seldom, and its offsets expire: its members are reset "
        "to the beginning or the end (KAFKA-13636).",
        "Only the offsets of empty groups expire (KIP-211).",
        reason="committed offsets do not expire; only groups that are empty are deleted, and that "
        "is the fixed design",
    ),
    Entry(
        "KAFKA-16147",
        "a partition's epoch is forgotten while its revocation is pending",
        "In the new protocol (KIP-848), the coordinator takes a partition for free that a member "
        "has yet to give up, and assigns it to another.",
        "The epoch is kept until the revocation is over.",
        reason="groups are on the classic protocol",
    ),
    Entry(
        "topic re-created",
        "an old offset is used on a new topic of that name",
        "A topic is deleted and made again, and the group goes on at its old offset: the records "
        "in front of that are skipped.",
        "Topic ids (KIP-516), by which the two topics differ.",
        reason="there is one topic, and it is never deleted",
    ),
    Entry(
        "latest on a new partition",
        "a partition that was added is read from its end",
        "auto.offset.reset is latest, a partition is added, and records are written to it before "
        "a consumer has looked: they are skipped.",
        "auto.offset.reset of earliest, or by duration (KIP-1106).",
        reason="the partitions are there from the start, and a group without a commit begins at "
        "the first record",
    ),
)
"""In the order of the protocol: membership, then progress; then those that are not shown."""
