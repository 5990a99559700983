"""How long a group of many members takes until each partition has its reader again.

The members are confluent-kafka's consumers, all in this process; those of the classic protocol
with the assignor `range`.  All are connected before the clock starts.  Then

    join   they subscribe one after the other; until each has partitions and all have all of them
    leave  one unsubscribes; until the others have all of them

A member hears of a rebalance with its heartbeat.  In the classic protocol it says itself how often
that is, here every 50 ms; in KIP-848 the broker says, and the brokers are told to say 100 ms where
they take a setting.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from confluent_kafka import Consumer

from broker.wire.apis import ApiKey
from conformance.peers import Server
from conformance.speed.figures import Figure, Lacking, Sizes, Values
from conformance.speed.topics import removed_after, serves

PATIENCE = 20.0
CLASSIC: Mapping[str, str | int] = {
    "group.protocol": "classic",
    "partition.assignment.strategy": "range",
    "heartbeat.interval.ms": 50,
    "session.timeout.ms": 30_000,
}
KIP_848: Mapping[str, str | int] = {"group.protocol": "consumer"}
PAUSE = 0.002
"""Seconds between looks at all members."""


def figures(name: str, members: int) -> tuple[Figure, Figure]:
    """The times of joining and of leaving."""
    return (
        Figure(f"{name} {members} join", "ms", more=False),
        Figure(f"{name} 1 of {members} leaves", "ms", more=False),
    )


def classic(server: Server, sizes: Sizes) -> Values:
    """A group of the classic protocol."""
    return _take(server, sizes.members, "classic", CLASSIC)


def consumer(server: Server, sizes: Sizes) -> Values:
    """A group of KIP-848."""
    if not serves(server.bootstrap, ApiKey.CONSUMER_GROUP_HEARTBEAT):
        raise Lacking("it does not serve KIP-848")
    return _take(server, sizes.members, "KIP-848", KIP_848)


def _take(server: Server, count: int, name: str, settings: Mapping[str, str | int]) -> Values:
    common = {
        "bootstrap.servers": server.bootstrap,
        "enable.auto.commit": False,
        "log_level": 0,
        **settings,
    }
    joined, left = figures(name, count)
    with contextlib.ExitStack() as stack:
        topic = stack.enter_context(removed_after(server.bootstrap, count))
        members: list[Consumer] = []
        stack.callback(_end, members)
        for _ in range(count):
            members.append(Consumer({**common, "group.id": topic}))
            members[-1].list_topics(topic, timeout=PATIENCE)

        def subscribe() -> None:
            for member in members:
                member.subscribe([topic])

        yield joined, _until_shared(members, count, subscribe)
        leaving, *staying = members
        yield left, _until_shared(staying, count, leaving.unsubscribe, (leaving,))


def _end(members: Sequence[Consumer]) -> None:
    """Close them all, once nobody is assigned anything: librdkafka may hang on both at a time."""
    for member in members:
        member.unsubscribe()
    until = time.monotonic() + PATIENCE
    while any(member.assignment() for member in members) and time.monotonic() < until:
        for member in members:
            member.poll(0)
        time.sleep(PAUSE)
    for member in members:
        member.close()


def _until_shared(
    members: Sequence[Consumer],
    partitions: int,
    begin: Callable[[], None],
    others: Sequence[Consumer] = (),
) -> float:
    """Begin, and wait until the members share all partitions among them; in ms."""
    began, without = time.perf_counter(), len(members)
    begin()
    while time.perf_counter() - began < PATIENCE:
        for each in (*members, *others):
            each.poll(0)
        shares = [[each.partition for each in member.assignment()] for member in members]
        without = sum(not share for share in shares)
        if not without and sorted(chain(*shares)) == list(range(partitions)):
            return (time.perf_counter() - began) * 1e3
        time.sleep(PAUSE)
    raise Lacking(f"after {PATIENCE:.0f} s {without} of {len(members)} members had no partition")
