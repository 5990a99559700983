"""Anomalies of what is in the log and of what polls returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from conformance.history.facts import Facts, Fate, polls
from conformance.history.found import Anomaly
from conformance.history.operations import Complete, Crash, Move, Place, Poll, Polled


def inconsistent_offsets(facts: Facts) -> Iterator[Anomaly]:
    """One offset, two values."""
    for place, offsets in facts.sightings.items():
        for offset, values in offsets.items():
            if len(values) > 1:
                told = f"offset {offset} held {' and '.join(values)}"
                yield Anomaly("inconsistent-offsets", place, tuple(sorted(values.values())), told)


def duplicates(facts: Facts) -> Iterator[Anomaly]:
    """One value, two offsets."""
    found: dict[str, list[tuple[Place, int, int]]] = defaultdict(list)
    for place, offsets in facts.sightings.items():
        for offset, values in offsets.items():
            for value, line in values.items():
                found[value].append((place, offset, line))
    for value, sights in found.items():
        if len(sights) > 1:
            where = " and at ".join(f"{place} offset {offset}" for place, offset, _ in sights)
            lines = tuple(sorted({line for _, _, line in sights}))
            yield Anomaly("duplicate", sights[0][0], lines, f"{value} is at {where}")


def missing(facts: Facts) -> Iterator[Anomaly]:
    """Values that must be there and were in no poll: lost below what was read, or unseen."""
    for value, (line, send) in facts.sends.items():
        if value in facts.polled or facts.fate(send) is not Fate.COMMITTED:
            continue
        highest = facts.highest.get(send.place, -1)
        if send.offset is not None and send.offset < highest:
            told = (
                f"{value} was acknowledged at offset {send.offset}, below {highest} that was read"
            )
            yield Anomaly("lost-write", send.place, (line,), told)
        else:
            at = "" if send.offset is None else f" at offset {send.offset}"
            told = f"{value} was acknowledged{at} and never polled"
            yield Anomaly("unseen", send.place, (line,), told)


def vanished(facts: Facts) -> Iterator[Anomaly]:
    """A value that had been polled was not among what a reader of everything found."""
    for line, operation in enumerate(facts.history, start=1):
        if not isinstance(operation, Complete):
            continue
        seen = {
            record.value
            for at, poll, record in polls(facts.history)
            if at < line and poll.process == operation.process
        }
        for value, (sent, send) in facts.sends.items():
            due = send.place in operation.partitions and sent < line
            read = facts.polled.get(value, line) < line
            if due and read and value not in seen and facts.fate(send) is Fate.COMMITTED:
                told = f"{value} at {send.offset} was polled, and {operation.process} found no more"
                yield Anomaly("vanished", send.place, (sent, facts.polled[value], line), told)


def aborted_reads(facts: Facts) -> Iterator[Anomaly]:
    """A poll returned a failed send, or one of an aborted transaction to who reads committed."""
    for line, poll, record in polls(facts.history):
        sent, send = facts.sends.get(record.value, (0, None))
        if send is None or facts.fate(send) is not Fate.ABORTED:
            continue
        if send.result == "failed" or poll.process in facts.committed_readers:
            why = "failed" if send.result == "failed" else f"aborted with {send.transaction}"
            told = f"{poll.process} polled {record.value} at offset {record.offset}, which {why}"
            yield Anomaly("aborted-read", record.place, (sent, line), told)


def precommitted_reads(facts: Facts) -> Iterator[Anomaly]:
    """A transaction polled its own write, although it reads what is committed."""
    for line, poll, record in polls(facts.history):
        sent, send = facts.sends.get(record.value, (0, None))
        own = send is not None and send.transaction is not None
        if own and send is not None and send.transaction == poll.transaction:
            if poll.process not in facts.committed_readers:
                continue  # whoever reads uncommitted is shown it
            told = f"{poll.process} polled {record.value} in {poll.transaction}, which sent it"
            yield Anomaly("precommitted-read", record.place, (sent, line), told)


def order(facts: Facts) -> Iterator[Anomaly]:
    """Polls that skip or go back: inside one, and from one to the next of the same consumer.

    A consumer that was given a partition, or chose another offset there, begins anew in it.
    """
    last: dict[tuple[str, Place], tuple[int, int]] = {}
    for line, operation in enumerate(facts.history, start=1):
        match operation:
            case Poll(process=process):
                for record in operation.records:
                    before = last.get((process, record.place))
                    if before is not None:
                        yield from _step(facts, process, before, line, record)
                    last[process, record.place] = (line, record.offset)
            case Move(process=process, partitions=partitions):
                for place in partitions:
                    last.pop((process, place), None)
            case Crash(process=process):
                for key in [key for key in last if key[0] == process]:
                    del last[key]
            case _:
                pass


def _step(
    facts: Facts, process: str, before: tuple[int, int], line: int, record: Polled
) -> Iterator[Anomaly]:
    earlier, offset = before
    inside = "int-" if earlier == line else ""
    lines = tuple(sorted({earlier, line}))
    if record.offset <= offset:
        told = f"{process} polled offset {record.offset} after {offset}"
        yield Anomaly(f"{inside}nonmonotonic-poll", record.place, lines, told)
        return
    passed = [
        (at, value)
        for at, value in facts.between(record.place, offset, record.offset)
        if facts.owed(value, process)
    ]
    if passed:
        at, value = passed[0]
        more = f" and {len(passed) - 1} more" if len(passed) > 1 else ""
        told = f"{process} went from {offset} to {record.offset}, past {value} at {at}{more}"
        yield Anomaly(f"{inside}poll-skip", record.place, lines, told)
