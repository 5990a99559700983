"""What was measured of the log, of compaction and of routing, as `pinned` says it of the group."""

from __future__ import annotations

from collections.abc import Mapping

from checker import Machine
from model import Compaction, Log, Routing
from model.compaction_state import Horizon, Keeping
from model.log_state import Numbering, Recovery, Retention, Truncation
from model.routing_state import Partitioner
from tests.model.pinned import Broken, Counted

COUNTED: Mapping[type[Machine], Mapping[str, Counted]] = {
    Log: {
        "epochs": Counted(
            21_448,
            92_616,
            13,
            {},
            {"sealed": 3, "emptied": 4, "kept": 3, "cut_back": 3, "shortened_at_both_ends": 6},
        ),
        "process crash": Counted(
            6_198,
            17_359,
            14,
            {},
            {"sealed": 3, "emptied": 4, "kept": 3, "cut_back": 3, "shortened_at_both_ends": 6},
        ),
        "power failure, flushed first": Counted(
            6_260,
            15_793,
            15,
            {},
            {
                "sealed": 3,
                "emptied": 5,
                "kept": 3,
                "cut_back": 3,
                "shortened_at_both_ends": 7,
                "damaged": 3,
            },
        ),
        "power failure": Counted(
            11_052,
            29_119,
            14,
            {"LOG-4": 4, "as_partition_log": 4},
            {
                "sealed": 3,
                "emptied": 4,
                "kept": 3,
                "cut_back": 3,
                "shortened_at_both_ends": 6,
                "damaged": 3,
            },
        ),
        "records deleted by request": Counted(
            13_998,
            53_316,
            15,
            {"LOG-10": 6, "as_partition_log": 6},
            {
                "sealed": 3,
                "emptied": 4,
                "kept": 3,
                "cut_back": 3,
                "shortened_at_both_ends": 6,
                "deleted_inside_a_segment": 4,
            },
        ),
    },
    Compaction: {
        "in time": Counted(13_422, 73_627, 12, {}, {"gap_is_passed": 8}),
        "slow reader": Counted(24_539, 150_263, 13, {"LOG-16": 10}, {"gap_is_passed": 8}),
    },
    Routing: {
        "one partition": Counted(12_150, 58_574, 24, {}, {"refused_twice": 9}),
        "two partitions": Counted(
            96_280,
            565_372,
            18,
            {},
            {"refused_twice": 11, "spread": 3, "side_by_side": 5, "not_held_up": 5, "anywhere": 2},
        ),
        "partitions are added": Counted(
            54_979,
            428_907,
            21,
            {"RTE-6": 4},
            {"refused_twice": 11, "spread": 4, "side_by_side": 6, "not_held_up": 6, "anywhere": 3},
        ),
    },
}
"""By machine, and the name of a configuration."""

LOG = {"LogSize": 2, "LeaderEpoch": 2, "Value": 1}
CRASHING = {**LOG, "LeaderEpoch": 3, "crashes": True}
POWER = {**CRASHING, "power_failures": True, "flush_first": True}
TABLE = {"Key": 1, "LogSize": 2, "Value": 1}
TOPIC = {"Broker": 2, "Partition": 1, "Key": 1, "Sent": 2, "LeaderEpoch": 2}

