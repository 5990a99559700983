"""What is inside an element of a collection lies somewhere in the collection."""

from __future__ import annotations

from typing import Annotated, Self

from checker import (
    Capacity,
    Index,
    Machine,
    Map,
    Range,
    Record,
    Seq,
    Set,
    action,
    check,
    require,
    step,
)


class Desk(Index):
    """Where somebody sits."""


class Note(Record):
    """What is written down: too much for a number."""

    about: Desk | None
    friends: Set[Desk]
    level: Annotated[int, Range(0, 9)]


class Office(Machine):
    """Desks, and what is written on them."""

    notes: Map[Desk, Annotated[Seq[Note], Capacity(2)]]

    @action
    def write(self, d: Desk) -> None:
        """The first one writes about themselves, and thinks more and more of it."""
        require(d == Desk(0))
        self.notes[d].append(Note(d, Set({d}), 8 + len(self.notes[d])))

    @step
    def modest(self, after: Self) -> bool:
        """Nobody thinks the highest of themselves."""
        return all(
            len(after.notes[d]) == 0 or after.notes[d][len(after.notes[d]) - 1].level < 9
            for d in Desk
        )


def test_a_property_of_an_element_is_asked_of_steps_that_change_the_collection() -> None:
    for engine in ("native", "python"):
        trace = check(Office(Desk=9), engine=engine).finding("modest").trace
        assert trace is not None
        assert trace.length == 3
