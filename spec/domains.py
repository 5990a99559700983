"""The nouns that promises, specifications and models share.

A *member* is one life of a consumer in a group: the time during which it is known under one
member id.  A process that restarts, or that the coordinator has told UNKNOWN_MEMBER_ID, joins
again with a new member id and remembers nothing of the group; it is therefore another member.
`Member=3` reads: three lives, which may be three consumers side by side, or two and a restart.

An *offset* is the number of a record in its partition, and a position is the offset of the
next record: 0 is the position before anything was read.  The log's end is the bound of
`Offset`.  That every shorter log is explored too follows from polling: a poll may return fewer
records than there are.

A *generation* is one agreement of the coordinator and the members on who is in the group.  0
stands for "none", the wire's -1: a group's first completed rebalance makes generation 1.
"""

from __future__ import annotations

from typing import Annotated

from checker import Capacity, Counter, Index, Set


class GroupId(Index, default=1):
    """A consumer group: a `group.id`.  Member m belongs to group m modulo their number."""


class Member(Index):
    """A member of a group: one life of a consumer, numbered in the order in which they start."""


class Partition(Index, default=1):
    """A partition of the one topic that everybody reads."""


Share = Annotated[Set[Partition], Capacity(8)]
"""The partitions of one member; where there are more than 64 in all, at most eight."""

Generation = Annotated[int, Counter("Generation")]
"""How many rebalances of a group have completed; 0 stands for no generation."""

Offset = Annotated[int, Counter("Offset")]
"""The position of a record, or of the next one to read."""
