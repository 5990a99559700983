"""When a committed offset is forgotten.

    an empty group that had members   all its offsets, a while after it became empty
    a stable group of consumers       those in topics that nobody subscribes to, after the commit
    a group that never had members    each a while after its commit
    a consumer group (KIP-848)        those in topics that nobody subscribes to, after the commit
    any other group                   none

"A while" is the configured retention; an offset whose client said another (versions 2 to 4 of
OffsetCommit could) goes by that.  One that a transaction is about to change stays.  A group that
is empty, and has no offsets left, is forgotten itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from broker.groups.classic.group import CONSUMER, ClassicGroup, State
from broker.groups.consumer.group import ConsumerGroup
from broker.groups.offsets.commits import subscribes
from broker.groups.offsets.store import Committed, Offsets
from broker.groups.records.classic import OffsetKey


def since(group: ClassicGroup | ConsumerGroup, position: Committed) -> int | None:
    """From when on an offset's retention runs, ms; None: it is kept."""
    committed = position.value.commit_timestamp
    if isinstance(group, ConsumerGroup) or group.protocol_type is None:
        return committed
    if group.state is State.EMPTY:
        return committed if group.since is None else group.since
    if group.protocol_type == CONSUMER and group.state is State.STABLE and group.topics is not None:
        return committed
    return None


def expired(
    group: ClassicGroup | ConsumerGroup, offsets: Offsets, now: int, retention: int
) -> Iterator[OffsetKey]:
    """The offsets of a group that are to be forgotten."""
    open_ = offsets.unstable(group.name)
    for (topic, partition), position in sorted(offsets.of(group.name).items()):
        start = since(group, position)
        if start is None or (topic, partition) in open_ or subscribes(group, topic):
            continue
        expire = position.value.expire_timestamp
        if now >= (start + retention if expire == -1 else expire):
            yield OffsetKey(group.name, topic, partition)
