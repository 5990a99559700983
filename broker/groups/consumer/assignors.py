"""The server's assignors: uniform and range.

*Uniform* spreads the partitions of all topics evenly, and leaves each where it was as far as that
allows.  Where all members subscribe to the same topics, everyone gets the same number, some one
more; who had more gives up the rest.  Where they do not, each partition that is free goes to the
member that has least of those that may have it, topics with the fewest subscribers first; then
single partitions move on to whoever has at least two fewer.

*Range* deals the partitions of each topic to its subscribers in consecutive shares, the first
some of which are larger by one; static members come first, by instance id, then the others by
member id.  It remembers nothing.

Source: KIP-848; the homogeneous uniform and the range assignor of Apache Kafka 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from broker.groups.consumer.group import Partition

Target = dict[str, frozenset[Partition]]


@dataclass(frozen=True)
class Subscriber:
    """A member, as an assignor sees it.

    topics  that it subscribes to, of those that there are
    owned   what it was to have so far
    """

    member_id: str
    instance_id: str | None
    topics: frozenset[UUID]
    owned: frozenset[Partition]


def assign_range(subscribers: list[Subscriber], sizes: Mapping[UUID, int]) -> Target:
    """Consecutive shares of each topic."""
    order = sorted(
        subscribers,
        key=lambda each: (each.instance_id is None, each.instance_id or "", each.member_id),
    )
    target: dict[str, set[Partition]] = {each.member_id: set() for each in order}
    for topic, size in sizes.items():
        takers = [each.member_id for each in order if topic in each.topics]
        start = 0
        for number, name in enumerate(takers):
            share = size // len(takers) + (number < size % len(takers))
            target[name] |= {(topic, at) for at in range(start, start + share)}
            start += share
    return {name: frozenset(found) for name, found in target.items()}


def assign_uniform(subscribers: list[Subscriber], sizes: Mapping[UUID, int]) -> Target:
    """As even as can be, and as it was as far as can be."""
    order = sorted(subscribers, key=lambda each: each.member_id)
    same = len({each.topics for each in order}) == 1
    return (_even if same else _balanced)(order, sizes)


def _kept(each: Subscriber, sizes: Mapping[UUID, int]) -> list[Partition]:
    """What a member was to have, and still may."""
    return sorted(
        (topic, number)
        for topic, number in each.owned
        if topic in each.topics and number < sizes.get(topic, 0)
    )


def _free(target: Mapping[str, list[Partition]], sizes: Mapping[UUID, int]) -> list[Partition]:
    taken = {partition for found in target.values() for partition in found}
    return [
        (topic, number)
        for topic in sorted(sizes)
        for number in range(sizes[topic])
        if (topic, number) not in taken
    ]


def _even(order: list[Subscriber], sizes: Mapping[UUID, int]) -> Target:
    """All subscribe to the same: quotas."""
    sizes = {topic: size for topic, size in sizes.items() if topic in order[0].topics}
    least, extra = divmod(sum(sizes.values()), len(order))
    target: dict[str, list[Partition]] = {}
    short: list[tuple[str, int]] = []
    for number, each in enumerate(order):
        kept = _kept(each, sizes)
        # One more goes to who would have to give it up otherwise, or to whoever is left for it.
        more = extra > 0 and (len(kept) > least or len(order) - number <= extra)
        extra -= more
        target[each.member_id] = kept[: least + more]
        short.append((each.member_id, least + more))
    free = iter(_free(target, sizes))
    for name, quota in short:
        while len(target[name]) < quota:
            target[name].append(next(free))
    return {name: frozenset(found) for name, found in target.items()}


def _balanced(order: list[Subscriber], sizes: Mapping[UUID, int]) -> Target:
    """They subscribe to different topics: the least loaded that may have it."""
    target = {each.member_id: _kept(each, sizes) for each in order}
    takers = {topic: [each.member_id for each in order if topic in each.topics] for topic in sizes}

    def load(name: str) -> tuple[int, str]:
        return len(target[name]), name

    for topic, number in sorted(_free(target, sizes), key=lambda each: len(takers[each[0]])):
        if takers[topic]:
            target[min(takers[topic], key=load)].append((topic, number))
    moved = True
    while moved:
        moved = False
        for name in sorted(target, key=load, reverse=True):
            for partition in [*target[name]]:
                other = min(takers[partition[0]], key=load)
                if len(target[other]) + 1 < len(target[name]):
                    target[name].remove(partition)
                    target[other].append(partition)
                    moved = True
    return {name: frozenset(found) for name, found in target.items()}


ASSIGNORS: dict[str, Callable[[list[Subscriber], Mapping[UUID, int]], Target]] = {
    "uniform": assign_uniform,
    "range": assign_range,
}
