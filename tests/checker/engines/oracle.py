"""What the reference evaluator says, breadth first: levels, and shortest lengths.

Written for nothing but to be obviously right; tests hold engines against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.language.evaluator import BoundReached, Defect, Evaluator, Outcome
from checker.language.ir import Program, Property
from checker.language.machine import Snapshot


@dataclass(frozen=True)
class Oracle:
    """The first levels of a machine."""

    program: Program
    levels: tuple[frozenset[Snapshot], ...]

    def length(self, prop: Property | None) -> int | None:
        """States on a shortest trace to a violation, witness or defect; None within the levels."""
        for depth, level in enumerate(self.levels):
            for state in level:
                if prop is None or prop.kind != "step":
                    if self._found(prop, state):
                        return depth + 1
                elif depth + 1 < len(self.levels) and self._found_step(prop, state):
                    return depth + 2
        return None

    def _outcomes(self, state: Snapshot) -> Iterator[Outcome]:
        return Evaluator(self.program).outcomes(state)

    def _found(self, prop: Property | None, state: Snapshot) -> bool:
        if prop is None:
            return any(outcome.defect is not None for outcome in self._outcomes(state))
        if prop.kind == "terminal" and any(True for _ in self._outcomes(state)):
            return False
        wanted = prop.kind == "reachable"
        try:
            return Evaluator(self.program).holds(prop, state) == wanted
        except (BoundReached, Defect):
            return not wanted

    def _found_step(self, prop: Property, state: Snapshot) -> bool:
        for outcome in self._outcomes(state):
            if outcome.state is None or prop.on not in (None, outcome.action.name):
                continue
            try:
                holds = Evaluator(self.program).holds(prop, state, outcome.state, outcome.arguments)
            except (BoundReached, Defect):
                return True
            if not holds:
                return True
        return False


def breadth_first(program: Program, steps: int) -> Oracle:
    """The levels 0 … `steps`, each the states that no shorter run reaches."""
    evaluator = Evaluator(program)
    levels = [frozenset(start.state for start in evaluator.initial())]
    seen = set(levels[0])
    for _ in range(steps):
        after = {o.state for state in levels[-1] for o in evaluator.outcomes(state) if o.state}
        levels.append(frozenset(after - seen))
        seen |= after
    return Oracle(program, tuple(levels))
