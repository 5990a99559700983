"""What was measured of replication and the controller, as `pinned` says it of the group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checker import Machine
from model.controller import Controller
from model.replication import Readers, Replication
from model.replication.design import Isr, Truncation
from tests.model.pinned import Broken, Counted

LOST = {"REP-1": 7, "REP-2": 8, "REP-3": 10, "REP-4": 10, "REP-7": 10, "as_partition_log": 10}
"""By an unclean election."""

BEHIND = {"zombie": 2, "behind": 4, "leaderless": 3, "fewer_in_sync": 3}
"""What can be seen of a controller."""

COUNTED: Mapping[type[Machine], Mapping[str, Counted]] = {
    Replication: {
        "two replicas": Counted(123_378, 437_922, 25, {}, {"all_committed": 5}),
        "failovers": Counted(89_036, 414_046, 22, {}, {"all_committed": 5}),
        "three replicas": Counted(1_058_271, 5_059_029, 30, {}, {"all_committed": 7}),
        "one after the other": Counted(1_302_912, 5_714_205, 37, {}, {"all_committed": 7}),
        "shut down": Counted(60_880, 205_616, 22, {}, {"all_committed": 5}),
        "in the end": Counted(55_980, 237_438, 23, {}, {"all_committed": 5}),
        "acks=1": Counted(1_304, 3_930, 15, {"REP-2": 4}, {"all_committed": 5}),
        "min ISR 1": Counted(25_816, 92_756, 21, {"REP-1": 10, "REP-2": 11}, {"all_committed": 5}),
        "unclean election": Counted(39_642, 142_832, 24, LOST, {"all_committed": 5}),
    },
    Readers: {
        "end offset": Counted(61_690, 253_764, 23, {}, {"all_committed": 5}),
        "consumer": Counted(111_112, 440_588, 26, {}, {"all_committed": 5}),
        "truncated": Counted(25_068, 97_252, 26, LOST, {"all_committed": 5}),
        "truncated twice": Counted(
            291_658, 1_214_598, 33, {**LOST, "REP-9": 16}, {"all_committed": 5}
        ),
    },
    Controller: {
        "zombies": Counted(5_860, 19_272, 14, {}, BEHIND),
        "three brokers": Counted(47_880, 191_238, 14, {}, BEHIND),
    },
}
"""By machine, and the name of a configuration."""

ONE: Mapping[str, Any] = {"Replica": 2, "LeaderEpoch": 3, "Value": 3, "Records": 1, "LogSize": 1}
TWO: Mapping[str, Any] = {**ONE, "Records": 2, "LogSize": 2}
SHORT: Mapping[str, Any] = {**ONE, "LeaderEpoch": 2, "Value": 2}
NODES: Mapping[str, Any] = {
    "Node": 2, "Replica": 3, "ControllerEpoch": 2, "LeaderEpoch": 2, "Entries": 3
}  # fmt: skip
LATER: Mapping[str, Any] = {**ONE, "in_the_end": True}

BROKEN: Mapping[type[Machine], tuple[Broken, ...]] = {
    Replication: (
        Broken(
            "a follower truncates to its own high watermark",
            {**LATER, "truncation": Truncation.HIGH_WATERMARK},
            ("REP-1", "REP-2", "REP-11"),
            {"REP-1": 7, "REP-2": 10, "REP-11": 16},
            {"REP-11": (15, 0)},
        ),
        Broken(
            "a leader that does not know the follower's epoch has no answer",
            {**TWO, "truncation": Truncation.END_OFFSET},
            ("REP-1",),
            {"REP-1": 11},
        ),
        Broken(
            "a leader hears followers of other epochs",
            {**TWO, "fencing": False, "truncation": Truncation.EPOCH_AND_END_OFFSET},
            ("REP-8",),
            {"REP-1": 11, "REP-8": 8},
        ),
        Broken(
            "a leader commits by the last known in-sync replicas",
            {**SHORT, "committing": Isr.CONFIRMED, "min_isr": 1},
            ("REP-6",),
            {"REP-1": 8, "REP-2": 10, "REP-6": 6},
        ),
        Broken(
            "the controller grants what was asked for at any time",
            {**ONE, "partition_epochs": False},
            ("REP-6", "CTL-1"),
            {"REP-6": 7, "CTL-1": 5},
        ),
        Broken(
            "the controller lets fenced brokers be in sync",
            {**SHORT, "refusing_fenced": False},
            ("CTL-2",),
            {"CTL-2": 5},
        ),
        Broken(
            "the controller takes a broker that has restarted for what it was",
            {**SHORT, "crashes": 1, "broker_epochs": False, "min_isr": 1},
            ("REP-1",),
            {"REP-1": 11, "REP-2": 13},
        ),
        Broken(
            "the last replica in sync stays so whatever befalls it",
            {**ONE, "crashes": 1, "elr": False},
            ("REP-1", "REP-2"),
            {"REP-1": 8, "REP-2": 11},
        ),
        Broken(
            "a produce request never times out",
            {**LATER, "expiry": False},
            ("REP-10",),
            {"REP-10": 9},
            {"REP-10": (8, 0)},
        ),
        Broken(
            "nobody tells a leader that its request was refused",
            {**LATER, "refusing": False, "crashes": 1},
            ("REP-12",),
            {"REP-12": 7},
            {"REP-12": (6, 0)},
        ),
        Broken(
            "a partition without a leader is not given one",
            {**LATER, "electing": False},
            ("CTL-6",),
            {"CTL-6": 6},
            {"CTL-6": (5, 0)},
        ),
    ),
    Readers: (
        Broken(
            "a new leader tells the end of the log before it knows it",
            {**SHORT, "listing": True, "offset_not_available": False},
            ("REP-5",),
            {"REP-5": 8},
        ),
        Broken(
            "a consumer does not look at epochs",
            {**SHORT, "Records": 3, "LogSize": 2, "consuming": True, "epoch_aware": False,
             "unclean": True, "min_isr": 1},
            ("REP-3", "REP-4", "REP-7", "REP-9", "as_partition_log"),
            {**LOST, "REP-9": 14},
        ),
    ),
    Controller: (
        Broken(
            "the log takes entries of controllers that were replaced",
            {**NODES, "fencing": False},
            ("CTL-3", "CTL-5"),
            {"CTL-3": 6, "CTL-5": 9, "decisions_follow": 6},
        ),
        Broken(
            "a new controller has not read the log to its end",
            {**NODES, "informed": False},
            ("CTL-3", "CTL-5"),
            {"CTL-3": 6, "CTL-5": 9, "decisions_follow": 6},
        ),
        Broken(
            "brokers are told of what is not committed",
            {**NODES, "Replica": 2, "committed_only": False},
            ("CTL-4", "CTL-7"),
            {"CTL-4": 3, "CTL-7": 5},
            {"CTL-7": (4, 0)},
        ),
    ),
}  # fmt: skip
"""By machine."""
