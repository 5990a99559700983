"""What was measured of the group: counts, lengths of shortest traces, and broken variants.

The tests hold the engine to these tables, and docs/promises.md is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.consumer import CommitOffset, Processing, Resume
from model.coordinator import Fencing, Numbering
from model.members import Assignor
from model.participants import Leadership, Progress
from spec import CommitMode


@dataclass(frozen=True)
class Counted:
    """What the search of a configuration counts, and how long its shortest traces are.

    false      hazards: the states of the shortest trace to the violation
    witnessed  reachable promises: the states of the shortest trace to the witness
    """

    distinct: int
    generated: int
    depth: int
    false: Mapping[str, int] = field(default_factory=dict)
    witnessed: Mapping[str, int] = field(default_factory=dict)


WORK = {"commits_are_accepted": 14, "commits_before_joining_again": 18}
SOON = {"commits_are_accepted": 13, "commits_before_joining_again": 17}
DEATH = {"taken_over": 14}
PAUSE = {"zombies": 9, "paused_before_joining_again": 10}
LOSS = {"requests_are_lost": 3}
GOING = {"fenced_while_stable": 8, "left": 8, "deleted": 8}

COUNTED = {
    "smallest": Counted(586, 949, 31, {"DLV-3": 28}, WORK),
    "crash": Counted(13_991, 38_013, 44, {"DLV-3": 24}, WORK | DEATH),
    "restart": Counted(166_655, 461_378, 55, {"DLV-3": 24}, WORK | DEATH),
    "two partitions": Counted(41_719, 117_157, 54, {"DLV-3": 24}, WORK | DEATH),
    "surplus": Counted(117_134, 300_356, 48, {"DLV-3": 28}, WORK),
    "zombie": Counted(55_586, 205_928, 52, {"OWN-3": 23, "DLV-3": 24}, WORK | PAUSE),
    "slow": Counted(57_818, 165_328, 50, {"OWN-3": 22, "DLV-3": 24}, WORK | DEATH | GOING),
    "late": Counted(
        71_066, 218_491, 46, {"OWN-3": 29, "DLV-3": 28}, WORK | LOSS | {"kept_in_vain": 20}
    ),
    "late commit": Counted(
        9_788, 28_512, 46, {"DLV-3": 29, "DLV-8": 18},
        WORK | LOSS | {"commits_before_joining_again": 19, "kept_in_vain": 20},
    ),
    "auto-commit": Counted(25_388, 73_100, 49, {"DLV-4": 14}, SOON | DEATH),
    "auto-commit in poll": Counted(13_915, 37_616, 45, {}, WORK | DEATH),
    "commit first": Counted(29_239, 81_416, 49, {}, SOON | DEATH),
    "late commit first": Counted(
        26_044, 66_915, 48, {"DLV-5": 39, "DLV-8": 17, "as_delivery": 17}, SOON | LOSS
    ),
    "zombie commit first": Counted(42_157, 137_628, 52, {"OWN-3": 23}, SOON | PAUSE),
    "together": Counted(
        794_091, 3_732_930, 49, {"OWN-3": 22, "DLV-3": 24},
        WORK | DEATH | PAUSE | GOING | LOSS
        | {"paused_before_joining_again": 4, "fenced_before_joining": 4},
    ),
    "two groups": Counted(41_238, 126_882, 51, {"DLV-3": 28}, WORK | {"second_group_first": 4}),
    "large": Counted(1_731_275, 5_144_033, 65, {"DLV-3": 24}, WORK | DEATH),
}  # fmt: skip
"""By the name of a configuration."""


@dataclass(frozen=True)
class Broken:
    """A design in which something is missing.

    breaks     the promises that this design is there to break
    false      every promise that is false in it, with the states of the shortest trace; 0 for a
               witness that is nowhere to be found
    lassos     of runs that go on for ever, the steps of the stem and of the loop
    """

    design: str
    settings: Mapping[str, Any]
    breaks: tuple[str, ...]
    false: Mapping[str, int]
    lassos: Mapping[str, tuple[int, int]] = field(default_factory=dict)


TWO = {"Member": 2, "Partition": 1, "Generation": 2, "Offset": 1}
CRASHING = {"Member": 2, "Partition": 1, "Generation": 3, "Offset": 2, "crashes": 2}
FIRST = {"commit_mode": CommitMode.BEFORE_PROCESSING}
BUFFERED = {"processing": Processing.BUFFERED}

BROKEN = (
    Broken(
        "the assignor gives each member every partition",
        {**TWO, "assignor": Assignor.OVERLAPPING},
        ("OWN-1", "OWN-4"),
        {
            "OWN-1": 8, "OWN-2": 12, "OWN-3": 20, "OWN-4": 8, "DLV-2": 22, "DLV-3": 22,
            "DLV-9": 24,
        },
    ),
    Broken(
        "the assignor forgets a partition",
        {**TWO, "assignor": Assignor.INCOMPLETE, "records": 1},
        ("GRP-4", "DLV-7"),
        {
            "OWN-4": 6, "GRP-4": 6, "DLV-7": 7,
            "commits_are_accepted": 0, "commits_before_joining_again": 0,
        },
        lassos={"DLV-7": (6, 0)},
    ),
    Broken(
        "the assignor gives everything to whom it likes",
        {**TWO, "Partition": 2, "assignor": Assignor.LOPSIDED},
        ("OWN-4", "OWN-5"),
        {"OWN-4": 8, "OWN-5": 8, "DLV-3": 28},
    ),
    Broken(
        "the answer to a request that was given up is taken for the next one's",
        {**TWO, "timeouts": 1, "correlation": False},
        ("OWN-1", "OWN-2"),
        {
            "positions_are_known": 29, "who_waits_is_told": 10,
            "OWN-1": 19, "OWN-2": 19, "OWN-3": 27, "DLV-2": 19, "DLV-3": 20, "DLV-9": 21,
            "as_ownership": 22,
        },
    ),
    Broken(
        "the coordinator checks the member id only",
        {**TWO, "Offset": 2, "timeouts": 1, "fencing": Fencing.MEMBER},
        ("OWN-2", "GRP-2", "DLV-2", "DLV-8", "as_ownership"),
        {
            "OWN-2": 27, "GRP-2": 12, "GRP-8": 15, "DLV-2": 29, "DLV-3": 28, "DLV-9": 31,
            "DLV-8": 18, "as_ownership": 18,
        },
    ),
    Broken(
        "the coordinator listens to anybody",
        {**CRASHING, "fencing": Fencing.NONE},
        ("OWN-2", "GRP-2", "DLV-8"),
        {
            "OWN-2": 20, "GRP-2": 17, "DLV-2": 24, "DLV-3": 24, "DLV-9": 26, "DLV-8": 29,
            "as_ownership": 17,
        },
    ),
    Broken(
        "members keep their partitions while they join again",
        {**TWO, "revoking": False},
        ("OWN-1", "OWN-3"),
        {"OWN-1": 20, "OWN-3": 28, "DLV-3": 28, "DLV-9": 32},
    ),
    Broken(
        "only the first rebalance makes a new generation",
        {**TWO, "numbering": Numbering.NONE},
        ("GRP-1", "as_membership"),
        {"GRP-1": 12, "DLV-3": 28, "as_ownership": 15, "as_membership": 12},
    ),
    Broken(
        "every member is told to lead, and every assignment counts",
        {**TWO, "leadership": Leadership.EVERYONE},
        ("GRP-3",),
        {
            "OWN-1": 12, "OWN-2": 12, "OWN-3": 20, "GRP-3": 6, "DLV-2": 22, "DLV-3": 22,
            "DLV-9": 24, "as_ownership": 10,
        },
    ),
    Broken(
        "each generation has a leader of its own",
        {**TWO, "leadership": Leadership.ANYONE},
        ("GRP-10",),
        {"GRP-10": 6, "DLV-3": 28},
    ),
    Broken(
        "who misses a rebalance stays a member",
        {**TWO, "crashes": 1, "expelling": False},
        ("GRP-9",),
        {"GRP-9": 8, "GRP-10": 8, "DLV-3": 24},
    ),
    Broken(
        "a timeout strikes members that can be heard",
        {**TWO, "patience": False},
        ("GRP-12",),
        {"OWN-3": 21, "GRP-12": 5, "DLV-3": 23},
    ),
    Broken(
        "a JoinGroup that is repeated is a change of membership",
        {**TWO, "timeouts": 1, "repeating": False},
        ("GRP-13",),
        {"OWN-3": 32, "GRP-13": 7, "DLV-3": 28},
    ),
    Broken(
        "an old generation is refused as if its member were unknown",
        {**TWO, "timeouts": 1, "naming": False},
        ("GRP-8",),
        {"GRP-8": 12, "DLV-3": 28},
    ),
    Broken(
        "the progress of a deleted group stays",
        {**TWO, "leaving": True, "deletion": True, "purging": False},
        ("GRP-11",),
        {"GRP-11": 19, "DLV-3": 24},
    ),
    Broken(
        "nothing ever times out",
        {**CRASHING, "expiry": False, "records": 2},
        ("GRP-5", "DLV-7"),
        {"GRP-5": 9, "taken_over": 0, "GRP-7": 5, "DLV-7": 7, "DLV-3": 28},
        lassos={"GRP-5": (8, 0), "GRP-7": (4, 0), "DLV-7": (6, 0)},
    ),
    Broken(
        "members go on when they are told of a rebalance",
        {**TWO, "heeding": False, "records": 1},
        ("GRP-7",),
        {"GRP-7": 20, "errors_are_heeded": 12, "commits_before_joining_again": 0},
        lassos={"GRP-7": (16, 3)},
    ),
    Broken(
        "offsets are kept by topic and partition alone",
        {**TWO, "GroupId": 2, "progress": Progress.TOPIC},
        ("GRP-6", "DLV-6"),
        {
            "GRP-6": 14, "DLV-2": 23, "DLV-6": 22, "as_ownership": 14, "as_delivery": 14,
            "commits_before_joining_again": 0,
        },
    ),
    Broken(
        "offsets are kept for each consumer",
        {**TWO, "progress": Progress.CONSUMER},
        ("DLV-2", "DLV-6"),
        {"DLV-2": 31, "DLV-3": 28, "DLV-6": 30, "DLV-9": 33},
    ),
    Broken(
        "the offset of the last record processed is committed",
        {**TWO, "commit_offset": CommitOffset.LAST},
        ("DLV-2", "DLV-9"),
        {"DLV-2": 29, "DLV-3": 28, "DLV-9": 31, "commits_are_accepted": 0},
    ),
    Broken(
        "the offset of the next record to be handed over is committed",
        {**TWO, "commit_offset": CommitOffset.POLLED},
        ("DLV-1", "as_delivery"),
        {"DLV-1": 13, "DLV-3": 28, "DLV-9": 30, "as_delivery": 13},
    ),
    Broken(
        "a new owner begins behind the committed offset",
        {**TWO, "Offset": 3, "resume": Resume.AFTER},
        ("DLV-1", "DLV-2"),
        {"DLV-1": 33, "DLV-2": 29, "DLV-3": 28, "as_delivery": 33},
    ),
    Broken(
        "a new owner begins at the first record",
        {**TWO, "Offset": 2, "resume": Resume.BEGINNING},
        ("DLV-2", "DLV-9", "DLV-8"),
        {"DLV-2": 29, "DLV-3": 28, "DLV-9": 31, "DLV-8": 34},
    ),
    Broken(
        "auto-commit does not wait for processing",
        {**CRASHING, **BUFFERED, "Offset": 1, "commit_mode": CommitMode.AUTO},
        ("DLV-4",),
        {"DLV-4": 14},
    ),
    Broken(
        "commit-first does not wait for the commit's answer",
        {**CRASHING, **FIRST, "confirming": False},
        ("DLV-5", "as_delivery"),
        {"DLV-5": 26, "as_delivery": 13},
    ),
)  # fmt: skip
