"""Induction: what every step preserves, and every start has, is true of every reachable state.

Asked of one state and the next, whatever the run is that led there:

    a start            makes it true
    a step             keeps it true, from any state in which it was true before

Most properties that hold are not preserved by every step from every such state: the state may be
one that no run reaches.  *Lemmas* (`@inductive`) say what else is known of reachable states.  All
of them are taken for granted in the state before, and each has to be shown of the state after like
the property itself; so together they are one inductive invariant.

The solver keeps nested frames: what is true of any state, with each lemma behind a literal of its
own; on top of that an action, which is asserted once; on top of that the negation of one goal after
the action.  Which literals a refutation needed (its unsat core) says which lemmas the proof needs.

A goal that is not kept is told with the action; `failures` finds the states before and after.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from checker.engines.symbolic import terms
from checker.engines.symbolic.budget import Budget
from checker.engines.symbolic.encoding import Encoding, Move, judge, possible
from checker.engines.symbolic.terms import Bit, Term, conj, implies, neg
from checker.language.ir import Property

PATIENCE = 60.0
"""Seconds for one question about numbers without bounds, which has no answer as often as not."""

NONE: Mapping[int, str] = MappingProxyType({})

Goal = Property | None
"""What is to be shown; None that no action is a defect."""


@dataclass(frozen=True)
class Shown:
    """What came of some goals, by number.

    needed   of those that are kept: the names of the lemmas that this took
    failed   of the others: the action at which it could not be shown; empty for a start, or for
             what is asked of a single state
    seconds  how long the solver took
    """

    needed: Mapping[int, frozenset[str]]
    failed: Mapping[int, str]
    seconds: Mapping[int, float]


@dataclass
class _Asked:
    """What has come of one goal so far."""

    needed: set[str] = field(default_factory=set)
    failed: str | None = None
    seconds: float = 0.0


class Induction:
    """One machine, from one state to the next; the lemmas stand behind literals."""

    def __init__(
        self,
        encoding: Encoding,
        assumed: Sequence[Property],
        budget: Budget,
        *,
        finite: bool = True,
    ) -> None:
        self.encoding = encoding
        self._budget = budget
        self._most = None if finite else PATIENCE
        self.assumed = {prop.name: prop for prop in assumed}
        self.solver = terms.new_solver(finite=finite)
        self.solver.add(encoding.facts[0])
        self._literals = {name: terms.new_bit(f"assume {name}") for name in self.assumed}
        for name, prop in self.assumed.items():
            self.solver.add(implies(self._literals[name], judge(prop, encoding.state)))
        self.moves = [
            *((move, True) for move in encoding.starts),
            *((move, False) for move in encoding.actions),
        ]

    # ------------------------------------------------------------ proofs

    def prove(self, goals: Sequence[Goal], failed: Mapping[int, str] = NONE) -> Shown:
        """Ask for each goal whether every move keeps it; those that `failed` are not asked about.

        Undecided where the budget ran out.
        """
        asked = {number: _Asked(failed=failed.get(number)) for number in range(len(goals))}
        for move, start in self.moves:
            with terms.frame(self.solver, move.choice):
                for number, goal in enumerate(goals):
                    broken = self.broken(goal, move, start=start)
                    self._ask(asked[number], goal, broken, move.name, start=start)
        for number, goal in enumerate(goals):
            self._ask(asked[number], goal, self.stopped(goal), "")
        return Shown(
            {n: frozenset(one.needed) for n, one in asked.items() if one.failed is None},
            {n: one.failed for n, one in asked.items() if one.failed is not None},
            {n: one.seconds for n, one in asked.items()},
        )

    def _ask(
        self, asked: _Asked, goal: Goal, broken: Bit, where: str, *, start: bool = False
    ) -> None:
        if broken is False or asked.failed is not None:
            return
        began = time.perf_counter()
        literals = {} if start else self.literals(goal)  # nothing comes before a start
        with terms.frame(self.solver, broken):
            if self._budget.ask(self.solver, *literals.values(), most=self._most) is False:
                core = {str(literal) for literal in self.solver.unsat_core()}
                asked.needed |= {n for n, literal in literals.items() if str(literal) in core}
            else:
                asked.failed = where
        asked.seconds += time.perf_counter() - began

    def literals(self, goal: Goal) -> dict[str, Term]:
        """What may be assumed before for a goal: the lemmas, and the goal itself."""
        own = None if goal is None else goal.name
        return {
            name: self._literals[name]
            for name, prop in self.assumed.items()
            if prop.inductive or name == own
        }

    # ------------------------------------------------------------ what must not be

    def broken(self, goal: Goal, move: Move, *, start: bool) -> Bit:
        """That a move, where it is possible, does not keep a goal."""
        if goal is None:
            return move.defect
        if goal.kind == "invariant":
            return conj(move.enabled, neg(judge(goal, move.after)))
        if goal.kind == "step" and not start and goal.on in (None, move.name):
            return conj(move.enabled, neg(judge(goal, self.encoding.state, move.after, move)))
        return False

    def stopped(self, goal: Goal) -> Bit:
        """That the machine can go no further where it may not stop."""
        if goal is None or goal.kind != "terminal":
            return False
        encoding = self.encoding
        stuck = neg(possible(encoding.program, encoding.state))
        return conj(stuck, neg(judge(goal, encoding.state)))
