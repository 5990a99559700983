"""What the reference evaluator says of a machine, breadth first: what every engine must repeat.

Written to be obviously right.  Levels are explored whole, so that a search of another engine
with the same limit on depth sees the same: `depth` levels are expanded, and the states of the
level after them are counted and checked.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field

from checker.language.evaluator import BoundReached, Defect, Evaluator, Outcome
from checker.language.ir import Program, Property, Refinement
from checker.language.machine import Snapshot


@dataclass
class Known:
    """What was found.

    broken     by id, the states on a shortest trace to a violation (or to a witness)
    undefined  the states on a shortest trace to a defect; 0 for one in a start
    complete   whether everything was visited
    """

    depth: int = 0
    generated: int = 0
    complete: bool = False
    levels: dict[Snapshot, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    undefined: int | None = None
    bounds: Tally[str] = field(default_factory=Tally)
    fired: Tally[str] = field(default_factory=Tally)


class Reference:
    """Explores a program until `most` states are known, and then to the end of that level."""

    def __init__(self, program: Program, most: int) -> None:
        self._program = program
        self._most = most
        self._evaluator = Evaluator(program)
        self.known = Known()

    def explore(self) -> Known:
        """Visit the states."""
        known = self.known
        level = self._starts()
        while level:
            if len(known.levels) >= self._most:
                return known
            known.depth += 1
            level = [after for state in level for after in self._steps(state)]
        known.complete = True
        return known

    def _starts(self) -> list[Snapshot]:
        found = []
        for outcome in self._evaluator.starts():
            if outcome.bound is not None:
                self.known.bounds[outcome.bound] += 1
            elif outcome.defect is not None:
                self.known.undefined = 0
            elif outcome.state is not None:
                self.known.generated += 1
                if self._new(outcome.state, 1):
                    found.append(outcome.state)
                    for refinement in self._program.refinements:
                        if not self._starts_as(refinement, outcome.state):
                            self._break(refinement.promise.id, 1)
        return found

    def _new(self, state: Snapshot, length: int) -> bool:
        if state in self.known.levels:
            return False
        self.known.levels[state] = length
        for prop in self._program.properties:
            if prop.kind == "invariant" and not self._holds(prop, state):
                self._break(prop.promise.id, length)
            if prop.kind == "reachable" and self._holds(prop, state):
                self._break(prop.promise.id, length)
        return True

    def _steps(self, state: Snapshot) -> Iterator[Snapshot]:
        length = self.known.levels[state]
        stuck = True
        for outcome in self._evaluator.outcomes(state):
            stuck = False
            if outcome.bound is not None:
                self.known.bounds[outcome.bound] += 1
            elif outcome.defect is not None:
                self._undefined(length)
            elif outcome.state is not None:
                self.known.generated += 1
                self.known.fired[outcome.action.name] += 1
                self._judge_step(state, outcome, length + 1)
                if self._new(outcome.state, length + 1):
                    yield outcome.state
        if stuck:
            for prop in self._program.properties:
                if prop.kind == "terminal" and not self._holds(prop, state):
                    self._break(prop.promise.id, length)

    def _judge_step(self, state: Snapshot, outcome: Outcome, length: int) -> None:
        assert outcome.state is not None
        for prop in self._program.properties:
            if prop.kind == "step" and prop.on in (None, outcome.action.name):
                try:
                    arguments = outcome.arguments if prop.on else None
                    good = self._evaluator.holds(prop, state, outcome.state, arguments)
                except (Defect, BoundReached):
                    good = False
                if not good:
                    self._break(prop.promise.id, length)
        for refinement in self._program.refinements:
            if not self._step_of(refinement, state, outcome.state):
                self._break(refinement.promise.id, length)

    # -------------------------------------------------------- single questions

    def _holds(self, prop: Property, state: Snapshot) -> bool:
        try:
            return self._evaluator.holds(prop, state)
        except (Defect, BoundReached):
            return False  # no witness, and no invariant that holds

    def _starts_as(self, refinement: Refinement, state: Snapshot) -> bool:
        try:
            seen = self._evaluator.abstract(refinement, state)
        except (Defect, BoundReached):
            return False
        return any(seen == start.state for start in Evaluator(refinement.spec).starts())

    def _step_of(self, refinement: Refinement, state: Snapshot, after: Snapshot) -> bool:
        try:
            before = self._evaluator.abstract(refinement, state)
            then = self._evaluator.abstract(refinement, after)
        except (Defect, BoundReached):
            return False
        outcomes = Evaluator(refinement.spec).outcomes(before)
        return before == then or any(then == outcome.state for outcome in outcomes)

    def _break(self, identifier: str, length: int) -> None:
        known = self.known.broken
        known[identifier] = min(length, known.get(identifier, length))

    def _undefined(self, length: int) -> None:
        if self.known.undefined is None or self.known.undefined > length:
            self.known.undefined = length


def explored(program: Program, most: int) -> Known:
    """What the reference finds."""
    return Reference(program, most).explore()
