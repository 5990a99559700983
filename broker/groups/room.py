"""How much the members of all groups may have the broker keep.

A group has a limit (`group.max.size`), and there is none on groups.  A member is kept until its
session is over, also when its connection is gone: with each join, whoever wants to can leave what
it says of its protocols behind, for half an hour.  So there is a limit over all members, and
whoever joins when there is no room is told that the group is full.  A member that comes again with
as little to say as most is never refused.

What is kept is counted when the limit seems to be reached, once a second at most; until then what
was asked for is added up, as if nobody ever left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from broker.groups.consumer.requests import ConsumerGroupHeartbeat
from broker.groups.core import Core
from broker.groups.requests import JoinGroup

MOST = 256 << 20
"""Bytes that all members may take."""

EACH = 1_000
"""Bytes that a member, or an id that was given out, takes if it says nothing."""

LITTLE = 64 << 10
PAUSE = 1_000
"""Milliseconds between two counts."""


def size(request: JoinGroup | ConsumerGroupHeartbeat) -> int:
    """What a request to join would have the broker keep, roughly; 0 for one that only goes on."""
    if isinstance(request, JoinGroup):
        return EACH + sum(len(each.name) + len(each.metadata) for each in request.protocols)
    if request.topics is None and request.regex is None:
        return 0
    return EACH + sum(map(len, request.topics or ())) + len(request.regex or "")


def goes_on(request: JoinGroup | ConsumerGroupHeartbeat, wanted: int) -> bool:
    """Whether it is of a member that was let in, and would have no more kept than most."""
    known = bool(request.member_id) if isinstance(request, JoinGroup) else request.member_epoch > 0
    return known and wanted < LITTLE


def kept(cores: Iterable[Core]) -> int:
    """What all members take, roughly."""
    found = 0
    for core in cores:
        for group in core.classic.values():
            found += EACH * (len(group.members) + len(group.pending))
            for member in group.members.values():
                found += len(member.assignment)
                found += sum(len(each.name) + len(each.metadata) for each in member.protocols)
        for consumers in core.consumer.values():
            for consumer in consumers.members.values():
                said = consumer.subscription
                spoken = said.classic.protocols if said.classic is not None else ()
                found += EACH + sum(map(len, said.topics)) + len(said.regex or "")
                found += sum(len(each.name) + len(each.metadata) for each in spoken)
    return found


@dataclass
class Room:
    """The room that there is for members.

    kept   bytes when they were counted last, at the time `counted`, and what came since
    """

    kept: int = 0
    counted: int = -PAUSE

    def has(self, wanted: int, now: int, count: Callable[[], int]) -> bool:
        """Whether so many bytes more may be kept; then they are."""
        if not wanted:
            return True
        if self.kept + wanted > MOST and now - self.counted >= PAUSE:
            self.kept, self.counted = count(), now
        if self.kept + wanted > MOST:
            return False
        self.kept += wanted
        return True
