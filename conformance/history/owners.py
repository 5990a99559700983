"""Anomalies of who has which partition.

A partition of a group is one member's at a time: who is to give it up has done so before anybody
else gets it.  Not so where a member is in the wrong about itself: one that was stopped, or cut off,
for longer than its session is out, and may go on with what it had until it hears of that (it
*loses* its partitions then).  That is what Kafka says of itself, and no anomaly; but nothing that
such a member commits may be accepted once another one has the partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.history.facts import Facts
from conformance.history.found import Anomaly
from conformance.history.operations import Commit, Crash, Move, Place, Processed

Key = tuple[str, Place]
"""A group, and a partition of it."""


@dataclass
class _Owners:
    """Who has a partition, in the order in which they got it.

    since   by process, the line in which it got it
    beside  by process, who got it after it, and where
    """

    since: dict[str, int] = field(default_factory=dict)
    beside: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def given(self, process: str, line: int) -> None:
        """A process got it."""
        for other in self.since.keys() - {process}:
            self.beside[other].append((process, line))
        self.since[process] = line

    def gone(self, process: str) -> tuple[int, list[tuple[str, int]]]:
        """A process has it no more: since when it did, and who got it meanwhile."""
        return self.since.pop(process, 0), self.beside.pop(process, [])


def _owners(facts: Facts) -> Iterator[tuple[int, object, dict[Key, _Owners]]]:
    """Each operation with its line, and who has what before it."""
    owners: dict[Key, _Owners] = defaultdict(_Owners)
    for line, operation in enumerate(facts.history, start=1):
        yield line, operation, owners
        match operation:
            case Move(how, process, partitions, str(group)):
                for place in partitions:
                    if how == "assign":
                        owners[group, place].given(process, line)
                    else:
                        owners[group, place].gone(process)
            case Crash(process):
                for each in owners.values():
                    each.gone(process)
            case _:
                pass
    yield len(facts.history) + 1, None, owners


def twice(facts: Facts) -> Iterator[Anomaly]:
    """A partition was given to a member while another had it, who gave it up later, or never."""
    for line, operation, owners in _owners(facts):
        match operation:
            case Move("revoke", process, partitions, str(group)):
                for place in partitions:
                    yield from _told(place, process, owners[group, place], line)
            case None:
                for (_, place), each in owners.items():
                    for process in [*each.beside]:
                        yield from _told(place, process, each, None)
            case _:
                pass


def _told(place: Place, process: str, owners: _Owners, until: int | None) -> Iterator[Anomaly]:
    since = owners.since.get(process, 0)
    for other, line in owners.beside.get(process, ()):
        lines = tuple(sorted({since, line} | ({until} if until else set())))
        end = "gave it up later" if until else "never gave it up"
        told = f"{other} got it while {process} had it, who {end}"
        yield Anomaly("owned-twice", place, lines, told)


def commits_of_former_owners(facts: Facts) -> Iterator[Anomaly]:
    """A commit was accepted that began after another member had got the partition."""
    begun: dict[str, int] = {}
    for line, operation, owners in _owners(facts):
        match operation:
            case Processed(process):
                begun[process] = line
            case Commit(process, group, offsets, "ok", None) if process in begun:
                for offset in offsets:
                    later = owners[group, offset.place].beside.get(process, ())
                    for other, since in later:
                        if since < begun[process]:
                            lines = (since, begun[process], line)
                            told = f"{process} committed {offset.offset} when {other} had it"
                            yield Anomaly("late-commit", offset.place, lines, told)
            case _:
                pass
