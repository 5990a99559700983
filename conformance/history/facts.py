"""What a history says about the log: which value is at which offset, and what must be there.

A value is *sighted* at an offset by whoever was told so: the producer whose send was acknowledged,
or a consumer whose poll returned it.

What became of a transaction: it is committed if its commit was acknowledged, or if a commit without
an answer was followed by a reader of committed records that saw one of its values; aborted if it
was to be aborted (whatever became of that) or its commit certainly failed; unknown otherwise.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from checker.errors import TraceError
from conformance.history.operations import (
    ISOLATIONS,
    Commit,
    Committed,
    End,
    History,
    Open,
    Place,
    Poll,
    Polled,
    Send,
)


class Fate(Enum):
    """What became of a transaction, or of a send."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Facts:
    """A history, looked up in the ways that the anomalies need.

    sightings  by partition and offset, the values sighted there with the first line of each
    offsets    the sighted offsets of each partition, ascending
    sends      by value, the line and the send of it
    polled     by value, the first line in which a poll returned it
    highest    by partition, the highest offset that any poll returned
    """

    history: History
    committed_readers: frozenset[str]
    sightings: Mapping[Place, Mapping[int, Mapping[str, int]]]
    offsets: Mapping[Place, list[int]]
    sends: Mapping[str, tuple[int, Send]]
    polled: Mapping[str, int]
    highest: Mapping[Place, int]
    transactions: Mapping[str, Fate]

    def fate(self, send: Send) -> Fate:
        """What became of a send: committed is what every reader must be shown."""
        if send.result == "failed":
            return Fate.ABORTED
        if send.transaction is not None:
            outcome = self.transactions.get(send.transaction, Fate.UNKNOWN)
            if outcome is not Fate.COMMITTED:
                return outcome
        return Fate.COMMITTED if send.result == "ok" else Fate.UNKNOWN

    def between(self, place: Place, low: int, high: int) -> Iterator[tuple[int, str]]:
        """The values sighted above one offset and below another, which lies higher."""
        offsets = self.offsets[place]
        for index in range(bisect_left(offsets, low + 1), bisect_left(offsets, high)):
            for value in self.sightings[place][offsets[index]]:
                yield offsets[index], value

    def owed(self, value: str, process: str) -> bool:
        """Whether a reader that passes by a sighted value must be shown it."""
        if value not in self.sends:
            return False  # nobody who was recorded sent it: whether it was aborted is not known
        send = self.sends[value][1]
        if process in self.committed_readers or send.transaction is None:
            return self.fate(send) is Fate.COMMITTED
        return send.result == "ok"


def facts(history: History) -> Facts:
    """Everything that is looked up; TraceError where a value is sent twice."""
    sends = _sends(history)
    readers = frozenset(
        o.process for o in history if isinstance(o, Open) and o.isolation == ISOLATIONS[1]
    )
    sightings: dict[Place, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    polled: dict[str, int] = {}
    highest: dict[Place, int] = {}
    for line, place, offset, value in sighted(history):
        sightings[place][offset].setdefault(value, line)
    for line, _, record in polls(history):
        polled.setdefault(record.value, line)
        highest[record.place] = max(highest.get(record.place, -1), record.offset)
    return Facts(
        history=history,
        committed_readers=readers,
        sightings=sightings,
        offsets={place: sorted(found) for place, found in sightings.items()},
        sends=sends,
        polled=polled,
        highest=highest,
        transactions=_transactions(history, sends, readers),
    )


def polls(history: History) -> Iterator[tuple[int, Poll, Polled]]:
    """Every record that a poll returned, with its line."""
    for line, operation in enumerate(history, start=1):
        if isinstance(operation, Poll):
            for record in operation.records:
                yield line, operation, record


def sighted(history: History) -> Iterator[tuple[int, Place, int, str]]:
    """Line, partition, offset and value of all that was told of the log."""
    for line, operation in enumerate(history, start=1):
        match operation:
            case Send(result="ok", offset=int(offset), value=value):
                yield line, operation.place, offset, value
            case Poll(records=records):
                for record in records:
                    yield line, record.place, record.offset, record.value
            case _:
                pass


def effective(history: History) -> Iterator[tuple[int, Commit | Committed]]:
    """Commits, each when it took effect or may have, and what was read of them, in order.

    A commit inside a transaction takes effect with it; one that failed does not.
    """
    pending: dict[str, list[Commit]] = defaultdict(list)
    for line, operation in enumerate(history, start=1):
        match operation:
            case Commit(result="failed"):
                pass
            case Commit(transaction=str(transaction)):
                pending[transaction].append(operation)
            case Commit() | Committed():
                yield line, operation
            case End(transaction=transaction, outcome="commit", result="ok" | "unknown" as result):
                for commit in pending.pop(transaction, []):
                    yield (
                        line,
                        Commit(commit.process, commit.group, commit.offsets, result, transaction),
                    )
            case _:
                pass


def _sends(history: History) -> dict[str, tuple[int, Send]]:
    found: dict[str, tuple[int, Send]] = {}
    for line, operation in enumerate(history, start=1):
        if isinstance(operation, Send):
            before, _ = found.setdefault(operation.value, (line, operation))
            if before != line:
                raise TraceError(
                    f"lines {before} and {line} both send the value {operation.value!r}",
                    hint="every value of a history is sent once: records are known by it",
                )
    return found


def _transactions(
    history: History, sends: Mapping[str, tuple[int, Send]], readers: frozenset[str]
) -> dict[str, Fate]:
    found: dict[str, Fate] = {}
    for operation in history:
        match operation:
            case End(outcome="abort") | End(result="failed"):
                found[operation.transaction] = Fate.ABORTED
            case End(result="ok"):
                found[operation.transaction] = Fate.COMMITTED
            case End():
                found[operation.transaction] = Fate.UNKNOWN
            case _:
                pass
    for _, poll, record in polls(history):
        send = sends[record.value][1] if record.value in sends else None
        if poll.process in readers and send is not None and send.transaction is not None:
            transaction = send.transaction
            if found.get(transaction, Fate.UNKNOWN) is Fate.UNKNOWN:
                found[transaction] = Fate.COMMITTED
    return found
