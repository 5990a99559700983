"""The museum's compaction entries: what a log of keyed records loses."""

from __future__ import annotations

from model.museum.entry import Entry

COMPACTION: tuple[Entry, ...] = ()
"""In the order of time."""
