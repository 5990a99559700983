"""OffsetFetch: where a group stands.

A group that is not there stands nowhere, which is no error: a consumer without an offset starts
where its own configuration says.  Who wants stable offsets waits for writes under way, and is
told of each partition in which a transaction is open to ask again.
"""

from __future__ import annotations

from broker.errors import ErrorCode, Refused
from broker.groups.consumer.group import ConsumerGroup
from broker.groups.offsets.requests import Fetched, GroupFetched, GroupWanted, TopicFetched
from broker.groups.offsets.store import Committed, Offsets, Partition
from broker.schema import NIL


def check_member(group: ConsumerGroup | None, wanted: GroupWanted) -> None:
    """Refuse who says that it is a member of a consumer group, and is not, or is elsewhere."""
    if group is None or (wanted.member_id is None and wanted.member_epoch < 0):
        return
    member = group.members.get(wanted.member_id or "")
    if member is None:
        raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
    if member.epoch != wanted.member_epoch:
        classic = member.subscription.classic is not None
        stale = ErrorCode.STALE_MEMBER_EPOCH
        raise Refused(ErrorCode.ILLEGAL_GENERATION if classic else stale)


def fetch(offsets: Offsets, wanted: GroupWanted, *, stable: bool) -> GroupFetched:
    """Where a group stands, in the topics that are named or in all."""
    known = offsets.of(wanted.group)
    unstable = offsets.unstable(wanted.group) if stable else set()
    if wanted.topics is None:
        topics = tuple(
            TopicFetched(
                topic,
                tuple(
                    _fetched(partition, known, unstable, topic)
                    for name, partition in sorted(known)
                    if name == topic
                ),
            )
            for topic in sorted({topic for topic, _ in known})
        )
        return GroupFetched(wanted.group, topics)
    return GroupFetched(
        wanted.group,
        tuple(
            TopicFetched(
                each.topic,
                tuple(
                    _fetched(partition, _of_topic(known, each.topic_id), unstable, each.topic)
                    for partition in each.partitions
                ),
                each.topic_id,
            )
            for each in wanted.topics
        ),
    )


def _of_topic(known: dict[Partition, Committed], topic_id: object) -> dict[Partition, Committed]:
    """The positions less those that were in another topic of the same name."""
    if topic_id == NIL:
        return known
    return {
        partition: position
        for partition, position in known.items()
        if position.value.topic_id in {NIL, topic_id}
    }


def _fetched(
    partition: int,
    known: dict[Partition, Committed],
    unstable: set[Partition],
    topic: str,
) -> Fetched:
    if (topic, partition) in unstable:
        return Fetched(partition, error=ErrorCode.UNSTABLE_OFFSET_COMMIT)
    position = known.get((topic, partition))
    if position is None:
        return Fetched(partition)
    value = position.value
    return Fetched(partition, value.offset, value.leader_epoch, value.metadata)
