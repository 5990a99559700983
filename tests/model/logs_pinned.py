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
        "epochs": Counted(20_425, 76_800, 13, {}, {"shortened_at_both_ends": 6}),
        "process crash": Counted(5_604, 14_276, 14, {}, {"shortened_at_both_ends": 6}),
        "power failure, flushed first": Counted(
            5_730, 13_492, 15, {}, {"shortened_at_both_ends": 7}
        ),
        "power failure": Counted(
            10_230, 25_472, 14, {"LOG-4": 4, "as_partition_log": 4}, {"shortened_at_both_ends": 6}
        ),
        "records deleted by request": Counted(
            12_948, 39_772, 15, {"LOG-10": 6, "as_partition_log": 6}, {"shortened_at_both_ends": 6}
        ),
    },
    Compaction: {
        "in time": Counted(13_422, 57_767, 12, {}, {"gap_is_passed": 8}),
        "slow reader": Counted(24_539, 118_883, 13, {"LOG-16": 10}, {"gap_is_passed": 8}),
    },
    Routing: {
        "one partition": Counted(7_670, 36_991, 24, {}, {"refused_twice": 9}),
        "two partitions": Counted(45_376, 264_276, 18, {}, {"refused_twice": 11}),
        "partitions are added": Counted(22_365, 134_531, 19, {"RTE-6": 4}, {"refused_twice": 11}),
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
            {"LOG-1": 5, "LOG-2": 5, "LOG-4": 9, "LOG-5": 7, "LOG-6": 8},
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
            {"LOG-4": 7, "LOG-6": 7},
        ),
        Broken(
            "the oldest segment is deleted, committed or not",
            {**LOG, "retention": Retention.UNCOMMITTED},
            ("LOG-6",),
            {"LOG-5": 3, "LOG-6": 3, "as_partition_log": 3},
        ),
        Broken(
            "batches of a leader that was replaced are appended",
            {**LOG, "fenced": False},
            ("LOG-3",),
            {"LOG-3": 4},
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
            {"LOG-7": 4},
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
