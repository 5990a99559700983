"""The museum: protocol bugs that Kafka had and hazards that it has, each shown by a machine.

A module for each table: replication, compaction, producers, groups.  An `Entry` says what goes
wrong, and where that can be seen; `verdict museum` searches both designs of each.
"""

from model.museum.compaction import COMPACTION
from model.museum.entry import Entry, Exhibit
from model.museum.groups import GROUPS
from model.museum.producers import PRODUCERS
from model.museum.replication import REPLICATION

ENTRIES: tuple[Entry, ...] = (*REPLICATION, *COMPACTION, *PRODUCERS, *GROUPS)
"""All of them, in the order of the tables."""

__all__ = ["ENTRIES", "Entry", "Exhibit"]
