"""Brokers measured in turn: all run at once, and one of them works.

For each measure each broker has its turn, so that what else the machine does falls on all alike;
who is first changes from turn to turn.  Turns that only warm up, for the JVM's sake, come before
those that count.  The brokers are this project's, Apache Kafka, and two that keep everything in
memory, kfake and librdkafka's mock cluster; which of them lacks what is told, not left out.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType

from confluent_kafka import KafkaException

from conformance.peers import Absent, Server, apache_kafka, kfake, librdkafka_mock, verdict_broker
from conformance.speed import latency, rebalance, throughput, unbatched
from conformance.speed.figures import Figure, Lacking, Measure, Sizes, Taken, Values
from conformance.speed.throughput import Client

OURS, KAFKA, CEILING = "verdict", "Kafka", "client"
IN_MEMORY = ("kfake", "mock")

SETTINGS = {
    "group.initial.rebalance.delay.ms": "100",
    "group.consumer.heartbeat.interval.ms": "100",
    "log.segment.delete.delay.ms": "1000",
}
"""All members join before the first rebalance: librdkafka joins once a second at most.  And what a
measurement deletes does not stay for a minute."""

PEERS: Mapping[str, Callable[[], AbstractContextManager[Server]]] = MappingProxyType(
    {
        OURS: functools.partial(verdict_broker, settings=SETTINGS),
        KAFKA: functools.partial(
            apache_kafka,
            settings={**SETTINGS, "group.consumer.min.heartbeat.interval.ms": "100"},
        ),
        "kfake": kfake,
        "mock": librdkafka_mock,
    }
)

FULL = Sizes(
    records={100: 2_000_000, 1024: 600_000, 102_400: 8_000},
    samples=2000, seconds=1.5, connections=(1, 10, 100), members=50, turns=3, warm=1,
)  # fmt: skip
QUICK = Sizes(
    records={100: 200_000, 1024: 60_000, 102_400: 800},
    samples=300, seconds=0.3, connections=(1, 10, 100), members=10, turns=1,
)  # fmt: skip


@dataclass(frozen=True)
class Lack:
    """Why something could not be measured.

    whole  nothing of it could
    """

    why: str
    whole: bool = True


@dataclass
class Outcome:
    """What a contest gave.

    servers  each broker that was measured, by its short name
    lacks    which broker could not be measured in what; in nothing, where no measure is named
    """

    servers: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    lacks: dict[tuple[str, str], Lack] = field(default_factory=dict)

    @property
    def figures(self) -> list[Figure]:
        """Everything that was measured, in the order it was."""
        return list(dict.fromkeys(each.figure for each in self.taken))


def measures(client: Client, sizes: Sizes) -> list[Measure]:
    """All there are."""
    return [
        *(
            Measure(f"records of {throughput.NAMES.get(size, size)}",
                    throughput.measure(client, size))
            for size in sizes.records
        ),
        Measure("end to end", latency.take),
        Measure("unbatched", unbatched.take, unbatched.ceiling),
        Measure("classic group", rebalance.classic),
        Measure("KIP-848 group", rebalance.consumer),
    ]  # fmt: skip


def contest(
    names: Sequence[str],
    wanted: Sequence[Measure],
    sizes: Sizes,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Measure these brokers.

    tell  is told what is being done, line by line
    """
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name in names:
            tell(f"starting {name}")
            try:
                servers[name] = stack.enter_context(PEERS[name]())
            except Absent as absent:
                outcome.lacks[name, ""] = Lack(str(absent))
            else:
                outcome.servers[name] = servers[name].name
        for turn in range(-sizes.warm, sizes.turns):
            called = "warming up" if turn < 0 else f"turn {turn + 1} of {sizes.turns}"
            for measure in wanted:
                for name in _from(list(servers), turn):
                    tell(f"{called}: {measure.name}, {name}")
                    take = functools.partial(measure.take, servers[name], sizes)
                    _note(outcome, turn, name, measure.name, take)
                if measure.ceiling is not None:
                    take = functools.partial(measure.ceiling, sizes)
                    _note(outcome, turn, CEILING, measure.name, take)
    outcome.taken = [each for each in outcome.taken if each.turn >= 0]
    return outcome


def _from(names: list[str], turn: int) -> list[str]:
    """All of them, in each turn from another one on."""
    first = turn % len(names) if names else 0
    return names[first:] + names[:first]


def _note(outcome: Outcome, turn: int, peer: str, measure: str, take: Callable[[], Values]) -> None:
    """Measure once; who could do nothing of it before is not asked again."""
    lacks = outcome.lacks.get((peer, measure))
    if lacks is not None and lacks.whole:
        return
    before = len(outcome.taken)
    try:
        for figure, value in take():
            outcome.taken.append(Taken(turn, peer, figure, value))
    except (Lacking, Absent, KafkaException, OSError) as reason:
        whole = len(outcome.taken) == before
        outcome.lacks[peer, measure] = Lack(str(reason), whole=whole)
