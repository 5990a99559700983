"""The museum's replication entries: records that were acknowledged and lost, logs that diverge."""

from __future__ import annotations

from model.museum.entry import Entry

REPLICATION: tuple[Entry, ...] = ()
"""In the order of time."""
