"""Whether a step is allowed: by a step property, and by a specification."""

from __future__ import annotations

from typing import Annotated, Self

import pytest

from checker import Capacity, Machine, Range, Seq, action, refines, require, step
from checker.engines import steps
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.language.machine import Snapshot
from checker.language.values import freeze

Small = Annotated[int, Range(0, 3)]


class Halves(Machine):
    """A number of which only the half is seen."""

    half: Annotated[int, Range(0, 1)] = 0

    @action
    def flip(self) -> None:
        """The half changes."""
        self.half = 1 - self.half


class Walk(Machine):
    """A number that goes up by one or two."""

    at: Small = 0
    line: Annotated[Seq[Small], Capacity(2)]

    @action
    def up(self, by: Small) -> None:
        """It goes up."""
        require(by > 0)
        require(self.at + by < 4)
        self.at += by

    @step
    def rises(self, after: Self) -> bool:
        """It goes up by one."""
        return after.at == self.at + 1

    @step(on=up)
    def told(self, after: Self, by: int) -> bool:
        """What is first in line is what it goes up by: where there is a line."""
        return self.line[0] == by

    @refines(Halves)
    def as_halves(self, spec: Halves) -> None:
        """Every other number."""
        spec.half = self.at // 2 if self.at < 3 else self.line[0]


EVALUATOR = Evaluator(lower(Walk()))
RISES, TOLD = EVALUATOR.program.properties
[AS_HALVES] = EVALUATOR.program.refinements


def at(number: int, *line: int) -> Snapshot:
    return Snapshot(Walk, (("at", number), ("line", freeze(Seq(line)))))


def test_a_property_of_every_step() -> None:
    assert not steps.violates(EVALUATOR, RISES, at(0), at(1))
    assert steps.violates(EVALUATOR, RISES, at(0), at(2))


def test_a_property_of_an_action_sees_its_arguments() -> None:
    assert not steps.violates(EVALUATOR, TOLD, at(0, 2), at(2, 2))
    assert steps.violates(EVALUATOR, TOLD, at(0, 1), at(2, 1))
    assert not steps.violates(EVALUATOR, TOLD, at(2, 1), at(1, 1))  # no step of the action


def test_what_cannot_be_evaluated_is_violated() -> None:
    assert steps.violates(EVALUATOR, TOLD, at(0), at(2))


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        (at(0), at(1), True),  # nothing is seen of it
        (at(1), at(2), True),
        (at(0), at(2), True),
        (at(2), at(3, 1), True),
        (at(2), at(3, 3), False),  # three is no half
        (at(2), at(3), False),  # it cannot be told
        (at(3), at(2), False),
    ],
)
def test_a_step_of_a_specification(before: Snapshot, after: Snapshot, *, allowed: bool) -> None:
    assert steps.refines(EVALUATOR, AS_HALVES, before, after) is allowed
