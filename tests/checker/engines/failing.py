"""Machines whose properties, mappings, starts and choices fail themselves, each in its way."""

from __future__ import annotations

from typing import Annotated, Self

from checker import (
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Range,
    Seq,
    Set,
    action,
    each,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)

Count = Annotated[int, Counter("Count")]
Few = Annotated[int, Range(0, 3)]
Many = Annotated[int, Range(0, 99)]


class Node(Index, default=2):
    """One of two."""


def past(n: Count) -> bool:
    """Whatever it is given must be within the counter's bound."""
    return n >= 0


class Failing(Machine):
    """Counts to three; what is said of it cannot be computed everywhere."""

    n: Few = 0
    counted: Count = 0
    queue: Annotated[Seq[Node], Capacity(1)]

    @action
    def up(self, by: Annotated[int, Range(1, 2)]) -> None:
        """By one, or by two."""
        require(self.n + by < 4)
        self.n += by

    @action
    def down(self, why: Node) -> None:
        """For one reason or another."""
        require(self.n == 3)
        self.n = 1

    @invariant
    def bounded(self) -> bool:
        """Passes a bound at two."""
        return past(self.n)

    @step
    def first(self, after: Self) -> bool:
        """Reads what is not there, after two."""
        return after.n < 2 or after.queue[0] == Node(0)

    @step(on=up)
    def by_one(self, after: Self, by: int) -> bool:
        """Passes a bound where it goes on from one by two."""
        return self.n == 0 or past(by)

    @step(on=down)
    def for_the_first_reason(self, after: Self, why: Node) -> bool:
        """Of two ways to the same state, one violates it."""
        return why == Node(0)

    @terminal
    def known(self) -> bool:
        """It never stops, so this is never asked."""
        return self.queue[0] == Node(0)


class Ending(Machine):
    """Stops after one step, and whether it may cannot be computed."""

    done: bool = False
    queue: Annotated[Seq[Node], Capacity(1)]

    @action
    def finish(self) -> None:
        """The one step."""
        require(not self.done)
        self.done = True

    @terminal
    def known(self) -> bool:
        """It reads what is not there."""
        return self.queue[0] == Node(0)


class Starting(Machine):
    """Two ways lead to each of its four starts, of which two are past a bound."""

    n: Count = 0

    @initial
    def somewhere(self, n: Few, way: Node) -> None:
        """Anywhere, by either way."""
        self.n += n

    @action
    def stay(self) -> None:
        """Nothing else."""
        self.n = self.n

    @invariant
    def low(self) -> bool:
        """Within the bound."""
        return self.n < 2


class Startless(Machine):
    """Nothing that may be chosen is a start."""

    n: Few = 0

    @initial
    def nowhere(self, n: Few) -> None:
        """No number is that large."""
        require(n > 3)
        self.n = n

    @action
    def up(self) -> None:
        """Never."""
        self.n += 1

    @reachable
    def somewhere(self) -> bool:
        """Almost any state would do."""
        return self.n != 2


class Shelves(Machine):
    """In what is open something is picked, twice at most; at first nothing is open."""

    shelves: Map[Node, Annotated[Set[Many], Capacity(2)]]
    open: Node | None = None
    picked: Annotated[Set[Many], Capacity(1)]
    turns: Few = 0

    @action
    def walk(self, at: Node) -> None:
        """Open one, and put something in."""
        require(self.turns < 3)
        self.turns += 1
        self.open = at
        self.shelves[at].add(int(at) + 40)

    @action
    def close(self) -> None:
        """Nothing is open any more."""
        require(self.open is not None)
        self.open = None

    @action
    def spoil(self, n: Many) -> None:
        """Takes from the first, and puts it where one has room."""
        require(n in self.shelves[Node(0)])
        require(self.turns > 1)
        self.picked.add(n + self.turns)

    @action
    def pick(self, n: Many) -> None:
        """What is open may be nothing."""
        require(n in self.shelves[self.open])  # type: ignore[index] # a defect, on purpose

    @invariant
    def nothing_high(self) -> bool:
        """Goes through what is there, where something is open."""
        return self.open is None or all(n < 41 for n in self.shelves[self.open])

    @step(on=spoil)
    def wholesome(self, after: Self, n: Many) -> bool:
        """False where it is done on the third turn."""
        return self.turns < 3 or n != 40


class Log(Machine):
    """The specification: a log of two at most."""

    entries: Annotated[Seq[Node], Capacity(2)]

    @action
    def write(self, n: Node) -> None:
        """At the end."""
        require(len(self.entries) < 2)
        self.entries.append(n)


class Scribbling(Machine):
    """As a log, it is one of three at most."""

    written: Few = 0

    @action
    def write(self) -> None:
        """One more."""
        require(self.written < 3)
        self.written += 1

    @refines(Log)
    def as_log(self, spec: Log) -> None:
        """The third entry is past the log's capacity."""
        for n in range(3):
            if n < self.written:
                spec.entries.append(Node(0))


class Blotting(Machine):
    """Its start is past the capacity already."""

    written: Few = 3

    @action
    def stay(self) -> None:
        """Nothing else."""
        self.written = self.written

    @refines(Log)
    def as_log(self, spec: Log) -> None:
        """The third entry is past the log's capacity."""
        for n in range(3):
            if n < self.written:
                spec.entries.append(Node(0))


class Wide(Machine):
    """Parameters for which there are too many functions, or too much to write in each."""

    total: Annotated[int, Range(0, 999)] = 0
    plan: Map[Node, Few] = each(0)
    marks: Map[Annotated[int, Range(1, 70)], bool] = each(False)

    @action
    def share(self, to: Node, plan: Map[Node, Few], extra: Few) -> None:
        """With three nodes there are 4³ plans: they are gone through, the others are apart."""
        require(self.total == 0)
        require(plan[to] == extra)
        require(sum(plan[n] for n in Node) == 3)
        self.plan = plan
        self.total = 1 + int(to)

    @action
    def add(self, x: Annotated[int, Range(0, 39)]) -> None:
        """For each of forty a function, and a sum over thirty in each."""
        require(self.total == 1)
        self.total = 5 + sum(n for n in range(30) if n < x)

    @action
    def mark(self) -> None:
        """Seventy keys are too many to write out."""
        require(self.total == 2)
        self.marks = Map({n: n > self.plan[Node(0)] for n in self.marks})
        self.total = 4
