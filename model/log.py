"""The whole log, and the configurations in which its promises are decided.

What was counted, and which broken design breaks which promise, is pinned by the tests,
and told by docs/promises.md.

When the power fails, a log that is not flushed before it is committed loses committed records:
LOG-4 is then a hazard.  Kafka leaves it at that, because the other replicas have them.
"""

from __future__ import annotations

from checker import configuration
from model.log_promises import LogPromises


class Log(LogPromises):
    """A broker's log of a partition: segments, retention, crashes and recovery."""

    configurations = (
        configuration(
            "epochs",
            about="Leaders come and go; the log is cut back to the high watermark, and deleted "
            "segment by segment.",
            LogSize=3, LeaderEpoch=3, Value=2,
        ),
        configuration(
            "process crash",
            about="The broker's process ends, and what was written is all there.",
            LogSize=3, LeaderEpoch=3, Value=1, crashes=True,
        ),
        configuration(
            "power failure, flushed first",
            about="The power fails, and takes what was not flushed; only what was is committed.",
            LogSize=3, LeaderEpoch=3, Value=1,
            crashes=True, power_failures=True, flush_first=True,
        ),
        configuration(
            "power failure",
            about="The power fails, and takes what was committed and not flushed.",
            hazards=("LOG-4", "as_partition_log"),
            LogSize=3, LeaderEpoch=3, Value=1, crashes=True, power_failures=True,
        ),
        configuration(
            "records deleted by request",
            about="DeleteRecords moves the start; a crash forgets that it has.",
            hazards=("LOG-10", "as_partition_log"),
            LogSize=3, LeaderEpoch=3, Value=1, crashes=True, deletes_records=True,
        ),
    )  # fmt: skip
