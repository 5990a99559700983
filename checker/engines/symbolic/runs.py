"""Bounded model checking: what can happen within so many steps, and the shortest way to it.

`reachable_levels` finds all states that are reached at each step for the first time, one model
after the other: each state that is found is excluded, until there is none left.  A shortest run
to a state at level n passes the levels 0 … n-1 in turn, so the states of earlier levels can be
excluded at every step for good.  The levels are those of a breadth-first search, found in a
wholly different way.

`bounded` asks for runs of 0, 1, 2 … steps whose last state (or step) violates a property, and
so finds a shortest one.

Where the time is up, both raise Undecided: that nothing was found is only said where the solver
has shown that there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from checker.engines.symbolic.budget import Budget
from checker.engines.symbolic.encoding import encode
from checker.engines.symbolic.questions import asked
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.shapes import equal
from checker.engines.symbolic.terms import Bit, neg
from checker.engines.symbolic.unrolling import Taken, Unrolling
from checker.engines.symbolic.values import lift
from checker.engines.tracing import step
from checker.errors import RequestError
from checker.language.ir import Program, Property, Refinement
from checker.language.machine import Snapshot
from checker.verdict import Step, Trace


def reachable_levels(
    program: Program, steps: int, *, seconds: float | None = None
) -> list[set[Snapshot]]:
    """The states first reached at exactly 0, 1 … `steps` steps.

    RequestError for a number of steps below 0; Undecided where `seconds` have passed;
    Disagreement where the evaluator says otherwise.
    """
    _refuse_negative(steps)
    found = Levels(program, Budget(seconds))
    return [found.next() for _ in range(steps + 1)]


class Levels:
    """The states first reached at 0, 1, 2 … steps, one level after the other."""

    def __init__(self, program: Program, budget: Budget) -> None:
        self._unrolling = Unrolling(encode(program), budget)
        self._replay = Replay(program)
        self._new: dict[Snapshot, Bit] = {}
        self._last: set[Snapshot] | None = None

    def next(self) -> set[Snapshot]:
        """The next level.  Undecided where the budget runs out; Disagreement."""
        if self._last is not None and self._last:
            self._unrolling.extend()
            for is_new in self._new.values():
                self._unrolling.add(is_new, self._unrolling.length)
        self._last = set() if self._last == set() else self._level()
        return self._last

    def _level(self) -> set[Snapshot]:
        """The last states of all runs that were not seen before."""
        unrolling = self._unrolling
        encoding, last = unrolling.encoding, unrolling.length
        level: set[Snapshot] = set()
        with unrolling.asking():
            while unrolling.found():
                run = unrolling.run()
                self._replay.run(run)
                state = run[-1].state
                assert state not in self._new, f"z3 finds {state}, which it was told not to"
                self._new[state] = neg(equal(encoding.state, lift(encoding.program.state, state)))
                unrolling.add(self._new[state], last)
                level.add(state)
        return level


def bounded(
    program: Program,
    prop: Property | Refinement | None,
    steps: int,
    *,
    seconds: float | None = None,
    budget: Budget | None = None,
) -> Trace | None:
    """A shortest run of at most so many steps that violates a property; None if there is none.

    For a `reachable` property, a shortest run to a witness; without a property, a shortest run
    to a state in which some action is a defect.

    RequestError for a number of steps below 0, or a kind of property that bounded runs do not
    decide; Undecided where `seconds` have passed; Disagreement where the evaluator says
    otherwise.
    """
    _refuse_negative(steps)
    unrolling = Unrolling(encode(program), budget or Budget(seconds))
    replay = Replay(program)
    questions = asked(unrolling, prop)
    while True:
        last = unrolling.length
        for question in questions:
            at = question.place(last)
            if at is None:
                continue
            with unrolling.asking():
                unrolling.add(question.formula, at)
                if unrolling.found():
                    run = unrolling.run()
                    replay.run(run)
                    question.confirm(replay, run)
                    return _trace(program, run)
            unrolling.add(neg(question.formula), at)
        if last == steps:
            return None
        unrolling.extend()


def _refuse_negative(steps: int) -> None:
    if steps < 0:
        raise RequestError(f"{steps} steps cannot be taken", hint="ask for 0 or more")


def _trace(program: Program, run: Sequence[Taken]) -> Trace:
    start = run[0]
    steps = [_step(before, taken) for before, taken in pairwise(run)]
    name, chosen = start.move.name, start.arguments
    return Trace(program.name, program.settings, start.state, tuple(steps), name, chosen)


def _step(before: Taken, taken: Taken) -> Step:
    assert taken.move.action is not None
    return step(taken.move.action, taken.arguments, before.state, taken.state)
