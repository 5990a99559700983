"""What is measured: figures, what one run of a measure gives, and how large a run is.

A figure is a number with a unit of which more, or less, is better.  Some are held to a ratio of
Apache Kafka's own in the same run: absolute numbers say as much of the machine as of the broker.
Some are also to be better than those of the brokers that keep everything in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from conformance.peers import Server


class Lacking(Exception):  # noqa: N818 - an outcome
    """A broker, or this machine, cannot do what would be measured: one line that says why."""


@dataclass(frozen=True)
class Figure:
    """One number that is compared.

    more     more of it is better; otherwise less
    limit    the ratio to Apache Kafka's that it is held to: at least, or where less is better at
             most
    ahead    it is to be better than the brokers' that keep everything in memory
    """

    name: str
    unit: str
    more: bool = True
    limit: float | None = None
    ahead: bool = False

    def best(self, values: list[float]) -> float:
        """The best of several."""
        return max(values) if self.more else min(values)

    def within(self, ratio: float) -> bool | None:
        """Whether a ratio to Apache Kafka's is what it is held to; None where it is to nothing."""
        if self.limit is None:
            return None
        return ratio >= self.limit if self.more else ratio <= self.limit

    def better(self, one: float, other: float) -> bool:
        """Whether the first is better than the second."""
        return one > other if self.more else one < other


@dataclass(frozen=True)
class Sizes:
    """How large a run is.

    records      how many of each size in bytes
    samples      records whose way from end to end is timed, one after the other
    seconds      how long requests are sent, for each number of connections
    connections  these numbers
    members      of the group that is rebalanced
    turns        that count; each broker is measured in each
    warm         turns before them that do not count
    """

    records: Mapping[int, int]
    samples: int
    seconds: float
    connections: tuple[int, ...]
    members: int
    turns: int
    warm: int = 0


Values = Iterator[tuple[Figure, float]]
"""What a measure gives, one after the other; it may end with `Lacking`."""


@dataclass(frozen=True)
class Measure:
    """Something that is done with each broker in turn.

    take     do it once
    ceiling  the same with a server that does nothing, where there is one: what the client can do
    """

    name: str
    take: Callable[[Server, Sizes], Values]
    ceiling: Callable[[Sizes], Values] | None = None


@dataclass(frozen=True)
class Taken:
    """One number: in which turn, of which broker."""

    turn: int
    peer: str
    figure: Figure
    value: float


def values(taken: list[Taken], peer: str, figure: Figure) -> list[float]:
    """The numbers of one figure of one broker, turn by turn."""
    return [each.value for each in taken if each.peer == peer and each.figure == figure]


def middle(taken: list[Taken], peer: str, figure: Figure) -> float | None:
    """Their median; None where there are none."""
    found = values(taken, peer, figure)
    return median(found) if found else None
