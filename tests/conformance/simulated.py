"""Histories of clients at a log that is right: what Hypothesis chooses is carried out here.

The simulation keeps the log itself, so that it knows what the checker has to find out.  Producers
append, some in transactions; consumers read from positions, change them on rebalances, commit what
they have processed; some answers get lost.  In the end everyone asks once more, and a reader from
the beginning reads everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from conformance.history import (
    Commit,
    Committed,
    Complete,
    End,
    Move,
    Open,
    Operation,
    Place,
    Poll,
    Polled,
    Processed,
    Send,
)
from conformance.history.operations import Offset

PRODUCERS = ("p0", "p1")
CONSUMERS = {"c0": True, "c1": False}
"""Whether each reads what is committed alone."""

RESULTS = st.sampled_from(["ok", "ok", "ok", "unknown", "failed"])
ANSWERS = st.sampled_from(["ok", "ok", "unknown"])
NOTHING = st.just(0)


def _step(name: str, who: Iterable[str], *how: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), st.sampled_from([*who]), *how)


SEND = _step("send", PRODUCERS, st.integers(0, 1), RESULTS)
STEP = st.one_of(
    SEND,
    SEND,
    _step("begin", PRODUCERS, NOTHING, NOTHING),
    _step("end", PRODUCERS, st.booleans(), ANSWERS),
    _step("poll", CONSUMERS, st.integers(1, 4), NOTHING),
    _step("commit", CONSUMERS, NOTHING, ANSWERS),
    _step("move", CONSUMERS, NOTHING, st.sampled_from(["assign", "revoke", "seek"])),
)


@dataclass
class Entry:
    """A record of the log; `transaction` is that which has it, `""` for a marker's place."""

    value: str
    transaction: str | None


@dataclass
class World:
    """The log, the clients, and what was written down of them."""

    history: list[Operation] = field(default_factory=list)
    logs: dict[int, list[Entry]] = field(default_factory=lambda: {0: [], 1: []})
    within: dict[str, str] = field(default_factory=dict)
    wrote: dict[str, set[int]] = field(default_factory=dict)
    fates: dict[str, bool] = field(default_factory=dict)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    committed: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: int = 0

    def send(self, process: str, partition: int, result: str) -> None:
        number, self.sent = self.sent, self.sent + 1
        value = f"v{number}"
        transaction = self.within.get(process)
        offset = None
        if result != "failed":
            log = self.logs[partition]
            offset = len(log) if result == "ok" else None
            log.append(Entry(value, transaction))
            if transaction:
                self.wrote.setdefault(transaction, set()).add(partition)
        self.history.append(
            Send(process, number, "t", partition, value, result, offset, transaction)
        )

    def begin(self, process: str, *_: object) -> None:
        self.within.setdefault(process, f"{process}/{len(self.history)}")

    def end(self, process: str, commit: bool, result: str) -> None:
        if transaction := self.within.pop(process, None):
            self.fates[transaction] = commit
            for partition in self.wrote.get(transaction, set()):
                self.logs[partition].append(Entry("", ""))
            outcome = "commit" if commit else "abort"
            self.history.append(End(process, transaction, outcome, result))

    def visible(self, partition: int, careful: bool) -> list[tuple[int, str]]:
        """What a reader is shown of a partition: up to the first open transaction if careful."""
        found = []
        for offset, entry in enumerate(self.logs[partition]):
            if careful and entry.transaction and entry.transaction not in self.fates:
                break
            aborted = entry.transaction and not self.fates.get(entry.transaction, True)
            if entry.value and not (careful and aborted):
                found.append((offset, entry.value))
        return found

    def poll(self, process: str, most: int, *_: object) -> None:
        records = []
        for partition in self.logs:
            position = self.positions.get((process, partition), 0)
            shown = self.visible(partition, CONSUMERS.get(process, False))
            for offset, value in [pair for pair in shown if pair[0] >= position][:most]:
                records.append(Polled("t", partition, offset, value))
                self.positions[process, partition] = offset + 1
        if records:
            self.history.append(Poll(process, tuple(records)))

    def commit(self, process: str, _: int, result: str) -> None:
        mine = {p: o for (name, p), o in self.positions.items() if name == process}
        if not mine:
            return
        offsets = tuple(Offset("t", p, o) for p, o in mine.items())
        self.history += [
            Processed(process, offsets),
            Commit(process, f"g-{process}", offsets, result),
        ]
        for partition, offset in mine.items():
            self.committed[f"g-{process}", partition] = offset

    def move(self, process: str, _: int, how: str) -> None:
        self.history.append(Move(how, process, (Place("t", 0), Place("t", 1))))
        for partition in self.logs:
            start = self.committed.get((f"g-{process}", partition), 0)
            self.positions[process, partition] = start

    def prelude(self) -> None:
        """A little of everything, so that there is something to plant a fault in."""
        for n in range(3):
            self.send("p0", 0, "ok")
            self.send("p1", n % 2, "ok")
        self.begin("p0")
        self.send("p0", 1, "ok")
        self.end("p0", False, "ok")
        self.poll("c1", 2)

    def close(self) -> None:
        """Everyone comes to an end, and a reader reads everything."""
        for process in PRODUCERS:
            self.end(process, True, "ok")
        for process in CONSUMERS:
            self.poll(process, 2)
            self.commit(process, 0, "ok")
        for (group, partition), offset in self.committed.items():
            self.history.append(Committed("reader", group, (Offset("t", partition, offset),)))
        self.poll("reader", 1_000)
        self.history.append(Complete("reader", (Place("t", 0), Place("t", 1))))


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """A history with no anomaly in it."""
    world = World()
    world.history += [
        Open(name, "read_committed") for name, careful in CONSUMERS.items() if careful
    ]
    world.prelude()
    for step, process, number, word in draw(st.lists(STEP, max_size=60)):
        getattr(world, step)(process, number, word)
    world.close()
    return world.history