BROKEN: Mapping[type[Machine], tuple[Broken, ...]] = {
    Log: (
        Broken(
            "a record gets the number of records in the log as its offset",
            {**LOG, "numbering": Numbering.COUNT},
            ("LOG-1", "LOG-2"),
            {
                "fills_its_segments": 5,
                "flushed_is_there": 7,
                "LOG-1": 5,
                "LOG-2": 5,
                "LOG-4": 9,
                "LOG-5": 7,
                "LOG-6": 8,
            },
        ),
        Broken(
            "a new leader epoch cuts the log back to wherever the leader's ends",
            {**LOG, "truncation": Truncation.ANYWHERE},
            ("LOG-4", "LOG-5", "as_partition_log"),
            {"LOG-4": 4, "LOG-5": 4, "as_partition_log": 4},
        ),
        Broken(
            "whichever segment is too old is deleted",
            {**LOG, "retention": Retention.ANY},
            ("LOG-4", "LOG-6"),
            {"fills_its_segments": 7, "LOG-4": 7, "LOG-6": 7},
        ),
        Broken(
            "the oldest segment is deleted, committed or not",
            {**LOG, "retention": Retention.UNCOMMITTED},
            ("LOG-6",),
            {
                "fills_its_segments": 4,
                "flushed_is_there": 4,
                "LOG-5": 3,
                "LOG-6": 3,
                "as_partition_log": 3,
                "well-defined": 4,
            },
        ),
        Broken(
            "batches of a leader that was replaced are appended",
            {**LOG, "fenced": False},
            ("LOG-3",),
            {"LOG-2": 4, "LOG-3": 4},
        ),
        Broken(
            "a leader that was restarted leads in its old epoch",
            {**POWER, "bumping": False},
            ("LOG-2",),
            {"LOG-2": 5},
        ),
        Broken(
            "DeleteRecords goes beyond the high watermark",
            {**LOG, "deletes_records": True, "bounded": False},
            ("LOG-5",),
            {"LOG-5": 3, "as_partition_log": 3},
        ),
        Broken(
            "what was flushed is not on disk",
            {**POWER, "synced": False},
            ("LOG-8",),
            {"LOG-4": 5, "LOG-8": 4, "as_partition_log": 5},
        ),
        Broken(
            "the log is not looked at after an unclean shutdown",
            {**POWER, "recovery": Recovery.TRUST},
            ("LOG-7",),
            {"LOG-7": 4, "as_partition_log": 7},
        ),
        Broken(
            "recovery takes the bad batch out, and keeps what follows",
            {**POWER, "recovery": Recovery.SKIP},
            ("LOG-7",),
            {"fills_its_segments": 4, "LOG-7": 4},
        ),
        Broken(
            "recovery keeps only what was flushed",
            {**CRASHING, "recovery": Recovery.RECOVERY_POINT},
            ("LOG-4", "LOG-7"),
            {"LOG-4": 5, "LOG-7": 4, "as_partition_log": 5},
        ),
        Broken(
            "a log with a bad batch is not opened",
            {**POWER, "recovery": Recovery.REFUSE},
            ("LOG-9",),
            {"LOG-9": 3},
            lassos={"LOG-9": (2, 0)},
        ),
    ),
    Compaction: (
        Broken(
            "the first record of each key is kept",
            {**TABLE, "keeping": Keeping.FIRST},
            ("LOG-11", "LOG-14", "as_changelog"),
            {
                "LOG-11": 5,
                "LOG-13": 5,
                "LOG-14": 5,
                "LOG-15": 8,
                "LOG-16": 8,
                "LOG-17": 5,
                "as_changelog": 5,
            },
            lassos={"LOG-17": (4, 0)},
        ),
        Broken(
            "the last record of each key takes the place of the first",
            {**TABLE, "keeping": Keeping.MOVED},
            ("LOG-12",),
            {
                "LOG-11": 5,
                "LOG-12": 5,
                "LOG-13": 5,
                "LOG-15": 8,
                "LOG-16": 8,
                "LOG-17": 5,
                "as_changelog": 5,
            },
            lassos={"LOG-17": (4, 0)},
        ),
        Broken(
            "tombstones go in the first pass that meets them",
            {**TABLE, "horizon": Horizon.NONE},
            ("LOG-13", "LOG-15"),
            {"LOG-13": 4, "LOG-15": 8, "LOG-16": 8},
        ),
        Broken(
            "the age of a tombstone is that of its segment",
            {"Key": 2, "LogSize": 3, "Value": 0, "horizon": Horizon.SEGMENT_TIME},
            ("LOG-13", "LOG-15", "LOG-17"),
            {"LOG-13": 7, "LOG-15": 12, "LOG-16": 12, "LOG-17": 5},
            lassos={"LOG-17": (4, 0)},
        ),
        Broken(
            "a pass looks at dirty records only",
            {**TABLE, "revisiting": False},
            ("LOG-17", "LOG-18"),
            {"LOG-17": 5, "LOG-18": 6},
            lassos={"LOG-17": (4, 0), "LOG-18": (5, 0)},
        ),
    ),
    Routing: (
        Broken(
            "a record goes to any partition, whatever its key",
            {**TOPIC, "Partition": 2, "partitioner": Partitioner.ANY},
            ("RTE-2",),
            {"RTE-2": 3, "RTE-6": 3},
        ),
        Broken(
            "two records of a partition are in flight at once",
            {**TOPIC, "in_flight": 2},
            ("RTE-3",),
            {"RTE-3": 7},
        ),
        Broken(
            "a producer that was refused does not ask who leads",
            {**TOPIC, "refreshing": False},
            ("RTE-5",),
            {"RTE-5": 8, "refused_twice": 0},
            lassos={"RTE-5": (5, 2)},
        ),
        Broken(
            "metadata of an older epoch is taken over",
            {**TOPIC, "monotonic": False},
            ("RTE-4",),
            {"RTE-4": 10},
        ),
        Broken(
            "a leader that was replaced acknowledges records",
            {**TOPIC, "deposed": False},
            ("RTE-1",),
            {"RTE-1": 5},
        ),
    ),
}
