"""Properties that are false at once, each in a way of its own: for the reasons given."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Self

from checker import (
    Bag,
    Capacity,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    action,
    each,
    invariant,
    step,
)

Small = Annotated[int, Range(-3, 9)]


class Node(Index, default=3):
    """One of three."""


class Ask(Record):
    sender: Node
    number: Small


class Tell(Record):
    number: Small


Message = Ask | Tell


class Cell(Part):
    level: Small = 2
    open: bool = False
    marks: Set[Node]

    def above(self, level: Small) -> bool:
        return self.level > level


def close(a: Small, b: Small) -> bool:
    """A function with a local of its own."""
    distance = a - b
    return distance < 2


class Reasons(Machine):
    """Its one state breaks every invariant; its one step breaks every step property."""

    n: Small = 5
    on: bool = True
    owner: Node | None = Node(1)
    nobody: Node | None = None
    levels: Map[Node, Small] = each(4)
    marks: Set[Node] = Set({Node(0), Node(2)})
    queue: Annotated[Seq[Small], Capacity(3)] = Seq([1, 7])
    post: Annotated[Bag[Message], Capacity(3)] = Bag([Tell(3), Tell(3)])
    last: Message = Ask(Node(2), 4)
    cells: Map[Node, Cell]
    größe: Small = 1  # noqa: PLC2401 - columns are counted in characters

    @action
    def up(self) -> None:
        self.n += 1
        self.cells[Node(1)].level = 3
        self.cells[Node(1)].open = True

    @invariant
    def comparison(self) -> bool:
        return self.n < 5

    @invariant
    def chained(self) -> bool:
        return 0 <= self.n < 5

    @invariant
    def first_false_conjunct(self) -> bool:
        return self.on and self.n > 7 and self.n > 8

    @invariant
    def no_disjunct(self) -> bool:
        return self.n > 7 or not self.on

    @invariant
    def negated(self) -> bool:
        return not self.on

    @invariant
    def negated_operator(self) -> bool:
        return Node(2) not in self.marks

    @invariant
    def negated_either(self) -> bool:
        return not (self.n > 7 or self.on)

    @invariant
    def doubly_negated(self) -> bool:
        return not (self.n != 7)  # noqa: SIM202 - so that it is

    @invariant
    def compared_with_false(self) -> bool:
        return self.on is False

    @invariant
    def for_all(self) -> bool:
        return all(self.levels[m] < 4 for m in Node if m in self.marks)

    @invariant
    def for_none(self) -> bool:
        return not any(self.levels[a] == self.levels[b] and a != b for a in Node for b in Node)

    @invariant
    def for_some(self) -> bool:
        return any(self.levels[m] > 4 for m in Node)

    @invariant
    def by_value(self) -> bool:
        return all(level < 4 for level in self.levels.values())

    @invariant
    def conclusion(self) -> bool:
        return not self.on or self.n == 4

    @invariant
    def branch(self) -> bool:
        return self.n == 4 if self.on else self.n == 5

    @invariant
    def counted(self) -> bool:
        return sum(1 for m in Node if m in self.marks) <= 1

    @invariant
    def counted_twice(self) -> bool:
        return len([m for m in Node if m in self.marks]) == len([m for m in Node if m < Node(1)])

    @invariant
    def counted_thrice(self) -> bool:
        return (
            sum(1 for m in Node if m in self.marks)
            + sum(1 for m in self.marks - Set({Node(0)}) if m in self.marks)
            + sum(1 for m in self.marks - Set({Node(2)}) if m in self.marks)
            < 4
        )

    @invariant
    def counted_inside(self) -> bool:
        return any(sum(1 for m in Node if self.levels[m] > int(n) + 3) > 3 for n in Node)

    @invariant
    def optional(self) -> bool:
        return self.owner is None

    @invariant
    def absent(self) -> bool:
        return self.nobody is not None

    @invariant
    def element(self) -> bool:
        return self.queue[len(self.queue) - 1] == 1

    @invariant
    def helped(self) -> bool:
        return all(self.cells[m].above(self.levels[m]) for m in Node)

    @invariant
    def helped_by_a_function(self) -> bool:
        return close(self.n + 1, self.n - 1)

    @invariant
    def helped_twice(self) -> bool:
        return self.low(self.n - 4) and self.low(self.n + 1)

    def low(self, n: Small) -> bool:
        return n < 3

    @invariant
    def is_a(self) -> bool:
        return isinstance(self.last, Tell)

    @invariant
    def record_field(self) -> bool:
        return self.last == replace(Ask(Node(2), 4), number=5)

    @invariant
    def several_lines(self) -> bool:
        return self.on and (
            self.n  # as it is
            + self.levels[Node(0)]
            < 9
        )

    @invariant
    def beyond_ascii(self) -> bool:
        return self.größe == 1 and self.größe > 1

    @invariant
    def matched(self) -> bool:
        match self.last:
            case Ask(sender, number):
                return number > 4 and sender == Node(0)
            case _:
                return True

    @step
    def differing(self, after: Self) -> bool:
        return all(self.cells[m] == after.cells[m] for m in Node)

    @step(on=up)
    def two_states(self, after: Self) -> bool:
        return after.n == self.n


class Resting(Machine):
    """Nothing happens."""

    n: Small = 5

    @action
    def rest(self) -> None:
        self.n = 5

    @step
    def moving(self, after: Self) -> bool:
        return after != self
