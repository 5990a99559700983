"""Histories of what real clients did, and the anomalies that they show.

    history = read(path)
    report = check(history)
    report.broken          # empty: nothing happened that Kafka promises will not

`Recorder` writes a history while clients work; `confluent` and `kafka_python` wrap the clients of
those libraries so that what they do is recorded.  The format, one JSON object a line, is told in
docs/history.md.
"""

from conformance.history.anomalies import KINDS, Anomaly, Report, check
from conformance.history.operations import (
    Commit,
    Committed,
    Complete,
    Crash,
    End,
    History,
    Move,
    Open,
    Operation,
    Place,
    Poll,
    Polled,
    Processed,
    Send,
    read,
)
from conformance.history.recorder import Recorder

__all__ = [
    "KINDS",
    "Anomaly",
    "Commit",
    "Committed",
    "Complete",
    "Crash",
    "End",
    "History",
    "Move",
    "Open",
    "Operation",
    "Place",
    "Poll",
    "Polled",
    "Processed",
    "Recorder",
    "Report",
    "Send",
    "check",
    "read",
]
